#include <cstdio>

#include "support.h"

namespace {

bool has_method(wick_module module, const std::string& name) {
  Answer answer;
  CHECK_OK(wick_module_methods(module, answer.out(), &error));
  return answer.find(name) > 0;
}

Module optimized(wick_module module) {
  Module result;
  CHECK_OK(wick_module_optimize_for_inference(module, nullptr, 0, result.out(), &error));
  return result;
}

}  // namespace

TEST(frozen_and_optimised_modules_agree) {
  const Module module = load("classifier.pt");
  const Tensor x = noise({2, 3, 32, 32});
  const auto expected = values(call(method(module, "forward"), {x}));
  const Module frozen = freeze(module);
  const Module fast = optimized(module);
  const Module twice = optimized(frozen);
  for (const wick_module other : {int64_t{frozen}, int64_t{fast}, int64_t{twice}}) {
    const Method forward = method(other, "forward");
    for (int i = 0; i < 4; ++i) {
      CHECK(largest_difference(values(call(forward, {x})), expected) < 1e-4);
    }
  }
  Answer answer;
  CHECK_OK(wick_module_parameters(frozen, answer.out(), &error));
  CHECK_EQUAL(answer[0].integer, 0);
  CHECK_OK(wick_module_graph(frozen, "forward", 7, WICK_GRAPH_SOURCE, answer.out(), &error));
  CHECK(answer.text(0).find("aten::batch_norm") == std::string::npos);
  CHECK(answer.text(0).find("prim::CallMethod") == std::string::npos);
  // The frozen module's own graph was not rewritten for its optimised copy.
  CHECK(answer.text(0).find("mkldnn") == std::string::npos);
}

TEST(every_method_is_kept) {
  const Module module = load("noforward.pt");
  const Tensor x = load_npy("noforward.encode.input.0.npy");
  const Tensor expected = load_npy("noforward.encode.output.npy");
  const Module frozen = freeze(module);
  const Module fast = optimized(module);
  for (const wick_module other : {int64_t{frozen}, int64_t{fast}}) {
    CHECK(has_method(other, "encode"));
    CHECK(has_method(other, "decode"));
    CHECK(!has_method(other, "forward"));
    CHECK(largest_difference(values(call(method(other, "encode"), {x})), values(expected)) < 1e-5);
    call(method(other, "decode"), {x});
  }
}

TEST(a_shape_error_in_a_frozen_module_is_an_error) {
  const Module module = load("noforward.pt");
  const Tensor wrong = noise({2, 5});
  const Tree arguments = Tree().tensor(wrong);
  for (int i = 0; i < 20; ++i) {
    const Module frozen = freeze(module);
    const Method encode = method(frozen, "encode");
    Answer answer;
    CHECK_FAILS(WICK_FAILED, "", wick_method_call(encode, nullptr, arguments.data(), 1, answer.out(), &error));
  }
}

TEST(attributes_are_kept_when_asked_for) {
  const Module module = load("structures.pt");
  const Tree preserved = Tree().list(2).text("scale").text("half_weight");
  Module frozen;
  CHECK_OK(wick_module_freeze(module, preserved.data(), preserved.count(), 1, frozen.out(), &error));
  Answer answer;
  CHECK_OK(wick_module_attribute(frozen, "scale", 5, answer.out(), &error));
  CHECK_EQUAL(answer[0].real, 2.5);
  CHECK_OK(wick_module_attribute(frozen, "half_weight", 11, answer.out(), &error));
  const Tree missing = Tree().list(1).text("nothing");
  CHECK_FAILS(WICK_NOT_FOUND, "'nothing'",
              wick_module_freeze(module, missing.data(), missing.count(), 1, frozen.out(), &error));
  const Tree malformed = Tree().list(3).text("scale");
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "",
              wick_module_freeze(module, malformed.data(), malformed.count(), 1, frozen.out(), &error));
  const Tree training = Tree().list(1).text("training");
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "training",
              wick_module_optimize_for_inference(module, training.data(), training.count(), frozen.out(), &error));
}

TEST(what_a_frozen_module_refuses) {
  const Module module = load("classifier.pt", -1, 1);
  Module frozen;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "evaluation mode",
              wick_module_freeze(module, nullptr, 0, 1, frozen.out(), &error));
  CHECK_OK(wick_module_train(module, 0, &error));
  frozen = freeze(module);
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "frozen", wick_module_train(frozen, 1, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "frozen", wick_module_to(frozen, FLOAT16, -1, 0, 1, nullptr, &error));
  const Module fast = optimized(module);
  const std::string path = "optimised.pt";
  CHECK_FAILS(WICK_UNSUPPORTED, "cannot be saved",
              wick_module_save(fast, path.data(), static_cast<int64_t>(path.size()), &error));
  Module again;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "already",
              wick_module_optimize_for_inference(fast, nullptr, 0, again.out(), &error));
  // Copies are copies of what they were made from.
  const Module copy = clone(fast);
  CHECK_FAILS(WICK_UNSUPPORTED, "cannot be saved",
              wick_module_save(copy, path.data(), static_cast<int64_t>(path.size()), &error));
  const Tensor x = noise({1, 3, 32, 32});
  CHECK(largest_difference(values(call(method(copy, "forward"), {x})), values(call(method(fast, "forward"), {x}))) <
        1e-5);
}

TEST(a_frozen_module_is_saved_and_loaded) {
  const Module frozen = freeze(load("classifier.pt"));
  const std::string path = "frozen-classifier.pt";
  CHECK_OK(wick_module_save(frozen, path.data(), static_cast<int64_t>(path.size()), &error));
  const std::vector<char> file = read_file(path);
  std::remove(path.c_str());
  Module again;
  CHECK_OK(wick_module_load(file.data(), static_cast<int64_t>(file.size()), -1, -1, 0, again.out(), &error));
  const Tensor x = noise({1, 3, 32, 32});
  CHECK(values(call(method(frozen, "forward"), {x})) == values(call(method(again, "forward"), {x})));
}
