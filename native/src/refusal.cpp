#include "refusal.h"

#include <atomic>
#include <mutex>

#include "cuda_hooks.h"

namespace wick {
namespace {

std::atomic<int64_t> refusals{0};
std::mutex last_refusal_mutex;
Refusal last_refusal;

thread_local int64_t thread_refusals = 0;
thread_local Refusal thread_refusal;

}  // namespace

void note_refusal(const Refusal& refusal) noexcept {
  thread_refusal = refusal;
  ++thread_refusals;
  {
    const std::lock_guard<std::mutex> lock(last_refusal_mutex);
    last_refusal = refusal;
  }
  refusals.fetch_add(1, std::memory_order_release);
}

RefusalWatch::RefusalWatch() noexcept
    : thread_refusals_(thread_refusals), process_refusals_(refusals.load(std::memory_order_relaxed)) {}

const Refusal* RefusalWatch::find(std::string_view message) const noexcept {
  if (thread_refusals != thread_refusals_) {
    return &thread_refusal;
  }
  const bool says_so = message.find(cpu_refusal_text) != std::string_view::npos ||
                       message.find(cuda_refusal_text) != std::string_view::npos;
  if (!says_so || refusals.load(std::memory_order_acquire) == process_refusals_) {
    return nullptr;
  }
  const std::lock_guard<std::mutex> lock(last_refusal_mutex);
  thread_refusal = last_refusal;
  return &thread_refusal;
}

}  // namespace wick

extern "C" void wick_shared_note_refusal(const wick::Refusal* refusal) noexcept { wick::note_refusal(*refusal); }
