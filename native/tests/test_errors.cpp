#include <cstring>

#include "support.h"

TEST(versions) {
  CHECK_EQUAL(wick_interface_version(), int32_t{WICK_INTERFACE_VERSION});
  CHECK(std::string(wick_compiled_torch_version()).find("2.") == 0);
  CHECK(wick_compiled_cxx11_abi() == 0 || wick_compiled_cxx11_abi() == 1);
  Answer answer;
  CHECK_OK(wick_runtime_describe(answer.out(), &error));
  CHECK_EQUAL(answer[0].kind, int32_t{WICK_DICT});
  CHECK_EQUAL(answer[0].integer, 9);
  CHECK_EQUAL(answer.text(answer.find("torch_version") + 1).substr(0, 4),
              std::string(wick_compiled_torch_version()).substr(0, 4));
}

TEST(zero_handles_are_refused) {
  Answer answer;
  wick_tensor_info info;
  int64_t handle = 0;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no tensor", wick_tensor_describe(0, &info, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no tensor", wick_tensor_retain(0, &handle, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no module", wick_module_methods(0, answer.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no module", wick_module_clone(0, &handle, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no module", wick_module_freeze(0, nullptr, 0, 1, &handle, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no module", wick_module_to(0, -1, -1, 0, 0, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no method", wick_method_call(0, nullptr, nullptr, 0, answer.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no runner", wick_runner_run(0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no method",
              wick_runner_create(0, nullptr, nullptr, 0, -1, -1, &handle, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no operator", wick_operator_call(0, nullptr, nullptr, 0, answer.out(), &error));
  wick_tensor_free(0);
  wick_module_free(0);
  wick_method_free(0);
  wick_runner_free(0);
  wick_result_free(0);
}

TEST(null_places_are_refused) {
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no place",
              wick_tensor_empty(nullptr, 0, FLOAT32, 0, -1, nullptr, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no place", wick_runtime_describe(nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no place", wick_executor_get(nullptr, &error));
  CHECK_EQUAL(wick_runtime_describe(nullptr, nullptr), int32_t{WICK_INVALID_ARGUMENT});
  wick_cpu_memory_get(nullptr);
  wick_onednn_graph_count(nullptr);
  CHECK_EQUAL(wick_tensor_take_released(nullptr, 5), 0);
}

TEST(a_failure_of_libtorch_has_a_message_and_a_backtrace_of_its_own) {
  const Tensor a = noise({2, 3});
  const Tensor b = noise({2, 3});
  const Tree arguments = Tree().tensor(a).tensor(b);
  Answer answer;
  CHECK_FAILS(WICK_FAILED, "mat1 and mat2 shapes cannot be multiplied",
              wick_operator_call_by_name("aten::mm", 8, nullptr, arguments.data(), arguments.count(), answer.out(),
                                         &error));
  CHECK(message(error).find("Exception raised from") == std::string::npos);
  CHECK(error.backtrace_length > 0);
}

TEST(a_failure_inside_the_interpreter_names_the_source) {
  const Module module = load("structures.pt");
  const Method fails = method(module, "fails");
  const Tensor x = noise({2, 4});
  const Tree arguments = Tree().tensor(x);
  Answer answer;
  CHECK_FAILS(WICK_FAILED, "the input is never right",
              wick_method_call(fails, nullptr, arguments.data(), 1, answer.out(), &error));
  CHECK(message(error).find("TorchScript") != std::string::npos);
}

TEST(a_long_message_is_cut_at_a_character_border) {
  std::string name = "aten::";
  while (name.size() < 3 * WICK_ERROR_MESSAGE_CAPACITY) {
    name += "żółw";
  }
  wick_operator op = 0;
  const auto length = static_cast<int64_t>(name.size());
  CHECK_FAILS(WICK_NOT_FOUND, "there is no operator", wick_operator_find(name.data(), length, "", 0, &op, &error));
  CHECK(error.message_length <= WICK_ERROR_MESSAGE_CAPACITY);
  CHECK(error.message_length > WICK_ERROR_MESSAGE_CAPACITY - 4);
  // The last character is whole: either ASCII, or a lead byte and its one follower.
  const auto last = static_cast<unsigned char>(error.message[error.message_length - 1]);
  const auto before = static_cast<unsigned char>(error.message[error.message_length - 2]);
  CHECK(last < 0x80 || ((last & 0xC0) == 0x80 && (before & 0xC0) == 0xC0));
}

TEST(bad_call_options_are_refused) {
  const Tensor x = noise({2});
  const Tree arguments = Tree().tensor(x);
  Answer answer;
  const auto run = [&](wick_call_options options) {
    return wick_operator_call_by_name("aten::neg", 9, &options, arguments.data(), 1, answer.out(), &error);
  };
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "mode", run({3, 0, 0, 0, 0}));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "mode", run({-1, 0, 0, 0, 0}));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "threads", run({0, -1, 0, 0, 0}));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "flags", run({0, 0, 64, 0, 0}));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "device index", run({0, 0, 0, -1, 0}));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "stream needs", run({0, 0, 0, 0, 16}));
}
