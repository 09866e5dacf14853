// The simulated CUDA runtime against what CUDA's documentation promises, through the runtime API alone. All but the
// tests named simulation_* ask for nothing that a real libcudart with a device should not give too.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include "check.h"
#include "simulated_cuda/simulated_cuda.h"

#define CHECK_CUDA(...) CHECK_EQUAL(std::string(cudaGetErrorName(__VA_ARGS__)), "cudaSuccess")
#define CHECK_ERROR(name, ...)                                              \
  do {                                                                      \
    CHECK_EQUAL(std::string(cudaGetErrorName(__VA_ARGS__)), std::string(#name)); \
    cudaGetLastError();                                                     \
  } while (false)

namespace {

template <typename Function>
Function* find(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

bool is_simulated() { return dlsym(RTLD_DEFAULT, "simulated_cuda_recover") != nullptr; }

simulated_cuda_counters counters() {
  simulated_cuda_counters now;
  find<decltype(simulated_cuda_get_counters)>("simulated_cuda_get_counters")(&now);
  return now;
}

simulated_cuda_live live() {
  simulated_cuda_live now{};
  if (is_simulated()) {
    find<decltype(simulated_cuda_get_live)>("simulated_cuda_get_live")(&now);
  }
  return now;
}

class Stream {
 public:
  explicit Stream(unsigned flags = cudaStreamNonBlocking) {
    CHECK_CUDA(cudaStreamCreateWithPriority(&stream_, flags, 0));
  }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  operator cudaStream_t() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

class Event {
 public:
  explicit Event(unsigned flags = cudaEventDefault) { CHECK_CUDA(cudaEventCreateWithFlags(&event_, flags)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  operator cudaEvent_t() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t count) : count_(count) {
    void* data = nullptr;
    CHECK_CUDA(cudaMalloc(&data, count * sizeof(T)));
    data_ = static_cast<T*>(data);
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  T* data() const { return data_; }
  std::vector<T> read() const {
    std::vector<T> values(count_);
    CHECK_CUDA(cudaMemcpy(values.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
  }
  void write(const std::vector<T>& values) {
    CHECK_CUDA(cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice));
  }

 private:
  size_t count_;
  T* data_ = nullptr;
};

// Page-locked memory. Atomic reads and writes are not needed: a test writes only while the stream is held or idle.
template <typename T>
class PinnedArray {
 public:
  explicit PinnedArray(size_t count, T value) : count_(count) {
    void* data = nullptr;
    CHECK_CUDA(cudaHostAlloc(&data, count * sizeof(T), cudaHostAllocDefault));
    data_ = static_cast<T*>(data);
    fill(value);
  }
  ~PinnedArray() { cudaFreeHost(data_); }
  PinnedArray(const PinnedArray&) = delete;
  PinnedArray& operator=(const PinnedArray&) = delete;
  void fill(T value) { std::fill(data_, data_ + count_, value); }
  T* data() const { return data_; }
  bool all(T value) const {
    return std::all_of(data_, data_ + count_, [&](T element) { return element == value; });
  }

 private:
  size_t count_;
  T* data_ = nullptr;
};

// Holds a stream until it is opened, on a device as well.
class Gate {
 public:
  explicit Gate(cudaStream_t stream) { CHECK_CUDA(cudaLaunchHostFunc(stream, &Gate::pass, this)); }
  ~Gate() {
    open();
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return passed_; });
  }
  void open() {
    std::unique_lock<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  static void pass(void* self) {
    auto* gate = static_cast<Gate*>(self);
    std::unique_lock<std::mutex> lock(gate->mutex_);
    gate->changed_.wait(lock, [&] { return gate->open_; });
    gate->passed_ = true;
    gate->changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  bool passed_ = false;
};

constexpr size_t COUNT = 1000;
constexpr size_t BYTES = COUNT * sizeof(int);

cudaStreamCaptureStatus capture_status(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  CHECK_CUDA(cudaStreamIsCapturing(stream, &status));
  return status;
}

// Ends a capture that something has spoilt.
void check_spoilt(cudaStream_t stream) {
  CHECK_EQUAL(capture_status(stream), cudaStreamCaptureStatusInvalidated);
  cudaGraph_t graph = nullptr;
  CHECK_ERROR(cudaErrorStreamCaptureInvalidated, cudaStreamEndCapture(stream, &graph));
  CHECK(graph == nullptr);
  CHECK_EQUAL(capture_status(stream), cudaStreamCaptureStatusNone);
}

// A captured graph, ready to launch.
class Executable {
 public:
  explicit Executable(cudaStream_t captured) {
    CHECK_CUDA(cudaStreamEndCapture(captured, &graph_));
    CHECK_CUDA(cudaGraphInstantiateWithFlags(&executable_, graph_, 0));
  }
  ~Executable() {
    cudaGraphExecDestroy(executable_);
    cudaGraphDestroy(graph_);
  }
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;
  void launch(cudaStream_t stream) const { CHECK_CUDA(cudaGraphLaunch(executable_, stream)); }
  size_t nodes() const {
    size_t count = 0;
    CHECK_CUDA(cudaGraphGetNodes(graph_, nullptr, &count));
    return count;
  }

 private:
  cudaGraph_t graph_ = nullptr;
  cudaGraphExec_t executable_ = nullptr;
};

template <typename Body>
void in_another_thread(Body body) {
  std::string failure;
  std::thread([&] {
    try {
      body();
    } catch (const std::exception& e) {
      failure = e.what();
    }
  }).join();
  if (!failure.empty()) {
    throw check::Failed(failure);
  }
}

// LibTorch's fill of floats, as nvcc would register it.
const char FILL[] = "_ZN2at6native29vectorized_elementwise_kernelILi4ENS0_11FillFunctorIfEESt5arrayIPcLm1EEEEviT0_T1_";

const void* registered_kernel(const char* mangled) {
  static char stubs[8];
  static size_t used = 0;
  char* stub = &stubs[used++];
  using Register = void(void**, const char*, char*, const char*, int, void*, void*, void*, void*, int*);
  find<Register>("__cudaRegisterFunction")(nullptr, stub, stub, mangled, -1, nullptr, nullptr, nullptr, nullptr,
                                           nullptr);
  return stub;
}

cudaError_t launch_fill(const void* kernel, float* target, int count, float value, cudaStream_t stream) {
  char* data = reinterpret_cast<char*>(target);
  void* arguments[] = {&count, &value, &data};
  return cudaLaunchKernel(kernel, dim3{1, 1, 1}, dim3{128, 1, 1}, arguments, 0, stream);
}

}  // namespace

TEST(a_device_is_described) {
  int count = 0;
  CHECK_CUDA(cudaGetDeviceCount(&count));
  CHECK(count >= 1);
  cudaDeviceProp properties;
  CHECK_CUDA(cudaGetDeviceProperties(&properties, 0));
  int major = 0;
  CHECK_CUDA(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  CHECK_EQUAL(major, properties.major);
  size_t free = 0;
  size_t total = 0;
  CHECK_CUDA(cudaMemGetInfo(&free, &total));
  CHECK(free > 0 && free <= total && total <= properties.totalGlobalMem);
  CHECK_ERROR(cudaErrorInvalidDevice, cudaSetDevice(count));
  CHECK_ERROR(cudaErrorInvalidDevice, cudaGetDeviceProperties(&properties, -1));
}

TEST(the_last_error_is_kept_until_it_is_asked_for) {
  CHECK_EQUAL(cudaSetDevice(-1), cudaErrorInvalidDevice);
  CHECK_EQUAL(cudaPeekAtLastError(), cudaErrorInvalidDevice);
  in_another_thread([] { CHECK_EQUAL(cudaPeekAtLastError(), cudaSuccess); });
  CHECK_EQUAL(cudaGetLastError(), cudaErrorInvalidDevice);
  CHECK_EQUAL(cudaGetLastError(), cudaSuccess);
  CHECK_EQUAL(std::string(cudaGetErrorString(cudaErrorMemoryAllocation)), "out of memory");
}

TEST(kinds_of_memory_are_told_apart) {
  DeviceArray<int> device(COUNT);
  PinnedArray<int> pinned(COUNT, 0);
  std::vector<int> pageable(4096, 0);
  cudaPointerAttributes attributes;
  CHECK_CUDA(cudaPointerGetAttributes(&attributes, device.data() + 10));
  CHECK_EQUAL(attributes.type, cudaMemoryTypeDevice);
  CHECK_EQUAL(attributes.device, 0);
  CHECK(attributes.devicePointer == device.data() + 10);
  CHECK_CUDA(cudaPointerGetAttributes(&attributes, pinned.data() + COUNT - 1));
  CHECK_EQUAL(attributes.type, cudaMemoryTypeHost);
  CHECK_CUDA(cudaPointerGetAttributes(&attributes, pageable.data()));
  CHECK_EQUAL(attributes.type, cudaMemoryTypeUnregistered);
  CHECK_CUDA(cudaHostRegister(pageable.data(), pageable.size() * sizeof(int), cudaHostRegisterDefault));
  CHECK_CUDA(cudaPointerGetAttributes(&attributes, pageable.data() + 1));
  CHECK_EQUAL(attributes.type, cudaMemoryTypeHost);
  CHECK_ERROR(cudaErrorHostMemoryAlreadyRegistered,
              cudaHostRegister(pageable.data(), pageable.size() * sizeof(int), cudaHostRegisterDefault));
  CHECK_CUDA(cudaHostUnregister(pageable.data()));
  CHECK_ERROR(cudaErrorHostMemoryNotRegistered, cudaHostUnregister(pageable.data()));
}

TEST(memory_runs_out_and_comes_back) {
  size_t free = 0;
  size_t total = 0;
  CHECK_CUDA(cudaMemGetInfo(&free, &total));
  void* block = nullptr;
  CHECK_ERROR(cudaErrorMemoryAllocation, cudaMalloc(&block, total + 1));
  CHECK_CUDA(cudaMalloc(&block, free / 2));
  size_t less = 0;
  CHECK_CUDA(cudaMemGetInfo(&less, &total));
  CHECK(less <= free - free / 2);
  void* other = nullptr;
  CHECK_ERROR(cudaErrorMemoryAllocation, cudaMalloc(&other, free / 2 + (64 << 20)));
  CHECK_CUDA(cudaFree(block));
  CHECK_CUDA(cudaMalloc(&other, free / 2));
  CHECK_CUDA(cudaFree(other));
  CHECK_ERROR(cudaErrorInvalidValue, cudaFree(&block));
}

TEST(a_copy_beyond_an_allocation_is_refused) {
  DeviceArray<int> device(COUNT);
  std::vector<int> host(2 << 20);
  CHECK_ERROR(cudaErrorInvalidValue,
              cudaMemcpy(device.data(), host.data(), host.size() * sizeof(int), cudaMemcpyHostToDevice));
  CHECK_ERROR(cudaErrorInvalidValue, cudaMemcpy(nullptr, host.data(), 4, cudaMemcpyHostToDevice));
}

TEST(a_pageable_source_has_been_read_when_the_call_returns) {
  Stream stream;
  DeviceArray<int> device(COUNT);
  std::vector<int> host(COUNT, 1);
  {
    Gate gate(stream);
    CHECK_CUDA(cudaMemcpyAsync(device.data(), host.data(), BYTES, cudaMemcpyHostToDevice, stream));
    std::fill(host.begin(), host.end(), 2);
  }
  CHECK_CUDA(cudaStreamSynchronize(stream));
  CHECK(device.read() == std::vector<int>(COUNT, 1));
}

TEST(a_pinned_source_is_read_when_it_is_the_copys_turn) {
  Stream stream;
  DeviceArray<int> device(COUNT);
  PinnedArray<int> host(COUNT, 1);
  {
    Gate gate(stream);
    CHECK_CUDA(cudaMemcpyAsync(device.data(), host.data(), BYTES, cudaMemcpyHostToDevice, stream));
    host.fill(2);
    CHECK_ERROR(cudaErrorNotReady, cudaStreamQuery(stream));
  }
  CHECK_CUDA(cudaStreamSynchronize(stream));
  CHECK_CUDA(cudaStreamQuery(stream));
  CHECK(device.read() == std::vector<int>(COUNT, 2));
}

TEST(a_pinned_target_keeps_its_content_until_the_copy_is_done) {
  Stream stream;
  DeviceArray<int> device(COUNT);
  device.write(std::vector<int>(COUNT, 7));
  PinnedArray<int> host(COUNT, 1);
  Event done;
  {
    Gate gate(stream);
    CHECK_CUDA(cudaMemcpyAsync(host.data(), device.data(), BYTES, cudaMemcpyDeviceToHost, stream));
    CHECK_CUDA(cudaEventRecord(done, stream));
    CHECK(host.all(1));
    CHECK_ERROR(cudaErrorNotReady, cudaEventQuery(done));
  }
  CHECK_CUDA(cudaEventSynchronize(done));
  CHECK(host.all(7));
}

TEST(rows_are_copied) {
  Stream stream;
  DeviceArray<int> device(12);
  device.write(std::vector<int>(12, 0));
  PinnedArray<int> host(6, 5);
  CHECK_CUDA(cudaMemcpy2DAsync(device.data(), 4 * sizeof(int), host.data(), 2 * sizeof(int), 2 * sizeof(int), 3,
                               cudaMemcpyHostToDevice, stream));
  CHECK_CUDA(cudaStreamSynchronize(stream));
  CHECK(device.read() == std::vector<int>({5, 5, 0, 0, 5, 5, 0, 0, 5, 5, 0, 0}));
}

TEST(streams_wait_for_events_alone) {
  Stream producer;
  Stream consumer;
  Stream independent;
  DeviceArray<int> device(COUNT);
  PinnedArray<int> in(COUNT, 3);
  PinnedArray<int> out(COUNT, 0);
  Event produced(cudaEventDisableTiming);
  {
    Gate gate(producer);
    CHECK_CUDA(cudaMemcpyAsync(device.data(), in.data(), BYTES, cudaMemcpyHostToDevice, producer));
    CHECK_CUDA(cudaEventRecord(produced, producer));
    CHECK_CUDA(cudaStreamWaitEvent(consumer, produced, 0));
    CHECK_CUDA(cudaMemcpyAsync(out.data(), device.data(), BYTES, cudaMemcpyDeviceToHost, consumer));
    CHECK_CUDA(cudaMemsetAsync(device.data(), 0, 4, independent));
    CHECK_CUDA(cudaStreamSynchronize(independent));
    CHECK_ERROR(cudaErrorNotReady, cudaStreamQuery(consumer));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(out.all(0));
  }
  CHECK_CUDA(cudaStreamSynchronize(consumer));
  CHECK(out.all(3));
}

TEST(the_legacy_stream_and_blocking_streams_wait_for_each_other) {
  Stream blocking(cudaStreamDefault);
  Stream other(cudaStreamDefault);
  Stream free_running(cudaStreamNonBlocking);
  DeviceArray<int> device(COUNT);
  device.write(std::vector<int>(COUNT, 9));
  PinnedArray<int> of_legacy(COUNT, 0);
  PinnedArray<int> of_other(COUNT, 0);
  PinnedArray<int> of_free_running(COUNT, 0);
  const auto copy = [&](const PinnedArray<int>& to, cudaStream_t stream) {
    CHECK_CUDA(cudaMemcpyAsync(to.data(), device.data(), BYTES, cudaMemcpyDeviceToHost, stream));
  };
  {
    Gate gate(blocking);
    copy(of_other, other);
    CHECK_CUDA(cudaStreamSynchronize(other));
    CHECK(of_other.all(9));
    of_other.fill(0);
    copy(of_legacy, nullptr);
    copy(of_other, other);
    copy(of_free_running, free_running);
    CHECK_CUDA(cudaStreamSynchronize(free_running));
    CHECK(of_free_running.all(9));
    CHECK_ERROR(cudaErrorNotReady, cudaStreamQuery(nullptr));
    CHECK_ERROR(cudaErrorNotReady, cudaStreamQuery(other));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(of_legacy.all(0));
    CHECK(of_other.all(0));
  }
  CHECK_CUDA(cudaDeviceSynchronize());
  CHECK_CUDA(cudaStreamQuery(nullptr));
  CHECK(of_legacy.all(9));
  CHECK(of_other.all(9));
}

TEST(the_device_is_awaited_as_a_whole) {
  Stream stream;
  PinnedArray<int> host(COUNT, 0);
  DeviceArray<int> device(COUNT);
  device.write(std::vector<int>(COUNT, 4));
  Gate gate(stream);
  CHECK_CUDA(cudaMemcpyAsync(host.data(), device.data(), BYTES, cudaMemcpyDeviceToHost, stream));
  std::thread opener([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    gate.open();
  });
  CHECK_CUDA(cudaDeviceSynchronize());
  CHECK(host.all(4));
  opener.join();
}

TEST(a_destroyed_stream_runs_out) {
  PinnedArray<int> host(COUNT, 0);
  DeviceArray<int> device(COUNT);
  device.write(std::vector<int>(COUNT, 6));
  Event done;
  {
    Stream stream;
    CHECK_CUDA(cudaMemcpyAsync(host.data(), device.data(), BYTES, cudaMemcpyDeviceToHost, stream));
    CHECK_CUDA(cudaEventRecord(done, stream));
  }
  CHECK_CUDA(cudaEventSynchronize(done));
  CHECK(host.all(6));
}

TEST(events_take_the_time) {
  Stream stream;
  Event begin;
  Event end;
  Event untimed(cudaEventDisableTiming);
  float milliseconds = -1;
  CHECK_CUDA(cudaEventQuery(begin));
  CHECK_ERROR(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&milliseconds, begin, end));
  CHECK_CUDA(cudaEventRecord(begin, stream));
  CHECK_CUDA(cudaEventRecord(untimed, stream));
  CHECK_CUDA(cudaEventSynchronize(begin));
  {
    Gate gate(stream);
    CHECK_CUDA(cudaEventRecord(end, stream));
    CHECK_ERROR(cudaErrorNotReady, cudaEventElapsedTime(&milliseconds, begin, end));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK_CUDA(cudaEventSynchronize(end));
  CHECK_CUDA(cudaEventElapsedTime(&milliseconds, begin, end));
  CHECK(milliseconds >= 9 && milliseconds < 10000);
  CHECK_ERROR(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&milliseconds, untimed, end));
  CHECK_ERROR(cudaErrorInvalidResourceHandle, cudaEventRecord(nullptr, stream));
}

TEST(a_captured_copy_runs_at_each_launch) {
  Stream stream;
  DeviceArray<int> device(COUNT);
  PinnedArray<int> in(COUNT, 1);
  PinnedArray<int> out(COUNT, 0);
  CHECK_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  CHECK_EQUAL(capture_status(stream), cudaStreamCaptureStatusActive);
  CHECK_CUDA(cudaMemsetAsync(device.data(), 0, BYTES, stream));
  CHECK_CUDA(cudaMemcpyAsync(device.data(), in.data(), BYTES / 2, cudaMemcpyHostToDevice, stream));
  CHECK_CUDA(cudaMemcpyAsync(out.data(), device.data(), BYTES, cudaMemcpyDeviceToHost, stream));
  const Executable graph(stream);
  CHECK_EQUAL(graph.nodes(), size_t{3});
  CHECK_EQUAL(capture_status(stream), cudaStreamCaptureStatusNone);
  CHECK(out.all(0));
  for (int value = 1; value <= 3; ++value) {
    in.fill(value);
    graph.launch(stream);
    CHECK_CUDA(cudaStreamSynchronize(stream));
    CHECK_EQUAL(out.data()[0], value);
    CHECK_EQUAL(out.data()[COUNT / 2 - 1], value);
    CHECK_EQUAL(out.data()[COUNT / 2], 0);
  }
}

TEST(a_capture_goes_through_other_streams_by_events) {
  Stream origin;
  Stream side;
  Event forked(cudaEventDisableTiming);
  Event joined(cudaEventDisableTiming);
  DeviceArray<int> device(2);
  CHECK_CUDA(cudaStreamBeginCapture(origin, cudaStreamCaptureModeGlobal));
  CHECK_CUDA(cudaMemsetAsync(device.data(), 1, 4, origin));
  CHECK_CUDA(cudaEventRecord(forked, origin));
  CHECK_CUDA(cudaStreamWaitEvent(side, forked, 0));
  CHECK_EQUAL(capture_status(side), cudaStreamCaptureStatusActive);
  CHECK_CUDA(cudaMemsetAsync(device.data() + 1, 2, 4, side));
  CHECK_CUDA(cudaEventRecord(joined, side));
  CHECK_CUDA(cudaStreamWaitEvent(origin, joined, 0));
  {
    const Executable graph(origin);
    CHECK_EQUAL(graph.nodes(), size_t{2});
    CHECK_EQUAL(capture_status(side), cudaStreamCaptureStatusNone);
    graph.launch(side);
    CHECK_CUDA(cudaStreamSynchronize(side));
    CHECK(device.read() == std::vector<int>({0x01010101, 0x02020202}));
  }
  cudaGraph_t none = nullptr;
  CHECK_CUDA(cudaStreamBeginCapture(origin, cudaStreamCaptureModeGlobal));
  CHECK_CUDA(cudaEventRecord(forked, origin));
  CHECK_CUDA(cudaStreamWaitEvent(side, forked, 0));
  CHECK_CUDA(cudaMemsetAsync(device.data(), 3, 4, side));
  CHECK_ERROR(cudaErrorStreamCaptureUnjoined, cudaStreamEndCapture(origin, &none));
  CHECK_EQUAL(capture_status(side), cudaStreamCaptureStatusNone);
}

TEST(a_capture_is_told_by_its_number) {
  Stream stream;
  unsigned long long ids[2] = {0, 0};
  for (auto& id : ids) {
    CHECK_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
#if CUDART_VERSION >= 13000
    CHECK_CUDA(cudaStreamGetCaptureInfo(stream, &status, &id, nullptr, nullptr, nullptr, nullptr));
#else
    CHECK_CUDA(cudaStreamGetCaptureInfo(stream, &status, &id, nullptr, nullptr, nullptr));
#endif
    CHECK_EQUAL(status, cudaStreamCaptureStatusActive);
    const Executable graph(stream);
    graph.launch(stream);
  }
  CHECK(ids[0] != ids[1]);
  CHECK_CUDA(cudaStreamSynchronize(stream));
}

TEST(what_waits_is_refused_while_capturing) {
  Stream stream;
  Event event;
  DeviceArray<int> device(COUNT);
  std::vector<int> pageable(COUNT);
  const auto refused = [&](auto&& call) {
    CHECK_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    CHECK_CUDA(cudaMemsetAsync(device.data(), 0, 4, stream));
    CHECK_CUDA(cudaEventRecord(event, stream));
    call();
    CHECK_ERROR(cudaErrorStreamCaptureInvalidated, cudaMemsetAsync(device.data(), 0, 4, stream));
    check_spoilt(stream);
  };
  refused([&] { CHECK_ERROR(cudaErrorStreamCaptureUnsupported, cudaStreamSynchronize(stream)); });
  refused([&] { CHECK_ERROR(cudaErrorStreamCaptureUnsupported, cudaStreamQuery(stream)); });
  refused([&] { CHECK_ERROR(cudaErrorStreamCaptureUnsupported, cudaDeviceSynchronize()); });
  refused([&] { CHECK_ERROR(cudaErrorCapturedEvent, cudaEventSynchronize(event)); });
  refused([&] { CHECK_ERROR(cudaErrorCapturedEvent, cudaEventQuery(event)); });
  refused([&] {
    void* block = nullptr;
    CHECK_ERROR(cudaErrorStreamCaptureUnsupported, cudaMalloc(&block, 4));
  });
  refused([&] {
    CHECK_ERROR(cudaErrorStreamCaptureUnsupported,
                cudaMemcpyAsync(device.data(), pageable.data(), BYTES, cudaMemcpyHostToDevice, stream));
  });
}

TEST(capture_modes_say_whose_allocations_are_refused) {
  Stream stream;
  DeviceArray<int> device(4);
  const auto allocate = [] {
    void* block = nullptr;
    const cudaError_t error = cudaMalloc(&block, 4);
    cudaGetLastError();
    cudaFree(block);
    return error;
  };
  const auto begin = [&](cudaStreamCaptureMode mode) {
    CHECK_CUDA(cudaStreamBeginCapture(stream, mode));
    CHECK_CUDA(cudaMemsetAsync(device.data(), 0, 4, stream));
  };
  begin(cudaStreamCaptureModeRelaxed);
  CHECK_CUDA(allocate());
  { const Executable graph(stream); }
  begin(cudaStreamCaptureModeThreadLocal);
  in_another_thread([&] { CHECK_CUDA(allocate()); });
  { const Executable graph(stream); }
  begin(cudaStreamCaptureModeThreadLocal);
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  CHECK_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  CHECK_EQUAL(mode, cudaStreamCaptureModeGlobal);
  CHECK_CUDA(allocate());
  CHECK_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  { const Executable graph(stream); }
  begin(cudaStreamCaptureModeGlobal);
  in_another_thread([&] {
    cudaStreamCaptureMode own = cudaStreamCaptureModeThreadLocal;
    CHECK_CUDA(cudaThreadExchangeStreamCaptureMode(&own));
    CHECK_CUDA(allocate());
  });
  { const Executable graph(stream); }
  begin(cudaStreamCaptureModeGlobal);
  in_another_thread([&] { CHECK_ERROR(cudaErrorStreamCaptureUnsupported, allocate()); });
  check_spoilt(stream);
}

TEST(a_capture_ends_where_it_began) {
  Stream stream;
  Stream other;
  Event event(cudaEventDisableTiming);
  cudaGraph_t graph = nullptr;
  CHECK_ERROR(cudaErrorIllegalState, cudaStreamEndCapture(stream, &graph));
  CHECK_ERROR(cudaErrorStreamCaptureUnsupported, cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeRelaxed));
  CHECK_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  CHECK_ERROR(cudaErrorIllegalState, cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  in_another_thread([&] {
    cudaGraph_t none = nullptr;
    CHECK_ERROR(cudaErrorStreamCaptureWrongThread, cudaStreamEndCapture(stream, &none));
  });
  CHECK_CUDA(cudaEventRecord(event, stream));
  CHECK_CUDA(cudaStreamWaitEvent(other, event, 0));
  CHECK_ERROR(cudaErrorStreamCaptureUnmatched, cudaStreamEndCapture(other, &graph));
  cudaStreamEndCapture(stream, &graph);
  cudaGetLastError();
  CHECK_EQUAL(capture_status(stream), cudaStreamCaptureStatusNone);
  CHECK_EQUAL(capture_status(other), cudaStreamCaptureStatusNone);
}

TEST(a_capture_is_kept_apart_from_other_work) {
  Stream stream;
  Stream other;
  Event event(cudaEventDisableTiming);
  DeviceArray<int> device(4);
  CHECK_CUDA(cudaEventRecord(event, other));
  CHECK_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  CHECK_ERROR(cudaErrorStreamCaptureIsolation, cudaStreamWaitEvent(stream, event, 0));
  check_spoilt(stream);

  CHECK_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  CHECK_CUDA(cudaStreamBeginCapture(other, cudaStreamCaptureModeThreadLocal));
  CHECK_CUDA(cudaEventRecord(event, other));
  CHECK_ERROR(cudaErrorStreamCaptureMerge, cudaStreamWaitEvent(stream, event, 0));
  cudaGraph_t none = nullptr;
  cudaStreamEndCapture(stream, &none);
  cudaStreamEndCapture(other, &none);
  cudaGetLastError();

  Stream blocking(cudaStreamDefault);
  CHECK_CUDA(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeThreadLocal));
  CHECK_ERROR(cudaErrorStreamCaptureImplicit, cudaMemsetAsync(device.data(), 0, 4, nullptr));
  check_spoilt(blocking);
}

TEST(a_graph_records_an_external_event) {
  Stream stream;
  Event event(cudaEventDisableTiming);
  CHECK_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  CHECK_CUDA(cudaEventRecordWithFlags(event, stream, cudaEventRecordExternal));
  const Executable graph(stream);
  {
    Gate gate(stream);
    graph.launch(stream);
    CHECK_ERROR(cudaErrorNotReady, cudaEventQuery(event));
  }
  CHECK_CUDA(cudaEventSynchronize(event));
}

TEST(many_threads_use_many_streams) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong, t] {
      try {
        Stream stream;
        DeviceArray<int> device(COUNT);
        PinnedArray<int> in(COUNT, t);
        PinnedArray<int> out(COUNT, -1);
        for (int i = 0; i < 50; ++i) {
          CHECK_CUDA(cudaMemcpyAsync(device.data(), in.data(), BYTES, cudaMemcpyHostToDevice, stream));
          CHECK_CUDA(cudaMemcpyAsync(out.data(), device.data(), BYTES, cudaMemcpyDeviceToHost, stream));
          CHECK_CUDA(cudaStreamSynchronize(stream));
          wrong += !out.all(t);
        }
      } catch (const std::exception&) {
        ++wrong;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK_EQUAL(wrong.load(), 0);
}

TEST(simulation_runs_libtorchs_fill) {
  const void* kernel = registered_kernel(FILL);
  Stream stream;
  DeviceArray<float> device(100);
  CHECK_CUDA(launch_fill(kernel, device.data(), 100, 2.5F, stream));
  CHECK_CUDA(cudaStreamSynchronize(stream));
  CHECK(device.read() == std::vector<float>(100, 2.5F));
  CHECK_ERROR(cudaErrorInvalidDeviceFunction, launch_fill("no kernel", device.data(), 100, 2.5F, stream));
}

TEST(simulation_refuses_other_kernels) {
  const void* kernel = registered_kernel("_Z7unknownPf");
  DeviceArray<float> device(100);
  CHECK_ERROR(cudaErrorNotSupported, launch_fill(kernel, device.data(), 100, 2.5F, nullptr));
  CHECK_CUDA(cudaDeviceSynchronize());
}

TEST(simulation_loses_the_context_when_it_is_told_to) {
  const void* kernel = registered_kernel(FILL);
  Stream stream;
  DeviceArray<float> device(100);
  find<decltype(simulated_cuda_fail_next_launch)>("simulated_cuda_fail_next_launch")(cudaErrorIllegalAddress);
  {
    Gate gate(stream);
    CHECK_CUDA(launch_fill(kernel, device.data(), 100, 1, stream));
  }
  CHECK_EQUAL(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
  void* block = nullptr;
  CHECK_EQUAL(cudaMalloc(&block, 4), cudaErrorIllegalAddress);
  CHECK_EQUAL(cudaGetLastError(), cudaErrorIllegalAddress);
  CHECK_EQUAL(cudaGetLastError(), cudaErrorIllegalAddress);
  find<decltype(simulated_cuda_recover)>("simulated_cuda_recover")();
  cudaGetLastError();
  CHECK_CUDA(launch_fill(kernel, device.data(), 100, 1, stream));
  CHECK_CUDA(cudaDeviceSynchronize());
}

TEST(simulation_loses_the_context_at_a_bad_address) {
  const void* kernel = registered_kernel(FILL);
  DeviceArray<float> device(100);
  std::vector<float> pageable(100);
  CHECK_CUDA(launch_fill(kernel, pageable.data(), 100, 1, nullptr));
  CHECK_EQUAL(cudaStreamSynchronize(nullptr), cudaErrorIllegalAddress);
  find<decltype(simulated_cuda_recover)>("simulated_cuda_recover")();
  cudaGetLastError();
}

TEST(simulation_counts) {
  DeviceArray<int> device(COUNT);
  PinnedArray<int> pinned(COUNT, 0);
  std::vector<int> pageable(COUNT, 0);
  Stream stream;
  find<decltype(simulated_cuda_reset_counters)>("simulated_cuda_reset_counters")();
  CHECK_CUDA(cudaMemcpyAsync(device.data(), pinned.data(), BYTES, cudaMemcpyHostToDevice, stream));
  CHECK_CUDA(cudaMemcpyAsync(device.data(), pageable.data(), BYTES, cudaMemcpyHostToDevice, stream));
  CHECK_CUDA(cudaMemcpyAsync(pinned.data(), device.data(), BYTES, cudaMemcpyDefault, stream));
  CHECK_CUDA(cudaStreamSynchronize(stream));
  CHECK_EQUAL(counters().copies_to_device_pinned, 1);
  CHECK_EQUAL(counters().copies_to_device_pageable, 1);
  CHECK_EQUAL(counters().copies_to_host_pinned, 1);
  CHECK_EQUAL(counters().copies_to_host_pageable, 0);
  CHECK_EQUAL(counters().blocking_copies, 0);
  CHECK_EQUAL(counters().stream_synchronizations, 1);
  CHECK_CUDA(cudaMemcpyAsync(pageable.data(), device.data(), BYTES, cudaMemcpyDeviceToHost, stream));
  CHECK_EQUAL(counters().copies_to_host_pageable, 1);
  CHECK_EQUAL(counters().blocking_copies, 1);
}

TEST(simulation_slows_copies_down) {
  const auto set_delay = find<decltype(simulated_cuda_set_copy_delay)>("simulated_cuda_set_copy_delay");
  DeviceArray<int> device(COUNT);
  PinnedArray<int> pinned(COUNT, 0);
  Stream stream;
  set_delay(30000);
  const auto begin = std::chrono::steady_clock::now();
  CHECK_CUDA(cudaMemcpyAsync(device.data(), pinned.data(), BYTES, cudaMemcpyHostToDevice, stream));
  CHECK_ERROR(cudaErrorNotReady, cudaStreamQuery(stream));
  CHECK_CUDA(cudaStreamSynchronize(stream));
  set_delay(0);
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(30));
}

TEST(simulation_says_what_it_lacks) {
  void* block = nullptr;
  CHECK_ERROR(cudaErrorNotSupported, cudaMallocManaged(&block, 4, cudaMemAttachGlobal));
  cudaStream_t gone = nullptr;
  CHECK_CUDA(cudaStreamCreate(&gone));
  CHECK_CUDA(cudaStreamDestroy(gone));
  CHECK_ERROR(cudaErrorInvalidResourceHandle, cudaStreamSynchronize(gone));
}

int main() {
  int failures = 0;
  size_t run = 0;
  for (const check::Test& test : check::tests()) {
    if (!is_simulated() && std::string(test.name).rfind("simulation_", 0) == 0) {
      continue;
    }
    ++run;
    try {
      test.body();
      const simulated_cuda_live left = live();
      if (left.device_blocks + left.host_blocks + left.streams + left.events + left.graphs != 0) {
        throw check::Failed("something was left alive");
      }
      std::printf("ok      %s\n", test.name);
    } catch (const std::exception& failure) {
      ++failures;
      std::printf("FAILED  %s: %s\n", test.name, failure.what());
    }
    std::fflush(stdout);
  }
  std::printf("%zu tests, %d failed, on %s CUDA runtime\n", run, failures, is_simulated() ? "the simulated" : "a real");
  return failures == 0 ? 0 : 1;
}
