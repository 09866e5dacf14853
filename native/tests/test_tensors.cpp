#include <cstring>

#include "support.h"

TEST(empty_tensors_are_described) {
  const int64_t sizes[] = {2, 3, 4, 5};
  Tensor tensor;
  CHECK_OK(wick_tensor_empty(sizes, 4, FLOAT16, 0, -1, nullptr, tensor.out(), &error));
  const auto info = describe(tensor);
  CHECK_EQUAL(info.dtype, int32_t{FLOAT16});
  CHECK_EQUAL(info.device_type, 0);
  CHECK_EQUAL(info.dimensions, 4);
  CHECK_EQUAL(info.element_count, 120);
  CHECK_EQUAL(info.element_size, 2);
  CHECK_EQUAL(info.sizes[3], 5);
  CHECK_EQUAL(info.strides[0], 60);
  CHECK_EQUAL(info.storage_bytes, 240);
  CHECK_EQUAL(info.data, info.storage_address);
  CHECK_EQUAL(info.data % 64, 0);
  CHECK_EQUAL(info.flags, WICK_TENSOR_INFERENCE | WICK_TENSOR_CONTIGUOUS | WICK_TENSOR_LEAF | WICK_TENSOR_STRIDED);
}

TEST(a_scalar_and_a_tensor_without_elements) {
  Tensor tensor;
  CHECK_OK(wick_tensor_empty(nullptr, 0, INT64, 0, -1, nullptr, tensor.out(), &error));
  CHECK_EQUAL(describe(tensor).element_count, 1);
  const int64_t sizes[] = {0, 7};
  CHECK_OK(wick_tensor_empty(sizes, 2, INT64, 0, -1, nullptr, tensor.out(), &error));
  CHECK_EQUAL(describe(tensor).element_count, 0);
}

TEST(impossible_tensors_are_refused) {
  Tensor tensor;
  const int64_t negative[] = {2, -1};
  const int64_t huge[] = {INT64_MAX, INT64_MAX};
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "negative",
              wick_tensor_empty(negative, 2, FLOAT32, 0, -1, nullptr, tensor.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "sizes",
              wick_tensor_empty(negative, 65, FLOAT32, 0, -1, nullptr, tensor.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "sizes",
              wick_tensor_empty(nullptr, 2, FLOAT32, 0, -1, nullptr, tensor.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "dtype",
              wick_tensor_empty(negative, 0, 262, 0, -1, nullptr, tensor.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "device type",
              wick_tensor_empty(negative, 0, FLOAT32, 99, -1, nullptr, tensor.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "2^63", wick_tensor_empty(huge, 2, FLOAT32, 0, -1, nullptr, tensor.out(), &error));
}

TEST(wrapped_memory_is_shared_and_its_release_is_told) {
  std::vector<float> memory = {1, 2, 3, 4, 5, 6};
  const int64_t sizes[] = {2, 3};
  int64_t ids[4];
  CHECK_EQUAL(wick_tensor_take_released(ids, 4), 0);
  Tensor tensor;
  CHECK_OK(wick_tensor_wrap(memory.data(), 24, sizes, nullptr, 2, FLOAT32, 77, tensor.out(), &error));
  const auto info = describe(tensor);
  CHECK_EQUAL(info.data, reinterpret_cast<int64_t>(memory.data()));
  CHECK_EQUAL(info.flags & WICK_TENSOR_INFERENCE, 0);
  Tensor view = call_operator("aten::select", Tree().tensor(tensor).integer(0).integer(1));
  CHECK_EQUAL(describe(view).storage_address, info.storage_address);
  CHECK_EQUAL(describe(view).storage_offset, 3);
  memory[3] = 40;
  CHECK(values(view) == std::vector<float>({40, 5, 6}));
  tensor = Tensor();
  CHECK_EQUAL(wick_tensor_take_released(ids, 4), 0);
  view = Tensor();
  CHECK_EQUAL(wick_tensor_take_released(ids, 4), 1);
  CHECK_EQUAL(ids[0], 77);
  CHECK_EQUAL(wick_tensor_take_released(ids, 4), 0);
}

TEST(released_ids_come_in_portions) {
  int64_t value = 0;
  for (int64_t id = 1; id <= 5; ++id) {
    Tensor tensor;
    CHECK_OK(wick_tensor_wrap(&value, 8, nullptr, nullptr, 0, INT64, id, tensor.out(), &error));
  }
  int64_t ids[8];
  CHECK_EQUAL(wick_tensor_take_released(ids, 2), 2);
  CHECK_EQUAL(wick_tensor_take_released(ids, 8), 3);
}

TEST(wrapped_memory_must_hold_every_element) {
  alignas(8) char memory[64];
  Tensor tensor;
  const int64_t sizes[] = {2, 3};
  const int64_t strides[] = {1, 2};
  const int64_t wide[] = {10, 1};
  const int64_t negative[] = {-3, 1};
  const int64_t overflow[] = {INT64_MAX, INT64_MAX};
  const int64_t none[] = {0, 3};
  const auto wrap = [&](void* data, int64_t bytes, const int64_t* shape, const int64_t* steps) {
    return wick_tensor_wrap(data, bytes, shape, steps, 2, FLOAT32, 5, tensor.out(), &error);
  };
  CHECK_OK(wrap(memory, 24, sizes, nullptr));
  CHECK_OK(wrap(memory, 24, sizes, strides));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "needs 24 bytes, the memory has 23", wrap(memory, 23, sizes, nullptr));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "needs 52 bytes", wrap(memory, 51, sizes, wide));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "negative", wrap(memory, 64, sizes, negative));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "2^63", wrap(memory, 64, overflow, nullptr));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "2^63", wrap(memory, 64, sizes, overflow));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "multiple of the element size", wrap(memory + 2, 24, sizes, nullptr));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wrap(nullptr, 24, sizes, nullptr));
  CHECK_OK(wrap(nullptr, 0, none, nullptr));
  tensor = Tensor();
  int64_t ids[8];
  CHECK_EQUAL(wick_tensor_take_released(ids, 8), 3);
}

TEST(views_and_layouts_are_described) {
  const Tensor x = noise({2, 3, 4, 5});
  const Tensor last = call_operator("aten::contiguous", Tree().tensor(x).keyword("memory_format").integer(2));
  CHECK_EQUAL(describe(last).flags & (WICK_TENSOR_CHANNELS_LAST | WICK_TENSOR_CONTIGUOUS), WICK_TENSOR_CHANNELS_LAST);
  const Tensor turned = call_operator("aten::transpose", Tree().tensor(x).integer(0).integer(3));
  CHECK_EQUAL(describe(turned).flags & WICK_TENSOR_CONTIGUOUS, 0);
  CHECK_EQUAL(describe(turned).strides[0], 1);
  const Tensor matrix = noise({3, 3});
  const Tensor sparse = call_operator("aten::to_sparse", Tree().tensor(matrix));
  const auto info = describe(sparse);
  CHECK_EQUAL(info.flags & WICK_TENSOR_STRIDED, 0);
  CHECK_EQUAL(info.strides[0], 0);
  CHECK_EQUAL(info.data, 0);
}

TEST(a_tensor_of_many_dimensions_is_refused) {
  const std::vector<int64_t> sizes(65, 1);
  const Tensor x = make_tensor({1}, {1});
  const Tensor deep = call_operator("aten::reshape", Tree().tensor(x).integers(sizes));
  wick_tensor_info info;
  CHECK_FAILS(WICK_UNSUPPORTED, "65 dimensions", wick_tensor_describe(deep, &info, &error));
}

TEST(modes_decide_what_a_tensor_is) {
  const Tensor x = noise({3});
  Tree arguments = Tree().tensor(x);
  Answer answer;
  for (const int32_t mode : {WICK_MODE_INFERENCE, WICK_MODE_NO_GRAD, WICK_MODE_GRAD}) {
    const wick_call_options options{mode, 0, 0, 0, 0};
    CHECK_OK(wick_operator_call_by_name("aten::neg", 9, &options, arguments.data(), 1, answer.out(), &error));
    CHECK_EQUAL((describe(answer.tensor(0)).flags & WICK_TENSOR_INFERENCE) != 0, mode == WICK_MODE_INFERENCE);
  }
  const wick_call_options grad{WICK_MODE_GRAD, 0, 0, 0, 0};
  const Tree wants = Tree().tensor(x).boolean(true);
  CHECK_OK(wick_operator_call_by_name("aten::requires_grad_", 20, &grad, wants.data(), 2, answer.out(), &error));
  CHECK_OK(wick_operator_call_by_name("aten::neg", 9, &grad, arguments.data(), 1, answer.out(), &error));
  const auto info = describe(answer.tensor(0));
  CHECK_EQUAL(info.flags & (WICK_TENSOR_REQUIRES_GRAD | WICK_TENSOR_LEAF), int32_t{WICK_TENSOR_REQUIRES_GRAD});
}
