#include "cpu_allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <new>

#include <c10/core/CPUAllocator.h>
#include <c10/core/alignment.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/Exception.h>
#include <wick/runtime.h>

#include "memory_attribution.h"
#include "memory_recorder.h"
#include "refusal.h"
#include "trace_memory.h"

namespace wick {
namespace {

// Stands in front of the data; a whole alignment unit, so that the data keep LibTorch's alignment.
struct Header {
  int64_t bytes;
  void* block;       // what the C library gave
  int64_t sequence;  // of the event that gave it out; 0 when nothing recorded then
  int32_t context;
};
constexpr size_t header_bytes = c10::gAlignment;
static_assert(header_bytes >= sizeof(Header));

// Up to here a block and what aligning it wastes come from malloc's cache of the thread (glibc: up to 1,032 bytes). An
// aligned allocation never does: it is cut out of a larger one, and its release gives the pieces back to the arena, which
// costs a tiny model more than its arithmetic and differs from process to process.
constexpr size_t small_bytes = 896;
constexpr size_t malloc_alignment = alignof(std::max_align_t);
static_assert(small_bytes + header_bytes + c10::gAlignment - malloc_alignment <= 1032);

// The kernel's huge pages. Weights are read from end to end at every call, and a page of 4 KiB holds one row of them:
// huge ones took 3% off ResNet-50's time.
constexpr size_t huge_page_bytes = size_t{2} << 20;

// Any allocator of higher priority would take over; no other is expected in a JVM.
constexpr uint8_t priority = 100;

// Stands in the count of bytes while something records, so that one atomic operation both counts and tells whether what
// it counts must have an event: nothing is counted twice or not at all when recording begins or ends.
constexpr int64_t recording_bit = int64_t{1} << 62;

struct Counters {
  std::atomic<int64_t> state{0};  // bytes given out, and recording_bit
  std::atomic<int64_t> bytes_peak{0};
  std::atomic<int64_t> bytes_allocated{0};
  std::atomic<int64_t> blocks{0};
  std::atomic<int64_t> blocks_peak{0};
  std::atomic<int64_t> blocks_allocated{0};
  std::atomic<int64_t> limit{0};
  std::atomic<int64_t> refused{0};
};

std::atomic<bool> huge_pages{true};

Counters counters;

void raise_peak(std::atomic<int64_t>& peak, int64_t value) noexcept {
  int64_t seen = peak.load(std::memory_order_relaxed);
  while (value > seen && !peak.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

bool records(int64_t state) noexcept { return (state & recording_bit) != 0; }

int64_t bytes_of(int64_t state) noexcept { return state & ~recording_bit; }

int64_t bytes_now() noexcept { return bytes_of(counters.state.load(std::memory_order_relaxed)); }

MemoryRecorder& recorder() {
  static MemoryRecorder& cpu = MemoryRecorder::of(-1);
  return cpu;
}

[[noreturn]] void refuse(size_t bytes, int64_t allocated, int64_t limit) {
  const auto requested =
      static_cast<int64_t>(std::min<size_t>(bytes, static_cast<size_t>(std::numeric_limits<int64_t>::max())));
  counters.refused.fetch_add(1, std::memory_order_relaxed);
  if (records(counters.state.load(std::memory_order_relaxed))) {
    const ContextNumber context = present_context();
    const std::lock_guard<std::mutex> lock(recorder().mutex());
    recorder().append(WICK_MEMORY_OOM, 0, requested, 0, 0, number_now(context));
  }
  note_refusal({requested, allocated, limit, 0, 0, 0});
  TORCH_CHECK(false, cpu_refusal_text, " ", requested, " bytes: ", allocated, " bytes are allocated and ",
              limit > 0 ? c10::str("the limit is ", limit) : std::string("the machine has no more"));
}

bool fits(int64_t bytes, int64_t state, int64_t limit) noexcept {
  return limit <= 0 || bytes <= limit - bytes_of(state);
}

// Counts bytes in before they are allocated, so that two threads cannot both pass just below the limit. Counts nothing
// and returns false when something records.
bool reserve(int64_t bytes) {
  const int64_t limit = counters.limit.load(std::memory_order_relaxed);
  int64_t seen = counters.state.load(std::memory_order_relaxed);
  do {
    if (!fits(bytes, seen, limit)) {
      refuse(static_cast<size_t>(bytes), bytes_of(seen), limit);
    }
    if (records(seen)) {
      return false;
    }
  } while (!counters.state.compare_exchange_weak(seen, seen + bytes, std::memory_order_relaxed));
  raise_peak(counters.bytes_peak, seen + bytes);
  return true;
}

// Counts an allocation in and records it. False, with nothing done, where it would go beyond the limit.
bool count_recorded(void* data, Header& header) {
  const ContextNumber context = present_context();
  const std::lock_guard<std::mutex> lock(recorder().mutex());
  const int64_t limit = counters.limit.load(std::memory_order_relaxed);
  int64_t seen = counters.state.load(std::memory_order_relaxed);
  do {
    if (!fits(header.bytes, seen, limit)) {
      return false;
    }
  } while (!counters.state.compare_exchange_weak(seen, seen + header.bytes, std::memory_order_relaxed));
  raise_peak(counters.bytes_peak, bytes_of(seen) + header.bytes);
  if (records(seen)) {
    header.context = number_now(context);
    header.sequence =
        recorder().append(WICK_MEMORY_ALLOC, reinterpret_cast<int64_t>(data), header.bytes, 0, 0, header.context);
  }
  return true;
}

// Counts bytes out, with an event when something records. Before the memory is freed: its next owner's event must come
// later than this.
int64_t count_out(void* data, const Header& header) {
  int64_t seen = counters.state.load(std::memory_order_relaxed);
  while (!records(seen)) {
    if (counters.state.compare_exchange_weak(seen, seen - header.bytes, std::memory_order_relaxed)) {
      return bytes_of(seen) - header.bytes;
    }
  }
  const std::lock_guard<std::mutex> lock(recorder().mutex());
  seen = counters.state.fetch_sub(header.bytes, std::memory_order_relaxed);
  if (records(seen)) {
    recorder().append(WICK_MEMORY_FREE_COMPLETED, reinterpret_cast<int64_t>(data), header.bytes, header.sequence, 0,
                      recorder().is_recent(header.sequence) ? header.context : 0);
  }
  return bytes_of(seen) - header.bytes;
}

Header& header_of(void* data) { return *reinterpret_cast<Header*>(static_cast<char*>(data) - header_bytes); }

void* allocate_small(size_t bytes) {
  void* block = std::malloc(bytes + header_bytes + c10::gAlignment - malloc_alignment);
  if (block == nullptr) {
    throw std::bad_alloc();
  }
  const auto start = reinterpret_cast<uintptr_t>(block) + header_bytes;
  void* data = reinterpret_cast<void*>((start + c10::gAlignment - 1) & ~(c10::gAlignment - 1));
  header_of(data).block = block;
  return data;
}

void* allocate_large(size_t bytes) {
  void* block = nullptr;
  if (bytes + header_bytes < huge_page_bytes || !huge_pages.load(std::memory_order_relaxed)) {
    block = c10::alloc_cpu(bytes + header_bytes);
  } else {
    if (posix_memalign(&block, huge_page_bytes, bytes + header_bytes) != 0) {
      throw std::bad_alloc();
    }
    // Advice: a kernel without them says no, and the pages are ordinary ones.
    madvise(block, bytes + header_bytes, MADV_HUGEPAGE);
  }
  void* data = static_cast<char*>(block) + header_bytes;
  header_of(data).block = block;
  return data;
}

// Small blocks are cut to the alignment here, blocks that fill huge pages ask for them, where the kernel gives them on
// request; the rest is LibTorch's own way. All of them are freed by c10::free_cpu, which is the C library's free.
void* allocate_data(size_t bytes) {
  void* data = bytes <= small_bytes ? allocate_small(bytes) : allocate_large(bytes);
  Header& header = header_of(data);
  header.bytes = static_cast<int64_t>(bytes);
  header.sequence = 0;
  header.context = 0;
  return data;
}

void release(void* data) {
  if (data == nullptr) {
    return;
  }
  const Header header = header_of(data);
  const int64_t left = count_out(data, header);
  counters.blocks.fetch_sub(1, std::memory_order_relaxed);
  trace_memory(data, -header.bytes, left);
  c10::free_cpu(header.block);
}

class CountingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device cpu(c10::DeviceType::CPU);
    if (bytes == 0) {
      return {nullptr, nullptr, &release, cpu};
    }
    if (bytes > static_cast<size_t>(std::numeric_limits<int64_t>::max()) - header_bytes) {
      refuse(bytes, bytes_now(), counters.limit.load(std::memory_order_relaxed));
    }
    const auto size = static_cast<int64_t>(bytes);
    const bool counted = reserve(size);
    void* data = nullptr;
    try {
      data = allocate_data(bytes);
    } catch (...) {
      refuse(bytes, counted ? count_out(nullptr, {size, nullptr, 0, 0}) : bytes_now(), 0);
    }
    if (!counted && !count_recorded(data, header_of(data))) {
      c10::free_cpu(header_of(data).block);
      refuse(bytes, bytes_now(), counters.limit.load(std::memory_order_relaxed));
    }
    counters.bytes_allocated.fetch_add(size, std::memory_order_relaxed);
    counters.blocks_allocated.fetch_add(1, std::memory_order_relaxed);
    raise_peak(counters.blocks_peak, counters.blocks.fetch_add(1, std::memory_order_relaxed) + 1);
    c10::DataPtr owned{data, data, &release, cpu};
    trace_memory(data, size, bytes_now());
    return owned;
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void* target, const void* source, std::size_t count) const override {
    default_copy_data(target, source, count);
  }
};

}  // namespace

int64_t switch_cpu_recording(bool on) noexcept {
  return bytes_of(on ? counters.state.fetch_or(recording_bit, std::memory_order_relaxed)
                     : counters.state.fetch_and(~recording_bit, std::memory_order_relaxed));
}

void install_cpu_allocator() {
  static CountingAllocator allocator;
  c10::SetCPUAllocator(&allocator, priority);
}

}  // namespace wick

extern "C" {

void wick_cpu_memory_get(wick_cpu_memory* memory) noexcept {
  using wick::counters;
  if (memory == nullptr) {
    return;
  }
  memory->allocated_bytes_current = wick::bytes_now();
  memory->allocated_bytes_peak = counters.bytes_peak.load(std::memory_order_relaxed);
  memory->allocated_bytes_allocated = counters.bytes_allocated.load(std::memory_order_relaxed);
  memory->allocated_bytes_freed = memory->allocated_bytes_allocated - memory->allocated_bytes_current;
  memory->allocation_current = counters.blocks.load(std::memory_order_relaxed);
  memory->allocation_peak = counters.blocks_peak.load(std::memory_order_relaxed);
  memory->allocation_allocated = counters.blocks_allocated.load(std::memory_order_relaxed);
  memory->allocation_freed = memory->allocation_allocated - memory->allocation_current;
  memory->num_ooms = counters.refused.load(std::memory_order_relaxed);
  memory->limit_bytes = counters.limit.load(std::memory_order_relaxed);
}

void wick_cpu_memory_reset_peak(void) noexcept {
  using wick::counters;
  counters.bytes_peak.store(wick::bytes_now(), std::memory_order_relaxed);
  counters.blocks_peak.store(counters.blocks.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void wick_cpu_memory_set_limit(int64_t limit) noexcept {
  wick::counters.limit.store(limit > 0 ? limit : 0, std::memory_order_relaxed);
}

void wick_cpu_memory_set_huge_pages(int32_t enabled) noexcept {
  wick::huge_pages.store(enabled != 0, std::memory_order_relaxed);
}

}  // extern "C"
