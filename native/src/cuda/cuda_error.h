// The border of wick_cuda: CUDA's own errors beside what LibTorch throws.
#ifndef WICK_SRC_CUDA_CUDA_ERROR_H
#define WICK_SRC_CUDA_CUDA_ERROR_H

#include <cstdint>
#include <string>

#include <cuda_runtime_api.h>
#include <wick/error.h>

#include "../cuda_hooks.h"
#include "../error.h"

namespace wick {

struct CudaFailure {
  cudaError_t code;
  const char* action;
};

// Throws a CudaFailure unless all is well; action says what was being done.
void check(cudaError_t code, const char* action);

// Makes a CUDA error of a failed call's record where its text, or the state of the context, says that it is one.
void classify_failure(wick_error& record) noexcept;

// To be called inside a catch block.
int32_t report_cuda_exception(wick_error* error) noexcept;

// Runs body and turns whatever it throws into a status and a filled record.
template <typename Body>
int32_t protect_cuda(wick_error* error, Body&& body) noexcept {
  try {
    body();
    return WICK_OK;
  } catch (...) {
    return report_cuda_exception(error);
  }
}

// Runs body likewise, inside of the call gate: for what calls an operator of LibTorch's.
template <typename Body>
int32_t protect_cuda_operators(wick_error* error, Body&& body) noexcept {
  wick_shared_enter_call();
  const int32_t status = protect_cuda(error, static_cast<Body&&>(body));
  wick_shared_leave_call();
  return status;
}

// An out-parameter that must be there.
template <typename T>
T& target(T* pointer) {
  if (pointer == nullptr) {
    throw Failure(WICK_INVALID_ARGUMENT, "no place for the answer: the pointer is null");
  }
  return *pointer;
}

}  // namespace wick

#endif
