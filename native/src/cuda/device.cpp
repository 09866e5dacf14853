#include "device.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>

#include <ATen/Context.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <wick/cuda_device.h>

#include "../cuda_hooks.h"
#include "cuda_error.h"
#include "memory.h"

namespace wick {
namespace {

// LibTorch calls this on the thread whose allocation fails, after it has let go of the allocator's lock.
void note_out_of_memory(int64_t device, size_t requested, size_t total, size_t free) {
  const auto index = static_cast<c10::DeviceIndex>(device);
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(index);
  size_t largest = 0;
  c10::cuda::CUDACachingAllocator::cacheInfo(index, &largest);
  const Refusal refusal{static_cast<int64_t>(requested), stats.allocated_bytes[0].current,
                        static_cast<int64_t>(total),     stats.reserved_bytes[0].current,
                        static_cast<int64_t>(free),      static_cast<int64_t>(largest)};
  wick_shared_note_refusal(&refusal);
}

// The observer can be attached only to an allocator that knows its devices, and LibTorch tells it at the first use.
void first_use() {
  static std::once_flag once;
  std::call_once(once, [] {
    at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
    c10::cuda::CUDACachingAllocator::attachOutOfMemoryObserver(&note_out_of_memory);
  });
}

constexpr CudaHooks hooks{&first_use, &classify_failure, &watch_memory, &requested_bytes};

void describe(int32_t index, wick_cuda_device& device) {
  const CurrentDevice current(index);
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, index), "asking for a device's properties");
  size_t free_bytes = 0;
  size_t total_bytes = 0;
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "asking for a device's free memory");
  device = {};
  device.index = index;
  device.compute_capability_major = properties.major;
  device.compute_capability_minor = properties.minor;
  device.multiprocessor_count = properties.multiProcessorCount;
  device.total_bytes = static_cast<int64_t>(total_bytes);
  device.free_bytes = static_cast<int64_t>(free_bytes);
  device.shared_memory_per_block_bytes = static_cast<int64_t>(properties.sharedMemPerBlock);
  device.l2_cache_bytes = properties.l2CacheSize;
  device.integrated = properties.integrated;
  device.name_length = static_cast<int32_t>(strnlen(properties.name, WICK_CUDA_NAME_CAPACITY));
  std::memcpy(device.name, properties.name, static_cast<size_t>(device.name_length));
  static_assert(sizeof(properties.uuid.bytes) == WICK_CUDA_UUID_BYTES);
  std::memcpy(device.uuid, properties.uuid.bytes, WICK_CUDA_UUID_BYTES);
}

}  // namespace

void check_device_index(int32_t index) {
  const int32_t count = c10::cuda::device_count();
  if (index < 0 || index >= count) {
    throw Failure(WICK_NOT_FOUND, "there is no CUDA device " + std::to_string(index) + "; LibTorch sees " +
                                      std::to_string(count));
  }
}

void use_device(int32_t index) {
  check_device_index(index);
  first_use();
}

CurrentDevice::CurrentDevice(int32_t index) {
  check(cudaGetDevice(&previous_), "asking for the current device");
  if (index != previous_) {
    check(cudaSetDevice(index), "making a device current");
    changed_ = true;
  }
}

CurrentDevice::~CurrentDevice() {
  if (changed_) {
    cudaSetDevice(previous_);
  }
}

}  // namespace wick

extern "C" {

int32_t wick_cuda_compiled_version(void) noexcept { return CUDART_VERSION; }

int32_t wick_cuda_versions(int32_t* driver, int32_t* runtime, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    wick::check(cudaDriverGetVersion(&wick::target(driver)), "asking for the driver's version");
    wick::check(cudaRuntimeGetVersion(&wick::target(runtime)), "asking for the runtime's version");
  });
}

int32_t wick_cuda_initialize(wick_error* error) noexcept {
  return wick::protect_cuda(error, [] { wick_shared_set_cuda_hooks(&wick::hooks); });
}

int32_t wick_cuda_device_count(int32_t* count, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] { wick::target(count) = c10::cuda::device_count(); });
}

int32_t wick_cuda_device_describe(int32_t index, wick_cuda_device* device, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    auto& out = wick::target(device);
    wick::check_device_index(index);
    wick::describe(index, out);
  });
}

int32_t wick_cuda_set_device(int32_t index, int32_t* previous, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    wick::check_device_index(index);
    int before = 0;
    wick::check(cudaGetDevice(&before), "asking for the current device");
    if (index != before) {
      wick::check(cudaSetDevice(index), "making a device current");
    }
    if (previous != nullptr) {
      *previous = before;
    }
  });
}

int32_t wick_cuda_synchronize(int32_t index, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    wick::check_device_index(index);
    const wick::CurrentDevice current(index);
    wick::check(cudaDeviceSynchronize(), "waiting for a device");
  });
}

}  // extern "C"
