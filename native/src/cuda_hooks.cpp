#include "cuda_hooks.h"

#include <atomic>

#include "handle.h"

namespace wick {
namespace {

std::atomic<const CudaHooks*> hooks{nullptr};

}  // namespace

const CudaHooks* cuda_hooks() noexcept { return hooks.load(std::memory_order_acquire); }

}  // namespace wick

extern "C" {

void wick_shared_set_cuda_hooks(const wick::CudaHooks* hooks) noexcept {
  wick::hooks.store(hooks, std::memory_order_release);
}

void wick_shared_count_handles(int64_t change) noexcept {
  wick::live_handles.fetch_add(change, std::memory_order_relaxed);
}

}  // extern "C"
