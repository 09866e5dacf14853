#include "support.h"

namespace {

wick_onednn_graph_counts counts() {
  wick_onednn_graph_counts now;
  wick_onednn_graph_count(&now);
  return now;
}

bool available() {
  Answer answer;
  CHECK_OK(wick_runtime_describe(answer.out(), &error));
  return answer[answer.find("has_llga") + 1].integer != 0;
}

constexpr wick_call_options fused{WICK_MODE_INFERENCE, 0, WICK_CALL_ONEDNN_GRAPH, 0, 0};

}  // namespace

TEST(frozen_models_are_fused_and_agree) {
  if (!available()) {
    return;
  }
  struct Case { const char* archive; std::vector<int64_t> sizes; };
  for (const Case& c : {Case{"classifier.pt", {3, 32, 32}}, Case{"mlp.pt", {64}}}) {
    const Module module = load(c.archive);
    const Module frozen = freeze(module);
    const Method plain = method(module, "forward");
    const Method forward = method(frozen, "forward");
    const auto before = counts();
    for (const int64_t batch : {2, 2, 2, 5, 5, 5, 1, 1, 2, 7, 5, 2}) {
      std::vector<int64_t> sizes = {batch};
      sizes.insert(sizes.end(), c.sizes.begin(), c.sizes.end());
      const Tensor x = noise(sizes, static_cast<uint32_t>(batch));
      const auto difference = largest_difference(values(call(forward, {x}, fused)), values(call(plain, {x})));
      CHECK(difference < 1e-4);
    }
    const auto after = counts();
    CHECK(after.tried > before.tried);
    CHECK(after.groups > before.groups);
    CHECK_EQUAL(after.failed, before.failed);
    Answer graph;
    CHECK_OK(wick_module_graph(frozen, "forward", 7, WICK_GRAPH_EXECUTED, graph.out(), &error));
    CHECK(graph.text(0).find("oneDNNFusionGroup") != std::string::npos);
  }
}

TEST(calls_that_do_not_ask_are_not_fused) {
  const Module frozen = freeze(load("mlp.pt"));
  const Method forward = method(frozen, "forward");
  const Tensor x = noise({2, 64});
  const auto before = counts();
  for (int i = 0; i < 4; ++i) {
    call(forward, {x});
  }
  CHECK_EQUAL(counts().tried, before.tried);
}

TEST(training_goes_on_beside_it) {
  if (!available()) {
    return;
  }
  wick_executor executor;
  CHECK_OK(wick_executor_get(&executor, &error));
  executor.onednn_graph = 1;
  CHECK_OK(wick_executor_set(&executor, &error));
  const Module module = load("mlp.pt");
  const Method forward = method(module, "forward");
  const Tensor x = noise({2, 64});
  const wick_call_options grad{WICK_MODE_GRAD, 0, WICK_CALL_ONEDNN_GRAPH, 0, 0};
  const auto before = counts();
  for (int i = 0; i < 3; ++i) {
    backward_of_sum(call(forward, {x}, grad), grad);
  }
  CHECK_EQUAL(counts().tried, before.tried);
  // Afterwards a frozen copy, without its flag: the setting is for every call.
  const Module frozen = freeze(module);
  const Method fast = method(frozen, "forward");
  // Not in inference mode: graphs compiled for gradients save tensors, and LibTorch refuses to save an inference tensor.
  const auto expected = values(call(forward, {x}, {WICK_MODE_NO_GRAD, 0, 0, 0, 0}));
  for (int i = 0; i < 4; ++i) {
    CHECK(largest_difference(values(call(fast, {x})), expected) < 1e-4);
  }
  CHECK(counts().groups > before.groups);
  executor.onednn_graph = 0;
  CHECK_OK(wick_executor_set(&executor, &error));
}

TEST(bfloat16_is_fused) {
  if (!available()) {
    return;
  }
  const Module module = load("classifier.pt");
  const Module narrow = clone(module);
  CHECK_OK(wick_module_to(narrow, BFLOAT16, -1, 0, 1, nullptr, &error));
  const Module frozen = freeze(narrow);
  const Method forward = method(frozen, "forward");
  const Tensor x = noise({2, 3, 32, 32});
  const Tensor half = call_operator("aten::to", Tree().tensor(x).integer(BFLOAT16));
  const auto expected = values(call(method(module, "forward"), {x}));
  for (int i = 0; i < 4; ++i) {
    CHECK(largest_difference(values(call(forward, {half}, fused)), expected) < 0.15);
  }
}

TEST(clip_is_fused_or_kept) {
  if (!available()) {
    return;
  }
  const Module module = load("clip-vit-mini.f16.cuda.pt", 0);
  CHECK_OK(wick_module_to(module, FLOAT32, 0, -1, 1, nullptr, &error));
  const Module frozen = freeze(module);
  const Method encode = method(frozen, "encode_image");
  const Tensor image = load_npy("clip-vit-mini.image.npy");
  const auto expected = values(load_npy("clip-vit-mini.f16.image_features.npy"));
  for (int i = 0; i < 4; ++i) {
    CHECK(largest_difference(values(call(encode, {image}, fused)), expected) < 1e-4);
  }
}
