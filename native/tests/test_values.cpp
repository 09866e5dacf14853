#include <pthread.h>

#include "support.h"

namespace {

int32_t sum_of(const Tree& arguments) {
  Answer answer;
  return wick_operator_call_by_name("aten::sum", 9, nullptr, arguments.data(), arguments.count(), answer.out(), &error);
}

}  // namespace

TEST(malformed_trees_are_refused) {
  const Tensor x = noise({2, 3});
  const auto refused = [&](const Tree& tree) {
    if (sum_of(tree) != WICK_INVALID_ARGUMENT) {
      throw check::Failed("a malformed tree was taken");
    }
  };
  refused(Tree().tensor(x).list(5).integer(0));
  refused(Tree().tensor(x).list(-1));
  refused(Tree().tensor(x).list(INT64_MAX));
  refused(Tree().tensor(x).list(1));
  refused(Tree().tensor(x).dict(INT64_MAX / 2));
  refused(Tree().tensor(x).dict(-7));
  refused(Tree().tensor(x).tuple(3));
  refused(Tree().tensor(x).node(99));
  refused(Tree().tensor(x).node(-1));
  refused(Tree().tensor(x).node(WICK_INT_ARRAY, 0, 3));
  refused(Tree().tensor(x).node(WICK_INT_ARRAY, 8, -3));
  refused(Tree().tensor(x).node(WICK_INT_ARRAY, 8, INT64_MAX));
  refused(Tree().tensor(x).node(WICK_STRING, 0, 3));
  refused(Tree().tensor(x).node(WICK_STRING, 8, -1));
  refused(Tree().tensor(x).node(WICK_KEYWORD, 0, 5));
  refused(Tree().tensor(x).keyword("dtype"));
  refused(Tree().tensor(x).keyword("nonsense").integer(1));
  refused(Tree().tensor(x).node(WICK_OPAQUE));
  refused(Tree().tensor(0));
  refused(Tree());
  Answer answer;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "negative",
              wick_operator_call_by_name("aten::sum", 9, nullptr, nullptr, -4, answer.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null",
              wick_operator_call_by_name("aten::sum", 9, nullptr, nullptr, 4, answer.out(), &error));
}

TEST(a_tree_that_is_too_deep_is_refused) {
  Answer answer;
  const auto call = [&](int depth) {
    Tree arguments = Tree().text("{}");
    for (int i = 0; i < depth; ++i) {
      arguments.list(1);
    }
    arguments.integer(1);
    return wick_operator_call_by_name("aten::format", 12, nullptr, arguments.data(), arguments.count(), answer.out(),
                                      &error);
  };
  CHECK_OK(call(190));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "deeper than 200", call(201));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "deeper than 200", call(200000));
}

TEST(deep_trees_fit_a_small_stack) {
  // What a thread of a JVM may have been given.
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 512 * 1024);
  static int32_t status;
  const auto body = [](void*) -> void* {
    Tree arguments = Tree().text("{}");
    for (int i = 0; i < 195; ++i) {
      arguments.list(1);
    }
    arguments.integer(1);
    Answer answer;
    status = wick_operator_call_by_name("aten::format", 12, nullptr, arguments.data(), arguments.count(), answer.out(),
                                        &error);
    return nullptr;
  };
  pthread_t thread;
  CHECK_EQUAL(pthread_create(&thread, &attributes, body, nullptr), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  CHECK_OK(status);
}

TEST(random_trees_are_taken_or_refused) {
  // Lengths and counts are random, addresses are not: a wrong address cannot be known.
  const Module module = load("structures.pt");
  const Method takes = method(module, "takes_everything");
  const Tensor x = noise({2, 2});
  alignas(8) static char memory[64] = {};
  uint32_t seed = 7;
  const auto draw = [&seed](uint32_t n) {
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8U) % n;
  };
  const char* const operators[] = {"aten::sum", "aten::add", "aten::cat", "aten::index", "aten::format", "aten::zeros",
                                   "aten::len"};
  int taken = 0;
  for (int round = 0; round < 20000; ++round) {
    Tree tree;
    const uint32_t nodes = draw(8);
    for (uint32_t i = 0; i < nodes; ++i) {
      const auto kind = static_cast<int32_t>(draw(18)) - 1;
      const int64_t small = static_cast<int64_t>(draw(6)) - 1;
      const int64_t any = draw(20) == 0 ? INT64_MIN : draw(20) == 0 ? INT64_MAX : small;
      switch (kind) {
        case WICK_TENSOR: tree.tensor(draw(10) == 0 ? 0 : int64_t{x}); break;
        case WICK_STRING:
        case WICK_DEVICE:
        case WICK_KEYWORD:
        case WICK_OPAQUE:
        case WICK_INT_ARRAY:
        case WICK_DOUBLE_ARRAY:
          tree.node(kind, reinterpret_cast<int64_t>(memory), any == INT64_MAX ? -1 : any);
          break;
        default: tree.node(kind, any, 0, 1.5); break;
      }
    }
    Answer answer;
    const std::string name = operators[draw(7)];
    taken += wick_operator_call_by_name(name.data(), static_cast<int64_t>(name.size()), nullptr, tree.data(),
                                        tree.count(), answer.out(), &error) == WICK_OK;
    wick_method_call(takes, nullptr, tree.data(), tree.count(), answer.out(), &error);
  }
  CHECK(taken > 100);
}

TEST(results_of_every_kind) {
  const Module module = load("structures.pt");
  const Tensor x = make_tensor({2}, {1, 2});
  Answer answer;
  const auto call = [&](const char* name, const Tree& arguments) {
    CHECK_OK(wick_method_call(method(module, name), nullptr, arguments.data(), arguments.count(), answer.out(), &error));
  };
  call("returns_tensor", Tree().tensor(x));
  CHECK_EQUAL(answer.count(), 1);
  CHECK(answer.inline_values());
  CHECK(values(answer.tensor(0)) == std::vector<float>({2, 3}));

  call("returns_tuple", Tree().tensor(x));
  CHECK_EQUAL(answer.count(), 3);
  CHECK_EQUAL(answer[0].kind, int32_t{WICK_TUPLE});
  CHECK_EQUAL(answer[0].integer, 2);
  CHECK(values(answer.tensor(2)) == std::vector<float>({2, 4}));

  call("returns_named_tuple", Tree());
  CHECK_EQUAL(answer[0].kind, int32_t{WICK_TUPLE});
  CHECK_EQUAL(answer[1].integer, 3);
  CHECK_EQUAL(answer.text(2), "three");

  call("returns_nested", Tree().tensor(x));
  CHECK(!answer.inline_values());
  CHECK_EQUAL(answer.count(), 14);
  CHECK_EQUAL(answer[1].kind, int32_t{WICK_DICT});
  CHECK_EQUAL(answer[1].element_kind, int32_t{WICK_STRING});
  CHECK_EQUAL(answer.text(2), "first");
  CHECK_EQUAL(answer[3].element_kind, int32_t{WICK_TENSOR});
  CHECK(values(answer.tensor(8)) == std::vector<float>({3, 4}));
  CHECK_EQUAL(answer[13].real, 7.5);

  call("returns_tensor_list", Tree().tensor(x));
  CHECK_EQUAL(answer[0].kind, int32_t{WICK_LIST});
  CHECK_EQUAL(answer[0].integer, 3);

  call("returns_tensor_dict", Tree().tensor(x));
  CHECK_EQUAL(answer.text(1), "b");
  CHECK(values(answer.tensor(4)) == std::vector<float>({2, 3}));

  call("returns_int_dict", Tree());
  CHECK_EQUAL(answer[0].element_kind, int32_t{WICK_INT});
  CHECK_EQUAL(answer[3].integer, -1);
  CHECK_EQUAL(answer.text(4), "minus one");

  call("returns_int", Tree());
  CHECK_EQUAL(answer[0].integer, -9223372036854775807);
  call("returns_float", Tree());
  CHECK_EQUAL(answer[0].real, 0.1);
  call("returns_bool", Tree());
  CHECK_EQUAL(answer[0].kind, int32_t{WICK_BOOL});
  CHECK_EQUAL(answer[0].integer, 1);
  call("returns_str", Tree());
  CHECK(answer.inline_values());
  CHECK_EQUAL(answer.text(0), "żółw");
  call("returns_none", Tree());
  CHECK_EQUAL(answer[0].kind, int32_t{WICK_NONE});
  call("returns_optional", Tree().boolean(true));
  CHECK_EQUAL(answer[0].integer, 8);
  call("returns_optional", Tree().boolean(false));
  CHECK_EQUAL(answer[0].kind, int32_t{WICK_NONE});
  call("returns_complex", Tree());
  CHECK_EQUAL(answer[0].real, 1.5);
  CHECK_EQUAL(answer[0].imaginary, -2.5);
  call("returns_device", Tree().tensor(x));
  CHECK_EQUAL(answer[0].kind, int32_t{WICK_DEVICE});
  CHECK_EQUAL(answer.text(0), "cpu");
  call("returns_empty_lists", Tree());
  CHECK_EQUAL(answer[1].element_kind, int32_t{WICK_INT});
  CHECK_EQUAL(answer[2].element_kind, int32_t{WICK_STRING});
  CHECK_EQUAL(answer[3].element_kind, int32_t{WICK_TENSOR});
  call("returns_any", Tree().integer(0));
  CHECK_EQUAL(answer[0].integer, 1);
  call("returns_any", Tree().integer(1));
  CHECK_EQUAL(answer.text(0), "one");
}

TEST(arguments_of_every_kind_go_round) {
  const Module module = load("structures.pt");
  const Method takes = method(module, "takes_everything");
  const Tensor x = make_tensor({2}, {1, 2});
  Tree tree;
  tree.tensor(x).integer(-5).integer(3).boolean(true).text("text").integers({1, 2, 3});
  tree.list(2).real(0.5).integer(2).list(2).tensor(x).tensor(x).none();
  tree.tuple(2).integer(1).text("pair").dict(1).text("key").tensor(x).complex(1, 2).device("cpu");
  tree.list(2).text("a").text("").list(2).boolean(true).boolean(false).list(2).integers({1}).list(0);
  tree.list(2).none().tensor(x).dict(1).integer(3).real(0.25).list(2).integer(1).text("mixed");
  Answer answer;
  CHECK_OK(wick_method_call(takes, nullptr, tree.data(), tree.count(), answer.out(), &error));
  CHECK_EQUAL(answer[0].integer, 20);
  CHECK_EQUAL(answer[2].integer, -5);
  CHECK_EQUAL(answer[3].kind, int32_t{WICK_DOUBLE});
  CHECK_EQUAL(answer[3].real, 3.0);
  CHECK_EQUAL(answer.text(5), "text");
  CHECK_EQUAL(answer[6].integer, 3);
  CHECK_EQUAL(answer[12].real, 2.0);
  CHECK_EQUAL(answer[answer.count() - 1].integer, 42);
  CHECK_EQUAL(answer.text(answer.count() - 2), "mixed");
  CHECK_EQUAL(answer[answer.count() - 4].element_kind, int32_t{WICK_NONE});

  Tree with_keyword = tree;
  with_keyword.keyword("default").integer(7);
  CHECK_OK(wick_method_call(takes, nullptr, with_keyword.data(), with_keyword.count(), answer.out(), &error));
  CHECK_EQUAL(answer[answer.count() - 1].integer, 7);
}

TEST(arguments_of_the_wrong_type_say_expected_and_got) {
  const Module module = load("structures.pt");
  const Tensor x = make_tensor({1}, {1});
  Answer answer;
  const auto call = [&](const char* name, const Tree& arguments) {
    return wick_method_call(method(module, name), nullptr, arguments.data(), arguments.count(), answer.out(), &error);
  };
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "expected bool, got INT 1", call("returns_optional", Tree().integer(1)));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "expected int, got TENSOR", call("returns_any", Tree().tensor(x)));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "expected int, got DOUBLE", call("returns_any", Tree().real(1)));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "expected Tensor, got NONE", call("returns_tensor", Tree().none()));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "missing", call("returns_tensor", Tree()));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "at most 1", call("returns_tensor", Tree().tensor(x).tensor(x)));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "schema: returns_tensor(", call("returns_tensor", Tree()));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "given twice",
              call("returns_tensor", Tree().tensor(x).keyword("x").tensor(x)));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "given twice",
              call("returns_tensor", Tree().tensor(x).keyword("self").tensor(x)));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "positional argument follows",
              call("varies", Tree().keyword("x").tensor(x).integer(1)));
}

TEST(undefined_tensors_are_none) {
  // The gradient of the input is not asked for, so LibTorch gives an undefined tensor in its place.
  const Tensor x = noise({1, 2, 4, 4});
  const Tensor w = noise({2, 2, 3, 3}, 2);
  const Tensor g = noise({1, 2, 2, 2}, 3);
  Tree tree;
  tree.tensor(g).tensor(x).tensor(w).none().integers({1, 1}).integers({0, 0}).integers({1, 1}).boolean(false);
  tree.integers({0, 0}).integer(1).list(3).boolean(false).boolean(true).boolean(false);
  Answer answer;
  CHECK_OK(wick_operator_call_by_name("aten::convolution_backward", 26, nullptr, tree.data(), tree.count(),
                                      answer.out(), &error));
  CHECK_EQUAL(answer[0].integer, 3);
  CHECK_EQUAL(answer[1].kind, int32_t{WICK_NONE});
  CHECK_EQUAL(answer[2].kind, int32_t{WICK_TENSOR});
}
