#include <cstdio>
#include <cstring>
#include <fstream>

#include "support.h"

TEST(outputs_are_pythons) {
  struct Case { const char* archive; const char* method; };
  for (const Case& c : {Case{"structures", "forward"}, Case{"noforward", "encode"}, Case{"classifier", "forward"},
                        Case{"mlp", "forward"}}) {
    const Module module = load(std::string(c.archive) + ".pt");
    const std::string prefix = std::string(c.archive) + "." + c.method;
    const Tensor x = load_npy(prefix + ".input.0.npy");
    const Tensor expected = load_npy(prefix + ".output.npy");
    const Method run = method(module, c.method);
    for (int i = 0; i < 3; ++i) {
      CHECK(largest_difference(values(call(run, {x})), values(expected)) < 2e-5);
    }
  }
}

TEST(unreadable_archives) {
  std::vector<char> file = read_file(archive_path("classifier.pt"));
  Module module;
  const auto load_bytes = [&](const void* data, int64_t size) {
    return wick_module_load(data, size, -1, -1, 0, module.out(), &error);
  };
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", load_bytes(nullptr, 10));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "negative", load_bytes(file.data(), -1));
  CHECK_FAILS(WICK_MODEL_UNREADABLE, "", load_bytes(file.data(), 0));
  CHECK_FAILS(WICK_MODEL_UNREADABLE, "", load_bytes("not an archive", 14));
  for (size_t size : {size_t{1}, size_t{100}, file.size() / 2, file.size() - 1}) {
    CHECK_FAILS(WICK_MODEL_UNREADABLE, "", load_bytes(file.data(), static_cast<int64_t>(size)));
  }
  file = read_file(archive_path("statedict.pth"));
  CHECK_FAILS(WICK_MODEL_UNREADABLE, "constants.pkl", load_bytes(file.data(), static_cast<int64_t>(file.size())));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "device type",
              wick_module_load(file.data(), 10, 99, -1, 0, module.out(), &error));
}

TEST(files_are_loaded_by_name) {
  const auto load_file = [&](const std::string& path, Module& module, int32_t training = 0) {
    return wick_module_load_file(path.data(), static_cast<int64_t>(path.size()), 0, -1, training, module.out(), &error);
  };
  Module module;
  CHECK_OK(load_file(archive_path("classifier.pt"), module));
  const Tensor x = noise({1, 3, 32, 32});
  CHECK(values(call(method(module, "forward"), {x})) ==
        values(call(method(load("classifier.pt"), "forward"), {x})));
  Module training;
  CHECK_OK(load_file(archive_path("classifier.pt"), training, 1));
  Answer answer;
  CHECK_OK(wick_module_attribute(training, "training", 8, answer.out(), &error));
  CHECK_EQUAL(answer[0].integer, 1);
  CHECK_OK(wick_module_attribute(module, "training", 8, answer.out(), &error));
  CHECK_EQUAL(answer[0].integer, 0);

  Module none;
  CHECK_FAILS(WICK_MODEL_UNREADABLE, "", load_file("no-such-file.pt", none));
  CHECK_FAILS(WICK_MODEL_UNREADABLE, "", load_file(archive_path(""), none));
  CHECK_FAILS(WICK_MODEL_UNREADABLE, "constants.pkl", load_file(archive_path("statedict.pth"), none));
  const std::vector<char> whole = read_file(archive_path("classifier.pt"));
  const std::string path = "truncated-classifier.pt";
  for (size_t size : {size_t{0}, size_t{1}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    std::ofstream(path, std::ios::binary | std::ios::trunc).write(whole.data(), static_cast<std::streamsize>(size));
    CHECK_FAILS(WICK_MODEL_UNREADABLE, "", load_file(path, none));
  }
  std::remove(path.c_str());
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "device type",
              wick_module_load_file(path.data(), static_cast<int64_t>(path.size()), 99, -1, 0, none.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_module_load_file(path.data(), 4, 0, -1, 0, nullptr, &error));
}

TEST(impossible_paths_are_refused) {
  const Module module = load("tiny.pt");
  Module none;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "path", wick_module_load_file("", 0, 0, -1, 0, none.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "path", wick_module_load_file("a\0b", 3, 0, -1, 0, none.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "path", wick_module_save(module, "", 0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "path", wick_module_save(module, "a\0b", 3, &error));
}

TEST(methods_are_listed) {
  const Module module = load("noforward.pt");
  Answer answer;
  CHECK_OK(wick_module_methods(module, answer.out(), &error));
  CHECK_EQUAL(answer[0].integer, 2);
  const int64_t encode = answer.find("encode");
  CHECK(encode > 0);
  CHECK_EQUAL(answer.text(encode + 1), "encode(__torch__.NoForward self, Tensor x) -> Tensor");
  CHECK_EQUAL(answer[encode + 2].integer, 1);
  Method none;
  CHECK_FAILS(WICK_NOT_FOUND, "it has decode, encode", wick_module_method(module, "forward", 7, none.out(), &error));
}

TEST(tensors_are_listed_once) {
  const Module module = load("structures.pt");
  Answer answer;
  CHECK_OK(wick_module_parameters(module, answer.out(), &error));
  CHECK(answer.find("encoder.layer1.0.weight") > 0);
  CHECK(answer.find("half_weight") > 0);
  CHECK_EQUAL(describe(answer.tensor(answer.find("half_weight") + 1)).dtype, int32_t{FLOAT16});
  // One tensor under two names.
  CHECK((answer.find("tied") > 0) != (answer.find("encoder.layer2.weight") > 0));
  CHECK_EQUAL(answer[0].integer, 4);
  CHECK_OK(wick_module_buffers(module, answer.out(), &error));
  CHECK_EQUAL(answer[0].integer, 2);
  CHECK(answer.find("total") > 0);
}

TEST(attributes_are_listed_read_and_written) {
  const Module module = load("structures.pt");
  Answer answer;
  CHECK_OK(wick_module_attributes(module, answer.out(), &error));
  const int64_t scale = answer.find("scale");
  CHECK_EQUAL(answer.text(scale + 1), "float");
  CHECK_EQUAL(answer[scale + 2].real, 2.5);
  CHECK_EQUAL(answer.text(answer.find("maybe") + 1), "Optional[int]");
  CHECK(answer.find("total") < 0);
  CHECK(answer.find("encoder") < 0);
  const auto read = [&](const std::string& name) {
    return wick_module_attribute(module, name.data(), static_cast<int64_t>(name.size()), answer.out(), &error);
  };
  const auto write = [&](const std::string& name, const Tree& value) {
    return wick_module_set_attribute(module, name.data(), static_cast<int64_t>(name.size()), value.data(),
                                     value.count(), &error);
  };
  CHECK_OK(read("title"));
  CHECK_EQUAL(answer.text(0), "structures");
  CHECK_OK(read("encoder.layer1.0.weight"));
  CHECK_EQUAL(describe(answer.tensor(0)).sizes[1], 4);
  CHECK_OK(read("table"));
  CHECK_EQUAL(answer[0].integer, 2);
  CHECK_OK(write("scale", Tree().integer(4)));
  CHECK_OK(read("scale"));
  CHECK_EQUAL(answer[0].real, 4.0);
  CHECK_OK(write("maybe", Tree().integer(9)));
  CHECK_OK(write("maybe", Tree().none()));
  CHECK_OK(write("shape", Tree().integers({4, 5})));
  CHECK_OK(write("table", Tree().dict(1).text("three").integer(3)));
  CHECK_OK(write("pair", Tree().tuple(2).integer(1).text("x")));
  const Tensor bias = noise({4});
  CHECK_OK(write("encoder.layer1.0.bias", Tree().tensor(bias)));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "expected float, got STRING", write("scale", Tree().text("x")));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "more than one", write("scale", Tree().real(1).real(2)));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "submodule", write("encoder", Tree().real(1)));
  CHECK_FAILS(WICK_NOT_FOUND, "there are", write("nothing", Tree().real(1)));
  CHECK_FAILS(WICK_NOT_FOUND, "counter", read("nothing"));
  CHECK_FAILS(WICK_NOT_FOUND, "encoder", read("nothing.weight"));
  CHECK_FAILS(WICK_NOT_FOUND, "'encoder' has layer1, layer2", read("encoder.layer9.weight"));
}

TEST(submodules_share_their_parents_tensors) {
  const Module module = load("structures.pt");
  Answer answer;
  CHECK_OK(wick_module_submodules(module, answer.out(), &error));
  CHECK(answer.find("encoder.layer1.0") > 0);
  CHECK(answer.text(answer.find("encoder") + 1).find("Encoder") != std::string::npos);
  Module encoder;
  CHECK_OK(wick_module_submodule(module, "encoder", 7, encoder.out(), &error));
  Answer mine;
  Answer theirs;
  CHECK_OK(wick_module_attribute(encoder, "layer1.0.weight", 15, mine.out(), &error));
  CHECK_OK(wick_module_attribute(module, "encoder.layer1.0.weight", 23, theirs.out(), &error));
  CHECK_EQUAL(describe(mine.tensor(0)).data, describe(theirs.tensor(0)).data);
  CHECK_FAILS(WICK_NOT_FOUND, "no submodule 'nothing'",
              wick_module_submodule(module, "nothing", 7, encoder.out(), &error));
}

TEST(state_changes_stay_in_the_module) {
  const Module module = load("structures.pt");
  const Module copy = clone(module);
  const Method increments = method(module, "increments");
  const wick_call_options options{WICK_MODE_NO_GRAD, 0, 0, 0, 0};
  Answer answer;
  for (int64_t i = 1; i <= 3; ++i) {
    CHECK_OK(wick_method_call(increments, &options, nullptr, 0, answer.out(), &error));
    CHECK_EQUAL(answer[0].integer, i);
  }
  CHECK_OK(wick_module_attribute(module, "total", 5, answer.out(), &error));
  CHECK(values(answer.tensor(0)) == std::vector<float>({3, 3, 3}));
  CHECK_OK(wick_module_attribute(copy, "total", 5, answer.out(), &error));
  CHECK(values(answer.tensor(0)) == std::vector<float>({0, 0, 0}));
  CHECK_OK(wick_module_attribute(copy, "counter", 7, answer.out(), &error));
  CHECK_EQUAL(answer[0].integer, 0);
}

TEST(a_clone_keeps_what_the_module_is) {
  const Module module = load("structures.pt");
  const Module copy = clone(module);
  Answer mine;
  Answer theirs;
  CHECK_OK(wick_module_parameters(module, mine.out(), &error));
  CHECK_OK(wick_module_parameters(copy, theirs.out(), &error));
  CHECK_EQUAL(mine.count(), theirs.count());
  for (int64_t i = 1; i < mine.count(); i += 3) {
    CHECK_EQUAL(mine.text(i + 1), theirs.text(i + 1));
    const auto a = describe(mine.tensor(i + 2));
    const auto b = describe(theirs.tensor(i + 2));
    CHECK(a.data != b.data);
    CHECK_EQUAL(a.dtype, b.dtype);
    CHECK_EQUAL(a.flags, b.flags);
    CHECK(values(mine.tensor(i + 2)) == values(theirs.tensor(i + 2)));
  }
  CHECK((describe(mine.tensor(3)).flags & WICK_TENSOR_REQUIRES_GRAD) != 0);
  CHECK((describe(mine.tensor(3)).flags & WICK_TENSOR_INFERENCE) == 0);
}

TEST(saved_modules_load_again) {
  const Module module = load("classifier.pt");
  const std::string path = "saved-classifier.pt";
  CHECK_OK(wick_module_save(module, path.data(), static_cast<int64_t>(path.size()), &error));
  const std::vector<char> file = read_file(path);
  Module again;
  CHECK_OK(wick_module_load(file.data(), static_cast<int64_t>(file.size()), 0, -1, 0, again.out(), &error));
  std::remove(path.c_str());
  const Tensor x = noise({1, 3, 32, 32});
  CHECK(values(call(method(module, "forward"), {x})) == values(call(method(again, "forward"), {x})));
  const std::string nowhere = "no-such-folder/x.pt";
  CHECK_FAILS(WICK_FAILED, "", wick_module_save(module, nowhere.data(), static_cast<int64_t>(nowhere.size()), &error));
}

TEST(graphs_can_be_read) {
  const Module module = load("structures.pt");
  Answer answer;
  const auto graph = [&](int32_t which) {
    return wick_module_graph(module, "forward", 7, which, answer.out(), &error);
  };
  CHECK_OK(graph(WICK_GRAPH_SOURCE));
  CHECK(answer.text(0).find("prim::CallMethod") != std::string::npos);
  CHECK_OK(graph(WICK_GRAPH_INLINED));
  CHECK(answer.text(0).find("prim::CallMethod") == std::string::npos);
  CHECK(answer.text(0).find("aten::linear") != std::string::npos);
  CHECK_OK(graph(WICK_GRAPH_CODE));
  CHECK(answer.text(0).find("def forward(self") != std::string::npos);
  CHECK_FAILS(WICK_NOT_FOUND, "nothing was compiled", graph(WICK_GRAPH_EXECUTED));
  const Method forward = method(module, "forward");
  const Tensor x = noise({2, 4});
  call(forward, {x});
  call(forward, {x});
  call(forward, {x});
  CHECK_OK(graph(WICK_GRAPH_EXECUTED));
  CHECK(answer.text(0).find("graph(") != std::string::npos);
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "not a form", graph(9));
  CHECK_FAILS(WICK_NOT_FOUND, "no method", wick_module_graph(module, "nothing", 7, 0, answer.out(), &error));
}

TEST(modules_can_be_trained) {
  const Module module = load("classifier.pt", -1, 1);
  const Method forward = method(module, "forward");
  const Tensor x = noise({4, 3, 32, 32});
  const wick_call_options grad{WICK_MODE_GRAD, 0, 0, 0, 0};
  // Twice and once more: the profiled and the compiled run need derivatives as well.
  for (int i = 0; i < 3; ++i) {
    const Tensor y = call(forward, {x}, grad);
    CHECK((describe(y).flags & WICK_TENSOR_REQUIRES_GRAD) != 0);
    backward_of_sum(y);
  }
  CHECK_OK(wick_module_train(module, 0, &error));
}
