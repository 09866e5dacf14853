// Streams: a queue and a thread for each, the legacy default stream's waits, host functions.
#include "runtime.h"

#include <algorithm>

namespace simulated_cuda {
namespace {

bool all_reached(const std::vector<Point>& points) {
  return std::all_of(points.begin(), points.end(), [](const Point& point) { return point.reached(); });
}

void work(const std::shared_ptr<Stream>& stream) {
  World& w = world();
  Lock lock(w.mutex);
  for (;;) {
    w.changed.wait(lock, [&] { return !stream->queue.empty() || stream->destroyed; });
    if (stream->queue.empty()) {
      w.streams.erase(stream.get());
      return;
    }
    Task task = std::move(stream->queue.front());
    stream->queue.pop_front();
    w.changed.wait(lock, [&] { return all_reached(task.after); });
    if (w.broken == cudaSuccess && task.body) {
      lock.unlock();
      task.body();
      task.body = nullptr;
      lock.lock();
    }
    ++stream->completed;
    w.changed.notify_all();
  }
}

void destroy(Stream& stream) {
  stream.destroyed = true;
  if (stream.capture != nullptr) {
    stream.capture->invalidated = true;
  }
  if (!stream.has_worker) {
    world().streams.erase(&stream);
  }
  world().changed.notify_all();
}

// All streams whose work an operation on this one has to wait for: see "legacy default stream" in CUDA's guide.
std::vector<Point> implicit_waits(Stream& stream) {
  std::vector<Point> points;
  for (const auto& [handle, other] : world().streams) {
    const bool waits = stream.legacy ? other->blocking() : stream.blocking() && other->legacy;
    if (waits && other->device == stream.device && other->completed < other->submitted) {
      points.push_back(other->end());
    }
  }
  return points;
}

}  // namespace

bool Point::reached() const { return stream == nullptr || stream->completed >= ticket; }

std::shared_ptr<Stream> make_stream(int device, unsigned flags, int priority) {
  auto stream = std::make_shared<Stream>();
  stream->device = device;
  stream->flags = flags;
  stream->priority = priority;
  world().streams[stream.get()] = stream;
  return stream;
}

std::shared_ptr<Stream> find_stream(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy) {
    return current_device().legacy;
  }
  require(handle != cudaStreamPerThread, cudaErrorNotSupported);
  const auto found = world().streams.find(reinterpret_cast<Stream*>(handle));
  require(found != world().streams.end() && !found->second->destroyed, cudaErrorInvalidResourceHandle);
  return found->second;
}

Point enqueue(Stream& stream, std::function<void()> body, std::vector<Point> after) {
  const auto implicit = implicit_waits(stream);
  after.insert(after.end(), implicit.begin(), implicit.end());
  stream.queue.push_back({std::move(after), std::move(body)});
  ++stream.submitted;
  if (!stream.has_worker) {
    stream.has_worker = true;
    std::thread(work, stream.shared_from_this()).detach();
  }
  world().changed.notify_all();
  return stream.end();
}

void submit(Stream& stream, cudaGraphNodeType type, Submission submission) {
  if (stream.capture != nullptr) {
    add_node(stream, type, std::move(submission));
  } else {
    check_legacy(stream);
    submission(stream);
  }
}

void submit_body(Stream& stream, cudaGraphNodeType type, std::function<void()> body) {
  submit(stream, type, [body = std::move(body)](Stream& on) { enqueue(on, body); });
}

void wait(Lock& lock, const Point& point) {
  world().changed.wait(lock, [&] { return point.reached(); });
  require(world().broken == cudaSuccess, world().broken);
}

void drain(Lock& lock, int device) {
  std::vector<Point> points;
  for (const auto& [handle, stream] : world().streams) {
    if (stream->device == device) {
      points.push_back(stream->end());
    }
  }
  world().changed.wait(lock, [&] { return all_reached(points); });
}

}  // namespace simulated_cuda

using namespace simulated_cuda;

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned int flags, int priority) {
  return call([&](Lock&) {
    require(stream != nullptr && flags <= cudaStreamNonBlocking, cudaErrorInvalidValue);
    current_device();
    // Priorities beyond the range are clamped, as CUDA does.
    *stream = reinterpret_cast<cudaStream_t>(
        make_stream(current_device_index(), flags, std::clamp(priority, -5, 0)).get());
  });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
  return cudaStreamCreateWithPriority(stream, flags, 0);
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithPriority(stream, cudaStreamDefault, 0);
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  return call([&](Lock&) {
    const auto stream = find_stream(handle);
    require(!stream->legacy, cudaErrorInvalidResourceHandle);
    destroy(*stream);
  });
}

cudaError_t cudaStreamGetPriority(cudaStream_t stream, int* priority) {
  return call([&](Lock&) { *priority = find_stream(stream)->priority; });
}

cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned int* flags) {
  return call([&](Lock&) { *flags = find_stream(stream)->flags; });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return call([&](Lock& lock) {
    const auto stream = find_stream(handle);
    check_not_capturing(*stream);
    check_legacy(*stream);
    ++world().counters.stream_synchronizations;
    std::vector<Point> points = stream->legacy ? implicit_waits(*stream) : std::vector<Point>();
    points.push_back(stream->end());
    for (const Point& point : points) {
      wait(lock, point);
    }
  });
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  return call([&](Lock&) {
    const auto stream = find_stream(handle);
    check_not_capturing(*stream);
    check_legacy(*stream);
    ++world().counters.queries;
    require(stream->end().reached() && (!stream->legacy || implicit_waits(*stream).empty()), cudaErrorNotReady);
  });
}

cudaError_t cudaDeviceSynchronize() {
  return call([&](Lock& lock) {
    current_device();
    check_no_capture_on(current_device_index());
    ++world().counters.device_synchronizations;
    drain(lock, current_device_index());
    require(world().broken == cudaSuccess, world().broken);
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t handle, cudaHostFn_t function, void* user_data) {
  return call([&](Lock&) {
    require(function != nullptr, cudaErrorInvalidValue);
    submit_body(*find_stream(handle), cudaGraphNodeTypeHost, [=] { function(user_data); });
  });
}

cudaError_t cudaStreamAddCallback(cudaStream_t handle, cudaStreamCallback_t callback, void* user_data, unsigned int) {
  return call([&](Lock&) {
    require(callback != nullptr, cudaErrorInvalidValue);
    const auto stream = find_stream(handle);
    check_not_capturing(*stream);
    submit_body(*stream, cudaGraphNodeTypeHost, [=] { callback(handle, cudaSuccess, user_data); });
  });
}
