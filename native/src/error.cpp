#include "error.h"

#include <algorithm>
#include <new>

#include <c10/util/Exception.h>

namespace wick {
namespace {

// Cuts at a character border, so that the other side never decodes half a character.
size_t cut(std::string_view text, size_t capacity) noexcept {
  if (text.size() <= capacity) {
    return text.size();
  }
  size_t length = capacity;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
    --length;
  }
  return length;
}

int32_t copy(char* target, size_t capacity, std::string_view text) noexcept {
  const size_t length = cut(text, capacity);
  std::copy_n(text.data(), length, target);
  return static_cast<int32_t>(length);
}

struct Split {
  std::string_view message;
  std::string_view backtrace;
};

// The interpreter rethrows a c10::Error as a std::runtime_error with the backtrace inside its text.
Split split(std::string_view text) noexcept {
  const size_t at = text.find("\nException raised from ");
  if (at == std::string_view::npos) {
    return {text, {}};
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

std::string backtrace_of(const c10::Error& failure) {
  const auto& backtrace = failure.backtrace();
  return backtrace ? backtrace->get() : std::string();
}

}  // namespace

int32_t report(wick_error* error, int32_t status, std::string_view message, std::string_view backtrace) noexcept {
  if (error == nullptr) {
    return status;
  }
  error->status = status;
  error->cuda_code = 0;
  error->cuda_sticky = 0;
  error->reserved = 0;
  error->requested_bytes = 0;
  error->allocated_bytes = 0;
  error->limit_bytes = 0;
  error->reserved_bytes = 0;
  error->free_bytes = 0;
  error->largest_free_block_bytes = 0;
  error->message_length = copy(error->message, WICK_ERROR_MESSAGE_CAPACITY, message);
  error->backtrace_length = copy(error->backtrace, WICK_ERROR_BACKTRACE_CAPACITY, backtrace);
  return status;
}

int32_t report_current_exception(wick_error* error, int32_t fallback) noexcept {
  try {
    throw;
  } catch (const Failure& failure) {
    return report(error, failure.status(), failure.message());
  } catch (const c10::Error& failure) {
    const Split text = split(failure.what_without_backtrace());
    try {
      return report(error, fallback, text.message, backtrace_of(failure));
    } catch (...) {
      return report(error, fallback, text.message);
    }
  } catch (const std::bad_alloc&) {
    return report(error, WICK_OUT_OF_MEMORY, "the C++ heap is exhausted");
  } catch (const std::exception& failure) {
    const Split text = split(failure.what());
    return report(error, fallback, text.message, text.backtrace);
  } catch (...) {
    return report(error, WICK_INTERNAL, "something that is not a std::exception was thrown");
  }
}

}  // namespace wick
