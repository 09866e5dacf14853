/* The C ABI of wick_cuda, which is loaded only where an NVIDIA driver is, after wick_torch. */
#ifndef WICK_CUDA_H
#define WICK_CUDA_H

#include <wick/cuda_blas.h>
#include <wick/cuda_device.h>
#include <wick/cuda_graph.h>
#include <wick/cuda_memory.h>
#include <wick/cuda_settings.h>
#include <wick/cuda_stream.h>

#endif
