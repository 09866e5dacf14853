// LibTorch's own libtorch_cuda on the simulated CUDA runtime, through the C ABI: its allocator, streams and copies are
// the real ones, and results of the few kernels that run on the host are compared with the CPU's.
#include <cuda_runtime_api.h>
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

}  // namespace

TEST(libtorch_sees_the_device) {
  for (const char* library : {"libc10_cuda.so", "libtorch_cuda.so"}) {
    if (dlopen(library, RTLD_LAZY | RTLD_GLOBAL) == nullptr) {
      throw check::Failed(dlerror());
    }
  }
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

// In place, so that nothing is allocated: LibTorch's allocator has not been told of the capture.
TEST(operators_are_captured_on_a_stream_and_replayed) {
  const Tensor sum = to(make_tensor({4}, {1, 2, 3, 4}), "cuda:0");
  const Tensor one = to(make_tensor({4}, {1, 1, 1, 1}), "cuda:0");
  cudaStream_t stream = nullptr;
  CHECK_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  const wick_call_options on_stream{WICK_MODE_NO_GRAD, 0, 0, 1, reinterpret_cast<int64_t>(stream)};
  const auto add = [&] {
    Answer answer;
    const Tree arguments = Tree().tensor(sum).tensor(one);
    CHECK_OK(wick_operator_call_by_name("aten::add_", 10, &on_stream, arguments.data(), arguments.count(),
                                        answer.out(), &error));
  };
  CHECK_EQUAL(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  add();
  add();
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  CHECK_EQUAL(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  CHECK_EQUAL(cudaGraphInstantiateWithFlags(&executable, graph, 0), cudaSuccess);
  CHECK(values(to_cpu(sum)) == std::vector<float>({1, 2, 3, 4}));
  for (int i = 1; i <= 3; ++i) {
    CHECK_EQUAL(cudaGraphLaunch(executable, stream), cudaSuccess);
    CHECK_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
    CHECK_EQUAL(values(to_cpu(sum))[3], 4 + 2 * i);
  }
  CHECK_EQUAL(cudaGraphExecDestroy(executable), cudaSuccess);
  CHECK_EQUAL(cudaGraphDestroy(graph), cudaSuccess);
  CHECK_EQUAL(cudaStreamDestroy(stream), cudaSuccess);
}

TEST(a_kernel_that_is_not_there_is_an_error_that_names_it) {
  const Tensor there = to(noise({10}), "cuda:0");
  Answer answer;
  const Tree arguments = Tree().tensor(there);
  const wick_call_options plain{WICK_MODE_NO_GRAD, 0, 0, 0, 0};
  CHECK_FAILS(WICK_FAILED, "not supported",
              wick_operator_call_by_name("aten::erfinv", 12, &plain, arguments.data(), arguments.count(), answer.out(),
                                         &error));
  CHECK(values(to_cpu(there)) == values(noise({10})));
}

TEST(memory_runs_out_and_the_rest_goes_on) {
  const int64_t too_large = int64_t{1} << 31;
  Tensor tensor;
  CHECK(wick_tensor_empty(&too_large, 1, FLOAT32, 1, 0, nullptr, tensor.out(), &error) != WICK_OK);
  CHECK(message(error).find("CUDA out of memory. Tried to allocate 8.00 GiB") != std::string::npos);
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
