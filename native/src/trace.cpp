#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include <c10/core/DeviceType.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <kineto/ActivityType.h>
#include <torch/csrc/autograd/profiler_kineto.h>
#include <wick/trace.h>
#ifdef WICK_HAS_KINETO_HEADERS
#include <kineto/libkineto.h>
#endif

#include "call_gate.h"
#include "handle.h"
#include "protect.h"
#include "trace_memory.h"
#include "trace_range.h"

namespace wick {
namespace {

namespace kineto = torch::autograd::profiler;
using torch::profiler::impl::ActivityType;
using torch::profiler::impl::ExperimentalConfig;
using torch::profiler::impl::ProfilerConfig;
using torch::profiler::impl::ProfilerState;

// Kineto keeps parts of its state in the thread that starts it, so everything it is asked for is asked on one thread,
// which lives as long as the process.
class KinetoThread {
 public:
  static KinetoThread& get() {
    static KinetoThread& it = *new KinetoThread;
    return it;
  }

  // Runs work there and waits; what it throws is thrown here.
  void run(std::function<void()> work) {
    std::packaged_task<void()> task(std::move(work));
    std::future<void> done = task.get_future();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      next_.push_back(std::move(task));
    }
    wanted_.notify_one();
    done.get();
  }

 private:
  KinetoThread() {
    std::thread([this] { serve(); }).detach();
  }

  void serve() {
    pthread_setname_np(pthread_self(), "wick-kineto");
#ifdef WICK_HAS_KINETO_HEADERS
    // Kineto prints an error when its first use is not on the thread that registered LibTorch with it, which is the one
    // that loaded the library: registered once more, here.
    libkineto::api().registerClient(libkineto::api().client());
#endif
    while (true) {
      std::vector<std::packaged_task<void()>> tasks;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wanted_.wait(lock, [this] { return !next_.empty(); });
        tasks.swap(next_);
      }
      for (auto& task : tasks) {
        task();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable wanted_;
  std::vector<std::packaged_task<void()>> next_;
};

// Kineto writes to standard error what it likes to say: on LibTorch 2.13 two lines for each trace, on a build for CUDA
// an error where there is no driver. Its level can be set by the environment alone, which then holds; it has no
// function for that outside of itself, but the variable.
void silence_kineto() {
  static std::atomic<int>* const level = [] {
    void* library =
        std::getenv("KINETO_LOG_LEVEL") != nullptr ? nullptr : dlopen("libtorch_cpu.so", RTLD_NOLOAD | RTLD_LAZY);
    void* found = library == nullptr ? nullptr : dlsym(library, "_ZN9libkineto6Logger14severityLevel_E");
    return static_cast<std::atomic<int>*>(found);
  }();
  constexpr int above_all = 1000;
  if (level != nullptr) {
    level->store(above_all);
  }
}

// The option came with LibTorch 2.7; its place among the constructor's parameters has moved since.
template <typename Config, typename = void>
struct RecordsAllThreads : std::false_type {
  static void ask(Config&) {}
};
template <typename Config>
struct RecordsAllThreads<Config, std::void_t<decltype(std::declval<Config&>().profile_all_threads)>> : std::true_type {
  static void ask(Config& config) { config.profile_all_threads = true; }
};

void require_all_threads() {
  if (!RecordsAllThreads<ExperimentalConfig>::value) {
    throw Failure(WICK_UNSUPPORTED, "LibTorch " WICK_TORCH_VERSION
                                    " records only the thread that starts its profiler, and a trace without the other "
                                    "threads' work would mislead; 2.8, 2.10, 2.11 and 2.13 record all threads");
  }
}

int32_t kind_of(const kineto::KinetoEvent& event) {
  using libkineto::ActivityType;
  const auto type = static_cast<ActivityType>(event.activityType());
  switch (type) {
    case ActivityType::CONCURRENT_KERNEL:
      return WICK_TRACE_KERNEL;
    case ActivityType::GPU_MEMCPY:
      return WICK_TRACE_COPY;
    case ActivityType::GPU_MEMSET:
      return WICK_TRACE_FILL;
    case ActivityType::GPU_USER_ANNOTATION:
      return WICK_TRACE_DEVICE_RANGE;
    case ActivityType::CUDA_RUNTIME:
    case ActivityType::CUDA_DRIVER:
      return WICK_TRACE_CUDA_CALL;
    case ActivityType::USER_ANNOTATION:
      return WICK_TRACE_RANGE;
    case ActivityType::CPU_INSTANT_EVENT:
      return event.name() == "[memory]" ? WICK_TRACE_ALLOCATION : WICK_TRACE_OTHER;
    case ActivityType::CPU_OP:
      return event.scope() == static_cast<uint8_t>(at::RecordScope::TORCHSCRIPT_FUNCTION) ? WICK_TRACE_FUNCTION
                                                                                          : WICK_TRACE_OPERATOR;
    default:
      return event.deviceType() == c10::DeviceType::CPU ? WICK_TRACE_OTHER : WICK_TRACE_DEVICE_OTHER;
  }
}

class Trace {
 public:
  explicit Trace(std::unique_ptr<kineto::ProfilerResult> result) : result_(std::move(result)) {
    events_.reserve(result_->events().size());
    for (const kineto::KinetoEvent& event : result_->events()) {
      events_.push_back(converted(event));
    }
  }
  // Kineto's own thread made it.
  ~Trace() {
    KinetoThread::get().run([this] { result_.reset(); });
  }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  const std::vector<wick_trace_event>& events() const { return events_; }

  void save(const std::string& path) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (saved_) {
      throw Failure(WICK_INVALID_ARGUMENT, "the trace is written already: Kineto writes each trace once");
    }
    // Tried first: Kineto tells no failure, and could not be asked again.
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) {
      throw Failure(WICK_FAILED, "cannot write '" + path + "': " + std::strerror(errno));
    }
    close(file);
    KinetoThread::get().run([&] { result_->save(path); });
    saved_ = true;
    struct stat written {};
    if (stat(path.c_str(), &written) != 0 || written.st_size == 0) {
      throw Failure(WICK_FAILED, "Kineto wrote no trace to '" + path + "': the disk may be full");
    }
  }

 private:
  wick_trace_event converted(const kineto::KinetoEvent& event) {
    wick_trace_event out{};
    const std::string& name = *names_.insert(event.name()).first;
    const int32_t kind = kind_of(event);
    const bool on_device = kind >= WICK_TRACE_KERNEL;
    out.kind = kind;
    out.device_index = on_device ? event.deviceIndex() : -1;
    out.name = name.data();
    out.name_length = static_cast<int64_t>(name.size());
    out.thread = on_device ? 0 : static_cast<int64_t>(event.startThreadId());
    out.end_thread = on_device ? 0 : static_cast<int64_t>(event.endThreadId());
    out.start_ns = static_cast<int64_t>(event.startNs());
    out.duration_ns = static_cast<int64_t>(event.durationNs());
    out.correlation = static_cast<int64_t>(event.correlationId());
    out.linked_correlation = static_cast<int64_t>(event.linkedCorrelationId());
    out.bytes = kind == WICK_TRACE_ALLOCATION ? event.nBytes() : 0;
    return out;
  }

  std::mutex mutex_;
  bool saved_ = false;
  std::unique_ptr<kineto::ProfilerResult> result_;
  std::vector<wick_trace_event> events_;
  std::unordered_set<std::string> names_;
};

// The process's one trace.
struct Running {
  std::mutex mutex;
  bool running = false;
};

Running& trace() {
  static Running& it = *new Running;
  return it;
}

// LibTorch's own question, profilerEnabled(), is about the calling thread's profiler alone.
bool profiler_runs() { return torch::profiler::impl::ProfilerStateBase::get() != nullptr; }

void start(int32_t flags) {
  std::set<ActivityType> activities{ActivityType::CPU};
  if ((flags & WICK_TRACE_CUDA) != 0) {
    const auto* guard = c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)
                            ? c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)
                            : nullptr;
    if (guard == nullptr || guard->deviceCount() == 0) {
      throw Failure(WICK_UNSUPPORTED, "no CUDA device whose work a trace could record");
    }
    activities.insert(ActivityType::CUDA);
  }
  ExperimentalConfig all_threads;
  RecordsAllThreads<ExperimentalConfig>::ask(all_threads);
  const bool stacks = (flags & WICK_TRACE_STACKS) != 0;
  const bool memory = (flags & WICK_TRACE_MEMORY) != 0;
  const ProfilerConfig config(ProfilerState::KINETO, (flags & WICK_TRACE_SHAPES) != 0, memory, stacks,
                              /*with_flops=*/false, /*with_modules=*/stacks, all_threads);
  KinetoThread::get().run([&] {
    if (profiler_runs()) {
      throw Failure(WICK_INVALID_ARGUMENT, "another profiler of LibTorch's runs in this process");
    }
    silence_kineto();
    // Enabling what was not prepared is a segmentation fault.
    kineto::prepareProfiler(config, activities);
    // The first one sets its own level.
    silence_kineto();
    kineto::enableProfiler(config, activities);
    // It may have stayed off without a word (a profiler state that this build does not have).
    if (!profiler_runs()) {
      throw Failure(WICK_UNSUPPORTED, "LibTorch's profiler did not start: this build is without Kineto");
    }
  });
  memory_is_traced.store(memory, std::memory_order_release);
}

std::unique_ptr<kineto::ProfilerResult> stop() {
  // What is in flight writes into the profiler's memory, which goes with it, and what began in this trace must not end
  // in the next one.
  const ClosedCallGate nobody;
  memory_is_traced.store(false, std::memory_order_release);
  end_open_ranges();
  std::unique_ptr<kineto::ProfilerResult> result;
  KinetoThread::get().run([&] { result = kineto::disableProfiler(); });
  return result;
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_trace_supported(wick_error* error) noexcept {
  return wick::protect_ungated(error, WICK_FAILED, [] { wick::require_all_threads(); });
}

int32_t wick_trace_start(int32_t flags, wick_error* error) noexcept {
  return wick::protect_ungated(error, WICK_FAILED, [&] {
    constexpr int32_t known = WICK_TRACE_SHAPES | WICK_TRACE_MEMORY | WICK_TRACE_STACKS | WICK_TRACE_CUDA;
    if ((flags & ~known) != 0) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, std::to_string(flags) + " is not a set of trace flags");
    }
    wick::require_all_threads();
    auto& trace = wick::trace();
    const std::lock_guard<std::mutex> lock(trace.mutex);
    if (trace.running) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "a trace runs already: a process records one at a time");
    }
    wick::start(flags);
    trace.running = true;
  });
}

int32_t wick_trace_stop(wick_trace* trace, wick_error* error) noexcept {
  return wick::protect_ungated(error, WICK_FAILED, [&] {
    auto& out = wick::target(trace, "the trace");
    auto& running = wick::trace();
    const std::lock_guard<std::mutex> lock(running.mutex);
    if (!running.running) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "no trace runs");
    }
    running.running = false;
    auto result = wick::stop();
    if (result->events().empty()) {
      throw wick::Failure(WICK_FAILED, "the trace is empty: nothing ran through LibTorch between start and stop");
    }
    out = wick::give(std::make_unique<wick::Trace>(std::move(result)));
  });
}

int32_t wick_trace_count(wick_trace trace, int64_t* events, wick_error* error) noexcept {
  return wick::protect_ungated(error, WICK_FAILED, [&] {
    wick::target(events, "the number of events") =
        static_cast<int64_t>(wick::borrow<std::unique_ptr<wick::Trace>>(trace, "trace")->events().size());
  });
}

int32_t wick_trace_events(wick_trace trace, int64_t first, wick_trace_event* events, int64_t capacity,
                          wick_error* error) noexcept {
  return wick::protect_ungated(error, WICK_FAILED, [&] {
    const auto& all = wick::borrow<std::unique_ptr<wick::Trace>>(trace, "trace")->events();
    const auto size = static_cast<int64_t>(all.size());
    if (first < 0 || first > size || capacity < 0) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "no " + std::to_string(capacity) + " events from number " +
                                                     std::to_string(first) + " on: there are " + std::to_string(size));
    }
    const int64_t count = std::min(capacity, size - first);
    std::copy_n(all.begin() + first, count, count == 0 ? events : &wick::target(events, "the events"));
  });
}

int32_t wick_trace_save(wick_trace trace, const char* path, int64_t length, wick_error* error) noexcept {
  return wick::protect_ungated(error, WICK_FAILED, [&] {
    const std::string text = wick::text_argument(path, length, "the path");
    if (text.empty() || text.front() != '/' || text.find('\0') != std::string::npos) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "not an absolute path: '" + text + "'");
    }
    wick::borrow<std::unique_ptr<wick::Trace>>(trace, "trace")->save(text);
  });
}

void wick_trace_free(wick_trace trace) noexcept { wick::take_back<std::unique_ptr<wick::Trace>>(trace); }

}  // extern "C"
