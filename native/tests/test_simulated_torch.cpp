// LibTorch's own libtorch_cuda on the simulated CUDA runtime, through the C ABI: its allocator, streams and copies are
// the real ones, and results of the few kernels that run on the host are compared with the CPU's.
#include <cuda_runtime_api.h>
#include <cstring>

#include <dlfcn.h>
#include <wick/cuda.h>

#include "simulated_cuda/simulated_cuda.h"
#include "support.h"

namespace {

template <typename Function>
Function* find(const char* name) {
  auto* function = reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
  if (function == nullptr) {
    throw check::Failed(std::string("the simulated CUDA runtime is not there: ") + name);
  }
  return function;
}

simulated_cuda_counters counters() {
  simulated_cuda_counters now;
  find<decltype(simulated_cuda_get_counters)>("simulated_cuda_get_counters")(&now);
  return now;
}

simulated_cuda_live live() {
  simulated_cuda_live now;
  find<decltype(simulated_cuda_get_live)>("simulated_cuda_get_live")(&now);
  return now;
}

Tensor to(wick_tensor tensor, const char* device, int64_t dtype = FLOAT32, bool non_blocking = false) {
  return call_operator("aten::to", Tree().tensor(tensor).device(device).integer(dtype).boolean(non_blocking)
                                       .boolean(false).none());
}

Tensor to_cpu(wick_tensor tensor) { return to(tensor, "cpu"); }

Tree on_device(Tree& sizes) {
  return sizes.keyword("dtype").integer(FLOAT32).keyword("device").device("cuda:0");
}

Tensor pinned(wick_tensor tensor) { return call_operator("aten::pin_memory", Tree().tensor(tensor)); }

// A stream of the device, with the settings of a call on it.
class Stream {
 public:
  Stream() {
    CHECK_OK(wick_cuda_stream_take(0, 0, &stream_, &error));
    options_ = {WICK_MODE_NO_GRAD, 0, 0, 1, stream_};
  }
  ~Stream() { wick_cuda_stream_give_back(0, 0, stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  operator int64_t() const { return stream_; }
  const wick_call_options* options() const { return &options_; }

 private:
  int64_t stream_ = 0;
  wick_call_options options_{};
};

}  // namespace

TEST(libtorch_sees_the_device) {
  for (const char* library : {"libc10_cuda.so", "libtorch_cuda.so"}) {
    if (dlopen(library, RTLD_LAZY | RTLD_GLOBAL) == nullptr) {
      throw check::Failed(dlerror());
    }
  }
  CHECK_OK(wick_cuda_initialize(&error));
  int32_t count = -1;
  CHECK_OK(wick_cuda_device_count(&count, &error));
  CHECK_EQUAL(count, 1);
  wick_cuda_device device;
  CHECK_OK(wick_cuda_device_describe(0, &device, &error));
  CHECK_EQUAL(std::string(device.name, static_cast<size_t>(device.name_length)), "Simulated");
  CHECK_EQUAL(device.compute_capability_major, 9);
}

TEST(a_tensor_lies_on_the_device) {
  const int64_t sizes[] = {4, 5};
  Tensor tensor;
  CHECK_OK(wick_tensor_empty(sizes, 2, FLOAT32, 1, 0, nullptr, tensor.out(), &error));
  CHECK_EQUAL(describe(tensor).device_type, 1);
  CHECK(live().device_bytes >= 80);
}

TEST(copies_come_back_as_they_went) {
  const Tensor x = noise({33, 7});
  const Tensor there = to(x, "cuda:0");
  CHECK_EQUAL(describe(there).device_type, 1);
  CHECK(values(to_cpu(there)) == values(x));
  const Tensor same = to(there, "cuda:0");
  const Tensor copy = call_operator("aten::clone", Tree().tensor(same));
  CHECK(values(to_cpu(copy)) == values(x));
}

TEST(a_pinned_tensor_is_copied_without_a_wait) {
  const Tensor x = pinned(noise({100}));
  CHECK(describe(x).flags & WICK_TENSOR_PINNED);
  const simulated_cuda_counters before = counters();
  const Tensor there = to(x, "cuda:0", FLOAT32, true);
  CHECK_EQUAL(counters().copies_to_device_pinned, before.copies_to_device_pinned + 1);
  CHECK_EQUAL(counters().blocking_copies, before.blocking_copies);
  CHECK_EQUAL(counters().stream_synchronizations, before.stream_synchronizations);
  CHECK(values(to_cpu(there)) == values(x));
}

TEST(a_copy_is_one_call) {
  const Tensor x = pinned(noise({64, 3}));
  const Tensor back = pinned(noise({64, 3}, 9));
  const int64_t sizes[] = {64, 3};
  Tensor there;
  CHECK_OK(wick_tensor_empty(sizes, 2, FLOAT32, 1, 0, nullptr, there.out(), &error));
  const Stream stream;
  int64_t done = 0;
  CHECK_OK(wick_cuda_event_create(0, 0, 0, &done, &error));
  const simulated_cuda_counters before = counters();
  CHECK_OK(wick_cuda_copy(0, stream, x, there, done, done, &error));
  CHECK_OK(wick_cuda_copy(0, stream, there, back, done, done, &error));
  CHECK_OK(wick_cuda_event_synchronize(done, &error));
  CHECK_EQUAL(counters().copies_to_device_pinned, before.copies_to_device_pinned + 1);
  CHECK_EQUAL(counters().blocking_copies, before.blocking_copies);
  CHECK_EQUAL(counters().stream_synchronizations, before.stream_synchronizations);
  CHECK(values(back) == values(x));

  const Tensor pageable = noise({64, 3});
  const Tensor other = pinned(noise({3, 64}));
  const Tensor across = call_operator("aten::t", Tree().tensor(other));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "page-locked", wick_cuda_copy(0, stream, pageable, there, 0, 0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "page-locked", wick_cuda_copy(0, stream, there, pageable, 0, 0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "contiguous", wick_cuda_copy(0, stream, across, there, 0, 0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "one dtype and shape", wick_cuda_copy(0, stream, other, there, 0, 0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "two on the cpu", wick_cuda_copy(0, stream, x, back, 0, 0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "handle is 0", wick_cuda_copy(0, stream, 0, back, 0, 0, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "device 7", wick_cuda_copy(7, stream, x, there, 0, 0, &error));
  wick_cuda_event_free(done);
}

TEST(what_the_devices_allocator_does_is_recorded) {
  const auto allocate = [](int64_t bytes) {
    Tensor tensor;
    CHECK_OK(wick_tensor_empty(&bytes, 1, 0, 1, 0, nullptr, tensor.out(), &error));
    return tensor;
  };
  const Tensor before = allocate(3000);
  wick_cuda_memory memory;
  CHECK_OK(wick_cuda_memory_get(0, &memory, &error));
  wick_memory_recording recording = 0;
  CHECK_OK(wick_memory_record(0, 1000, 0, &recording, &error));
  wick_memory_recording_info info;
  CHECK_OK(wick_memory_recording_describe(recording, &info, &error));
  CHECK_EQUAL(info.baseline_bytes, memory.requested_bytes.all.current);
  const Tensor kept = allocate(1000);
  {
    const Tensor gone = allocate(30 << 20);
  }
  CHECK_OK(wick_memory_recording_stop(recording, &error));
  const Tensor after = allocate(5);
  std::vector<wick_memory_event> events(1000);
  CHECK_OK(wick_memory_recording_read(recording, events.data(), 1000, &info, &error));
  int64_t bytes = info.baseline_bytes;
  int64_t segments = 0;
  int64_t large = 0;
  for (int64_t i = 0; i < info.event_count; ++i) {
    const auto& event = events[static_cast<size_t>(i)];
    CHECK_EQUAL(event.device, 0);
    segments += event.action == WICK_MEMORY_SEGMENT_ALLOC ? 1 : 0;
    if (event.action == WICK_MEMORY_ALLOC) {
      bytes += event.bytes;
      large = event.bytes == 30 << 20 ? event.sequence : large;
    } else if (event.action == WICK_MEMORY_FREE_REQUESTED || event.action == WICK_MEMORY_FREE_COMPLETED) {
      CHECK_EQUAL(event.allocation, large);
      bytes -= event.action == WICK_MEMORY_FREE_COMPLETED ? event.bytes : 0;
    }
  }
  CHECK_EQUAL(bytes, info.baseline_bytes + 1000);
  CHECK_EQUAL(info.current_bytes, bytes);
  CHECK_EQUAL(info.peak_bytes, info.baseline_bytes + 1000 + (30 << 20));
  CHECK(segments >= 1);
  wick_memory_recording_free(recording);

  int64_t counts[2] = {0, 0};
  CHECK_OK(wick_cuda_memory_segments(0, nullptr, 0, nullptr, 0, &counts[0], &counts[1], &error));
  std::vector<wick_cuda_segment> all(static_cast<size_t>(counts[0]));
  std::vector<wick_cuda_block> blocks(static_cast<size_t>(counts[1]));
  CHECK_OK(wick_cuda_memory_segments(0, all.data(), counts[0], blocks.data(), counts[1], &counts[0], &counts[1],
                                     &error));
  CHECK_OK(wick_cuda_memory_get(0, &memory, &error));
  int64_t total = 0;
  int64_t requested = 0;
  size_t next = 0;
  for (const auto& segment : all) {
    int64_t in_blocks = 0;
    for (int64_t i = 0; i < segment.block_count; ++i) {
      in_blocks += blocks[next].bytes;
      requested += blocks[next].state == WICK_CUDA_BLOCK_INACTIVE ? 0 : blocks[next].requested_bytes;
      ++next;
    }
    CHECK_EQUAL(in_blocks, segment.total_bytes);
    total += segment.total_bytes;
  }
  CHECK_EQUAL(next, blocks.size());
  CHECK_EQUAL(total, memory.reserved_bytes.all.current);
  CHECK_EQUAL(requested, memory.requested_bytes.all.current);
}

TEST(numbers_are_filled_in) {
  Tree two = Tree().list(1).integer(300);
  CHECK(values(to_cpu(call_operator("aten::zeros", on_device(two)))) == std::vector<float>(300, 0));
  Tree three = Tree().list(1).integer(300);
  CHECK(values(to_cpu(call_operator("aten::ones", on_device(three)))) == std::vector<float>(300, 1));
  Tree four = Tree().list(1).integer(5).real(2.5);
  CHECK(values(to_cpu(call_operator("aten::full", on_device(four)))) == std::vector<float>(5, 2.5));
}

TEST(sums_and_products_are_the_cpus) {
  for (const int64_t dtype : {FLOAT32, FLOAT64, FLOAT16, BFLOAT16, INT32, INT64}) {
    const Tensor scaled = call_operator("aten::mul", Tree().tensor(noise({1037}, 1)).real(50));
    const Tensor a = call_operator("aten::to", Tree().tensor(scaled).integer(dtype));
    const Tensor b = call_operator("aten::flip", Tree().tensor(a).list(1).integer(0));
    const Tensor a_there = to(a, "cuda:0", dtype);
    const Tensor b_there = to(b, "cuda:0", dtype);
    std::vector<const char*> names = {"aten::add", "aten::sub", "aten::mul"};
    if (dtype != INT32 && dtype != INT64) {
      names.push_back("aten::div");
    }
    for (const char* name : names) {
      const auto expected = call_operator(name, Tree().tensor(a).tensor(b));
      const auto got = call_operator(name, Tree().tensor(a_there).tensor(b_there));
      CHECK_EQUAL(describe(got).dtype, static_cast<int32_t>(dtype));
      CHECK(values(to(got, "cpu", dtype)) == values(expected));
      // A power of two, since CUDA divides by multiplying with the inverse.
      const auto expected_with_number = call_operator(name, Tree().tensor(a).integer(4));
      const auto got_with_number = call_operator(name, Tree().tensor(a_there).integer(4));
      CHECK(values(to(got_with_number, "cpu", dtype)) == values(expected_with_number));
    }
  }
}

TEST(dtypes_are_converted_as_on_the_cpu) {
  const Tensor x = call_operator("aten::mul", Tree().tensor(noise({515})).real(100));
  const std::vector<int64_t> dtypes = {FLOAT32, FLOAT64, FLOAT16, BFLOAT16, INT32, INT64};
  for (const int64_t from : dtypes) {
    const Tensor source = call_operator("aten::to", Tree().tensor(x).integer(from));
    const Tensor there = to(source, "cuda:0", from);
    for (const int64_t dtype : dtypes) {
      const Tensor expected = call_operator("aten::to", Tree().tensor(source).integer(dtype));
      const Tensor got = call_operator("aten::to", Tree().tensor(there).integer(dtype));
      CHECK_EQUAL(describe(got).dtype, static_cast<int32_t>(dtype));
      CHECK(values(to(got, "cpu", dtype)) == values(expected));
    }
  }
}

TEST(a_module_runs_on_the_device) {
  const Module module = load("tiny.pt", 1);
  const Method forward = method(module, "forward");
  const Tensor x = noise({3, 4});
  const Tensor expected = call(method(load("tiny.pt"), "forward"), {x});
  for (int i = 0; i < 3; ++i) {
    const Tensor y = call(forward, {to(x, "cuda:0")});
    CHECK_EQUAL(describe(y).device_type, 1);
    CHECK(values(to_cpu(y)) == values(expected));
  }
}

TEST(operators_are_captured_on_a_stream_and_replayed) {
  const Tensor sum = to(make_tensor({4}, {1, 2, 3, 4}), "cuda:0");
  const Tensor one = to(make_tensor({4}, {1, 1, 1, 1}), "cuda:0");
  const Stream stream;
  const auto add = [&] {
    Answer answer;
    const Tree arguments = Tree().tensor(sum).tensor(one);
    CHECK_OK(wick_operator_call_by_name("aten::add_", 10, stream.options(), arguments.data(), arguments.count(),
                                        answer.out(), &error));
  };
  Owned<&wick_cuda_graph_free> graph;
  int64_t nodes = 0;
  CHECK_OK(wick_cuda_graph_begin(0, stream, 0, graph.out(), &error));
  add();
  add();
  CHECK_OK(wick_cuda_graph_end(graph, 0, &nodes, &error));
  CHECK_EQUAL(nodes, 2);
  CHECK(values(to_cpu(sum)) == std::vector<float>({1, 2, 3, 4}));
  for (int i = 1; i <= 3; ++i) {
    CHECK_OK(wick_cuda_graph_run(graph, stream, &error));
    CHECK_EQUAL(values(to_cpu(sum))[3], 4 + 2 * i);
  }
}

TEST(what_a_capture_allocates_is_the_graphs_until_it_is_freed) {
  const Tensor x = to(noise({1 << 20}), "cuda:0");
  const Stream stream;
  const auto add = [&] {
    Answer answer;
    const Tree arguments = Tree().tensor(x).tensor(x);
    CHECK_OK(wick_operator_call_by_name("aten::add", 9, stream.options(), arguments.data(), arguments.count(),
                                        answer.out(), &error));
  };
  const auto reserved = [] {
    wick_cuda_memory memory;
    CHECK_OK(wick_cuda_memory_trim(&error));
    CHECK_OK(wick_cuda_memory_get(0, &memory, &error));
    return memory.reserved_bytes.all.current;
  };
  add();
  const int64_t before = reserved();
  wick_cuda_graph graph = 0;
  CHECK_OK(wick_cuda_graph_begin(0, stream, 0, &graph, &error));
  add();
  CHECK_OK(wick_cuda_graph_end(graph, 0, nullptr, &error));
  const int64_t graphs = reserved() - before;
  CHECK(graphs > 0);
  wick_cuda_use use;
  CHECK_OK(wick_cuda_memory_use(0, &use, &error));
  CHECK_EQUAL(use.private_pool_bytes, graphs);
  CHECK_OK(wick_cuda_graph_launch(graph, stream, &error));
  wick_cuda_graph_free(graph);
  CHECK_EQUAL(reserved(), before);
  CHECK_OK(wick_cuda_memory_use(0, &use, &error));
  CHECK_EQUAL(use.private_pool_bytes, 0);
}

// A look at a device that this process has not used: the second one.
TEST(figures_of_an_unused_device_make_no_context) {
  int32_t count = 0;
  CHECK_OK(wick_cuda_device_count(&count, &error));
  if (count < 2) {
    return;
  }
  wick_cuda_use use;
  wick_cuda_memory memory;
  CHECK_OK(wick_cuda_memory_get(1, &memory, &error));
  CHECK_EQUAL(memory.reserved_bytes.all.current, 0);
  CHECK_OK(wick_cuda_memory_use(1, &use, &error));
  CHECK_EQUAL(use.device_total_bytes, -1);
  CHECK_OK(wick_cuda_memory_use(1, &use, &error));
  CHECK_EQUAL(use.device_free_bytes, -1);
}

TEST(the_largest_free_block_is_found) {
  CHECK_OK(wick_cuda_memory_trim(&error));
  const int64_t bytes = int64_t{32} << 20;
  { const Tensor x = to(noise({bytes / 4}), "cuda:0"); }
  wick_cuda_use use;
  CHECK_OK(wick_cuda_memory_use(0, &use, &error));
  CHECK(use.largest_free_block_bytes >= bytes);
  CHECK(use.device_free_bytes > 0 && use.device_free_bytes < use.device_total_bytes);
  CHECK_OK(wick_cuda_memory_trim(&error));
  CHECK_OK(wick_cuda_memory_use(0, &use, &error));
  CHECK(use.largest_free_block_bytes < bytes);
}

TEST(a_share_of_the_device_is_a_limit) {
  double before = 0;
  CHECK_OK(wick_cuda_memory_fraction_get(0, &before, &error));
  CHECK(before == 1);
  CHECK_OK(wick_cuda_memory_fraction_set(0, 0.25, &error));
  double fraction = 0;
  CHECK_OK(wick_cuda_memory_fraction_get(0, &fraction, &error));
  CHECK(fraction == 0.25);
  const int64_t half_a_gib = int64_t{1} << 27;
  Tensor tensor;
  CHECK_FAILS(WICK_OUT_OF_MEMORY, "CUDA out of memory",
              wick_tensor_empty(&half_a_gib, 1, FLOAT32, 1, 0, nullptr, tensor.out(), &error));
  CHECK_OK(wick_cuda_memory_fraction_set(0, before, &error));
  CHECK_OK(wick_tensor_empty(&half_a_gib, 1, FLOAT32, 1, 0, nullptr, tensor.out(), &error));
}

// The default stream is 0, and no less a stream that a launch may still be on.
TEST(freeing_a_graph_waits_for_its_launch_on_any_stream) {
  const Tensor x = to(noise({4}), "cuda:0");
  const Stream stream;
  for (const int64_t on : {static_cast<int64_t>(stream), int64_t{0}}) {
    wick_cuda_graph graph = 0;
    CHECK_OK(wick_cuda_graph_begin(0, stream, 0, &graph, &error));
    Answer answer;
    const Tree arguments = Tree().tensor(x).tensor(x);
    CHECK_OK(wick_operator_call_by_name("aten::add_", 10, stream.options(), arguments.data(), arguments.count(),
                                        answer.out(), &error));
    CHECK_OK(wick_cuda_graph_end(graph, 0, nullptr, &error));
    CHECK_OK(wick_cuda_graph_launch(graph, on, &error));
    const int64_t waits = counters().stream_synchronizations;
    wick_cuda_graph_free(graph);
    CHECK_EQUAL(counters().stream_synchronizations, waits + 1);
  }
}

TEST(the_operator_that_breaks_a_capture_is_named) {
  const Tensor x = to(noise({4}), "cuda:0");
  const Stream stream;
  Owned<&wick_cuda_graph_free> graph;
  CHECK_OK(wick_cuda_graph_begin(0, stream, 0, graph.out(), &error));
  Answer answer;
  const Tree arguments = Tree().tensor(x);
  CHECK(wick_operator_call_by_name("aten::item", 10, stream.options(), arguments.data(), arguments.count(),
                                   answer.out(), &error) != WICK_OK);
  CHECK_FAILS(WICK_UNSUPPORTED, "aten::item cannot be captured",
              wick_cuda_graph_end(graph, 1, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "ended once", wick_cuda_graph_end(graph, 0, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "has not ended well", wick_cuda_graph_launch(graph, stream, &error));
}

// One copy each way from page-locked memory, one wait, and nothing that CUDA would stage; as a graph, one launch.
TEST(a_run_waits_once_and_copies_page_locked_memory_alone) {
  const Module module = load("tiny.pt", 1);
  const Method forward = method(module, "forward");
  const Tensor x = pinned(make_tensor({3}, {1, 2, 3}));
  const Stream stream;
  wick_call_options options = *stream.options();
  options.mode = WICK_MODE_INFERENCE;
  for (const int32_t compute : {-1, static_cast<int32_t>(FLOAT16)}) {
    Owned<&wick_runner_free> runner;
    const wick_tensor input = x;
    CHECK_OK(wick_runner_create(forward, &options, &input, 1, compute, FLOAT32, runner.out(), &error));
    Answer outputs;
    CHECK_OK(wick_runner_outputs(runner, outputs.out(), &error));
    Tensor output;
    CHECK_OK(wick_tensor_retain(outputs.tensor(1), output.out(), &error));
    CHECK((describe(output).flags & WICK_TENSOR_PINNED) != 0);
    for (int i = 0; i < 3; ++i) {
      CHECK_OK(wick_runner_run(runner, &error));
    }
    const auto reset = find<decltype(simulated_cuda_reset_counters)>("simulated_cuda_reset_counters");
    reset();
    CHECK_OK(wick_runner_run(runner, &error));
    CHECK(values(output) == std::vector<float>({2, 3, 4}));
    const simulated_cuda_counters eager = counters();
    CHECK_EQUAL(eager.copies_to_device_pinned, 1);
    CHECK_EQUAL(eager.copies_to_host_pinned, 1);
    CHECK_EQUAL(eager.copies_to_device_pageable + eager.copies_to_host_pageable + eager.copies_on_host, 0);
    CHECK_EQUAL(eager.stream_synchronizations, 1);
    CHECK_EQUAL(eager.event_synchronizations + eager.device_synchronizations + eager.blocking_copies, 0);
    CHECK_EQUAL(eager.device_allocations + eager.host_allocations, 0);

    Owned<&wick_cuda_graph_free> graph;
    CHECK_OK(wick_cuda_graph_begin(0, stream, 0, graph.out(), &error));
    CHECK_OK(wick_runner_enqueue(runner, 15, 0, &error));
    CHECK_OK(wick_cuda_graph_end(graph, 0, nullptr, &error));
    std::memset(reinterpret_cast<void*>(describe(output).data), 0, 12);
    reset();
    CHECK_OK(wick_cuda_graph_run(graph, stream, &error));
    CHECK(values(output) == std::vector<float>({2, 3, 4}));
    const simulated_cuda_counters replayed = counters();
    CHECK_EQUAL(replayed.graph_launches, 1);
    CHECK_EQUAL(replayed.stream_synchronizations, 1);
    CHECK_EQUAL(replayed.kernel_launches + replayed.copies_to_device_pinned + replayed.copies_to_host_pinned, 0);
  }
}

TEST(a_kernel_that_is_not_there_is_an_error_that_names_it) {
  const Tensor there = to(noise({10}), "cuda:0");
  Answer answer;
  const Tree arguments = Tree().tensor(there);
  const wick_call_options plain{WICK_MODE_NO_GRAD, 0, 0, 0, 0};
  CHECK_FAILS(WICK_CUDA_ERROR, "not supported",
              wick_operator_call_by_name("aten::erfinv", 12, &plain, arguments.data(), arguments.count(), answer.out(),
                                         &error));
  CHECK_EQUAL(error.cuda_code, int32_t{cudaErrorNotSupported});
  CHECK_EQUAL(error.cuda_sticky, 0);
  CHECK(values(to_cpu(there)) == values(noise({10})));
}

TEST(memory_runs_out_and_the_rest_goes_on) {
  const int64_t too_large = int64_t{1} << 31;
  Tensor tensor;
  CHECK_FAILS(WICK_OUT_OF_MEMORY, "CUDA out of memory. Tried to allocate 8.00 GiB",
              wick_tensor_empty(&too_large, 1, FLOAT32, 1, 0, nullptr, tensor.out(), &error));
  CHECK_EQUAL(error.requested_bytes, int64_t{8} << 30);
  CHECK_EQUAL(error.limit_bytes, int64_t{1} << 30);
  CHECK(error.reserved_bytes >= error.allocated_bytes);
  CHECK(error.free_bytes > 0 && error.free_bytes <= error.limit_bytes);
  CHECK(values(to_cpu(to(noise({10}), "cuda:0"))) == values(noise({10})));
}

TEST(a_lost_context_is_told_as_sticky) {
  const Tensor there = to(noise({10}), "cuda:0");
  find<decltype(simulated_cuda_fail_next_launch)>("simulated_cuda_fail_next_launch")(700);
  const Tensor sum = call_operator("aten::add", Tree().tensor(there).tensor(there));
  CHECK_FAILS(WICK_CUDA_ERROR, "illegal memory access", wick_cuda_synchronize(0, &error));
  CHECK_EQUAL(error.cuda_code, 700);
  CHECK_EQUAL(error.cuda_sticky, 1);
  find<decltype(simulated_cuda_recover)>("simulated_cuda_recover")();
  CHECK_OK(wick_cuda_synchronize(0, &error));
}
