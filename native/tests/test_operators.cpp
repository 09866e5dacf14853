#include "support.h"

namespace {

wick_operator find(const std::string& name, const std::string& overload) {
  wick_operator op = 0;
  CHECK_OK(wick_operator_find(name.data(), static_cast<int64_t>(name.size()), overload.data(),
                              static_cast<int64_t>(overload.size()), &op, &error));
  return op;
}

int32_t by_name(const std::string& name, const Tree& arguments, Answer& answer) {
  return wick_operator_call_by_name(name.data(), static_cast<int64_t>(name.size()), nullptr, arguments.data(),
                                    arguments.count(), answer.out(), &error);
}

}  // namespace

TEST(operators_are_found_and_called) {
  const wick_operator add = find("aten::add", "Tensor");
  CHECK_EQUAL(add, find("aten::add", "Tensor"));
  Answer answer;
  CHECK_OK(wick_operator_schema(add, answer.out(), &error));
  CHECK(answer.text(0).find("aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1)") == 0);
  const Tensor a = make_tensor({2}, {1, 2});
  const Tensor b = make_tensor({2}, {10, 20});
  const Tree arguments = Tree().tensor(a).tensor(b).keyword("alpha").integer(2);
  CHECK_OK(wick_operator_call(add, nullptr, arguments.data(), arguments.count(), answer.out(), &error));
  CHECK(values(answer.tensor(0)) == std::vector<float>({21, 42}));
}

TEST(missing_operators_say_what_there_is) {
  wick_operator op = 0;
  Answer answer;
  CHECK_FAILS(WICK_NOT_FOUND, "aten::add.Scalar(", wick_operator_find("aten::add", 9, "Nothing", 7, &op, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "no operator 'aten::nothing'",
              wick_operator_find("aten::nothing", 13, "", 0, &op, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "not the qualified name", wick_operator_find("add", 3, "", 0, &op, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "not the qualified name", wick_operator_find("", 0, "", 0, &op, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "no operator", by_name("aten::nothing", Tree(), answer));
  CHECK_OK(wick_operator_schemas("aten::nothing", 13, answer.out(), &error));
  CHECK_EQUAL(answer[0].integer, 0);
  CHECK_OK(wick_operator_schemas("aten::add", 9, answer.out(), &error));
  CHECK(answer[0].integer > 4);
}

TEST(the_first_fitting_overload_is_called) {
  const Tensor a = make_tensor({2}, {1, 2});
  Answer answer;
  CHECK_OK(by_name("aten::add", Tree().tensor(a).integer(3), answer));
  CHECK(values(answer.tensor(0)) == std::vector<float>({4, 5}));
  CHECK_OK(by_name("aten::add", Tree().integer(4).integer(3), answer));
  CHECK_EQUAL(answer[0].integer, 7);
  CHECK_OK(by_name("aten::add", Tree().text("a").text("b"), answer));
  CHECK_EQUAL(answer.text(0), "ab");
  CHECK_OK(by_name("aten::sum", Tree().tensor(a), answer));
  CHECK_OK(by_name("aten::sum", Tree().tensor(a).integers({0}).boolean(true), answer));
  CHECK_EQUAL(describe(answer.tensor(0)).dimensions, 1);
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "aten::add.Tensor(", by_name("aten::add", Tree().tensor(a).text("x"), answer));
}

TEST(argument_kinds) {
  Answer answer;
  // int[], dtype, layout and device, all checked.
  CHECK_OK(by_name("aten::zeros",
                   Tree().integers({2, 3}).keyword("dtype").integer(FLOAT64).keyword("device").device("cpu"), answer));
  CHECK_EQUAL(describe(answer.tensor(0)).dtype, int32_t{FLOAT64});
  CHECK_OK(by_name("aten::zeros", Tree().list(2).integer(2).integer(3).keyword("device").text("cpu"), answer));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "not a dtype",
              by_name("aten::zeros", Tree().integers({2}).keyword("dtype").integer(262), answer));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "not a dtype",
              by_name("aten::zeros", Tree().integers({2}).keyword("dtype").integer(-1), answer));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "not a layout",
              by_name("aten::zeros", Tree().integers({2}).keyword("layout").integer(99), answer));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "'nonsense' is not a device",
              by_name("aten::zeros", Tree().integers({2}).keyword("device").device("nonsense"), answer));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "not a memory format",
              by_name("aten::empty", Tree().integers({2}).keyword("memory_format").integer(17), answer));
  // Scalar of every form.
  const Tensor x = make_tensor({2}, {1, 2});
  CHECK_OK(by_name("aten::mul", Tree().tensor(x).integer(2), answer));
  CHECK_OK(by_name("aten::mul", Tree().tensor(x).real(2.5), answer));
  CHECK(values(answer.tensor(0)) == std::vector<float>({2.5, 5}));
  CHECK_OK(by_name("aten::mul", Tree().tensor(x).boolean(true), answer));
  CHECK_OK(by_name("aten::mul", Tree().tensor(x).complex(0, 1), answer));
  CHECK_EQUAL(describe(answer.tensor(0)).dtype, 9);
  // A number where int[2] is wanted.
  const Tensor image = noise({1, 1, 4, 4});
  CHECK_OK(by_name("aten::max_pool2d", Tree().tensor(image).integer(2), answer));
  CHECK_EQUAL(describe(answer.tensor(0)).sizes[2], 2);
  // Tensor[], Tensor?[], float?, string.
  CHECK_OK(by_name("aten::cat", Tree().list(2).tensor(x).tensor(x).integer(0), answer));
  CHECK_EQUAL(describe(answer.tensor(0)).element_count, 4);
  Tensor index;
  CHECK_OK(wick_tensor_empty(nullptr, 0, INT64, 0, -1, nullptr, index.out(), &error));
  *reinterpret_cast<int64_t*>(describe(index).data) = 3;
  CHECK_OK(by_name("aten::index", Tree().tensor(image).list(4).none().none().none().tensor(index), answer));
  CHECK_EQUAL(describe(answer.tensor(0)).dimensions, 3);
  CHECK_OK(by_name("aten::upsample_nearest2d", Tree().tensor(image).none().reals({2.0, 2.0}), answer));
  CHECK_EQUAL(describe(answer.tensor(0)).sizes[3], 8);
  CHECK_OK(by_name("aten::upsample_nearest2d", Tree().tensor(image).none().list(2).integer(2).integer(2), answer));
  CHECK_OK(by_name("aten::gelu", Tree().tensor(x).keyword("approximate").text("tanh"), answer));
}

TEST(generators_are_seeded) {
  Answer first;
  Answer second;
  const auto draw = [](int64_t seed) {
    return Tree().integers({4}).keyword("generator").generator(seed);
  };
  CHECK_OK(by_name("aten::randn", draw(5), first));
  CHECK_OK(by_name("aten::randn", draw(5), second));
  CHECK(values(first.tensor(0)) == values(second.tensor(0)));
  CHECK_OK(by_name("aten::randn", draw(6), second));
  CHECK(values(first.tensor(0)) != values(second.tensor(0)));
}

TEST(several_results) {
  const Tensor x = make_tensor({3}, {3, 1, 2});
  Answer answer;
  CHECK_OK(by_name("aten::sort", Tree().tensor(x), answer));
  CHECK_EQUAL(answer[0].kind, int32_t{WICK_TUPLE});
  CHECK_EQUAL(answer[0].integer, 2);
  CHECK(values(answer.tensor(1)) == std::vector<float>({1, 2, 3}));
  CHECK_OK(by_name("aten::unbind", Tree().tensor(x), answer));
  CHECK_EQUAL(answer[0].kind, int32_t{WICK_LIST});
  CHECK_EQUAL(answer[0].integer, 3);
}

TEST(operators_of_torchscript_alone) {
  Answer answer;
  CHECK_OK(by_name("aten::format", Tree().text("{} and {}").integer(1).text("two"), answer));
  CHECK_EQUAL(answer.text(0), "1 and two");
  CHECK_OK(by_name("aten::len", Tree().list(3).integer(1).integer(2).integer(3), answer));
  CHECK_EQUAL(answer[0].integer, 3);
  CHECK_OK(by_name("aten::append", Tree().list(1).integer(1).integer(2), answer));
  CHECK_EQUAL(answer[0].integer, 2);
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no overload", by_name("aten::append", Tree().list(1).integer(1).text("x"), answer));
  CHECK_OK(by_name("aten::__getitem__", Tree().dict(1).text("k").integer(4).text("k"), answer));
  CHECK_EQUAL(answer[0].integer, 4);
  // Its operation is made for a node of a graph.
  const int32_t status = by_name("prim::TupleConstruct", Tree().integer(1), answer);
  CHECK(status == WICK_UNSUPPORTED || status == WICK_NOT_FOUND);
}

TEST(in_place_and_out) {
  const Tensor x = make_tensor({2}, {1, 2});
  const Tensor out = make_tensor({2}, {0, 0});
  Answer answer;
  CHECK_OK(by_name("aten::add_", Tree().tensor(x).integer(1), answer));
  CHECK(values(x) == std::vector<float>({2, 3}));
  const wick_operator mul = find("aten::mul", "out");
  const Tree arguments = Tree().tensor(x).tensor(x).keyword("out").tensor(out);
  CHECK_OK(wick_operator_call(mul, nullptr, arguments.data(), arguments.count(), answer.out(), &error));
  CHECK(values(out) == std::vector<float>({4, 9}));
}
