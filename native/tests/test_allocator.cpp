#include <cstring>
#include <vector>

#include "support.h"

namespace {

wick_cpu_memory memory() {
  wick_cpu_memory now;
  wick_cpu_memory_get(&now);
  return now;
}

int32_t allocate(int64_t bytes, Tensor& tensor) {
  constexpr int32_t uint8 = 0;
  return wick_tensor_empty(&bytes, 1, uint8, 0, -1, nullptr, tensor.out(), &error);
}

}  // namespace

TEST(bytes_are_exact) {
  const auto before = memory();
  {
    Tensor a;
    Tensor b;
    CHECK_OK(allocate(1, a));
    CHECK_OK(allocate(1000, b));
    CHECK_EQUAL(memory().allocated_bytes_current, before.allocated_bytes_current + 1001);
    CHECK_EQUAL(memory().allocation_current, before.allocation_current + 2);
    Tensor none;
    CHECK_OK(allocate(0, none));
    CHECK_EQUAL(memory().allocation_current, before.allocation_current + 2);
    a = Tensor();
    CHECK_EQUAL(memory().allocated_bytes_current, before.allocated_bytes_current + 1000);
    CHECK_EQUAL(memory().allocated_bytes_freed, before.allocated_bytes_freed + 1);
  }
  const auto after = memory();
  CHECK_EQUAL(after.allocated_bytes_current, before.allocated_bytes_current);
  CHECK_EQUAL(after.allocated_bytes_allocated, before.allocated_bytes_allocated + 1001);
  CHECK_EQUAL(after.allocation_freed, before.allocation_freed + 2);
}

// Small blocks come from elsewhere than large ones: sizes on both sides of every border.
TEST(every_size_is_aligned_and_does_not_overlap) {
  const auto before = memory();
  int64_t total = 0;
  {
    std::vector<Tensor> tensors(2100);
    std::vector<char*> data;
    for (int64_t bytes = 1; bytes <= static_cast<int64_t>(tensors.size()); ++bytes) {
      Tensor& tensor = tensors[static_cast<size_t>(bytes - 1)];
      CHECK_OK(allocate(bytes, tensor));
      wick_tensor_info info;
      CHECK_OK(wick_tensor_describe(tensor, &info, &error));
      CHECK_EQUAL(info.data % 64, 0);
      data.push_back(reinterpret_cast<char*>(info.data));
      std::memset(data.back(), static_cast<int>(bytes % 251), static_cast<size_t>(bytes));
      total += bytes;
    }
    CHECK_EQUAL(memory().allocated_bytes_current, before.allocated_bytes_current + total);
    for (size_t i = 0; i < data.size(); ++i) {
      for (size_t k = 0; k <= i; ++k) {
        CHECK_EQUAL(static_cast<int>(static_cast<unsigned char>(data[i][k])), static_cast<int>((i + 1) % 251));
      }
    }
  }
  CHECK_EQUAL(memory().allocated_bytes_current, before.allocated_bytes_current);
}

TEST(peaks) {
  const auto before = memory();
  wick_cpu_memory_reset_peak();
  CHECK_EQUAL(memory().allocated_bytes_peak, before.allocated_bytes_current);
  {
    Tensor a;
    CHECK_OK(allocate(5000, a));
  }
  CHECK_EQUAL(memory().allocated_bytes_peak, before.allocated_bytes_current + 5000);
  CHECK_EQUAL(memory().allocation_peak, before.allocation_current + 1);
  wick_cpu_memory_reset_peak();
  CHECK_EQUAL(memory().allocated_bytes_peak, before.allocated_bytes_current);
}

TEST(a_limit_is_out_of_memory_with_numbers) {
  const auto before = memory();
  const int64_t limit = before.allocated_bytes_current + 10000;
  wick_cpu_memory_set_limit(limit);
  Tensor a;
  CHECK_OK(allocate(10000, a));
  a = Tensor();
  CHECK_FAILS(WICK_OUT_OF_MEMORY, "refused 10001 bytes", allocate(10001, a));
  CHECK_EQUAL(error.requested_bytes, 10001);
  CHECK_EQUAL(error.allocated_bytes, before.allocated_bytes_current);
  CHECK_EQUAL(error.limit_bytes, limit);
  CHECK_EQUAL(memory().allocated_bytes_current, before.allocated_bytes_current);
  CHECK_EQUAL(memory().limit_bytes, limit);
  CHECK_EQUAL(memory().num_ooms, before.num_ooms + 1);
  wick_cpu_memory_set_limit(0);
  CHECK_EQUAL(memory().limit_bytes, 0);
  CHECK_OK(allocate(10001, a));
}

TEST(memory_the_machine_does_not_have) {
  const auto before = memory();
  Tensor a;
  CHECK_FAILS(WICK_OUT_OF_MEMORY, "refused", allocate(int64_t{1} << 60, a));
  CHECK_EQUAL(error.requested_bytes, int64_t{1} << 60);
  CHECK_EQUAL(error.limit_bytes, 0);
  CHECK_FAILS(WICK_OUT_OF_MEMORY, "refused", allocate(INT64_MAX - 10, a));
  CHECK_EQUAL(memory().allocated_bytes_current, before.allocated_bytes_current);
}

TEST(out_of_memory_inside_the_interpreter) {
  const Module module = load("tiny.pt");
  const Method forward = method(module, "forward");
  const Tensor x = noise({1000});
  const Tree arguments = Tree().tensor(x);
  for (int i = 0; i < 3; ++i) {
    Answer answer;
    wick_cpu_memory_set_limit(memory().allocated_bytes_current + 100);
    const int32_t status = wick_method_call(forward, nullptr, arguments.data(), 1, answer.out(), &error);
    wick_cpu_memory_set_limit(0);
    CHECK_EQUAL(status, int32_t{WICK_OUT_OF_MEMORY});
    CHECK_EQUAL(error.requested_bytes, 4000);
    CHECK_OK(wick_method_call(forward, nullptr, arguments.data(), 1, answer.out(), &error));
  }
  // A failure for another reason is not taken for one of memory.
  const Tensor a = noise({2, 3});
  const Tree wrong = Tree().tensor(a).tensor(a);
  Answer answer;
  CHECK_FAILS(WICK_FAILED, "mat1",
              wick_operator_call_by_name("aten::mm", 8, nullptr, wrong.data(), 2, answer.out(), &error));
}

TEST(out_of_memory_while_loading) {
  const std::vector<char> file = read_file(archive_path("classifier.pt"));
  Module module;
  wick_cpu_memory_set_limit(memory().allocated_bytes_current + 1000);
  const int32_t status =
      wick_module_load(file.data(), static_cast<int64_t>(file.size()), -1, -1, 0, module.out(), &error);
  wick_cpu_memory_set_limit(0);
  CHECK_EQUAL(status, int32_t{WICK_OUT_OF_MEMORY});
}

TEST(a_module_leaves_nothing_behind) {
  const auto before = memory();
  {
    const Module module = load("mlp.pt");
    const Module frozen = freeze(module);
    const Tensor x = load_npy("mlp.forward.input.0.npy");
    for (int i = 0; i < 4; ++i) {
      call(method(module, "forward"), {x});
      call(method(frozen, "forward"), {x});
    }
  }
  CHECK_EQUAL(memory().allocated_bytes_current, before.allocated_bytes_current);
  CHECK_EQUAL(memory().allocation_current, before.allocation_current);
}
