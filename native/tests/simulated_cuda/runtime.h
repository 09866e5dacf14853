// What the parts of the simulated runtime share. One lock guards all state; operations run without it, on a thread for
// each stream.
#ifndef SIMULATED_CUDA_RUNTIME_H
#define SIMULATED_CUDA_RUNTIME_H

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include <cuda_runtime_api.h>

#include "simulated_cuda.h"

namespace simulated_cuda {

using Lock = std::unique_lock<std::mutex>;
using Clock = std::chrono::steady_clock;

// Ends a call with an error code; never leaves the library.
struct Failure {
  cudaError_t code;
};

struct Stream;

// A place in a stream's queue, reached once that many operations are done.
struct Point {
  std::shared_ptr<Stream> stream;
  uint64_t ticket = 0;
  bool reached() const;
};

// Puts operations into a stream, with the lock held: now, or at each launch of a graph that has captured it.
using Submission = std::function<void(Stream&)>;

struct Node {
  cudaGraphNodeType type;
  Submission submission;
  std::vector<Node*> dependencies;
};

struct Graph {
  std::vector<std::unique_ptr<Node>> nodes;  // each after those it depends on
};

struct Executable {
  std::shared_ptr<Graph> graph;
};

struct Capture {
  unsigned long long id;
  cudaStreamCaptureMode mode;
  std::thread::id thread;
  Stream* origin;
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  bool invalidated = false;
  bool ended = false;
};

struct Task {
  std::vector<Point> after;
  std::function<void()> body;
};

struct Stream : std::enable_shared_from_this<Stream> {
  int device = 0;
  unsigned flags = cudaStreamDefault;
  int priority = 0;
  bool legacy = false;
  bool has_worker = false;
  bool destroyed = false;
  std::deque<Task> queue;
  uint64_t submitted = 0;
  uint64_t completed = 0;
  std::shared_ptr<Capture> capture;
  std::vector<Node*> tail;  // what the next captured operation depends on

  bool blocking() const { return !legacy && (flags & cudaStreamNonBlocking) == 0; }
  Point end() { return {shared_from_this(), submitted}; }
};

// One recording of an event.
struct Recording {
  Point point;
  Clock::time_point at{};
};

struct Event {
  int device;
  unsigned flags;
  std::shared_ptr<Recording> recording;
  std::shared_ptr<Capture> capture;  // the one it was last recorded in, and what had been captured by then
  std::vector<Node*> tail;
};

struct Device {
  char* base = nullptr;     // addresses that programs see and nobody may touch
  char* backing = nullptr;  // where the bytes behind them really are
  size_t span = 0;
  size_t total = 0;
  size_t used = 0;
  unsigned flags = cudaDeviceScheduleAuto;
  bool has_context = false;
  std::map<size_t, size_t> blocks;  // offset to size
  std::shared_ptr<Stream> legacy;
};

struct HostBlock {
  size_t size;
  unsigned flags;
  int device;
  bool registered;
};

struct World {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Device> devices;
  std::map<uintptr_t, HostBlock> host_blocks;
  std::map<Stream*, std::shared_ptr<Stream>> streams;  // destroyed ones too, until they have run out
  std::map<Event*, std::shared_ptr<Event>> events;
  std::map<Graph*, std::shared_ptr<Graph>> graphs;
  std::map<Executable*, std::shared_ptr<Executable>> executables;
  std::vector<std::weak_ptr<Capture>> captures;
  unsigned long long captures_begun = 0;
  cudaError_t broken = cudaSuccess;  // the error after which the context is lost
  cudaError_t fail_next_launch = cudaSuccess;
  std::chrono::microseconds copy_delay{0};
  simulated_cuda_counters counters{};

  World();
};

// Never destroyed: LibTorch frees memory while the process ends, and workers may still run.
World& world();

// In errors.cpp.

// Remembers an error as the thread's last one.
cudaError_t keep(cudaError_t error) noexcept;

// The frame of every call that needs a device: takes the lock and turns failures into codes. A call that only asks
// about a device works on a lost context too.
template <typename Body>
cudaError_t ask(Body&& body) noexcept {
  try {
    Lock lock(world().mutex);
    if (world().devices.empty()) {
      return keep(cudaErrorNoDevice);
    }
    body(lock);
    return cudaSuccess;
  } catch (const Failure& failure) {
    return keep(failure.code);
  } catch (const std::bad_alloc&) {
    return keep(cudaErrorMemoryAllocation);
  }
}

inline void require(bool condition, cudaError_t otherwise) {
  if (!condition) {
    throw Failure{otherwise};
  }
}

// The frame of all others.
template <typename Body>
cudaError_t call(Body&& body) noexcept {
  return ask([&](Lock& lock) {
    require(world().broken == cudaSuccess, world().broken);
    body(lock);
  });
}

// Loses the context, from a running operation.
void break_context(cudaError_t error);

// In devices.cpp.

int& current_device_index();
// The calling thread's device; its context exists from now on.
Device& current_device();

// In memory.cpp.

// Gives a device its addresses; false where the process has none left.
bool reserve_memory(Device& device, size_t bytes);

enum class Kind { device, pinned, pageable };

struct Place {
  Kind kind;
  int device;
  char* bytes;  // where they really are
};

// What lies at an address; fails unless all of the bytes lie in one allocation. With the lock held.
Place place(const void* address, size_t bytes);

// In streams.cpp.

std::shared_ptr<Stream> find_stream(cudaStream_t handle);
std::shared_ptr<Stream> make_stream(int device, unsigned flags, int priority);
// Adds an operation to a stream that is not capturing.
Point enqueue(Stream& stream, std::function<void()> body, std::vector<Point> after = {});
// Does it, or captures it where the stream is capturing.
void submit(Stream& stream, cudaGraphNodeType type, Submission submission);
// An operation that only runs a body.
void submit_body(Stream& stream, cudaGraphNodeType type, std::function<void()> body);
void wait(Lock& lock, const Point& point);
// Waits for all work on a device.
void drain(Lock& lock, int device);

// In events.cpp.

void record(const std::shared_ptr<Event>& event, Stream& stream);

// In graphs.cpp.

void add_node(Stream& stream, cudaGraphNodeType type, Submission submission);
// Fails where the legacy stream would have to wait for a blocking stream that is capturing.
void check_legacy(Stream& stream, bool invalidate = true);
// Refuses to wait for or query a stream that is capturing.
void check_not_capturing(Stream& stream);
// Refuses to wait for a device that has a capturing stream.
void check_no_capture_on(int device);
// Refuses, by the rules of the capture modes, a call that could break a capture.
void check_safe_while_capturing();

}  // namespace simulated_cuda

#endif
