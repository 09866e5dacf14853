// Events: a recording is a place in a stream's queue, and the time at which the stream got there.
#include "runtime.h"

namespace simulated_cuda {
namespace {

std::shared_ptr<Event> find_event(cudaEvent_t handle) {
  const auto found = world().events.find(reinterpret_cast<Event*>(handle));
  require(found != world().events.end(), cudaErrorInvalidResourceHandle);
  return found->second;
}

void check_not_captured(Event& event) {
  if (event.capture != nullptr) {
    event.capture->invalidated = true;
    throw Failure{cudaErrorCapturedEvent};
  }
}

bool is_timed(const Event& event) { return (event.flags & cudaEventDisableTiming) == 0; }

// A stream comes into the capture in which the event was recorded.
void join(Stream& stream, Event& event) {
  require(!event.capture->ended, cudaErrorCapturedEvent);
  if (stream.capture != nullptr && stream.capture != event.capture) {
    stream.capture->invalidated = true;
    event.capture->invalidated = true;
    throw Failure{cudaErrorStreamCaptureMerge};
  }
  require(!event.capture->invalidated, cudaErrorStreamCaptureInvalidated);
  if (stream.legacy) {
    event.capture->invalidated = true;
    throw Failure{cudaErrorStreamCaptureImplicit};
  }
  stream.capture = event.capture;
  for (Node* node : event.tail) {
    bool known = false;
    for (Node* other : stream.tail) {
      known = known || other == node;
    }
    if (!known) {
      stream.tail.push_back(node);
    }
  }
}

void wait_for(Stream& stream, const std::shared_ptr<Event>& event) {
  if (event->recording != nullptr) {
    enqueue(stream, nullptr, {event->recording->point});
  }
}

}  // namespace

void record(const std::shared_ptr<Event>& event, Stream& stream) {
  auto recording = std::make_shared<Recording>();
  recording->point = enqueue(stream, [recording] {
    Lock lock(world().mutex);
    recording->at = Clock::now();
  });
  event->recording = recording;
}

}  // namespace simulated_cuda

using namespace simulated_cuda;

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  return call([&](Lock&) {
    constexpr unsigned known = cudaEventBlockingSync | cudaEventDisableTiming | cudaEventInterprocess;
    require(event != nullptr && (flags & ~known) == 0, cudaErrorInvalidValue);
    require((flags & cudaEventInterprocess) == 0, cudaErrorNotSupported);
    current_device();
    auto created = std::make_shared<Event>();
    created->device = current_device_index();
    created->flags = flags;
    world().events[created.get()] = created;
    *event = reinterpret_cast<cudaEvent_t>(created.get());
  });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventDestroy(cudaEvent_t handle) {
  return call([&](Lock&) { world().events.erase(find_event(handle).get()); });
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t handle, cudaStream_t stream_handle, unsigned int flags) {
  return call([&](Lock&) {
    const auto event = find_event(handle);
    const auto stream = find_stream(stream_handle);
    require(flags == cudaEventRecordDefault || flags == cudaEventRecordExternal, cudaErrorInvalidValue);
    require(event->device == stream->device, cudaErrorInvalidResourceHandle);
    if (stream->capture != nullptr && flags != cudaEventRecordExternal) {
      require(!stream->capture->invalidated, cudaErrorStreamCaptureInvalidated);
      event->capture = stream->capture;
      event->tail = stream->tail;
      return;
    }
    if (stream->capture == nullptr) {
      event->capture = nullptr;
      event->tail.clear();
    }
    submit(*stream, cudaGraphNodeTypeEventRecord, [event](Stream& on) { record(event, on); });
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream_handle, cudaEvent_t handle, unsigned int flags) {
  return call([&](Lock&) {
    const auto event = find_event(handle);
    const auto stream = find_stream(stream_handle);
    require(flags == cudaEventWaitDefault || flags == cudaEventWaitExternal, cudaErrorInvalidValue);
    if (event->capture != nullptr && flags != cudaEventWaitExternal) {
      join(*stream, *event);
      return;
    }
    if (stream->capture != nullptr && flags != cudaEventWaitExternal) {
      // Work outside the capture cannot be waited for when the graph is launched.
      stream->capture->invalidated = true;
      throw Failure{cudaErrorStreamCaptureIsolation};
    }
    submit(*stream, cudaGraphNodeTypeWaitEvent, [event](Stream& on) { wait_for(on, event); });
  });
}

cudaError_t cudaEventQuery(cudaEvent_t handle) {
  return call([&](Lock&) {
    const auto event = find_event(handle);
    check_not_captured(*event);
    check_safe_while_capturing();
    ++world().counters.queries;
    require(event->recording == nullptr || event->recording->point.reached(), cudaErrorNotReady);
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  return call([&](Lock& lock) {
    const auto event = find_event(handle);
    check_not_captured(*event);
    ++world().counters.event_synchronizations;
    if (event->recording != nullptr) {
      wait(lock, event->recording->point);
    }
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start_handle, cudaEvent_t end_handle) {
  return call([&](Lock&) {
    const auto start = find_event(start_handle);
    const auto end = find_event(end_handle);
    require(milliseconds != nullptr, cudaErrorInvalidValue);
    check_not_captured(*start);
    check_not_captured(*end);
    for (const Event* event : {start.get(), end.get()}) {
      require(is_timed(*event) && event->recording != nullptr, cudaErrorInvalidResourceHandle);
    }
    require(start->recording->point.reached() && end->recording->point.reached(), cudaErrorNotReady);
    *milliseconds = std::chrono::duration<float, std::milli>(end->recording->at - start->recording->at).count();
  });
}
