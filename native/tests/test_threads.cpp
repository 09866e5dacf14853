#include <thread>

#include "support.h"

namespace {

int64_t threads_inside(const wick_call_options& options) {
  Answer answer;
  CHECK_OK(wick_operator_call_by_name("aten::get_num_threads", 21, &options, nullptr, 0, answer.out(), &error));
  return answer[0].integer;
}

bool can_ask() {
  Answer answer;
  CHECK_OK(wick_operator_schemas("aten::get_num_threads", 21, answer.out(), &error));
  return answer[0].integer > 0;
}

}  // namespace

TEST(the_default_is_libtorchs) { CHECK_EQUAL(wick_threads_intra_op(), 2); }

TEST(counts_are_set_and_refused) {
  CHECK_OK(wick_threads_set(1, 0, &error));
  CHECK_EQUAL(wick_threads_intra_op(), 1);
  CHECK_OK(wick_threads_set(2, 0, &error));
  CHECK_EQUAL(wick_threads_intra_op(), 2);
  CHECK_OK(wick_threads_set(0, 0, &error));
  CHECK_EQUAL(wick_threads_intra_op(), 2);
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "negative", wick_threads_set(-1, 0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "negative", wick_threads_set(0, -1, &error));
  CHECK_OK(wick_threads_set(0, 2, &error));
  CHECK_EQUAL(wick_threads_inter_op(), 2);
}

TEST(a_calls_number_is_its_own) {
  if (!can_ask()) {
    return;
  }
  CHECK_EQUAL(threads_inside({0, 1, 0, 0, 0}), 1);
  CHECK_EQUAL(threads_inside({0, 3, 0, 0, 0}), 3);
  CHECK_EQUAL(threads_inside({0, 0, 0, 0, 0}), 2);
}

TEST(every_thread_follows_the_setting) {
  if (!can_ask()) {
    return;
  }
  int64_t before = 0;
  int64_t after = 0;
  std::thread first([&] {
    before = threads_inside({});
    std::thread([] { wick_threads_set(1, 0, &error); }).join();
    after = threads_inside({});
  });
  first.join();
  CHECK_EQUAL(before, 2);
  CHECK_EQUAL(after, 1);
  CHECK_EQUAL(threads_inside({}), 1);
  CHECK_OK(wick_threads_set(2, 0, &error));
  CHECK_EQUAL(threads_inside({}), 2);
}

TEST(results_do_not_depend_on_the_number) {
  const Module module = load("classifier.pt");
  const Method forward = method(module, "forward");
  const Tensor x = noise({4, 3, 32, 32});
  const auto expected = values(call(forward, {x}, {0, 1, 0, 0, 0}));
  for (const int32_t count : {1, 2, 4, 1, 0}) {
    CHECK(largest_difference(values(call(forward, {x}, {0, count, 0, 0, 0})), expected) < 1e-4);
  }
}

TEST(threads_of_the_blas) {
  const int32_t before = wick_blas_threads(0);
  if (before == 0) {
    return;
  }
  CHECK_EQUAL(wick_blas_threads(1), 1);
  CHECK_EQUAL(wick_blas_threads(0), 1);
  wick_blas_threads(before);
}
