#include "support.h"

namespace {

wick_executor settings() {
  wick_executor executor;
  CHECK_OK(wick_executor_get(&executor, &error));
  return executor;
}

bool compiled(wick_module module) {
  Answer answer;
  return wick_module_graph(module, "forward", 7, WICK_GRAPH_EXECUTED, answer.out(), &error) == WICK_OK;
}

}  // namespace

TEST(settings_are_kept) {
  const wick_executor before = settings();
  CHECK_EQUAL(before.optimize, 1);
  CHECK_EQUAL(before.profiling, 1);
  CHECK_EQUAL(before.profiled_runs, 1);
  CHECK_EQUAL(before.fusion_count, 2);
  wick_executor wanted = before;
  wanted.profiled_runs = 2;
  wanted.tensor_expression_fuser = 0;
  wanted.fusion_count = 1;
  wanted.fusion_kind[0] = WICK_FUSION_DYNAMIC;
  wanted.fusion_depth[0] = 3;
  CHECK_OK(wick_executor_set(&wanted, &error));
  const wick_executor after = settings();
  CHECK_EQUAL(after.profiled_runs, 2);
  CHECK_EQUAL(after.tensor_expression_fuser, 0);
  CHECK_EQUAL(after.fusion_count, 1);
  CHECK_EQUAL(after.fusion_kind[0], int32_t{WICK_FUSION_DYNAMIC});
  CHECK_EQUAL(after.fusion_depth[0], 3);
  CHECK_OK(wick_executor_set(&before, &error));
}

TEST(bad_settings_are_refused) {
  const wick_executor good = settings();
  wick_executor bad = good;
  bad.profiled_runs = 0;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "profiled_runs", wick_executor_set(&bad, &error));
  bad = good;
  bad.fusion_count = 9;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "fusion_count", wick_executor_set(&bad, &error));
  bad = good;
  bad.fusion_kind[0] = 7;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "fusion_kind", wick_executor_set(&bad, &error));
  bad = good;
  bad.fusion_depth[0] = -1;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "fusion_depth", wick_executor_set(&bad, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no place", wick_executor_set(nullptr, &error));
}

TEST(the_second_run_compiles) {
  const Module module = load("mlp.pt");
  const Method forward = method(module, "forward");
  const Tensor x = load_npy("mlp.forward.input.0.npy");
  call(forward, {x});
  CHECK(!compiled(module));
  call(forward, {x});
  CHECK(compiled(module));
}

TEST(nothing_compiles_without_optimisation) {
  const wick_executor before = settings();
  wick_executor plain = before;
  plain.optimize = 0;
  CHECK_OK(wick_executor_set(&plain, &error));
  const Module module = load("mlp.pt");
  const Method forward = method(module, "forward");
  const Tensor x = load_npy("mlp.forward.input.0.npy");
  for (int i = 0; i < 3; ++i) {
    CHECK(largest_difference(values(call(forward, {x})), values(load_npy("mlp.forward.output.npy"))) < 2e-5);
  }
  CHECK(!compiled(module));
  CHECK_OK(wick_executor_set(&before, &error));
}

TEST(an_empty_strategy_compiles_no_specialisation) {
  const wick_executor before = settings();
  wick_executor none = before;
  none.fusion_count = 0;
  CHECK_OK(wick_executor_set(&none, &error));
  const Module module = load("mlp.pt");
  const Method forward = method(module, "forward");
  const Tensor x = load_npy("mlp.forward.input.0.npy");
  for (int i = 0; i < 3; ++i) {
    CHECK(largest_difference(values(call(forward, {x})), values(load_npy("mlp.forward.output.npy"))) < 2e-5);
  }
  CHECK_OK(wick_executor_set(&before, &error));
}

TEST(every_setting_gives_the_same_output) {
  const wick_executor before = settings();
  const Tensor x = load_npy("classifier.forward.input.0.npy");
  const auto expected = values(load_npy("classifier.forward.output.npy"));
  for (int bits = 0; bits < 8; ++bits) {
    wick_executor wanted = before;
    wanted.optimize = bits & 1;
    wanted.profiling = (bits >> 1) & 1;
    wanted.tensor_expression_fuser = (bits >> 2) & 1;
    CHECK_OK(wick_executor_set(&wanted, &error));
    const Module module = load("classifier.pt");
    const Method forward = method(module, "forward");
    for (int i = 0; i < 3; ++i) {
      CHECK(largest_difference(values(call(forward, {x})), expected) < 2e-5);
    }
  }
  CHECK_OK(wick_executor_set(&before, &error));
}
