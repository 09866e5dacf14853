#include <algorithm>
#include <limits>
#include <mutex>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <wick/tensor.h>

#include "call_guard.h"
#include "codes.h"
#include "handle.h"
#include "protect.h"

namespace wick {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw Failure(WICK_INVALID_ARGUMENT, message); }

c10::IntArrayRef checked_sizes(const int64_t* sizes, int32_t dimensions) {
  if (dimensions < 0 || dimensions > WICK_MAXIMUM_DIMENSIONS || (sizes == nullptr && dimensions > 0)) {
    invalid("expected 0 to " + std::to_string(WICK_MAXIMUM_DIMENSIONS) + " sizes, got " + std::to_string(dimensions));
  }
  for (int32_t i = 0; i < dimensions; ++i) {
    if (sizes[i] < 0) {
      invalid("size " + std::to_string(i) + " is negative: " + std::to_string(sizes[i]));
    }
  }
  return {sizes, static_cast<size_t>(dimensions)};
}

// Memory of the caller's that tensors share. It is known by an id, and the ids of memory no tensor uses any more wait
// here to be fetched: an upcall from wherever the last tensor dies is not to be had. The nodes are made beforehand, so
// that giving memory back cannot fail.
struct Retained {
  int64_t id;
  Retained* next;
};

std::mutex released_mutex;
Retained* released = nullptr;

void release(void* context) {
  auto* retained = static_cast<Retained*>(context);
  const std::lock_guard<std::mutex> lock(released_mutex);
  retained->next = released;
  released = retained;
}

void check_inside(c10::IntArrayRef sizes, const int64_t* strides, int64_t element_size, int64_t byte_size) {
  int64_t last = 0;
  int64_t contiguous = 1;
  bool empty = false;
  bool overflow = false;
  for (auto i = static_cast<int64_t>(sizes.size()) - 1; i >= 0; --i) {
    const int64_t size = sizes[static_cast<size_t>(i)];
    const int64_t stride = strides != nullptr ? strides[i] : contiguous;
    if (stride < 0) {
      invalid("stride " + std::to_string(i) + " is negative: " + std::to_string(stride));
    }
    empty = empty || size == 0;
    int64_t reach = 0;
    overflow = __builtin_mul_overflow(std::max<int64_t>(size - 1, 0), stride, &reach) || overflow;
    overflow = __builtin_add_overflow(last, reach, &last) || overflow;
    overflow = __builtin_mul_overflow(contiguous, std::max<int64_t>(size, 1), &contiguous) || overflow;
  }
  int64_t needed = 0;
  overflow = __builtin_add_overflow(last, int64_t{1}, &last) || overflow;
  overflow = __builtin_mul_overflow(last, element_size, &needed) || overflow;
  if (overflow) {
    invalid("the tensor's sizes and strides go beyond 2^63 bytes");
  }
  if (!empty && needed > byte_size) {
    invalid("the tensor needs " + std::to_string(needed) + " bytes, the memory has " + std::to_string(byte_size));
  }
}

at::Tensor wrap(void* data, int64_t byte_size, c10::IntArrayRef sizes, const int64_t* strides, int32_t dtype,
                int64_t retain_id) {
  const c10::ScalarType type = scalar_type(dtype);
  const auto element_size = static_cast<int64_t>(c10::elementSize(type));
  if (byte_size < 0 || (data == nullptr && byte_size > 0)) {
    invalid("the memory is null or of the negative size " + std::to_string(byte_size));
  }
  check_inside(sizes, strides, element_size, byte_size);
  if (reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(element_size) != 0) {
    invalid("the memory's address is not a multiple of the element size " + std::to_string(element_size) +
            ": vectorised loops would fault, copy it instead");
  }
  auto maker = at::for_blob(data, sizes);
  if (strides != nullptr) {
    maker.strides(c10::IntArrayRef(strides, sizes.size()));
  }
  maker.options(c10::TensorOptions(type).device(c10::kCPU)).target_device(c10::Device(c10::kCPU));
  if (retain_id != 0) {
    maker.context(new Retained{retain_id, nullptr}, &release);
  }
  const PlainGuard guard;
  return maker.make_tensor();
}

int32_t flags_of(const at::Tensor& tensor) {
  int32_t flags = 0;
  const auto set = [&](bool condition, int32_t flag) { flags |= condition ? flag : 0; };
  set(tensor.requires_grad(), WICK_TENSOR_REQUIRES_GRAD);
  set(tensor.is_inference(), WICK_TENSOR_INFERENCE);
  set(tensor.is_leaf(), WICK_TENSOR_LEAF);
  if (tensor.layout() != c10::kStrided) {
    return flags;
  }
  set(true, WICK_TENSOR_STRIDED);
  set(tensor.is_contiguous(), WICK_TENSOR_CONTIGUOUS);
  set(tensor.dim() == 4 && tensor.is_contiguous(at::MemoryFormat::ChannelsLast), WICK_TENSOR_CHANNELS_LAST);
  set(tensor.dim() == 5 && tensor.is_contiguous(at::MemoryFormat::ChannelsLast3d), WICK_TENSOR_CHANNELS_LAST_3D);
  set(tensor.is_cpu() && tensor.is_pinned(), WICK_TENSOR_PINNED);
  return flags;
}

void describe(const at::Tensor& tensor, wick_tensor_info& info) {
  if (tensor.dim() > WICK_MAXIMUM_DIMENSIONS) {
    throw Failure(WICK_UNSUPPORTED, "the tensor has " + std::to_string(tensor.dim()) + " dimensions, more than " +
                                        std::to_string(WICK_MAXIMUM_DIMENSIONS));
  }
  info.dtype = static_cast<int32_t>(tensor.scalar_type());
  info.device_type = static_cast<int32_t>(tensor.device().type());
  info.device_index = tensor.device().index();
  info.layout = static_cast<int32_t>(tensor.layout());
  info.flags = flags_of(tensor);
  info.dimensions = static_cast<int32_t>(tensor.dim());
  info.element_count = tensor.numel();
  info.element_size = static_cast<int64_t>(tensor.element_size());
  const bool strided = (info.flags & WICK_TENSOR_STRIDED) != 0;
  const bool stored = strided && tensor.has_storage();
  info.data = stored ? reinterpret_cast<int64_t>(tensor.data_ptr()) : 0;
  info.storage_address = stored ? reinterpret_cast<int64_t>(tensor.storage().data()) : 0;
  info.storage_offset = stored ? tensor.storage_offset() : 0;
  info.storage_bytes = stored ? static_cast<int64_t>(tensor.storage().nbytes()) : 0;
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    info.sizes[i] = tensor.size(i);
    info.strides[i] = strided ? tensor.stride(i) : 0;
  }
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_tensor_empty(const int64_t* sizes, int32_t dimensions, int32_t dtype, int32_t device_type,
                          int32_t device_index, const wick_call_options* options, wick_tensor* tensor,
                          wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(tensor, "the tensor");
    const auto checked = wick::checked_sizes(sizes, dimensions);
    const c10::ScalarType type = wick::scalar_type(dtype);
    wick::check_inside(checked, nullptr, static_cast<int64_t>(c10::elementSize(type)),
                       std::numeric_limits<int64_t>::max());
    const c10::TensorOptions form = c10::TensorOptions(type).device(wick::device(device_type, device_index));
    const wick::CallGuard guard(options);
    out = wick::give(at::empty(checked, form));
  });
}

int32_t wick_tensor_wrap(void* data, int64_t byte_size, const int64_t* sizes, const int64_t* strides,
                         int32_t dimensions, int32_t dtype, int64_t retain_id, wick_tensor* tensor,
                         wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(tensor, "the tensor");
    out = wick::give(wick::wrap(data, byte_size, wick::checked_sizes(sizes, dimensions), strides, dtype, retain_id));
  });
}

int64_t wick_tensor_take_released(int64_t* ids, int64_t capacity) noexcept {
  if (ids == nullptr) {
    return 0;
  }
  const std::lock_guard<std::mutex> lock(wick::released_mutex);
  int64_t count = 0;
  while (count < capacity && wick::released != nullptr) {
    wick::Retained* first = wick::released;
    wick::released = first->next;
    ids[count++] = first->id;
    delete first;
  }
  return count;
}

int32_t wick_tensor_describe(wick_tensor tensor, wick_tensor_info* info, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::describe(wick::borrow<at::Tensor>(tensor, "tensor"), wick::target(info, "the description"));
  });
}

int32_t wick_tensor_retain(wick_tensor tensor, wick_tensor* same, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(same, "the tensor");
    out = wick::give(at::Tensor(wick::borrow<at::Tensor>(tensor, "tensor")));
  });
}

void wick_tensor_free(wick_tensor tensor) noexcept { wick::take_back<at::Tensor>(tensor); }

}  // extern "C"
