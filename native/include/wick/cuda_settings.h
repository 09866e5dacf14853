/* Process-wide settings of CUDA and of LibTorch's use of it. */
#ifndef WICK_CUDA_SETTINGS_H
#define WICK_CUDA_SETTINGS_H

#include <wick/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a thread waits for a device. */
enum wick_cuda_wait {
  WICK_CUDA_WAIT_AUTO = 0,  /* CUDA's choice: spin where there are more cores than contexts, else yield */
  WICK_CUDA_WAIT_SPIN = 1,  /* least latency, a core busy */
  WICK_CUDA_WAIT_YIELD = 2, /* spins, and lets others run */
  WICK_CUDA_WAIT_BLOCK = 3  /* sleeps until an interrupt: tens of microseconds later, no core busy */
};

/* How threads wait for a device (cudaSetDeviceFlags). Best before its first use. Any thread. */
WICK_API int32_t wick_cuda_wait_set(int32_t device, int32_t wait, wick_error *error) WICK_NOEXCEPT;
WICK_API int32_t wick_cuda_wait_get(int32_t device, int32_t *wait, wick_error *error) WICK_NOEXCEPT;

/* What LibTorch does when one of its operators waits for a device without being asked to. */
enum wick_cuda_sync_debug {
  WICK_CUDA_SYNC_DEBUG_OFF = 0,
  WICK_CUDA_SYNC_DEBUG_WARN = 1, /* LibTorch's warning, on standard error */
  WICK_CUDA_SYNC_DEBUG_FAIL = 2  /* the operator fails */
};

/* Process-wide (torch.cuda.set_sync_debug_mode). Waits that are asked for, through this interface, are never meant. */
WICK_API int32_t wick_cuda_sync_debug_set(int32_t mode, wick_error *error) WICK_NOEXCEPT;
WICK_API int32_t wick_cuda_sync_debug_get(int32_t *mode, wick_error *error) WICK_NOEXCEPT;

/* Numbers: what LibTorch lets cuBLAS and cuDNN do. 1 or 0. */
typedef struct wick_cuda_numerics {
  int32_t tf32_matmul;             /* cuBLAS may round float32 factors to TF32 */
  int32_t tf32_cudnn;              /* cuDNN may do so in convolutions */
  int32_t fp16_reduced_reduction;  /* cuBLAS may sum float16 products in float16 */
  int32_t bf16_reduced_reduction;  /* likewise of bfloat16 */
  int32_t cudnn_enabled;
  int32_t cudnn_benchmark;         /* cuDNN times its algorithms at the first call of each shape */
  int32_t cudnn_deterministic;
  int32_t reserved;
} wick_cuda_numerics;

/* Process-wide; every later call uses them. Any thread. */
WICK_API int32_t wick_cuda_numerics_get(wick_cuda_numerics *numerics, wick_error *error) WICK_NOEXCEPT;
WICK_API int32_t wick_cuda_numerics_set(const wick_cuda_numerics *numerics, wick_error *error) WICK_NOEXCEPT;

/*
 * Settings of the device memory allocator, as PYTORCH_CUDA_ALLOC_CONF has them ("expandable_segments:True,
 * max_split_size_mb:128"), which LibTorch reads from the environment when it starts and a JVM cannot change. Before
 * the first use of a device: afterwards WICK_INVALID_ARGUMENT. An unknown key or a bad value is LibTorch's error. The
 * backend is chosen by the environment alone. Any thread.
 */
WICK_API int32_t wick_cuda_allocator_configure(const char *settings, int64_t length, wick_error *error) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
