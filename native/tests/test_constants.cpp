#include "support.h"

namespace {

// Uses of constants of a kind and value, over all operators.
int64_t uses(wick_module module, const std::string& kind, const std::string& value) {
  Answer answer;
  CHECK_OK(wick_module_constants(module, answer.out(), &error));
  int64_t total = 0;
  for (int64_t i = 1; i < answer.count(); i += 7) {
    CHECK_EQUAL(answer[i].integer, 6);
    if (answer.text(i + 2) == kind && answer.text(i + 3) == value) {
      total += answer[i + 6].integer;
    }
  }
  return total;
}

std::string inlined(wick_module module, const std::string& name) {
  Answer answer;
  CHECK_OK(wick_module_graph(module, name.data(), static_cast<int64_t>(name.size()), WICK_GRAPH_INLINED, answer.out(),
                             &error));
  return answer.text(0);
}

void convert(wick_module module, int32_t dtype, Answer& answer) {
  CHECK_OK(wick_module_to(module, dtype, 0, -1, 1, answer.out(), &error));
}

}  // namespace

TEST(an_archive_of_a_gpu_runs_on_the_cpu) {
  const Module module = load("halfcuda.pt", 0);
  const Tensor x = load_npy("halfcuda.forward.input.0.npy");
  const Tensor expected = load_npy("halfcuda.forward.output.npy");
  CHECK_EQUAL(uses(module, "device", "cuda:0"), 2);
  CHECK_EQUAL(uses(module, "dtype", "float16"), 4);
  CHECK_EQUAL(uses(module, "dtype", "float32"), 1);
  Answer done;
  convert(module, FLOAT32, done);
  CHECK_EQUAL(done[0].kind, int32_t{WICK_TUPLE});
  CHECK_EQUAL(done[1].integer, (12 * 6 + 6) * 4);
  CHECK_EQUAL(done[2].integer, 6);
  CHECK_EQUAL(uses(module, "device", "cuda:0"), 0);
  CHECK_EQUAL(uses(module, "device", "cpu"), 2);
  CHECK_EQUAL(uses(module, "dtype", "float16"), 0);
  const Method forward = method(module, "forward");
  for (int i = 0; i < 3; ++i) {
    CHECK(largest_difference(values(call(forward, {x})), values(expected)) < 1e-5);
  }
}

TEST(integers_that_equal_a_dtype_stay) {
  // [-1, 6] in the reshape, and the normalised shape [6], beside the code 6 of float32.
  const Module module = load("halfcuda.pt", 0);
  Answer done;
  convert(module, BFLOAT16, done);
  const Method forward = method(module, "forward");
  const Tensor x = load_npy("halfcuda.forward.input.0.npy");
  const Tensor y = call(forward, {x});
  CHECK_EQUAL(describe(y).dtype, int32_t{BFLOAT16});
  CHECK_EQUAL(describe(y).sizes[1], 6);
  CHECK(largest_difference(values(y), values(load_npy("halfcuda.forward.output.npy"))) < 0.1);
  CHECK_EQUAL(uses(module, "dtype", "float32"), 0);
}

TEST(a_copy_is_converted_alone) {
  const Module module = load("halfcuda.pt", 0);
  const std::string before = inlined(module, "forward");
  const Module copy = clone(module);
  Answer done;
  convert(copy, FLOAT32, done);
  CHECK_EQUAL(inlined(module, "forward"), before);
  CHECK_EQUAL(uses(module, "dtype", "float16"), 4);
  CHECK_EQUAL(uses(copy, "dtype", "float16"), 0);
  Answer weight;
  CHECK_OK(wick_module_attribute(module, "proj.weight", 11, weight.out(), &error));
  CHECK_EQUAL(describe(weight.tensor(0)).dtype, int32_t{FLOAT16});
  // Printing inlined graphs first leaves optimised copies behind, which conversion must drop.
  CHECK(inlined(copy, "forward").find("cuda:0") == std::string::npos);
  CHECK(largest_difference(values(call(method(copy, "forward"), {load_npy("halfcuda.forward.input.0.npy")})),
                           values(load_npy("halfcuda.forward.output.npy"))) < 1e-5);
}

TEST(tied_tensors_stay_tied) {
  const Module module = clone(load("structures.pt"));
  Answer done;
  convert(module, FLOAT64, done);
  Answer a;
  Answer b;
  CHECK_OK(wick_module_attribute(module, "tied", 4, a.out(), &error));
  CHECK_OK(wick_module_attribute(module, "encoder.layer2.weight", 21, b.out(), &error));
  CHECK_EQUAL(describe(a.tensor(0)).data, describe(b.tensor(0)).data);
  CHECK_EQUAL(describe(a.tensor(0)).dtype, int32_t{FLOAT64});
  CHECK((describe(a.tensor(0)).flags & WICK_TENSOR_REQUIRES_GRAD) != 0);
  // Integers stay integers.
  CHECK_OK(wick_module_attribute(module, "steps", 5, a.out(), &error));
  CHECK_EQUAL(describe(a.tensor(0)).dtype, int32_t{INT64});
}

TEST(clip_archives_of_a_gpu) {
  for (const std::string name : {"clip-vit-mini", "clip-rn-mini"}) {
    const Module module = load(name + ".f16.cuda.pt", 0);
    Answer done;
    convert(module, FLOAT32, done);
    CHECK(done[2].integer > 0);
    const Tensor image = load_npy(name + ".image.npy");
    const Tensor text = load_npy(name + ".text.npy");
    const Method encode_image = method(module, "encode_image");
    const Method encode_text = method(module, "encode_text");
    for (int i = 0; i < 3; ++i) {
      CHECK(largest_difference(values(call(encode_image, {image})),
                               values(load_npy(name + ".f16.image_features.npy"))) < 1e-4);
      CHECK(largest_difference(values(call(encode_text, {text})),
                               values(load_npy(name + ".f16.text_features.npy"))) < 1e-4);
    }
  }
}

TEST(conversion_is_refused_after_the_first_call) {
  const Module module = load("classifier.pt");
  const Tensor x = noise({1, 3, 32, 32});
  call(method(module, "forward"), {x});
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "called already", wick_module_to(module, BFLOAT16, -1, 0, 1, nullptr, &error));
  const Module copy = clone(module);
  CHECK_OK(wick_module_to(copy, BFLOAT16, -1, 0, 1, nullptr, &error));
  Module again;
  CHECK_OK(wick_module_submodule(copy, "fc", 2, again.out(), &error));
  Answer weight;
  CHECK_OK(wick_module_attribute(again, "weight", 6, weight.out(), &error));
  CHECK_EQUAL(describe(weight.tensor(0)).dtype, int32_t{BFLOAT16});
}

TEST(bad_targets_are_refused) {
  const Module module = load("classifier.pt");
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "floating dtype", wick_module_to(module, INT64, -1, 0, 1, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "not a dtype", wick_module_to(module, 99, -1, 0, 1, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "device type", wick_module_to(module, -1, 77, 0, 1, nullptr, &error));
}
