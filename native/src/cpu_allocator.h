// The CPU allocator that counts, and what it refused.
#ifndef WICK_SRC_CPU_ALLOCATOR_H
#define WICK_SRC_CPU_ALLOCATOR_H

#include <cstdint>
#include <string_view>

namespace wick {

// Makes the counting allocator LibTorch's CPU allocator. Once, before the first tensor: memory of the default allocator
// must not come back to this one.
void install_cpu_allocator();

struct Refusal {
  int64_t requested;
  int64_t allocated;
  int64_t limit;
};

// Tells whether the allocator refused during a call. LibTorch throws a plain c10::Error for that, and the interpreter
// a plain std::runtime_error, so neither type nor status can.
class RefusalWatch {
 public:
  RefusalWatch() noexcept;
  // The refusal behind an error of this text: one on this thread, or one on a worker thread whose exception LibTorch
  // carried over, which is known by the allocator's own words. Null when there was none.
  const Refusal* find(std::string_view message) const noexcept;

 private:
  int64_t thread_refusals_;
  int64_t process_refusals_;
};

}  // namespace wick

#endif
