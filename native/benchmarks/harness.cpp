/*
 * The C++ side of the call benchmarks: what JMH measures from Java in bench/, measured here without Java.
 *
 *   wick_harness BENCHMARK ARCHIVE --warmup N --milliseconds MS [--input FILE] [--output FILE]
 *
 * BENCHMARK is getter, tensor, operator, call, run or resnet50. Each process measures one, as each fork of JMH does. After
 * the warm-up it runs one iteration for each line of standard input and prints nanoseconds per call. So whoever measures
 * beside it sets the pace, and both sides see the same second of the machine. By hand: yes '' | head -5 | wick_harness ...
 *
 * The loop is JMH's: the measured body, a counter, and a flag that another thread sets when the time is over. So both sides
 * pay for the same loop, and what differs is the border. What would make it lie:
 *
 *  - Calls that the compiler sees through. All of them go into a shared library, by way of the dynamic symbol table, as
 *    Java's do. Linking the shim statically would compare Java with something that is no call.
 *
 *  - Leaving out what Java must do: the results are freed, wick_result_free is called although it has nothing to free,
 *    options are passed where Java passes them, and an error record is there to be filled.
 *
 *  - Other settings. The BLAS's own pool is set to one thread here as Wick sets it there.
 */
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <wick/wick.h>

namespace {

wick_error error;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "wick_harness: %s\n", what.c_str());
  std::exit(1);
}

void check(int32_t status) {
  if (status != WICK_OK) {
    fail(std::string(error.message, static_cast<size_t>(error.message_length)));
  }
}

// What JMH's Blackhole is for: the compiler must believe that the value is used.
template <typename T>
void consume(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

struct Settings {
  int warmup = 5;
  int milliseconds = 500;
  std::string input;
  std::string output;
};

template <typename Body>
double iterate(const Body& body, int milliseconds) {
  std::atomic<bool> done{false};
  std::thread timer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    done.store(true, std::memory_order_release);
  });
  int64_t operations = 0;
  const auto start = std::chrono::steady_clock::now();
  do {
    body();
    ++operations;
  } while (!done.load(std::memory_order_acquire));
  const auto stop = std::chrono::steady_clock::now();
  timer.join();
  return std::chrono::duration<double, std::nano>(stop - start).count() / static_cast<double>(operations);
}

template <typename Body>
void measure(const Settings& settings, const Body& body) {
  for (int i = 0; i < settings.warmup; ++i) {
    iterate(body, settings.milliseconds);
  }
  std::string line;
  while (std::getline(std::cin, line)) {
    std::printf("%.3f\n", iterate(body, settings.milliseconds));
    std::fflush(stdout);
  }
}

wick_call_options options_of(int32_t mode) {
  wick_call_options options{};
  options.mode = mode;
  return options;
}

std::vector<char> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fail("cannot read " + path);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

wick_tensor make_tensor(const std::vector<int64_t>& sizes) {
  constexpr int32_t float32 = 6;
  constexpr int32_t cpu = 0;
  const wick_call_options options = options_of(WICK_MODE_NO_GRAD);
  wick_tensor tensor = 0;
  check(wick_tensor_empty(sizes.data(), static_cast<int32_t>(sizes.size()), float32, cpu, -1, &options, &tensor, &error));
  wick_tensor_info info;
  check(wick_tensor_describe(tensor, &info, &error));
  std::memset(reinterpret_cast<void*>(info.data), 0, static_cast<size_t>(info.element_count * info.element_size));
  return tensor;
}

wick_tensor_info describe(wick_tensor tensor) {
  wick_tensor_info info;
  check(wick_tensor_describe(tensor, &info, &error));
  return info;
}

// The data of a .npy file of version 1.
void fill(wick_tensor tensor, const std::string& path) {
  const std::vector<char> bytes = read(path);
  const wick_tensor_info info = describe(tensor);
  const size_t header = bytes.size() < 10 ? 0 : 10 + static_cast<uint8_t>(bytes[8]) + 256 * static_cast<uint8_t>(bytes[9]);
  if (header == 0 || bytes.size() - header != static_cast<size_t>(info.element_count * info.element_size)) {
    fail(path + " does not hold the model's input");
  }
  std::memcpy(reinterpret_cast<void*>(info.data), bytes.data() + header, bytes.size() - header);
}

void write(wick_tensor tensor, const std::string& path) {
  const wick_tensor_info info = describe(tensor);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(info.data), info.element_count * info.element_size);
}

wick_method load(const std::string& path) {
  const std::vector<char> archive = read(path);
  constexpr int32_t cpu = 0;
  wick_module module = 0;
  wick_method method = 0;
  check(wick_module_load(archive.data(), static_cast<int64_t>(archive.size()), cpu, -1, 0, &module, &error));
  check(wick_module_method(module, "forward", 7, &method, &error));
  wick_module_free(module);
  return method;
}

wick_value tensor_node(wick_tensor tensor) {
  wick_value node{};
  node.kind = WICK_TENSOR;
  node.integer = tensor;
  return node;
}

void getter(const Settings& settings) {
  measure(settings, [] { consume(wick_live_handles()); });
}

void tensor(const Settings& settings) {
  const int64_t sizes[] = {4, 4};
  measure(settings, [&] {
    const wick_call_options options = options_of(WICK_MODE_NO_GRAD);
    wick_tensor made = 0;
    check(wick_tensor_empty(sizes, 2, 6, 0, -1, &options, &made, &error));
    consume(made);
    wick_tensor_free(made);
  });
}

void add(const Settings& settings) {
  wick_operator found = 0;
  check(wick_operator_find("aten::add", 9, "Tensor", 6, &found, &error));
  const wick_tensor left = make_tensor({4, 4});
  const wick_tensor right = make_tensor({4, 4});
  measure(settings, [&] {
    const wick_call_options options = options_of(WICK_MODE_NO_GRAD);
    const wick_value arguments[] = {tensor_node(left), tensor_node(right)};
    wick_result result;
    check(wick_operator_call(found, &options, arguments, 2, &result, &error));
    consume(result.values->integer);
    const wick_tensor sum = result.values->integer;
    wick_result_free(result.storage);
    wick_tensor_free(sum);
  });
}

void call(const Settings& settings, const std::string& archive) {
  const wick_method forward = load(archive);
  const wick_tensor input = make_tensor({4, 4});
  const auto body = [&](auto&& use) {
    const wick_call_options options = options_of(WICK_MODE_INFERENCE);
    const wick_value arguments[] = {tensor_node(input)};
    wick_result result;
    check(wick_method_call(forward, &options, arguments, 1, &result, &error));
    const wick_tensor output = result.values->integer;
    use(output);
    wick_result_free(result.storage);
    wick_tensor_free(output);
  };
  if (!settings.output.empty()) {
    body([&](wick_tensor output) { write(output, settings.output); });
  }
  measure(settings, [&] { body([](wick_tensor output) { consume(output); }); });
}

void run(const Settings& settings, const std::string& archive, const std::vector<int64_t>& shape) {
  const wick_method forward = load(archive);
  const wick_tensor input = make_tensor(shape);
  if (!settings.input.empty()) {
    fill(input, settings.input);
  }
  const wick_call_options options = options_of(WICK_MODE_INFERENCE);
  wick_runner runner = 0;
  check(wick_runner_create(forward, &options, &input, 1, -1, -1, &runner, &error));
  wick_result result;
  check(wick_runner_outputs(runner, &result, &error));
  const wick_tensor output = result.values[1].integer;  // values[0] is the list
  const auto* first = reinterpret_cast<const volatile float*>(describe(output).data);
  wick_result_free(result.storage);
  measure(settings, [&] {
    check(wick_runner_run(runner, &error));
    consume(*first);
  });
  if (!settings.output.empty()) {
    write(output, settings.output);
  }
}

int number(const char* text) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*end != '\0' || value < 0 || value > 1000000) {
    fail(std::string("not a number: ") + text);
  }
  return static_cast<int>(value);
}

// One benchmark, from the shim's first call on.
void work(const std::string& benchmark, const std::string& archive, const Settings& settings) {
  check(wick_initialize(&error));
  if (wick_blas_threads(0) > 0) {
    wick_blas_threads(1);
  }
  if (benchmark == "getter") {
    getter(settings);
  } else if (benchmark == "tensor") {
    tensor(settings);
  } else if (benchmark == "operator") {
    add(settings);
  } else if (benchmark == "call") {
    call(settings, archive);
  } else if (benchmark == "run") {
    run(settings, archive, {4, 4});
  } else if (benchmark == "resnet50") {
    run(settings, archive, {1, 3, 224, 224});
  } else {
    fail("no such benchmark: " + benchmark);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    fail("expected BENCHMARK ARCHIVE [--warmup N] [--milliseconds MS] [--input FILE] [--output FILE]");
  }
  const std::string benchmark = arguments[1];
  const std::string archive = arguments[2];
  Settings settings;
  for (int i = 3; i + 1 < count; i += 2) {
    const std::string option = arguments[i];
    if (option == "--warmup") {
      settings.warmup = number(arguments[i + 1]);
    } else if (option == "--milliseconds") {
      settings.milliseconds = number(arguments[i + 1]);
    } else if (option == "--input") {
      settings.input = arguments[i + 1];
    } else if (option == "--output") {
      settings.output = arguments[i + 1];
    } else {
      fail("no such option: " + option);
    }
  }
  // On a thread that is not the first, as Java's are: the first one's memory comes from another part of malloc, and
  // that alone is worth more than the border.
  std::thread(work, benchmark, archive, settings).join();
  return 0;
}
