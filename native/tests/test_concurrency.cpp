#include <atomic>
#include <mutex>
#include <thread>

#include "support.h"

namespace {

// Runs body on several threads at once; the first failure is rethrown.
void on_threads(int count, const std::function<void(int)>& body) {
  std::mutex mutex;
  std::string failure;
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      try {
        body(i);
      } catch (const std::exception& thrown) {
        const std::lock_guard<std::mutex> lock(mutex);
        failure = thrown.what();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (!failure.empty()) {
    throw check::Failed(failure);
  }
}

void run(wick_method method, wick_tensor x, const std::vector<float>& expected, wick_call_options options) {
  // A record of its own for each thread.
  wick_error mine;
  const Tree arguments = Tree().tensor(x);
  for (int i = 0; i < 100; ++i) {
    wick_result result{};
    if (wick_method_call(method, &options, arguments.data(), 1, &result, &mine) != WICK_OK) {
      throw check::Failed(message(mine));
    }
    wick_tensor_info info;
    wick_tensor_describe(result.values[0].integer, &info, &mine);
    const auto* data = reinterpret_cast<const float*>(info.data);
    const double difference = largest_difference({data, data + info.element_count}, expected);
    wick_tensor_free(result.values[0].integer);
    wick_result_free(result.storage);
    CHECK(difference < 1e-4);
  }
}

}  // namespace

TEST(one_module_on_four_threads) {
  const Module module = load("classifier.pt");
  const Module frozen = freeze(module);
  const Tensor x = load_npy("classifier.forward.input.0.npy");
  const auto expected = values(load_npy("classifier.forward.output.npy"));
  for (const wick_module each : {int64_t{module}, int64_t{frozen}}) {
    const Method forward = method(each, "forward");
    on_threads(4, [&](int) { run(forward, x, expected, {0, 1, 0, 0, 0}); });
  }
}

TEST(fused_and_plain_calls_of_one_module) {
  const Module frozen = freeze(load("mlp.pt"));
  const Tensor x = load_npy("mlp.forward.input.0.npy");
  const auto expected = values(load_npy("mlp.forward.output.npy"));
  const Method forward = method(frozen, "forward");
  on_threads(4, [&](int i) { run(forward, x, expected, {0, 1, i % 2 ? WICK_CALL_ONEDNN_GRAPH : 0, 0, 0}); });
}

TEST(handles_memory_and_released_ids_are_counted_across_threads) {
  wick_cpu_memory before;
  wick_cpu_memory_get(&before);
  std::atomic<int64_t> released{0};
  on_threads(4, [&](int) {
    wick_error mine;
    for (int64_t i = 0; i < 2000; ++i) {
      float value = 0;
      wick_tensor tensor = 0;
      wick_tensor_wrap(&value, 4, nullptr, nullptr, 0, FLOAT32, i + 1, &tensor, &mine);
      wick_tensor_free(tensor);
      wick_tensor_empty(&i, 1, FLOAT32, 0, -1, nullptr, &tensor, &mine);
      wick_tensor_free(tensor);
      int64_t ids[3];
      released += wick_tensor_take_released(ids, 3);
    }
  });
  int64_t ids[64];
  for (int64_t n = 1; n > 0;) {
    n = wick_tensor_take_released(ids, 64);
    released += n;
  }
  CHECK_EQUAL(released.load(), 8000);
  wick_cpu_memory after;
  wick_cpu_memory_get(&after);
  CHECK_EQUAL(after.allocated_bytes_current, before.allocated_bytes_current);
}

TEST(a_limit_holds_on_all_threads) {
  wick_cpu_memory before;
  wick_cpu_memory_get(&before);
  wick_cpu_memory_reset_peak();
  const int64_t limit = before.allocated_bytes_current + 3000;
  wick_cpu_memory_set_limit(limit);
  on_threads(4, [&](int) {
    wick_error mine;
    for (int i = 0; i < 2000; ++i) {
      const int64_t size = 1000;
      wick_tensor tensor = 0;
      wick_tensor_empty(&size, 1, 0, 0, -1, nullptr, &tensor, &mine);
      wick_tensor_free(tensor);
    }
  });
  wick_cpu_memory_set_limit(0);
  wick_cpu_memory after;
  wick_cpu_memory_get(&after);
  CHECK(after.allocated_bytes_peak <= limit);
}
