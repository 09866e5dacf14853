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

// A context by its number, which means nothing once contexts have been forgotten.
struct ContextNumber {
  int32_t number;  // 0 when nothing is known
  int64_t epoch;
};

// This thread's present context. Allocates with malloc alone, so that an allocator of LibTorch's may call it.
ContextNumber present_context() noexcept;

// The number for an event that is recorded now, while a recording exists: 0 where contexts were forgotten since it was
// given, as they are between the end of the last recording and the next.
int32_t number_now(const ContextNumber& context) noexcept;

void describe_context(int32_t context, ValueWriter& out);

}  // namespace wick

#endif
