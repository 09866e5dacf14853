#include "cpu_allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <mutex>

#include <c10/core/CPUAllocator.h>
#include <c10/core/alignment.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/Exception.h>
#include <wick/runtime.h>

namespace wick {
namespace {

// The size stands in front of the data; 64 bytes keep LibTorch's alignment.
constexpr size_t header_bytes = c10::gAlignment;
static_assert(header_bytes >= sizeof(int64_t));

// The kernel's huge pages. Weights are read from end to end at every call, and a page of 4 KiB holds one row of them:
// huge ones took 3% off ResNet-50's time.
constexpr size_t huge_page_bytes = size_t{2} << 20;

// Any allocator of higher priority would take over; no other is expected in a JVM.
constexpr uint8_t priority = 100;

constexpr std::string_view refusal_text = "the CPU allocator refused";

struct Counters {
  std::atomic<int64_t> bytes{0};
  std::atomic<int64_t> bytes_peak{0};
  std::atomic<int64_t> bytes_allocated{0};
  std::atomic<int64_t> blocks{0};
  std::atomic<int64_t> blocks_peak{0};
  std::atomic<int64_t> blocks_allocated{0};
  std::atomic<int64_t> limit{0};
  std::atomic<int64_t> refusals{0};
};

std::atomic<bool> huge_pages{true};

Counters counters;

std::mutex last_refusal_mutex;
Refusal last_refusal;

thread_local int64_t thread_refusals = 0;
thread_local Refusal thread_refusal;

void raise_peak(std::atomic<int64_t>& peak, int64_t value) noexcept {
  int64_t seen = peak.load(std::memory_order_relaxed);
  while (value > seen && !peak.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

[[noreturn]] void refuse(size_t bytes, int64_t allocated, int64_t limit) {
  const auto requested =
      static_cast<int64_t>(std::min<size_t>(bytes, static_cast<size_t>(std::numeric_limits<int64_t>::max())));
  thread_refusal = {requested, allocated, limit};
  ++thread_refusals;
  {
    const std::lock_guard<std::mutex> lock(last_refusal_mutex);
    last_refusal = thread_refusal;
  }
  counters.refusals.fetch_add(1, std::memory_order_release);
  TORCH_CHECK(false, refusal_text, " ", requested, " bytes: ", allocated, " bytes are allocated and ",
              limit > 0 ? c10::str("the limit is ", limit) : std::string("the machine has no more"));
}

// Counts bytes in before they are allocated, so that two threads cannot both pass just below the limit.
void reserve(int64_t bytes) {
  const int64_t limit = counters.limit.load(std::memory_order_relaxed);
  int64_t seen = counters.bytes.load(std::memory_order_relaxed);
  do {
    if (limit > 0 && bytes > limit - seen) {
      refuse(static_cast<size_t>(bytes), seen, limit);
    }
  } while (!counters.bytes.compare_exchange_weak(seen, seen + bytes, std::memory_order_relaxed));
}

// Blocks that fill huge pages ask for them, where the kernel gives them on request; the rest is LibTorch's own way.
void* allocate_block(size_t bytes) {
  if (bytes < huge_page_bytes || !huge_pages.load(std::memory_order_relaxed)) {
    return c10::alloc_cpu(bytes);
  }
  void* block = nullptr;
  if (posix_memalign(&block, huge_page_bytes, bytes) != 0) {
    throw std::bad_alloc();
  }
  // Advice: a kernel without them says no, and the pages are ordinary ones.
  madvise(block, bytes, MADV_HUGEPAGE);
  return block;
}

void release(void* data) {
  if (data == nullptr) {
    return;
  }
  void* block = static_cast<char*>(data) - header_bytes;
  const int64_t bytes = *static_cast<const int64_t*>(block);
  c10::profiledCPUMemoryReporter().Delete(data);
  c10::free_cpu(block);
  counters.bytes.fetch_sub(bytes, std::memory_order_relaxed);
  counters.blocks.fetch_sub(1, std::memory_order_relaxed);
}

class CountingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device cpu(c10::DeviceType::CPU);
    if (bytes == 0) {
      return {nullptr, nullptr, &release, cpu};
    }
    if (bytes > static_cast<size_t>(std::numeric_limits<int64_t>::max()) - header_bytes) {
      refuse(bytes, counters.bytes.load(std::memory_order_relaxed), counters.limit.load(std::memory_order_relaxed));
    }
    const auto size = static_cast<int64_t>(bytes);
    reserve(size);
    void* block = nullptr;
    try {
      block = allocate_block(bytes + header_bytes);
    } catch (...) {
      const int64_t others = counters.bytes.fetch_sub(size, std::memory_order_relaxed) - size;
      refuse(bytes, others, 0);
    }
    *static_cast<int64_t*>(block) = size;
    void* data = static_cast<char*>(block) + header_bytes;
    raise_peak(counters.bytes_peak, counters.bytes.load(std::memory_order_relaxed));
    counters.bytes_allocated.fetch_add(size, std::memory_order_relaxed);
    counters.blocks_allocated.fetch_add(1, std::memory_order_relaxed);
    raise_peak(counters.blocks_peak, counters.blocks.fetch_add(1, std::memory_order_relaxed) + 1);
    c10::DataPtr owned{data, data, &release, cpu};
    // Kineto learns of memory from this reporter alone.
    c10::profiledCPUMemoryReporter().New(data, bytes);
    return owned;
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void* target, const void* source, std::size_t count) const override {
    default_copy_data(target, source, count);
  }
};

}  // namespace

void install_cpu_allocator() {
  static CountingAllocator allocator;
  c10::SetCPUAllocator(&allocator, priority);
}

RefusalWatch::RefusalWatch() noexcept
    : thread_refusals_(thread_refusals), process_refusals_(counters.refusals.load(std::memory_order_relaxed)) {}

const Refusal* RefusalWatch::find(std::string_view message) const noexcept {
  if (thread_refusals != thread_refusals_) {
    return &thread_refusal;
  }
  if (counters.refusals.load(std::memory_order_acquire) == process_refusals_ ||
      message.find(refusal_text) == std::string_view::npos) {
    return nullptr;
  }
  const std::lock_guard<std::mutex> lock(last_refusal_mutex);
  thread_refusal = last_refusal;
  return &thread_refusal;
}

}  // namespace wick

extern "C" {

void wick_cpu_memory_get(wick_cpu_memory* memory) noexcept {
  using wick::counters;
  if (memory == nullptr) {
    return;
  }
  memory->allocated_bytes_current = counters.bytes.load(std::memory_order_relaxed);
  memory->allocated_bytes_peak = counters.bytes_peak.load(std::memory_order_relaxed);
  memory->allocated_bytes_allocated = counters.bytes_allocated.load(std::memory_order_relaxed);
  memory->allocated_bytes_freed = memory->allocated_bytes_allocated - memory->allocated_bytes_current;
  memory->allocation_current = counters.blocks.load(std::memory_order_relaxed);
  memory->allocation_peak = counters.blocks_peak.load(std::memory_order_relaxed);
  memory->allocation_allocated = counters.blocks_allocated.load(std::memory_order_relaxed);
  memory->allocation_freed = memory->allocation_allocated - memory->allocation_current;
}

void wick_cpu_memory_reset_peak(void) noexcept {
  using wick::counters;
  counters.bytes_peak.store(counters.bytes.load(std::memory_order_relaxed), std::memory_order_relaxed);
  counters.blocks_peak.store(counters.blocks.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void wick_cpu_memory_set_limit(int64_t limit) noexcept {
  wick::counters.limit.store(limit > 0 ? limit : 0, std::memory_order_relaxed);
}

void wick_cpu_memory_set_huge_pages(int32_t enabled) noexcept {
  wick::huge_pages.store(enabled != 0, std::memory_order_relaxed);
}

}  // extern "C"
