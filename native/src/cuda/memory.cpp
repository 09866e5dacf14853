#include <wick/cuda_memory.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>

#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <wick/memory_recording.h>

#include "../cuda_hooks.h"
#include "cuda_error.h"
#include "device.h"
#include "memory.h"
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

// LibTorch takes settings of its allocator until that is made: a look at figures must not make it.
bool in_use(int32_t device) {
  check_device_index(device);
  return allocator::get()->initialized();
}

void read(int32_t device, wick_cuda_memory& memory) {
  memory = {};
  if (!in_use(device)) {
    return;
  }
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
  memory.oversize_allocations = stat(stats.oversize_allocations);
  memory.oversize_segments = stat(stats.oversize_segments);
  memory.num_sync_all_streams = stats.num_sync_all_streams;
  memory.num_device_alloc = stats.num_device_alloc;
  memory.num_device_free = stats.num_device_free;
  memory.max_split_size = stats.max_split_size;
}

#if defined(WICK_TORCH_HAS_PLAIN_WORKSPACES)
#define WICK_TORCH_HAS_WORKSPACE_MAPS
using Workspace = at::DataPtr;
const at::DataPtr& memory_of(const Workspace& workspace) { return workspace; }
#elif defined(WICK_TORCH_HAS_SIZED_WORKSPACES)
#define WICK_TORCH_HAS_WORKSPACE_MAPS
using Workspace = std::pair<at::DataPtr, size_t>;
const at::DataPtr& memory_of(const Workspace& workspace) { return workspace.first; }
#endif

#ifdef WICK_TORCH_HAS_WORKSPACE_MAPS
// As ATen/cuda/CUDAContextLight.h declares it, which wants headers of libraries that are not needed here; the build looks
// whether that declaration is still this one.
struct WorkspaceMapWithMutex {
  std::map<std::tuple<void*, void*>, Workspace> map;
  std::shared_mutex mutex;
};

void add_workspaces(const char* symbol, std::unordered_set<const void*>& found) {
  void* function = torch_cuda_function(symbol);
  if (function == nullptr) {
    return;
  }
  auto& workspaces = reinterpret_cast<WorkspaceMapWithMutex& (*)()>(function)();
  const std::shared_lock<std::shared_mutex> lock(workspaces.mutex);
  for (const auto& entry : workspaces.map) {
    found.insert(memory_of(entry.second).get());
  }
}
#endif

// Where cuBLAS's workspaces begin. A snapshot that is taken later may find one gone, and then counts nothing for it.
std::unordered_set<const void*> workspaces() {
  std::unordered_set<const void*> found;
#ifdef WICK_TORCH_HAS_WORKSPACE_MAPS
  add_workspaces("_ZN2at4cuda33cublas_handle_stream_to_workspaceEv", found);
  add_workspaces("_ZN2at4cuda35cublaslt_handle_stream_to_workspaceEv", found);
#endif
  return found;
}

void read_blocks(int32_t device, wick_cuda_use& use) {
  const std::unordered_set<const void*> known = workspaces();
  for (const auto& segment : allocator::snapshot().segments) {
    if (segment.device != device) {
      continue;
    }
    const auto& [owner, number] = segment.owner_private_pool_id;
    const bool is_private = owner != 0 || number != 0;
    if (is_private) {
      use.private_pool_bytes += static_cast<int64_t>(segment.total_size);
    }
    size_t address = segment.address;
    for (const auto& block : segment.blocks) {
      if (!block.active) {
        use.largest_free_block_bytes = std::max(use.largest_free_block_bytes, static_cast<int64_t>(block.size));
      } else if (!is_private && known.count(reinterpret_cast<const void*>(address)) != 0) {
        use.workspace_bytes += static_cast<int64_t>(block.size);
      }
      address += block.size;
    }
  }
}

void read(int32_t device, wick_cuda_use& use) {
#ifdef WICK_TORCH_HAS_WORKSPACE_MAPS
  use = {-1, -1, 0, 0, 0, {}};
#else
  use = {-1, -1, 0, 0, -1, {}};
#endif
  if (in_use(device)) {
    read_blocks(device, use);
  }
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, device), "asking for a device's properties");
  static_assert(sizeof(properties.uuid.bytes) == WICK_CUDA_UUID_BYTES);
  std::memcpy(use.uuid, properties.uuid.bytes, WICK_CUDA_UUID_BYTES);
  if (!c10::cuda::hasPrimaryContext(static_cast<c10::DeviceIndex>(device))) {
    return;
  }
  const CurrentDevice current(device);
  size_t free = 0;
  size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "asking for a device's free memory");
  use.device_free_bytes = static_cast<int64_t>(free);
  use.device_total_bytes = static_cast<int64_t>(total);
}

// LibTorch's own check of the share lets NaN through.
void set_fraction(int32_t device, double fraction) {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw Failure(WICK_INVALID_ARGUMENT, "expected a share of 0 to 1, got " + std::to_string(fraction));
  }
  use_device(device);
  allocator::setMemoryFraction(fraction, static_cast<c10::DeviceIndex>(device));
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

struct SegmentRoom {
  wick_cuda_segment* segments;
  int64_t segment_capacity;
  wick_cuda_block* blocks;
  int64_t block_capacity;
};

void read_segments(int32_t device, const SegmentRoom& room, int64_t& segment_count, int64_t& block_count) {
  segment_count = 0;
  block_count = 0;
  if (!in_use(device)) {
    return;
  }
  for (const auto& segment : allocator::snapshot().segments) {
    if (segment.device != device) {
      continue;
    }
    if (segment_count < room.segment_capacity) {
      const auto& [owner, number] = segment.owner_private_pool_id;
      room.segments[segment_count] = {static_cast<int64_t>(segment.address),
                                      static_cast<int64_t>(segment.total_size),
                                      static_cast<int64_t>(segment.allocated_size),
                                      static_cast<int64_t>(segment.active_size),
                                      static_cast<int64_t>(segment.requested_size),
                                      reinterpret_cast<int64_t>(segment.stream),
                                      {static_cast<int64_t>(owner), static_cast<int64_t>(number)},
                                      static_cast<int64_t>(segment.blocks.size()),
                                      segment.is_large ? 1 : 0,
                                      segment.is_expandable ? 1 : 0};
    }
    ++segment_count;
    for (const auto& block : segment.blocks) {
      if (block_count < room.block_capacity) {
        room.blocks[block_count] = {static_cast<int64_t>(block.size), static_cast<int64_t>(block.requested_size),
                                    block.allocated ? WICK_CUDA_BLOCK_ALLOCATED
                                    : block.active  ? WICK_CUDA_BLOCK_PENDING_FREE
                                                    : WICK_CUDA_BLOCK_INACTIVE};
      }
      ++block_count;
    }
  }
}

// enum wick_memory_action, or -1 for what is not recorded.
int32_t action_of(allocator::TraceEntry::Action action) noexcept {
  using Entry = allocator::TraceEntry;
  switch (action) {
    case Entry::ALLOC:
      return WICK_MEMORY_ALLOC;
    case Entry::FREE_REQUESTED:
      return WICK_MEMORY_FREE_REQUESTED;
    case Entry::FREE_COMPLETED:
      return WICK_MEMORY_FREE_COMPLETED;
    case Entry::SEGMENT_ALLOC:
      return WICK_MEMORY_SEGMENT_ALLOC;
    case Entry::SEGMENT_FREE:
      return WICK_MEMORY_SEGMENT_FREE;
    case Entry::SEGMENT_MAP:
      return WICK_MEMORY_SEGMENT_MAP;
    case Entry::SEGMENT_UNMAP:
      return WICK_MEMORY_SEGMENT_UNMAP;
    case Entry::OOM:
      return WICK_MEMORY_OOM;
    default:
      return -1;
  }
}

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

void watch_memory(int32_t device) {
  use_device(device);
  // A tracker cannot be detached again; it costs a few nanoseconds an event while nothing records.
  static std::once_flag once;
  std::call_once(once, [] {
    allocator::attachAllocatorTraceTracker([](const allocator::TraceEntry& entry) {
      const int32_t action = action_of(entry.action_);
      if (action >= 0) {
        wick_shared_memory_event(entry.device_, action, static_cast<int64_t>(entry.addr_),
                                 static_cast<int64_t>(entry.size_), reinterpret_cast<int64_t>(entry.stream_));
      }
    });
  });
}

int64_t requested_bytes(int32_t device) {
  return allocator::getDeviceStats(static_cast<c10::DeviceIndex>(device)).requested_bytes[0].current;
}

}  // namespace wick

extern "C" {

int32_t wick_cuda_memory_get(int32_t device, wick_cuda_memory* memory, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] { wick::read(device, wick::target(memory)); });
}

int32_t wick_cuda_memory_use(int32_t device, wick_cuda_use* use, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] { wick::read(device, wick::target(use)); });
}

int32_t wick_cuda_memory_fraction_get(int32_t device, double* fraction, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    double& out = wick::target(fraction);
    wick::use_device(device);
    out = wick::allocator::getMemoryFraction(static_cast<c10::DeviceIndex>(device));
  });
}

int32_t wick_cuda_memory_fraction_set(int32_t device, double fraction, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] { wick::set_fraction(device, fraction); });
}

int32_t wick_cuda_memory_reset_peak(int32_t device, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    wick::use_device(device);
    wick::allocator::resetPeakStats(static_cast<c10::DeviceIndex>(device));
  });
}

int32_t wick_cuda_memory_segments(int32_t device, wick_cuda_segment* segments, int64_t segment_capacity,
                                  wick_cuda_block* blocks, int64_t block_capacity, int64_t* segment_count,
                                  int64_t* block_count, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    if ((segments == nullptr && segment_capacity > 0) || (blocks == nullptr && block_capacity > 0)) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "no place for the segments or their blocks: the pointer is null");
    }
    wick::check_device_index(device);
    wick::read_segments(device, {segments, segment_capacity, blocks, block_capacity}, wick::target(segment_count),
                        wick::target(block_count));
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
