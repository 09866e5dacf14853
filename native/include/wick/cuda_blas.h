/* The cuBLAS handle that LibTorch works with. cuBLAS itself is a C API of its own. */
#ifndef WICK_CUDA_BLAS_H
#define WICK_CUDA_BLAS_H

#include <wick/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The cuBLAS handle (cublasHandle_t) that LibTorch keeps for the calling thread on its current device, with current
 * stream and LibTorch's workspace set: at::cuda::getCurrentCUDABlasHandle(). With stream other than 0 that cudaStream_t
 * is made LibTorch's current one for the look, so the handle and its workspace are those of that stream. LibTorch's,
 * never to be destroyed; for the calling thread alone, until it calls LibTorch again. WICK_UNSUPPORTED where
 * libtorch_cuda is not loaded.
 */
WICK_API int32_t wick_cuda_cublas_handle(int64_t stream, int64_t *handle, wick_error *error) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
