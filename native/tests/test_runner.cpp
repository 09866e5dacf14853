#include <cstring>

#include "support.h"

namespace {

Runner make_runner(wick_method method, const std::vector<wick_tensor>& inputs, int32_t compute = -1,
                   int32_t output = -1, wick_call_options options = {}) {
  Runner runner;
  CHECK_OK(wick_runner_create(method, &options, inputs.data(), static_cast<int64_t>(inputs.size()), compute, output,
                              runner.out(), &error));
  return runner;
}

void overwrite(wick_tensor tensor, const std::vector<float>& values) {
  std::memcpy(reinterpret_cast<void*>(describe(tensor).data), values.data(), values.size() * sizeof(float));
}

}  // namespace

TEST(a_run_reads_the_inputs_memory_and_fills_the_outputs) {
  const Module module = load("tiny.pt");
  const Tensor x = make_tensor({3}, {1, 2, 3});
  const Runner runner = make_runner(method(module, "forward"), {x});
  Answer outputs;
  CHECK_OK(wick_runner_outputs(runner, outputs.out(), &error));
  CHECK_EQUAL(outputs[0].integer, 1);
  const int64_t data = describe(outputs.tensor(1)).data;
  CHECK(values(outputs.tensor(1)) == std::vector<float>({2, 3, 4}));
  for (float i = 0; i < 5; ++i) {
    overwrite(x, {i, i, i});
    CHECK_OK(wick_runner_run(runner, &error));
    CHECK(values(outputs.tensor(1)) == std::vector<float>({i + 1, i + 1, i + 1}));
    CHECK_EQUAL(describe(outputs.tensor(1)).data, data);
  }
  CHECK_EQUAL(describe(outputs.tensor(1)).flags & WICK_TENSOR_INFERENCE, 0);
}

TEST(dtypes_are_converted_in_and_out) {
  const Module module = clone(load("classifier.pt"));
  const Tensor x = load_npy("classifier.forward.input.0.npy");
  CHECK_OK(wick_module_to(module, BFLOAT16, -1, 0, 1, nullptr, &error));
  const Runner runner = make_runner(method(module, "forward"), {x}, BFLOAT16, FLOAT32);
  Answer outputs;
  CHECK_OK(wick_runner_outputs(runner, outputs.out(), &error));
  CHECK_EQUAL(describe(outputs.tensor(1)).dtype, int32_t{FLOAT32});
  CHECK_OK(wick_runner_run(runner, &error));
  CHECK(largest_difference(values(outputs.tensor(1)), values(load_npy("classifier.forward.output.npy"))) < 0.1);
}

TEST(structured_results_become_outputs_in_order) {
  const Module module = load("structures.pt");
  const Tensor x = make_tensor({2}, {1, 2});
  const Runner runner = make_runner(method(module, "returns_nested"), {x});
  Answer outputs;
  CHECK_OK(wick_runner_run(runner, &error));
  CHECK_OK(wick_runner_outputs(runner, outputs.out(), &error));
  CHECK_EQUAL(outputs[0].integer, 3);
  CHECK(values(outputs.tensor(3)) == std::vector<float>({3, 4}));
}

TEST(outputs_of_another_shape_are_refused_and_the_old_stay) {
  const Module module = load("structures.pt");
  const Tensor x = make_tensor({3}, {1, -2, 3});
  const Runner runner = make_runner(method(module, "varies"), {x});
  Answer outputs;
  CHECK_OK(wick_runner_outputs(runner, outputs.out(), &error));
  overwrite(x, {1, 2, 3});
  CHECK_FAILS(WICK_FAILED, "output 0 is now float32 [3]; it was float32 [2]", wick_runner_run(runner, &error));
  CHECK(values(outputs.tensor(1)) == std::vector<float>({1, 3}));
  overwrite(x, {-1, 5, 6});
  CHECK_OK(wick_runner_run(runner, &error));
  CHECK(values(outputs.tensor(1)) == std::vector<float>({5, 6}));
}

TEST(what_a_runner_refuses) {
  const Module module = load("structures.pt");
  const Tensor x = make_tensor({1}, {1});
  Runner runner;
  const wick_tensor input = x;
  const auto create = [&](const char* name, int64_t count, int32_t compute) {
    return wick_runner_create(method(module, name), nullptr, &input, count, compute, -1, runner.out(), &error);
  };
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "returns no tensor", create("returns_int", 0, -1));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "missing", create("returns_tensor", 0, -1));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "at most", create("returns_int", 1, -1));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "floating dtype", create("returns_tensor", 1, INT64));
  CHECK_FAILS(WICK_FAILED, "never right", create("fails", 1, -1));
}

TEST(a_run_allocates_what_the_call_does) {
  const Module module = load("mlp.pt");
  const Method forward = method(module, "forward");
  const Tensor x = load_npy("mlp.forward.input.0.npy");
  const auto allocations = [](const std::function<void()>& body) {
    wick_cpu_memory before;
    wick_cpu_memory after;
    wick_cpu_memory_get(&before);
    body();
    wick_cpu_memory_get(&after);
    return after.allocation_allocated - before.allocation_allocated;
  };
  const Runner runner = make_runner(forward, {x});
  for (int i = 0; i < 3; ++i) {
    CHECK_OK(wick_runner_run(runner, &error));
  }
  const int64_t of_a_run = allocations([&] { CHECK_OK(wick_runner_run(runner, &error)); });
  const int64_t of_a_call = allocations([&] { call(forward, {x}); });
  CHECK_EQUAL(of_a_run, of_a_call);
}

TEST(a_runner_keeps_its_module_and_inputs_alive) {
  Runner runner;
  {
    const Module module = load("tiny.pt");
    const Tensor x = make_tensor({1}, {1});
    runner = make_runner(method(module, "forward"), {x}, -1, -1, {WICK_MODE_GRAD, 1, 0, 0, 0});
  }
  CHECK_OK(wick_runner_run(runner, &error));
  Answer outputs;
  CHECK_OK(wick_runner_outputs(runner, outputs.out(), &error));
  runner = Runner();
  CHECK(values(outputs.tensor(1)) == std::vector<float>({2}));
}
