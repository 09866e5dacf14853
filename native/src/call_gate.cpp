#include "call_gate.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "cuda_hooks.h"

namespace wick {
namespace {

// Every thread says in memory of its own whether it is inside a call. A call writes there and then looks whether the
// gate is closed; who closes it writes that and then looks at every thread. Each must see the other's write: the one
// who closes makes all other threads pass a barrier (membarrier), so that a call needs none.
std::atomic<bool> closed{false};

struct Slot {
  alignas(64) std::atomic<int32_t> depth{0};
};

// Never destroyed: threads may end after the library's own destructors.
struct Registry {
  std::mutex mutex;
  std::condition_variable opened;
  std::vector<Slot*> slots;
  bool asymmetric = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
};

Registry& registry() {
  static Registry& it = *new Registry;
  return it;
}

// A kernel without that barrier makes every call pass one.
std::atomic<bool> calls_fence{true};

struct ThreadSlot {
  ThreadSlot() {
    Registry& all = registry();
    const std::lock_guard<std::mutex> lock(all.mutex);
    all.slots.push_back(&slot);
    calls_fence.store(!all.asymmetric, std::memory_order_relaxed);
  }
  ~ThreadSlot() {
    Registry& all = registry();
    const std::lock_guard<std::mutex> lock(all.mutex);
    all.slots.erase(std::find(all.slots.begin(), all.slots.end(), &slot));
  }
  Slot slot;
};

std::atomic<int32_t>& own_depth() {
  thread_local ThreadSlot own;
  return own.slot.depth;
}

// Whether the thread is inside now, which it is not where the gate is closed.
bool enter(std::atomic<int32_t>& depth) noexcept {
  const int32_t outer = depth.load(std::memory_order_relaxed);
  depth.store(outer + 1, std::memory_order_relaxed);
  if (outer > 0) {
    return true;
  }
  if (calls_fence.load(std::memory_order_relaxed)) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  if (!closed.load(std::memory_order_acquire)) {
    return true;
  }
  depth.store(0, std::memory_order_release);
  return false;
}

void leave() noexcept {
  std::atomic<int32_t>& depth = own_depth();
  depth.store(depth.load(std::memory_order_relaxed) - 1, std::memory_order_release);
}

void wait_and_enter() {
  std::atomic<int32_t>& depth = own_depth();
  while (!enter(depth)) {
    Registry& all = registry();
    std::unique_lock<std::mutex> lock(all.mutex);
    all.opened.wait(lock, [] { return !closed.load(std::memory_order_relaxed); });
  }
}

}  // namespace

CallGate::CallGate() { wait_and_enter(); }

CallGate::~CallGate() { leave(); }

CallGateAttempt::CallGateAttempt() : inside_(enter(own_depth())) {}

CallGateAttempt::~CallGateAttempt() {
  if (inside_) {
    leave();
  }
}

ClosedCallGate::ClosedCallGate() {
  Registry& all = registry();
  closed.store(true, std::memory_order_seq_cst);
  if (all.asymmetric) {
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  const auto busy = [&all] {
    // A thread that comes in later has had this lock after the gate was closed.
    const std::lock_guard<std::mutex> lock(all.mutex);
    return std::any_of(all.slots.begin(), all.slots.end(),
                       [](const Slot* slot) { return slot->depth.load(std::memory_order_acquire) > 0; });
  };
  while (busy()) {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

ClosedCallGate::~ClosedCallGate() {
  Registry& all = registry();
  {
    const std::lock_guard<std::mutex> lock(all.mutex);
    closed.store(false, std::memory_order_release);
  }
  all.opened.notify_all();
}

}  // namespace wick

extern "C" {

void wick_shared_enter_call() noexcept { wick::wait_and_enter(); }

void wick_shared_leave_call() noexcept { wick::leave(); }

}  // extern "C"
