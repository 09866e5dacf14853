/* CUDA devices: how many, what they are, which one is current, waiting for them. */
#ifndef WICK_CUDA_DEVICE_H
#define WICK_CUDA_DEVICE_H

#include <wick/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { WICK_CUDA_NAME_CAPACITY = 256, WICK_CUDA_UUID_BYTES = 16 };

typedef struct wick_cuda_device {
  int32_t index;
  int32_t compute_capability_major;
  int32_t compute_capability_minor;
  int32_t multiprocessor_count;
  int64_t total_bytes;
  int64_t free_bytes; /* at the time of the call; creates the device's primary context */
  int64_t shared_memory_per_block_bytes;
  int64_t l2_cache_bytes;
  int32_t name_length;
  int32_t integrated;
  char name[WICK_CUDA_NAME_CAPACITY];
  uint8_t uuid[WICK_CUDA_UUID_BYTES];
} wick_cuda_device;

/* CUDA runtime this library was compiled with, as CUDART_VERSION (12080). A constant. */
WICK_API int32_t wick_cuda_compiled_version(void) WICK_NOEXCEPT;

/* Versions at run time, as CUDA writes them: the driver's newest runtime and the runtime in use. Any thread. */
WICK_API int32_t wick_cuda_versions(int32_t *driver, int32_t *runtime, wick_error *error) WICK_NOEXCEPT;

/*
 * Lets wick_torch tell CUDA's failures apart: out of device memory, and errors of CUDA's, sticky ones among them. Once,
 * right after loading; further calls do nothing. Any thread. Touches no device.
 */
WICK_API int32_t wick_cuda_initialize(wick_error *error) WICK_NOEXCEPT;

/* Number of devices LibTorch sees; 0 without one. Any thread. */
WICK_API int32_t wick_cuda_device_count(int32_t *count, wick_error *error) WICK_NOEXCEPT;

/* Describes a device. Any thread. WICK_NOT_FOUND says how many there are. */
WICK_API int32_t wick_cuda_device_describe(int32_t index, wick_cuda_device *device, wick_error *error) WICK_NOEXCEPT;

/*
 * Makes a device the calling thread's current one; previous, which may be null, gets the one before. Any thread, for
 * itself. WICK_NOT_FOUND says how many there are.
 */
WICK_API int32_t wick_cuda_set_device(int32_t index, int32_t *previous, wick_error *error) WICK_NOEXCEPT;

/* Waits for all work on a device. Any thread. */
WICK_API int32_t wick_cuda_synchronize(int32_t index, wick_error *error) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
