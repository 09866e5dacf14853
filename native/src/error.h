// Failures of the shim's own and the record a caller reads them from.
#ifndef WICK_SRC_ERROR_H
#define WICK_SRC_ERROR_H

#include <exception>
#include <string>
#include <string_view>

#include <wick/error.h>

namespace wick {

// Thrown by the shim itself where it knows which status tells the caller what to do.
class Failure : public std::exception {
 public:
  Failure(int32_t status, std::string message) : status_(status), message_(std::move(message)) {}
  int32_t status() const noexcept { return status_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  int32_t status_;
  std::string message_;
};

// Fills the record (which may be null) and returns the status.
int32_t report(wick_error* error, int32_t status, std::string_view message, std::string_view backtrace = {}) noexcept;

// To be called inside a catch block: reports what is being handled; fallback is the status of a std::exception that
// carries none of its own.
int32_t report_current_exception(wick_error* error, int32_t fallback) noexcept;

}  // namespace wick

#endif
