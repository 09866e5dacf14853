// How many threads an operator uses: LibTorch's own OpenMP, set without LibTorch's setter.
#ifndef WICK_SRC_THREADS_H
#define WICK_SRC_THREADS_H

#include <cstdint>

namespace wick {

// Sets the calling thread's intra-op thread count for as long as it lives: to the wanted number and then back to what
// it was, or, when wanted is 0, to the process's number for good.
class ThreadCountGuard {
 public:
  explicit ThreadCountGuard(int32_t wanted);
  ~ThreadCountGuard();
  ThreadCountGuard(const ThreadCountGuard&) = delete;
  ThreadCountGuard& operator=(const ThreadCountGuard&) = delete;

 private:
  int previous_ = 0;
};

}  // namespace wick

#endif
