#include <wick/cuda_memory.h>

#include <c10/cuda/CUDACachingAllocator.h>

#include "cuda_error.h"
#include "device.h"
#include "torch_cuda.h"

// LibTorch 2.10 gave the allocator of page-locked memory an interface that is no part of libtorch_cuda.
#ifdef WICK_TORCH_HAS_HOST_ALLOCATOR
#include <ATen/core/CachingHostAllocator.h>
#define WICK_WITH_HOST_ALLOCATOR(...) __VA_ARGS__
#else
#define WICK_WITH_HOST_ALLOCATOR(...) \
  throw wick::Failure(WICK_UNSUPPORTED, "LibTorch tells nothing of page-locked memory before version 2.10")
#endif

namespace wick {
namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

template <typename Stat>
wick_cuda_stat stat(const Stat& from) {
  return {from.current, from.peak, from.allocated, from.freed};
}

// The order of LibTorch's StatType: all, small, large.
template <typename Stats>
wick_cuda_pool_stat pools(const Stats& from) {
  return {stat(from[0]), stat(from[1]), stat(from[2])};
}

void read(int32_t device, wick_cuda_memory& memory) {
  use_device(device);
  const auto stats = allocator::getDeviceStats(static_cast<c10::DeviceIndex>(device));
  memory.allocation = pools(stats.allocation);
  memory.segment = pools(stats.segment);
  memory.active = pools(stats.active);
  memory.inactive_split = pools(stats.inactive_split);
  memory.allocated_bytes = pools(stats.allocated_bytes);
  memory.reserved_bytes = pools(stats.reserved_bytes);
  memory.active_bytes = pools(stats.active_bytes);
  memory.inactive_split_bytes = pools(stats.inactive_split_bytes);
  memory.requested_bytes = pools(stats.requested_bytes);
  memory.num_alloc_retries = stats.num_alloc_retries;
  memory.num_ooms = stats.num_ooms;
  memory.num_sync_all_streams = stats.num_sync_all_streams;
  memory.num_device_alloc = stats.num_device_alloc;
  memory.num_device_free = stats.num_device_free;
  const CurrentDevice current(device);
  size_t free = 0;
  size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "asking for a device's free memory");
  memory.device_free_bytes = static_cast<int64_t>(free);
  memory.device_total_bytes = static_cast<int64_t>(total);
}

#ifdef WICK_TORCH_HAS_HOST_ALLOCATOR
at::HostAllocator& host_allocator() {
  at::HostAllocator* found = at::getHostAllocator(c10::DeviceType::CUDA);
  if (found == nullptr) {
    throw Failure(WICK_UNSUPPORTED, "libtorch_cuda.so is not loaded");
  }
  return *found;
}

void read(wick_cuda_host_memory& memory) {
  const at::HostStats stats = host_allocator().get_stats();
  memory.active_requests = stat(stats.active_requests);
  memory.active_bytes = stat(stats.active_bytes);
  memory.allocations = stat(stats.allocations);
  memory.allocated_bytes = stat(stats.allocated_bytes);
  memory.num_host_alloc = stats.num_host_alloc;
  memory.num_host_free = stats.num_host_free;
}
#endif

int64_t workspace_bytes(const char* symbol, const char* name) {
  return static_cast<int64_t>(reinterpret_cast<size_t (*)()>(require_torch_cuda_function(symbol, name))());
}

void read(wick_cuda_workspaces& workspaces) {
  workspaces.cublas_bytes =
      workspace_bytes("_ZN2at4cuda22getChosenWorkspaceSizeEv", "at::cuda::getChosenWorkspaceSize()");
  workspaces.cublaslt_bytes =
      workspace_bytes("_ZN2at4cuda26getCUDABlasLtWorkspaceSizeEv", "at::cuda::getCUDABlasLtWorkspaceSize()");
}

void free_workspaces() {
  reinterpret_cast<void (*)()>(require_torch_cuda_function("_ZN2at4cuda21clearCublasWorkspacesEv",
                                                           "at::cuda::clearCublasWorkspaces()"))();
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_cuda_memory_get(int32_t device, wick_cuda_memory* memory, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] { wick::read(device, wick::target(memory)); });
}

int32_t wick_cuda_memory_reset_peak(int32_t device, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    wick::use_device(device);
    wick::allocator::resetPeakStats(static_cast<c10::DeviceIndex>(device));
  });
}

int32_t wick_cuda_memory_trim(wick_error* error) noexcept {
  return wick::protect_cuda(error, [] { wick::allocator::emptyCache(); });
}

int32_t wick_cuda_host_memory_get(wick_cuda_host_memory* memory, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    [[maybe_unused]] auto& out = wick::target(memory);
    WICK_WITH_HOST_ALLOCATOR(wick::read(out));
  });
}

int32_t wick_cuda_host_memory_reset_peak(wick_error* error) noexcept {
  return wick::protect_cuda(error, [] { WICK_WITH_HOST_ALLOCATOR(wick::host_allocator().reset_peak_stats()); });
}

int32_t wick_cuda_host_memory_trim(wick_error* error) noexcept {
  return wick::protect_cuda(error, [] { WICK_WITH_HOST_ALLOCATOR(wick::host_allocator().empty_cache()); });
}

int32_t wick_cuda_workspaces_get(wick_cuda_workspaces* workspaces, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] { wick::read(wick::target(workspaces)); });
}

int32_t wick_cuda_workspaces_free(wick_error* error) noexcept {
  return wick::protect_cuda(error, [] { wick::free_workspaces(); });
}

}  // extern "C"
