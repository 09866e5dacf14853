// Handles: owned C++ objects that cross the border as integers, and are counted.
#ifndef WICK_SRC_HANDLE_H
#define WICK_SRC_HANDLE_H

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "error.h"

namespace wick {

extern std::atomic<int64_t> live_handles;

template <typename T>
int64_t give(T value) {
  auto* owned = new T(std::move(value));
  live_handles.fetch_add(1, std::memory_order_relaxed);
  return reinterpret_cast<int64_t>(owned);
}

// The object behind a handle; what names it in the message.
template <typename T>
T& borrow(int64_t handle, const char* what) {
  if (handle == 0) {
    throw Failure(WICK_INVALID_ARGUMENT, std::string("no ") + what + ": the handle is 0");
  }
  return *reinterpret_cast<T*>(handle);
}

template <typename T>
void take_back(int64_t handle) noexcept {
  if (handle == 0) {
    return;
  }
  delete reinterpret_cast<T*>(handle);
  live_handles.fetch_sub(1, std::memory_order_relaxed);
}

// An out-parameter that must be there.
template <typename T>
T& target(T* pointer, const char* what) {
  if (pointer == nullptr) {
    throw Failure(WICK_INVALID_ARGUMENT, std::string("no place for ") + what + ": the pointer is null");
  }
  return *pointer;
}

// A text of the caller's.
inline std::string text_argument(const char* text, int64_t length, const char* what) {
  if (length < 0 || (text == nullptr && length > 0)) {
    throw Failure(WICK_INVALID_ARGUMENT, std::string(what) + " is not a text: null or of negative length");
  }
  return length == 0 ? std::string() : std::string(text, static_cast<size_t>(length));
}

}  // namespace wick

#endif
