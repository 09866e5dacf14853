#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <wick/cuda_blas.h>

#include "cuda_error.h"
#include "torch_cuda.h"

namespace wick {
namespace {

using BlasHandle = void* (*)();
using BlasHandleWithSetup = void* (*)(bool);

struct BlasHandleFunctions {
  BlasHandle plain;                // in LibTorch 2.6 to 2.11
  BlasHandleWithSetup with_setup;  // in LibTorch 2.13
};

BlasHandleFunctions find_blas_handle() {
  return {reinterpret_cast<BlasHandle>(torch_cuda_function("_ZN2at4cuda24getCurrentCUDABlasHandleEv")),
          reinterpret_cast<BlasHandleWithSetup>(torch_cuda_function("_ZN2at4cuda24getCurrentCUDABlasHandleEb"))};
}

void* blas_handle() {
  // A failure is not kept: the next call looks again.
  static const BlasHandleFunctions functions = find_blas_handle();
  if (functions.with_setup != nullptr) {
    // Sets stream, workspace and math mode, as the other one always does.
    return functions.with_setup(true);
  }
  if (functions.plain == nullptr) {
    throw Failure(WICK_UNSUPPORTED, "this LibTorch has no at::cuda::getCurrentCUDABlasHandle()");
  }
  return functions.plain();
}

// Makes a stream LibTorch's current one for as long as it lives.
class CurrentStream {
 public:
  explicit CurrentStream(int64_t stream) : previous_(c10::cuda::getCurrentCUDAStream()) {
    c10::cuda::setCurrentCUDAStream(
        c10::cuda::getStreamFromExternal(reinterpret_cast<cudaStream_t>(stream), previous_.device_index()));
  }
  ~CurrentStream() { c10::cuda::setCurrentCUDAStream(previous_); }
  CurrentStream(const CurrentStream&) = delete;
  CurrentStream& operator=(const CurrentStream&) = delete;

 private:
  c10::cuda::CUDAStream previous_;
};

}  // namespace
}  // namespace wick

extern "C" int32_t wick_cuda_cublas_handle(int64_t stream, int64_t* handle, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    auto& out = wick::target(handle);
    if (c10::cuda::device_count() == 0) {
      throw wick::Failure(WICK_NOT_FOUND, "there is no CUDA device");
    }
    if (stream == 0) {
      out = reinterpret_cast<int64_t>(wick::blas_handle());
      return;
    }
    const wick::CurrentStream current(stream);
    out = reinterpret_cast<int64_t>(wick::blas_handle());
  });
}
