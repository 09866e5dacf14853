#include "cuda_error.h"

#include <string_view>

namespace wick {
namespace {

// After these the context is lost, and with it every allocation: nothing but a new process helps.
bool is_sticky(cudaError_t code) {
  switch (code) {
    case cudaErrorECCUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorContextIsDestroyed:
    case cudaErrorUnknown: return true;
    default: return false;
  }
}

// LibTorch's error holds CUDA's text and not its number; texts are of one number each.
cudaError_t code_of(std::string_view text) {
  constexpr int numbers = 1000;
  for (int number = 1; number < numbers; ++number) {
    const auto code = static_cast<cudaError_t>(number);
    if (text == cudaGetErrorString(code)) {
      return code;
    }
  }
  return cudaSuccess;
}

void mark(wick_error& record, cudaError_t code) noexcept {
  record.status = WICK_CUDA_ERROR;
  record.cuda_code = static_cast<int32_t>(code);
  record.cuda_sticky = is_sticky(code) ? 1 : 0;
}

}  // namespace

void check(cudaError_t code, const char* action) {
  if (code != cudaSuccess) {
    // A plain error would otherwise be reported by the next call too.
    cudaGetLastError();
    throw CudaFailure{code, action};
  }
}

void classify_failure(wick_error& record) noexcept {
  const std::string_view message(record.message, static_cast<size_t>(record.message_length));
  // Whatever failed, a lost context is why; CUDA goes on saying so.
  const cudaError_t last = cudaPeekAtLastError();
  if (is_sticky(last)) {
    mark(record, last);
    return;
  }
  // What LibTorch begins its message with, of the runtime's errors and of the driver's.
  for (const std::string_view words : {std::string_view("CUDA error: "), std::string_view("CUDA driver error: ")}) {
    const size_t at = message.find(words);
    if (at != std::string_view::npos) {
      const std::string_view text = message.substr(at + words.size());
      mark(record, code_of(text.substr(0, text.find('\n'))));
      return;
    }
  }
}

int32_t report_cuda_exception(wick_error* error) noexcept {
  // What is sticky is said in the record, so it is needed even when the caller wants none.
  thread_local wick_error unwanted;
  wick_error& record = error != nullptr ? *error : unwanted;
  try {
    throw;
  } catch (const CudaFailure& failure) {
    try {
      report(&record, WICK_CUDA_ERROR,
             std::string(failure.action) + ": " + cudaGetErrorName(failure.code) + ": " +
                 cudaGetErrorString(failure.code));
    } catch (...) {
      report(&record, WICK_CUDA_ERROR, cudaGetErrorName(failure.code));
    }
    mark(record, failure.code);
  } catch (...) {
    if (report_current_exception(&record, WICK_FAILED) == WICK_FAILED) {
      classify_failure(record);
    }
  }
  return record.status;
}

}  // namespace wick
