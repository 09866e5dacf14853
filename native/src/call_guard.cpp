#include "call_guard.h"

#include <string>

#include <c10/core/impl/DeviceGuardImplInterface.h>

#include "codes.h"
#include "error.h"

namespace wick {
namespace {

constexpr wick_call_options defaults{};

const wick_call_options& checked(const wick_call_options* options) {
  if (options == nullptr) {
    return defaults;
  }
  const auto refuse = [](const char* what, int64_t value) {
    throw Failure(WICK_INVALID_ARGUMENT, "call options: " + std::to_string(value) + " is not " + what);
  };
  if (options->mode < WICK_MODE_INFERENCE || options->mode > WICK_MODE_GRAD) {
    refuse("a mode", options->mode);
  }
  if (options->intra_op_threads < 0) {
    refuse("a number of threads", options->intra_op_threads);
  }
  if ((options->flags & ~WICK_CALL_ONEDNN_GRAPH) != 0) {
    refuse("a set of flags", options->flags);
  }
  if (options->device_index < 0) {
    refuse("a device index plus one", options->device_index);
  }
  if (options->stream != 0 && options->device_index == 0) {
    throw Failure(WICK_INVALID_ARGUMENT, "call options: a stream needs the index of its device");
  }
  if (options->device_index > 0 && !c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) {
    throw Failure(WICK_UNSUPPORTED, "call options name a CUDA device, and this LibTorch has not loaded CUDA");
  }
  return *options;
}

// Not in a call that computes gradients: its backward graphs run without gradients and would be fused as well.
bool wants_onednn_graph(const wick_call_options& options) {
  return options.mode != WICK_MODE_GRAD && ((options.flags & WICK_CALL_ONEDNN_GRAPH) != 0 || onednn_graph_for_all());
}

}  // namespace

CallGuard::CallGuard(const wick_call_options* options) : CallGuard(checked(options)) {}

CallGuard::CallGuard(const wick_call_options& options)
    : inference_(options.mode == WICK_MODE_INFERENCE),
      gradients_(options.mode == WICK_MODE_GRAD),
      onednn_graph_(wants_onednn_graph(options)),
      threads_(options.intra_op_threads) {
  if (options.device_index == 0) {
    return;
  }
  const c10::Device current = device(static_cast<int32_t>(c10::DeviceType::CUDA), options.device_index - 1);
  device_.reset_device(current);
  if (options.stream != 0) {
    // The id of a stream that LibTorch did not make is its cudaStream_t (c10/cuda/CUDAStream.cpp); the CUDA library is
    // not needed to say so.
    stream_.reset_stream(c10::Stream(c10::Stream::UNSAFE, current, options.stream));
  }
}

}  // namespace wick
