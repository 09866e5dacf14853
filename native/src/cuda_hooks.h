// What wick_cuda tells wick_torch: CUDA is a library of its own, loaded after it and only where a driver is.
#ifndef WICK_SRC_CUDA_HOOKS_H
#define WICK_SRC_CUDA_HOOKS_H

#include <wick/error.h>

#include "refusal.h"

namespace wick {

struct CudaHooks {
  // Before anything is done on a device: makes LibTorch's side of CUDA ready, once. May throw what LibTorch throws.
  void (*first_use)();
  // After a failed call whose record is filled: makes a CUDA error of it where it is one.
  void (*classify)(wick_error& record) noexcept;
  // From now on wick_shared_memory_event is told what a device's allocator does.
  void (*watch_memory)(int32_t device);
  // Bytes that owners of a device's memory asked for and have not given back.
  int64_t (*requested_bytes)(int32_t device);
};

// Null as long as wick_cuda is not there.
const CudaHooks* cuda_hooks() noexcept;

}  // namespace wick

extern "C" {

// Functions of wick_torch's that wick_cuda calls; no part of the interface.
WICK_API void wick_shared_set_cuda_hooks(const wick::CudaHooks* hooks) noexcept;
// An allocator refused on this thread: the call that fails because of it reports these figures.
WICK_API void wick_shared_note_refusal(const wick::Refusal* refusal) noexcept;
WICK_API void wick_shared_count_handles(int64_t change) noexcept;
// Enters wick_torch's call gate, and leaves it: what calls an operator of LibTorch's must be inside (call_gate.h).
WICK_API void wick_shared_enter_call() noexcept;
WICK_API void wick_shared_leave_call() noexcept;
// A device's allocator did something (enum wick_memory_action); it may hold its lock.
WICK_API void wick_shared_memory_event(int32_t device, int32_t action, int64_t address, int64_t bytes,
                                       int64_t stream) noexcept;

}  // extern "C"

#endif
