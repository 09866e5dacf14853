/* Tensors: creation, zero-copy wrapping of host memory, description. All else is an operator by name (operator.h). */
#ifndef WICK_TENSOR_H
#define WICK_TENSOR_H

#include <wick/value.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { WICK_MAXIMUM_DIMENSIONS = 64 };

enum wick_tensor_flags {
  WICK_TENSOR_REQUIRES_GRAD = 1,
  WICK_TENSOR_INFERENCE = 2,
  WICK_TENSOR_CONTIGUOUS = 4,
  WICK_TENSOR_CHANNELS_LAST = 8,
  WICK_TENSOR_PINNED = 16,
  WICK_TENSOR_LEAF = 32,
  WICK_TENSOR_STRIDED = 64, /* only then do data, strides and storage_* mean anything */
  WICK_TENSOR_CHANNELS_LAST_3D = 128
};

/* What a tensor is. Sizes and strides are in elements; strides are 0 for a tensor that is not strided. */
typedef struct wick_tensor_info {
  int32_t dtype;       /* c10::ScalarType */
  int32_t device_type; /* c10::DeviceType */
  int32_t device_index;
  int32_t layout; /* c10::Layout */
  int32_t flags;
  int32_t dimensions;
  int64_t element_count;
  int64_t element_size;    /* bytes */
  int64_t data;            /* address of the first element */
  int64_t storage_address; /* address of the storage's first byte: equal for views of one another */
  int64_t storage_offset;  /* elements */
  int64_t storage_bytes;
  int64_t sizes[WICK_MAXIMUM_DIMENSIONS];
  int64_t strides[WICK_MAXIMUM_DIMENSIONS];
} wick_tensor_info;

/* Makes an uninitialised, contiguous tensor. Any thread. dtype is a c10::ScalarType, device_type a c10::DeviceType. */
WICK_API int32_t wick_tensor_empty(const int64_t *sizes, int32_t dimensions, int32_t dtype, int32_t device_type,
                                   int32_t device_index, const wick_call_options *options, wick_tensor *tensor,
                                   wick_error *error) WICK_NOEXCEPT;

/*
 * Makes a CPU tensor over the caller's memory, without a copy. Any thread. strides may be null (contiguous). Every
 * element must lie inside byte_size. When the last tensor over the memory is gone, retain_id (unless 0) becomes
 * available from wick_tensor_take_released: native code may hold the memory longer than the handle made here.
 */
WICK_API int32_t wick_tensor_wrap(void *data, int64_t byte_size, const int64_t *sizes, const int64_t *strides,
                                  int32_t dimensions, int32_t dtype, int64_t retain_id, wick_tensor *tensor,
                                  wick_error *error) WICK_NOEXCEPT;

/* Moves up to capacity ids of memory that no tensor uses any more into ids, and returns how many. Any thread. */
WICK_API int64_t wick_tensor_take_released(int64_t *ids, int64_t capacity) WICK_NOEXCEPT;

/* Describes a tensor. Any thread. A tensor with more than WICK_MAXIMUM_DIMENSIONS is refused. */
WICK_API int32_t wick_tensor_describe(wick_tensor tensor, wick_tensor_info *info, wick_error *error) WICK_NOEXCEPT;

/* Makes a second owning reference to the same tensor. Any thread. */
WICK_API int32_t wick_tensor_retain(wick_tensor tensor, wick_tensor *same, wick_error *error) WICK_NOEXCEPT;

/* Gives an owning reference back. Any thread; 0 is allowed. */
WICK_API void wick_tensor_free(wick_tensor tensor) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
