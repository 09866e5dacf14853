#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <wick/cuda_stream.h>

#include "../cuda_hooks.h"
#include "cuda_error.h"
#include "device.h"

namespace wick {
namespace {

cudaStream_t stream_of(int64_t stream) { return reinterpret_cast<cudaStream_t>(stream); }

cudaEvent_t event_of(int64_t event) {
  if (event == 0) {
    throw Failure(WICK_INVALID_ARGUMENT, "no event: it is 0");
  }
  return reinterpret_cast<cudaEvent_t>(event);
}

// Of an answer to a query. "Not ready" is none of the errors that the next call would report, but is kept like one.
int32_t is_done(cudaError_t answer, const char* action) {
  if (answer == cudaErrorNotReady) {
    cudaGetLastError();
    return 0;
  }
  check(answer, action);
  return 1;
}

void priorities(int32_t device, int& least, int& greatest) {
  use_device(device);
  const CurrentDevice current(device);
  check(cudaDeviceGetStreamPriorityRange(&least, &greatest), "asking for the priorities of streams");
}

// Streams that were given back, by device and priority.
class StreamPool {
 public:
  cudaStream_t take(int32_t device, int32_t priority) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      auto& idle = idle_[{device, priority}];
      if (!idle.empty()) {
        cudaStream_t stream = idle.back();
        idle.pop_back();
        return stream;
      }
    }
    const CurrentDevice current(device);
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, priority), "making a stream");
    return stream;
  }

  void give_back(int32_t device, int32_t priority, cudaStream_t stream) {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_[{device, priority}].push_back(stream);
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<int32_t, int32_t>, std::vector<cudaStream_t>> idle_;
};

// Never destroyed: a JVM's threads may give streams back while the process ends.
StreamPool& pool() {
  static auto* streams = new StreamPool;
  return *streams;
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_cuda_stream_priorities(int32_t device, int32_t* least, int32_t* greatest, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] { wick::priorities(device, wick::target(least), wick::target(greatest)); });
}

int32_t wick_cuda_stream_take(int32_t device, int32_t priority, int64_t* stream, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    auto& out = wick::target(stream);
    int least = 0;
    int greatest = 0;
    wick::priorities(device, least, greatest);
    if (priority > least || priority < greatest) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "expected a priority from " + std::to_string(least) + " (least) to " +
                                                     std::to_string(greatest) + " (greatest), got " +
                                                     std::to_string(priority));
    }
    out = reinterpret_cast<int64_t>(wick::pool().take(device, priority));
    wick_shared_count_handles(1);
  });
}

void wick_cuda_stream_give_back(int32_t device, int32_t priority, int64_t stream) noexcept {
  if (stream == 0) {
    return;
  }
  wick::protect_cuda(nullptr, [&] { wick::pool().give_back(device, priority, wick::stream_of(stream)); });
  wick_shared_count_handles(-1);
}

int32_t wick_cuda_stream_synchronize(int32_t device, int64_t stream, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    const wick::CurrentDevice current(device);
    wick::check(cudaStreamSynchronize(wick::stream_of(stream)), "waiting for a stream");
  });
}

int32_t wick_cuda_stream_query(int32_t device, int64_t stream, int32_t* done, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    auto& out = wick::target(done);
    const wick::CurrentDevice current(device);
    out = wick::is_done(cudaStreamQuery(wick::stream_of(stream)), "asking whether a stream is done");
  });
}

int32_t wick_cuda_stream_wait_event(int32_t device, int64_t stream, int64_t event, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    const wick::CurrentDevice current(device);
    wick::check(cudaStreamWaitEvent(wick::stream_of(stream), wick::event_of(event), 0),
                "making a stream wait for an event");
  });
}

int32_t wick_cuda_event_create(int32_t device, int32_t timing, int32_t blocking, int64_t* event,
                               wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    auto& out = wick::target(event);
    wick::use_device(device);
    const wick::CurrentDevice current(device);
    const unsigned int flags = (timing != 0 ? 0U : cudaEventDisableTiming) |
                               (blocking != 0 ? cudaEventBlockingSync : 0U);
    cudaEvent_t made = nullptr;
    wick::check(cudaEventCreateWithFlags(&made, flags), "making an event");
    out = reinterpret_cast<int64_t>(made);
    wick_shared_count_handles(1);
  });
}

void wick_cuda_event_free(int64_t event) noexcept {
  if (event != 0) {
    cudaEventDestroy(reinterpret_cast<cudaEvent_t>(event));
    wick_shared_count_handles(-1);
  }
}

int32_t wick_cuda_event_record(int32_t device, int64_t event, int64_t stream, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    const wick::CurrentDevice current(device);
    wick::check(cudaEventRecord(wick::event_of(event), wick::stream_of(stream)), "recording an event");
  });
}

int32_t wick_cuda_event_synchronize(int64_t event, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    wick::check(cudaEventSynchronize(wick::event_of(event)), "waiting for an event");
  });
}

int32_t wick_cuda_event_query(int64_t event, int32_t* done, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    auto& out = wick::target(done);
    out = wick::is_done(cudaEventQuery(wick::event_of(event)), "asking whether an event is done");
  });
}

int32_t wick_cuda_event_elapsed(int64_t start, int64_t stop, double* nanoseconds, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    auto& out = wick::target(nanoseconds);
    float milliseconds = 0;
    wick::check(cudaEventElapsedTime(&milliseconds, wick::event_of(start), wick::event_of(stop)),
                "asking for the time between two events");
    out = static_cast<double>(milliseconds) * 1e6;
  });
}

int32_t wick_cuda_record_stream(wick_tensor tensor, int64_t stream, wick_error* error) noexcept {
  return wick::protect_cuda_operators(error, [&] {
    if (tensor == 0) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "no tensor: the handle is 0");
    }
    auto& used = *reinterpret_cast<at::Tensor*>(tensor);
    if (!used.is_cuda()) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "expected a tensor on a CUDA device, got one on the " +
                                                     used.device().str());
    }
    // The id of a stream that LibTorch did not make is its cudaStream_t, and that of the default stream 0.
    used.record_stream(c10::Stream(c10::Stream::UNSAFE, used.device(), stream));
  });
}

}  // extern "C"
