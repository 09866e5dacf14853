// What CUDA's runtime headers ask of the compiler's part of the toolkit, which pip's nvidia-cuda-runtime wheels leave
// out: the words for host code. Searched last, so a toolkit's own header comes before it.
#ifndef WICK_CUDA_FALLBACK_HOST_DEFINES_H
#define WICK_CUDA_FALLBACK_HOST_DEFINES_H

#define CUDARTAPI
#define CUDARTAPI_CDECL
#define CUDAAPI
#define __host__
#define __device__
#define __global__
#define __constant__
#define __managed__
#define __cudart_builtin__
#define __device_builtin__
#define __device_builtin_texture_type__
#define __device_builtin_surface_type__
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_align__(n) __align__(n)

#endif
