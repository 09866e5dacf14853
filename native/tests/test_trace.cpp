#include <atomic>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include <unistd.h>

#include "support.h"

namespace {

bool supported() { return wick_trace_supported(&error) == WICK_OK; }

class Trace {
 public:
  Trace() = default;
  ~Trace() { wick_trace_free(handle_); }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  operator wick_trace() const { return handle_; }

  static void start(int32_t flags = 0) { CHECK_OK(wick_trace_start(flags, &error)); }
  void stop() {
    CHECK_OK(wick_trace_stop(&handle_, &error));
    int64_t count = -1;
    CHECK_OK(wick_trace_count(handle_, &count, &error));
    CHECK(count > 0);
    events_.resize(static_cast<size_t>(count));
    CHECK_OK(wick_trace_events(handle_, 0, events_.data(), count, &error));
  }
  const std::vector<wick_trace_event>& events() const { return events_; }

  std::vector<wick_trace_event> find(int32_t kind, const std::string& name) const {
    std::vector<wick_trace_event> found;
    for (const auto& event : events_) {
      if (event.kind == kind && name == std::string(event.name, static_cast<size_t>(event.name_length))) {
        found.push_back(event);
      }
    }
    return found;
  }

 private:
  wick_trace handle_ = 0;
  std::vector<wick_trace_event> events_;
};

Tensor product(wick_tensor a) { return call_operator("aten::mm", Tree().tensor(a).tensor(a)); }

wick_range begin(const std::string& name) {
  wick_range range = 0;
  CHECK_OK(wick_range_begin(name.data(), static_cast<int64_t>(name.size()), &range, &error));
  return range;
}

// With an error record of its own: other threads use the shared one.
void multiply(wick_operator mm, wick_tensor a) {
  wick_error mine;
  const Tree arguments = Tree().tensor(a).tensor(a);
  wick_result result{};
  if (wick_operator_call(mm, nullptr, arguments.data(), 2, &result, &mine) != WICK_OK) {
    throw check::Failed(message(mine));
  }
  wick_tensor_free(result.values[0].integer);
  wick_result_free(result.storage);
}

wick_operator find_operator(const std::string& name) {
  wick_operator found = 0;
  CHECK_OK(wick_operator_find(name.data(), static_cast<int64_t>(name.size()), "", 0, &found, &error));
  return found;
}

std::string temporary() { return "/tmp/wick-trace-" + std::to_string(getpid()) + ".json"; }

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST(a_libtorch_that_records_one_thread_alone_is_refused) {
  if (supported()) {
    return;
  }
  CHECK_FAILS(WICK_UNSUPPORTED, "2.8", wick_trace_supported(&error));
  CHECK_FAILS(WICK_UNSUPPORTED, "records only the thread", wick_trace_start(0, &error));
}

TEST(every_thread_is_recorded) {
  if (!supported()) {
    return;
  }
  const Tensor a = noise({8, 8});
  const wick_operator mm = find_operator("aten::mm");
  Trace trace;
  constexpr int threads = 3;
  constexpr int calls = 5;
  // One that was there before the trace.
  std::atomic<bool> go{false};
  std::thread early([&] {
    while (!go.load()) {
      std::this_thread::yield();
    }
    multiply(mm, a);
  });
  const int32_t status = wick_trace_start(0, &error);
  go = true;
  early.join();
  CHECK_OK(status);
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (int call = 0; call < calls; ++call) {
        multiply(mm, a);
      }
    });
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  trace.stop();
  std::map<int64_t, int> by_thread;
  for (const auto& event : trace.find(WICK_TRACE_OPERATOR, "aten::mm")) {
    ++by_thread[event.thread];
    CHECK_EQUAL(event.end_thread, event.thread);
    CHECK(event.duration_ns > 0);
    CHECK_EQUAL(event.device_index, -1);
  }
  CHECK_EQUAL(by_thread.size(), size_t{threads + 1});
  std::multiset<int> counts;
  for (const auto& [thread, count] : by_thread) {
    counts.insert(count);
  }
  CHECK(counts == std::multiset<int>({1, calls, calls, calls}));
}

TEST(methods_ranges_and_what_is_inside_of_them) {
  if (!supported()) {
    return;
  }
  const Module module = load("mlp.pt");
  const Method forward = method(module, "forward");
  const Tensor x = load_npy("mlp.forward.input.0.npy");
  Trace trace;
  Trace::start(WICK_TRACE_SHAPES | WICK_TRACE_STACKS);
  const wick_range range = begin("preprocess \xc3\xa4");
  call(forward, {x});
  call(forward, {x});
  wick_range_end(range);
  trace.stop();
  const auto functions = trace.find(WICK_TRACE_FUNCTION, "forward");
  const auto ranges = trace.find(WICK_TRACE_RANGE, "preprocess \xc3\xa4");
  CHECK_EQUAL(functions.size(), size_t{2});
  CHECK_EQUAL(ranges.size(), size_t{1});
  const auto operators = trace.find(WICK_TRACE_OPERATOR, "aten::linear");
  CHECK(!operators.empty());
  CHECK_EQUAL(operators.front().name, operators.back().name);
  for (const auto& each : {functions, operators}) {
    for (const auto& event : each) {
      CHECK(event.start_ns >= ranges[0].start_ns);
      CHECK(event.start_ns + event.duration_ns <= ranges[0].start_ns + ranges[0].duration_ns);
      CHECK_EQUAL(event.thread, ranges[0].thread);
    }
  }
}

TEST(a_prepared_call_shows_its_method) {
  if (!supported()) {
    return;
  }
  const Module module = load("mlp.pt");
  const Method forward = method(module, "forward");
  const Tensor x = load_npy("mlp.forward.input.0.npy");
  const wick_tensor inputs[] = {x};
  Runner runner;
  CHECK_OK(wick_runner_create(forward, nullptr, inputs, 1, -1, -1, runner.out(), &error));
  Trace trace;
  Trace::start();
  CHECK_OK(wick_runner_run(runner, &error));
  trace.stop();
  CHECK_EQUAL(trace.find(WICK_TRACE_FUNCTION, "forward").size(), size_t{1});
}

TEST(the_file_is_written_once_and_looked_at) {
  if (!supported()) {
    return;
  }
  const Tensor a = noise({4, 4});
  Trace trace;
  Trace::start();
  product(a);
  trace.stop();
  const auto save = [&](const std::string& path) {
    return wick_trace_save(trace, path.data(), static_cast<int64_t>(path.size()), &error);
  };
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "absolute", save("here.json"));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "absolute", save(""));
  CHECK_FAILS(WICK_FAILED, "cannot write '/no-such-directory/trace.json': No such file",
              save("/no-such-directory/trace.json"));
  CHECK_FAILS(WICK_FAILED, "cannot write '/tmp'", save("/tmp"));
  const std::string path = temporary();
  CHECK_OK(save(path));
  const std::string text = content(path);
  std::remove(path.c_str());
  CHECK(text.find("\"traceEvents\"") != std::string::npos);
  CHECK(text.find("aten::mm") != std::string::npos);
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "written already", save(path));
}

TEST(one_trace_at_a_time_and_none_without_events) {
  wick_trace none = 0;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no trace runs", wick_trace_stop(&none, &error));
  if (!supported()) {
    return;
  }
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "not a set of trace flags", wick_trace_start(64, &error));
  Trace::start();
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "runs already", wick_trace_start(0, &error));
  CHECK_FAILS(WICK_FAILED, "empty", wick_trace_stop(&none, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no trace runs", wick_trace_stop(&none, &error));
  CHECK_EQUAL(none, int64_t{0});
  const Tensor a = noise({4, 4});
  Trace trace;
  Trace::start();
  product(a);
  trace.stop();
  CHECK_EQUAL(trace.find(WICK_TRACE_OPERATOR, "aten::mm").size(), size_t{1});
}

TEST(events_are_read_in_pieces) {
  if (!supported()) {
    return;
  }
  const Tensor a = noise({4, 4});
  Trace trace;
  Trace::start();
  product(a);
  product(a);
  trace.stop();
  const auto count = static_cast<int64_t>(trace.events().size());
  wick_trace_event last{};
  CHECK_OK(wick_trace_events(trace, count - 1, &last, 1, &error));
  CHECK_EQUAL(last.start_ns, trace.events().back().start_ns);
  CHECK_OK(wick_trace_events(trace, count, nullptr, 0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "there are", wick_trace_events(trace, count + 1, &last, 1, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "there are", wick_trace_events(trace, -1, &last, 1, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_trace_events(trace, 0, nullptr, 1, &error));
}

// What an operator that is in flight at the stop writes must not reach memory that is gone, nor the next trace.
TEST(traces_come_and_go_while_other_threads_work) {
  if (!supported()) {
    return;
  }
  const Module module = load("mlp.pt");
  const Method forward = method(module, "forward");
  const Tensor x = load_npy("mlp.forward.input.0.npy");
  const Tensor a = noise({64, 64});
  const wick_operator mm = find_operator("aten::mm");
  std::atomic<bool> done{false};
  std::atomic<int64_t> calls{0};
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&, i] {
      wick_error mine;
      const Tree arguments = Tree().tensor(x);
      while (!done.load()) {
        if (i == 0) {
          wick_result result{};
          if (wick_method_call(forward, nullptr, arguments.data(), 1, &result, &mine) == WICK_OK) {
            wick_tensor_free(result.values[0].integer);
            wick_result_free(result.storage);
          }
        } else {
          wick_range range = 0;
          wick_range_begin("work", 4, &range, &mine);
          multiply(mm, a);
          wick_range_end(range);
        }
        ++calls;
      }
    });
  }
  std::set<int64_t> threads;
  for (int i = 0; i < 100; ++i) {
    Trace trace;
    Trace::start(WICK_TRACE_MEMORY);
    const int64_t before = calls.load();
    while (calls.load() < before + 6) {
      std::this_thread::yield();
    }
    trace.stop();
    for (const auto& event : trace.find(WICK_TRACE_OPERATOR, "aten::mm")) {
      threads.insert(event.thread);
    }
  }
  done = true;
  for (std::thread& worker : workers) {
    worker.join();
  }
  CHECK_EQUAL(threads.size(), size_t{2});
}

TEST(a_range_that_is_open_at_the_stop_ends_there) {
  if (!supported()) {
    return;
  }
  const Tensor a = noise({4, 4});
  const wick_range before = begin("before");
  Trace first;
  Trace::start();
  const wick_range open = begin("open");
  product(a);
  first.stop();
  CHECK_EQUAL(first.find(WICK_TRACE_RANGE, "open").size(), size_t{1});
  CHECK(first.find(WICK_TRACE_RANGE, "open")[0].duration_ns > 0);
  CHECK(first.find(WICK_TRACE_RANGE, "before").empty());
  Trace second;
  Trace::start();
  product(a);
  wick_range_end(open);
  wick_range_end(before);
  second.stop();
  CHECK(second.find(WICK_TRACE_RANGE, "open").empty());
  wick_range_end(0);
}

TEST(a_range_may_end_on_another_thread) {
  if (!supported()) {
    return;
  }
  const Tensor a = noise({4, 4});
  Trace trace;
  Trace::start();
  const wick_range range = begin("carried over");
  product(a);
  std::thread([range] { wick_range_end(range); }).join();
  trace.stop();
  const auto found = trace.find(WICK_TRACE_RANGE, "carried over");
  CHECK_EQUAL(found.size(), size_t{1});
  CHECK(found[0].thread != found[0].end_thread);
}

TEST(allocations_are_recorded_on_request_from_all_threads) {
  if (!supported()) {
    return;
  }
  for (const bool wanted : {false, true}) {
    Trace trace;
    Trace::start(wanted ? WICK_TRACE_MEMORY : 0);
    std::thread([] {
      wick_error mine;
      const int64_t bytes = 123456;
      wick_tensor tensor = 0;
      if (wick_tensor_empty(&bytes, 1, 0, 0, -1, nullptr, &tensor, &mine) == WICK_OK) {
        wick_tensor_free(tensor);
      }
    }).join();
    trace.stop();
    int64_t net = 0;
    int64_t allocated = 0;
    for (const auto& event : trace.find(WICK_TRACE_ALLOCATION, "[memory]")) {
      net += event.bytes;
      allocated += event.bytes > 0 ? event.bytes : 0;
    }
    CHECK_EQUAL(allocated, wanted ? 123456 : 0);
    CHECK_EQUAL(net, 0);
  }
}

TEST(what_a_device_does_needs_a_device) {
  if (!supported()) {
    return;
  }
  CHECK_FAILS(WICK_UNSUPPORTED, "no CUDA device", wick_trace_start(WICK_TRACE_CUDA, &error));
  CHECK_FAILS(WICK_UNSUPPORTED, "no NVTX", wick_nvtx_push("a", 1, &error));
  CHECK_FAILS(WICK_UNSUPPORTED, "no NVTX", wick_nvtx_pop(&error));
  CHECK_FAILS(WICK_UNSUPPORTED, "no NVTX", wick_nvtx_mark("a", 1, &error));
}
