// Tells the trace that runs what the CPU allocator does. LibTorch's own reporter looks for a profiler in the calling
// thread alone, and so finds none that records all threads.
#ifndef WICK_SRC_TRACE_MEMORY_H
#define WICK_SRC_TRACE_MEMORY_H

#include <atomic>
#include <cstdint>

namespace wick {

extern std::atomic<bool> memory_is_traced;

void report_traced_memory(void* data, int64_t bytes, int64_t allocated) noexcept;

// bytes is negative for a free; allocated is what is in use afterwards.
inline void trace_memory(void* data, int64_t bytes, int64_t allocated) noexcept {
  if (memory_is_traced.load(std::memory_order_relaxed)) {
    report_traced_memory(data, bytes, allocated);
  }
}

}  // namespace wick

#endif
