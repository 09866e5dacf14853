// Device memory, page-locked host memory, and copies between them. Device addresses lie in a range that nobody may
// touch: a program that reads one as if it were the host's crashes, as it would with a device.
#include "runtime.h"

#include <cstdlib>
#include <cstring>

#include <sys/mman.h>

namespace simulated_cuda {
namespace {

constexpr size_t GRANULARITY = 512;
constexpr size_t PAGE = 4096;
// Addresses are plenty on a device, memory is not: only the second may run out.
constexpr size_t ADDRESSES_PER_BYTE = 16;

size_t round_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

char* map(size_t bytes, int protection) {
  void* address = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return address == MAP_FAILED ? nullptr : static_cast<char*>(address);
}

char* allocate(Device& device, size_t size) {
  size = round_up(size, GRANULARITY);
  require(size <= device.total - device.used, cudaErrorMemoryAllocation);
  size_t offset = 0;
  for (const auto& [begin, length] : device.blocks) {
    if (begin - offset >= size) {
      break;
    }
    offset = begin + length;
  }
  require(device.span - offset >= size, cudaErrorMemoryAllocation);
  device.blocks[offset] = size;
  device.used += size;
  return device.base + offset;
}

void release(Device& device, size_t offset) {
  const size_t size = device.blocks.at(offset);
  device.blocks.erase(offset);
  device.used -= size;
  const size_t begin = round_up(offset, PAGE);
  const size_t end = (offset + size) / PAGE * PAGE;
  if (begin < end) {
    madvise(device.backing + begin, end - begin, MADV_DONTNEED);
  }
}

Device* device_of(const void* address) {
  for (Device& device : world().devices) {
    const auto* byte = static_cast<const char*>(address);
    if (byte >= device.base && byte < device.base + device.span) {
      return &device;
    }
  }
  return nullptr;
}

// The last element of an ordered map whose key is not above the one given.
template <typename Map>
typename Map::iterator at_or_before(Map& map, typename Map::key_type key) {
  auto found = map.upper_bound(key);
  return found == map.begin() ? map.end() : --found;
}

std::map<uintptr_t, HostBlock>::iterator find_host_block(const void* address, size_t bytes) {
  auto& blocks = world().host_blocks;
  const auto key = reinterpret_cast<uintptr_t>(address);
  const auto found = at_or_before(blocks, key);
  return found != blocks.end() && key - found->first < found->second.size &&
                 bytes <= found->second.size - (key - found->first)
             ? found
             : blocks.end();
}

void drain_all(Lock& lock) {
  for (size_t i = 0; i < world().devices.size(); ++i) {
    drain(lock, static_cast<int>(i));
  }
}

// Rows of bytes; one for an ordinary copy.
struct Rows {
  size_t width;
  size_t height;
  size_t to_pitch;
  size_t from_pitch;

  size_t to_bytes() const { return to_pitch * (height - 1) + width; }
  size_t from_bytes() const { return from_pitch * (height - 1) + width; }
};

void copy_rows(char* to, const char* from, const Rows& rows, std::chrono::microseconds delay) {
  if (delay.count() > 0) {
    std::this_thread::sleep_for(delay);
  }
  for (size_t row = 0; row < rows.height; ++row) {
    std::memmove(to + row * rows.to_pitch, from + row * rows.from_pitch, rows.width);
  }
}

void check_direction(const Place& to, const Place& from, cudaMemcpyKind kind) {
  const bool to_device = to.kind == Kind::device;
  const bool from_device = from.kind == Kind::device;
  switch (kind) {
    case cudaMemcpyHostToHost: return require(!to_device && !from_device, cudaErrorInvalidValue);
    case cudaMemcpyHostToDevice: return require(to_device && !from_device, cudaErrorInvalidValue);
    case cudaMemcpyDeviceToHost: return require(!to_device && from_device, cudaErrorInvalidValue);
    case cudaMemcpyDeviceToDevice: return require(to_device && from_device, cudaErrorInvalidValue);
    case cudaMemcpyDefault: return;
    default: throw Failure{cudaErrorInvalidMemcpyDirection};
  }
}

int64_t& counter(const Place& to, const Place& from) {
  simulated_cuda_counters& counters = world().counters;
  if (to.kind == Kind::device) {
    return from.kind == Kind::device   ? counters.copies_on_device
           : from.kind == Kind::pinned ? counters.copies_to_device_pinned
                                       : counters.copies_to_device_pageable;
  }
  return from.kind != Kind::device ? counters.copies_on_host
         : to.kind == Kind::pinned ? counters.copies_to_host_pinned
                                   : counters.copies_to_host_pageable;
}

// With pageable memory CUDA copies through a buffer of its own: the source has been read when the call returns, and the
// target has been written.
void copy(Lock& lock, void* to_address, const void* from_address, const Rows& rows, cudaMemcpyKind kind,
          Stream& stream, bool blocking) {
  if (rows.width == 0 || rows.height == 0) {
    return;
  }
  require(rows.width <= rows.to_pitch && rows.width <= rows.from_pitch, cudaErrorInvalidPitchValue);
  const Place to = place(to_address, rows.to_bytes());
  const Place from = place(from_address, rows.from_bytes());
  check_direction(to, from, kind);
  const bool pageable = to.kind == Kind::pageable || from.kind == Kind::pageable;
  if (pageable) {
    check_not_capturing(stream);
  }
  const bool waits = blocking || to.kind == Kind::pageable;
  ++counter(to, from);
  world().counters.blocking_copies += waits;
  std::shared_ptr<std::vector<char>> staged;
  if (from.kind == Kind::pageable) {
    staged = std::make_shared<std::vector<char>>(from.bytes, from.bytes + rows.from_bytes());
  }
  submit(stream, cudaGraphNodeTypeMemcpy, [=](Stream& on) {
    enqueue(on, [=, delay = world().copy_delay] {
      copy_rows(to.bytes, staged != nullptr ? staged->data() : from.bytes, rows, delay);
    });
  });
  if (waits) {
    wait(lock, stream.end());
  }
}

Rows one_row(size_t bytes) { return {bytes, 1, bytes, bytes}; }

void fill(void* address, int value, size_t bytes, Stream& stream) {
  if (bytes == 0) {
    return;
  }
  const Place to = place(address, bytes);
  require(to.kind != Kind::pageable, cudaErrorInvalidValue);
  ++world().counters.fills;
  submit_body(stream, cudaGraphNodeTypeMemset, [=] { std::memset(to.bytes, value, bytes); });
}

}  // namespace

bool reserve_memory(Device& device, size_t bytes) {
  device.total = bytes / GRANULARITY * GRANULARITY;
  device.span = round_up(bytes, PAGE) * ADDRESSES_PER_BYTE;
  device.base = map(device.span, PROT_NONE);
  device.backing = map(device.span, PROT_READ | PROT_WRITE);
  return device.base != nullptr && device.backing != nullptr;
}

Place place(const void* address, size_t bytes) {
  require(address != nullptr, cudaErrorInvalidValue);
  if (Device* device = device_of(address)) {
    const size_t offset = static_cast<size_t>(static_cast<const char*>(address) - device->base);
    const auto block = at_or_before(device->blocks, offset);
    require(block != device->blocks.end() && offset - block->first < block->second &&
                bytes <= block->second - (offset - block->first),
            cudaErrorInvalidValue);
    return {Kind::device, static_cast<int>(device - world().devices.data()), device->backing + offset};
  }
  const auto host = find_host_block(address, bytes);
  char* address_on_host = static_cast<char*>(const_cast<void*>(address));
  return host == world().host_blocks.end() ? Place{Kind::pageable, -1, address_on_host}
                                           : Place{Kind::pinned, host->second.device, address_on_host};
}

}  // namespace simulated_cuda

using namespace simulated_cuda;

cudaError_t cudaMalloc(void** address, size_t size) {
  return call([&](Lock&) {
    require(address != nullptr, cudaErrorInvalidValue);
    check_safe_while_capturing();
    Device& device = current_device();
    *address = nullptr;
    if (size > 0) {
      *address = allocate(device, size);
      ++world().counters.device_allocations;
    }
  });
}

cudaError_t cudaFree(void* address) {
  return call([&](Lock& lock) {
    current_device();
    if (address == nullptr) {
      return;
    }
    check_safe_while_capturing();
    Device* device = device_of(address);
    require(device != nullptr, cudaErrorInvalidValue);
    const size_t offset = static_cast<size_t>(static_cast<char*>(address) - device->base);
    require(device->blocks.count(offset) == 1, cudaErrorInvalidValue);
    drain(lock, static_cast<int>(device - world().devices.data()));
    // Another thread may have freed it meanwhile.
    require(device->blocks.count(offset) == 1, cudaErrorInvalidValue);
    release(*device, offset);
    ++world().counters.device_frees;
  });
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  return call([&](Lock&) {
    const Device& device = current_device();
    require(free != nullptr && total != nullptr, cudaErrorInvalidValue);
    *free = device.total - device.used;
    *total = device.total;
  });
}

cudaError_t cudaHostAlloc(void** address, size_t size, unsigned int flags) {
  return call([&](Lock&) {
    require(address != nullptr, cudaErrorInvalidValue);
    check_safe_while_capturing();
    current_device();
    *address = nullptr;
    if (size == 0) {
      return;
    }
    void* memory = std::aligned_alloc(PAGE, round_up(size, PAGE));
    require(memory != nullptr, cudaErrorMemoryAllocation);
    world().host_blocks[reinterpret_cast<uintptr_t>(memory)] = {size, flags, current_device_index(), false};
    ++world().counters.host_allocations;
    *address = memory;
  });
}

cudaError_t cudaMallocHost(void** address, size_t size) { return cudaHostAlloc(address, size, cudaHostAllocDefault); }

cudaError_t cudaFreeHost(void* address) {
  return call([&](Lock& lock) {
    if (address == nullptr) {
      return;
    }
    check_safe_while_capturing();
    const auto key = reinterpret_cast<uintptr_t>(address);
    drain_all(lock);
    const auto found = world().host_blocks.find(key);
    require(found != world().host_blocks.end() && !found->second.registered, cudaErrorInvalidValue);
    world().host_blocks.erase(found);
    ++world().counters.host_frees;
    std::free(address);
  });
}

cudaError_t cudaHostRegister(void* address, size_t size, unsigned int flags) {
  return call([&](Lock&) {
    require(address != nullptr && size > 0, cudaErrorInvalidValue);
    check_safe_while_capturing();
    current_device();
    auto& blocks = world().host_blocks;
    const auto key = reinterpret_cast<uintptr_t>(address);
    const auto before = at_or_before(blocks, key + size - 1);
    require(before == blocks.end() || before->first + before->second.size <= key, cudaErrorHostMemoryAlreadyRegistered);
    blocks[key] = {size, flags, current_device_index(), true};
    ++world().counters.host_allocations;
  });
}

cudaError_t cudaHostUnregister(void* address) {
  return call([&](Lock& lock) {
    check_safe_while_capturing();
    drain_all(lock);
    const auto found = world().host_blocks.find(reinterpret_cast<uintptr_t>(address));
    require(found != world().host_blocks.end() && found->second.registered, cudaErrorHostMemoryNotRegistered);
    world().host_blocks.erase(found);
    ++world().counters.host_frees;
  });
}

cudaError_t cudaHostGetDevicePointer(void** device_address, void* address, unsigned int) {
  return call([&](Lock&) {
    require(find_host_block(address, 1) != world().host_blocks.end(), cudaErrorInvalidValue);
    *device_address = address;
  });
}

cudaError_t cudaHostGetFlags(unsigned int* flags, void* address) {
  return call([&](Lock&) {
    const auto found = find_host_block(address, 1);
    require(found != world().host_blocks.end(), cudaErrorInvalidValue);
    *flags = found->second.flags;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address) {
  return call([&](Lock&) {
    require(attributes != nullptr, cudaErrorInvalidValue);
    *attributes = {};
    void* same = const_cast<void*>(address);
    attributes->type = cudaMemoryTypeUnregistered;
    attributes->device = cudaInvalidDeviceId;
    attributes->hostPointer = same;
    if (address == nullptr) {
      return;
    }
    const Place found = place(address, 1);
    if (found.kind == Kind::device) {
      attributes->type = cudaMemoryTypeDevice;
      attributes->hostPointer = nullptr;
    } else if (found.kind == Kind::pinned) {
      attributes->type = cudaMemoryTypeHost;
    } else {
      return;
    }
    attributes->device = found.device;
    attributes->devicePointer = same;
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return call([&](Lock& lock) { copy(lock, to, from, one_row(bytes), kind, *find_stream(stream), false); });
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return call([&](Lock& lock) { copy(lock, to, from, one_row(bytes), kind, *find_stream(nullptr), true); });
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  return call([&](Lock& lock) {
    copy(lock, to, from, {width, height, to_pitch, from_pitch}, kind, *find_stream(stream), false);
  });
}

cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, size_t bytes, cudaStream_t stream) {
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream);
}

cudaError_t cudaMemsetAsync(void* address, int value, size_t bytes, cudaStream_t stream) {
  return call([&](Lock&) { fill(address, value, bytes, *find_stream(stream)); });
}

cudaError_t cudaMemset(void* address, int value, size_t bytes) {
  return call([&](Lock&) { fill(address, value, bytes, *find_stream(nullptr)); });
}
