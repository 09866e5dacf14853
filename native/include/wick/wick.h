/* The C ABI of wick_torch, whole: what jextract reads. wick_cuda has its own header, wick/cuda.h. */
#ifndef WICK_WICK_H
#define WICK_WICK_H

#include <wick/error.h>
#include <wick/memory_recording.h>
#include <wick/module.h>
#include <wick/operator.h>
#include <wick/runtime.h>
#include <wick/tensor.h>
#include <wick/trace.h>
#include <wick/value.h>

#endif
