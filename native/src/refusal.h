// Allocations that were refused, and how a failed call is known to have failed because of one.
#ifndef WICK_SRC_REFUSAL_H
#define WICK_SRC_REFUSAL_H

#include <cstdint>
#include <string_view>

namespace wick {

// Bytes; limit is 0 where there is none but the machine's. The last three are a CUDA device's alone, otherwise 0.
struct Refusal {
  int64_t requested;
  int64_t allocated;
  int64_t limit;
  int64_t reserved;
  int64_t free;
  int64_t largest_free_block;
};

// Keeps a refusal on this thread, and the process's last one. The words are those that the error of it will contain.
void note_refusal(const Refusal& refusal) noexcept;

// What the CPU allocator's error says: an exception that LibTorch carried over from a worker thread is known by it.
constexpr std::string_view cpu_refusal_text = "the CPU allocator refused";
// Likewise of LibTorch's CUDA allocator.
constexpr std::string_view cuda_refusal_text = "CUDA out of memory";

// Tells whether an allocator refused during a call. LibTorch throws a plain c10::Error for that, and the interpreter
// a plain std::runtime_error, so neither type nor status can.
class RefusalWatch {
 public:
  RefusalWatch() noexcept;
  // The refusal behind an error of this text: one on this thread, or one on a worker thread. Null when there was none.
  const Refusal* find(std::string_view message) const noexcept;

 private:
  int64_t thread_refusals_;
  int64_t process_refusals_;
};

}  // namespace wick

#endif
