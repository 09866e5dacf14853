// For whom a thread allocates: the caller's call site, the running operator, TorchScript's call stack.
#ifndef WICK_SRC_MEMORY_ATTRIBUTION_H
#define WICK_SRC_MEMORY_ATTRIBUTION_H

#include <cstdint>

#include "value.h"

namespace wick {

// Operators are watched between these two, which must alternate; not under a lock of an allocator.
void watch_operators();
void unwatch_operators() noexcept;

// Forgets all contexts: their numbers are given anew.
void forget_contexts() noexcept;

// Whether contexts are to have stacks.
void attribute_stacks(bool wanted) noexcept;

// The number of this thread's present context; 0 when nothing is known. Allocates with malloc alone, so that an
// allocator of LibTorch's may call it.
int32_t present_context() noexcept;

void describe_context(int32_t context, ValueWriter& out);

}  // namespace wick

#endif
