// The last error of each thread, the lost context, names and texts of errors, and what tests ask for.
#include "runtime.h"

#include <cstdlib>

namespace simulated_cuda {
namespace {

thread_local cudaError_t last_error = cudaSuccess;

struct Name {
  int code;
  const char* name;
};

const Name NAMES[] = {
#include "error_names.inc"
};

struct Text {
  cudaError_t code;
  const char* text;
};

// Those that the simulation gives, in CUDA's words.
const Text TEXTS[] = {
    {cudaSuccess, "no error"},
    {cudaErrorInvalidValue, "invalid argument"},
    {cudaErrorMemoryAllocation, "out of memory"},
    {cudaErrorInvalidDeviceFunction, "invalid device function"},
    {cudaErrorNoDevice, "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "invalid resource handle"},
    {cudaErrorIllegalState, "the operation cannot be performed in the present state"},
    {cudaErrorNotReady, "device not ready"},
    {cudaErrorIllegalAddress, "an illegal memory access was encountered"},
    {cudaErrorAssert, "device-side assert triggered"},
    {cudaErrorLaunchFailure, "unspecified launch failure"},
    {cudaErrorNotSupported, "operation not supported"},
    {cudaErrorHostMemoryAlreadyRegistered, "part or all of the requested memory range is already mapped"},
    {cudaErrorHostMemoryNotRegistered, "pointer does not correspond to a registered memory region"},
    {cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"},
    {cudaErrorStreamCaptureInvalidated, "operation failed due to a previous error during capture"},
    {cudaErrorStreamCaptureMerge, "operation would result in a merge of separate capture sequences"},
    {cudaErrorStreamCaptureUnmatched, "capture was not ended in the same stream as it began"},
    {cudaErrorStreamCaptureUnjoined, "capturing stream has unjoined work"},
    {cudaErrorStreamCaptureIsolation, "dependency created on uncaptured work in another stream"},
    {cudaErrorStreamCaptureImplicit, "operation would make the legacy stream depend on a capturing blocking stream"},
    {cudaErrorCapturedEvent, "operation not permitted on an event last recorded in a capturing stream"},
    {cudaErrorStreamCaptureWrongThread,
     "attempt to terminate a thread-local capture sequence from another thread"},
    {cudaErrorSymbolNotFound, "named symbol not found"},
};

}  // namespace

cudaError_t keep(cudaError_t error) noexcept {
  if (error != cudaSuccess) {
    last_error = error;
  }
  return error;
}

void break_context(cudaError_t error) {
  Lock lock(world().mutex);
  if (world().broken == cudaSuccess) {
    world().broken = error;
  }
}

}  // namespace simulated_cuda

using namespace simulated_cuda;

cudaError_t cudaPeekAtLastError() { return last_error; }

// Knows what calls have returned and asks no device; the error of a lost context stays once it has been returned.
cudaError_t cudaGetLastError() {
  Lock lock(world().mutex);
  const cudaError_t error = last_error;
  if (world().broken == cudaSuccess || error != world().broken) {
    last_error = cudaSuccess;
  }
  return error;
}

const char* cudaGetErrorName(cudaError_t error) {
  for (const Name& known : NAMES) {
    if (known.code == static_cast<int>(error)) {
      return known.name;
    }
  }
  return "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  for (const Text& known : TEXTS) {
    if (known.code == error) {
      return known.text;
    }
  }
  return cudaGetErrorName(error);
}

void simulated_cuda_get_counters(simulated_cuda_counters* counters) {
  Lock lock(world().mutex);
  *counters = world().counters;
}

void simulated_cuda_reset_counters() {
  Lock lock(world().mutex);
  world().counters = {};
}

void simulated_cuda_get_live(simulated_cuda_live* live) {
  Lock lock(world().mutex);
  *live = {};
  for (const Device& device : world().devices) {
    live->device_blocks += static_cast<int64_t>(device.blocks.size());
    live->device_bytes += static_cast<int64_t>(device.used);
  }
  live->host_blocks = static_cast<int64_t>(world().host_blocks.size());
  for (const auto& [handle, stream] : world().streams) {
    live->streams += !stream->legacy && !stream->destroyed;
  }
  live->events = static_cast<int64_t>(world().events.size());
  live->graphs = static_cast<int64_t>(world().graphs.size() + world().executables.size());
}

void simulated_cuda_set_copy_delay(int64_t microseconds) {
  Lock lock(world().mutex);
  world().copy_delay = std::chrono::microseconds(microseconds);
}

void simulated_cuda_fail_next_launch(int32_t error) {
  Lock lock(world().mutex);
  world().fail_next_launch = static_cast<cudaError_t>(error);
}

void simulated_cuda_recover() {
  Lock lock(world().mutex);
  world().broken = cudaSuccess;
  world().fail_next_launch = cudaSuccess;
}
