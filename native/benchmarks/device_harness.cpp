/*
 * The C++ side of the GPU benchmarks: one round of one model on one CUDA device, through the C functions that Java calls.
 *
 *   wick_device_harness ARCHIVE INPUT.npy SHAPE MODE DEVICE WARMUP RUNS OUT
 *
 * MODE is eager-fp32, eager-fp16, graph-fp32 or graph-fp16, SHAPE like 1x3x224x224, DEVICE like cuda:0. The arguments, what
 * is timed and what is written (OUT.json and OUT.f32) are those of bench's DeviceRound, which is the other side: what
 * differs between the two is Java. A graph's model is frozen here, as Java's is where that is fastest.
 *
 * It needs the shim and its headers alone: c++ -O2 -std=c++17 -I native/include device_harness.cpp -L SHIM -lwick_torch
 * -lwick_cuda -ldl -Wl,--allow-shlib-undefined. LD_LIBRARY_PATH names the directories of the shim and of LibTorch.
 */
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <wick/cuda.h>
#include <wick/wick.h>

namespace {

constexpr int32_t cuda_device = 1;
constexpr int32_t float16 = 5;
constexpr int32_t float32 = 6;
/* As Java's: the first run profiles, the second compiles, the third runs what was compiled. */
constexpr int warm_up_past_the_executor = 3;

wick_error error;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "wick_device_harness: %s\n", what.c_str());
  std::exit(1);
}

void check(int32_t status) {
  if (status != WICK_OK) {
    fail(std::string(error.message, static_cast<size_t>(error.message_length)));
  }
}

int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<char> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fail("cannot read " + path);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int number(const char* text) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*end != '\0' || value < 0 || value > 1000000) {
    fail(std::string("not a number: ") + text);
  }
  return static_cast<int>(value);
}

std::vector<int64_t> shape_of(const std::string& text) {
  std::vector<int64_t> sizes;
  size_t at = 0;
  while (at <= text.size()) {
    const size_t end = std::min(text.find('x', at), text.size());
    sizes.push_back(number(text.substr(at, end - at).c_str()));
    at = end + 1;
  }
  return sizes;
}

wick_value node(int32_t kind, int64_t integer, int64_t length = 0) {
  wick_value made{};
  made.kind = kind;
  made.integer = integer;
  made.length = length;
  return made;
}

wick_value text(int32_t kind, const char* words) {
  return node(kind, reinterpret_cast<int64_t>(words), static_cast<int64_t>(std::strlen(words)));
}

wick_tensor_info describe(wick_tensor tensor) {
  wick_tensor_info info;
  check(wick_tensor_describe(tensor, &info, &error));
  return info;
}

/* aten::empty in page-locked memory, filled with the data of a .npy file of version 1. */
wick_tensor pinned(const std::vector<int64_t>& sizes, const std::string& path) {
  const wick_value arguments[] = {
      node(WICK_INT_ARRAY, reinterpret_cast<int64_t>(sizes.data()), static_cast<int64_t>(sizes.size())),
      text(WICK_KEYWORD, "dtype"), node(WICK_INT, float32), text(WICK_KEYWORD, "device"), text(WICK_DEVICE, "cpu"),
      text(WICK_KEYWORD, "pin_memory"), node(WICK_BOOL, 1)};
  wick_call_options options{};
  options.mode = WICK_MODE_NO_GRAD;
  wick_result result;
  check(wick_operator_call_by_name("aten::empty", 11, &options, arguments, 7, &result, &error));
  const wick_tensor tensor = result.values->integer;
  wick_result_free(result.storage);
  const std::vector<char> bytes = read(path);
  const wick_tensor_info info = describe(tensor);
  const size_t header = bytes.size() < 10 ? 0 : 10 + static_cast<uint8_t>(bytes[8]) + 256 * static_cast<uint8_t>(bytes[9]);
  if (header == 0 || bytes.size() - header != static_cast<size_t>(info.element_count * info.element_size)) {
    fail(path + " does not hold the model's input");
  }
  std::memcpy(reinterpret_cast<void*>(info.data), bytes.data() + header, bytes.size() - header);
  return tensor;
}

wick_method load(const std::string& path, int32_t device, bool half, bool freeze) {
  const std::vector<char> archive = read(path);
  wick_module module = 0;
  check(wick_module_load(archive.data(), static_cast<int64_t>(archive.size()), cuda_device, device, 0, &module, &error));
  check(wick_module_to(module, half ? float16 : -1, cuda_device, device, 1, nullptr, &error));
  if (freeze) {
    const wick_value none = node(WICK_LIST, 0);
    wick_module frozen = 0;
    check(wick_module_freeze(module, &none, 1, 1, &frozen, &error));
    wick_module_free(module);
    module = frozen;
  }
  wick_method method = 0;
  check(wick_module_method(module, "forward", 7, &method, &error));
  wick_module_free(module);
  return method;
}

void samples(std::ofstream& json, const char* name, const std::vector<int64_t>& values) {
  json << "\"" << name << "\": [";
  for (size_t i = 0; i < values.size(); ++i) {
    json << (i == 0 ? "" : ", ") << values[i];
  }
  json << "], ";
}

struct Round {
  std::string archive;
  std::string input;
  std::vector<int64_t> shape;
  std::string mode;
  int device;
  int warm_up;
  int runs;
  std::string out;
};

void work(const Round& round) {
  const bool half = round.mode == "eager-fp16" || round.mode == "graph-fp16";
  const bool graph_wanted = round.mode == "graph-fp32" || round.mode == "graph-fp16";
  if (!half && !graph_wanted && round.mode != "eager-fp32") {
    fail("no such mode: " + round.mode);
  }
  check(wick_initialize(&error));
  check(wick_cuda_initialize(&error));
  const wick_method forward = load(round.archive, round.device, half, graph_wanted);
  const wick_tensor input = pinned(round.shape, round.input);
  int64_t stream = 0;
  check(wick_cuda_stream_take(round.device, 0, &stream, &error));
  wick_call_options options{};
  options.mode = WICK_MODE_INFERENCE;
  options.device_index = round.device + 1;
  options.stream = stream;
  wick_runner runner = 0;
  check(wick_runner_create(forward, &options, &input, 1, half ? float16 : -1, half ? float32 : -1, &runner, &error));
  wick_method_free(forward);
  wick_result result;
  check(wick_runner_outputs(runner, &result, &error));
  const wick_tensor output = result.values[1].integer;  // values[0] is the list
  wick_result_free(result.storage);
  for (int i = 0; i < warm_up_past_the_executor; ++i) {
    check(wick_runner_run(runner, &error));
  }
  wick_cuda_graph graph = 0;
  int64_t nodes = 0;
  if (graph_wanted) {
    check(wick_cuda_graph_begin(round.device, stream, 0, &graph, &error));
    check(wick_runner_enqueue(runner, WICK_RUNNER_INPUTS | WICK_RUNNER_CALL | WICK_RUNNER_OUTPUTS | WICK_RUNNER_STATIC, 0,
                              &error));
    check(wick_cuda_graph_end(graph, 0, &nodes, &error));
  }
  const auto run = [&] { check(graph != 0 ? wick_cuda_graph_run(graph, stream, &error) : wick_runner_run(runner, &error)); };
  const auto enqueue = [&] {
    check(graph != 0 ? wick_cuda_graph_launch(graph, stream, &error)
                     : wick_runner_enqueue(runner, WICK_RUNNER_INPUTS | WICK_RUNNER_CALL | WICK_RUNNER_OUTPUTS, 0, &error));
  };
  const auto wait = [&] { check(wick_cuda_stream_synchronize(round.device, stream, &error)); };

  check(wick_cuda_memory_trim(&error));
  check(wick_cuda_memory_reset_peak(round.device, &error));
  for (int i = 0; i < round.warm_up; ++i) {
    run();
  }
  const auto runs = static_cast<size_t>(round.runs);
  std::vector<int64_t> end_to_end(runs);
  for (int64_t& sample : end_to_end) {
    const int64_t start = now();
    run();
    sample = now() - start;
  }
  std::vector<int64_t> enqueued(runs);
  for (int64_t& sample : enqueued) {
    const int64_t start = now();
    enqueue();
    sample = now() - start;
    wait();
  }
  std::vector<int64_t> on_device(runs);
  int64_t begin = 0;
  int64_t end = 0;
  check(wick_cuda_event_create(round.device, 1, 0, &begin, &error));
  check(wick_cuda_event_create(round.device, 1, 0, &end, &error));
  for (int64_t& sample : on_device) {
    double nanoseconds = 0;
    check(wick_cuda_event_record(round.device, begin, stream, &error));
    enqueue();
    check(wick_cuda_event_record(round.device, end, stream, &error));
    check(wick_cuda_event_synchronize(end, &error));
    check(wick_cuda_event_elapsed(begin, end, &nanoseconds, &error));
    sample = static_cast<int64_t>(nanoseconds + 0.5);
  }
  wick_cuda_memory memory;
  check(wick_cuda_memory_get(round.device, &memory, &error));
  const int64_t held = memory.allocated_bytes.all.current;
  wick_cuda_memory without;
  // Nothing is launched again.
  check(wick_cuda_workspaces_free(&error));
  check(wick_cuda_memory_get(round.device, &without, &error));
  const wick_tensor_info info = describe(output);
  std::ofstream(round.out + ".f32", std::ios::binary)
      .write(reinterpret_cast<const char*>(info.data), info.element_count * info.element_size);
  std::ofstream json(round.out + ".json");
  json << "{\"engine\": \"cpp\", \"mode\": \"" << round.mode << "\", \"device\": \"cuda:" << round.device << "\", ";
  samples(json, "samplesNs", end_to_end);
  samples(json, "enqueueNs", enqueued);
  samples(json, "gpuNs", on_device);
  json << "\"graphNodes\": " << nodes << ", \"peakAllocatedBytes\": " << memory.allocated_bytes.all.peak
       << ", \"peakReservedBytes\": " << memory.reserved_bytes.all.peak << ", \"heldBytes\": " << held
       << ", \"workspaceBytes\": " << held - without.allocated_bytes.all.current
       << ", \"warmUp\": " << round.warm_up << "}\n";

  wick_cuda_event_free(begin);
  wick_cuda_event_free(end);
  wick_cuda_graph_free(graph);
  wick_tensor_free(output);
  wick_runner_free(runner);
  wick_tensor_free(input);
  wick_cuda_stream_give_back(round.device, 0, stream);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 9) {
    fail("expected ARCHIVE INPUT.npy SHAPE MODE DEVICE WARMUP RUNS OUT");
  }
  const std::string device = arguments[5];
  if (device.rfind("cuda:", 0) != 0) {
    fail("expected a device like cuda:0, got " + device);
  }
  // Before anything asks LibTorch about CUDA: it looks for its CUDA half once.
  for (const char* library : {"libc10_cuda.so", "libtorch_cuda.so"}) {
    if (dlopen(library, RTLD_LAZY | RTLD_GLOBAL) == nullptr) {
      fail(dlerror());
    }
  }
  const Round round{arguments[1], arguments[2], shape_of(arguments[3]), arguments[4], number(device.c_str() + 5),
                    number(arguments[6]), std::max(1, number(arguments[7])), arguments[8]};
  // On a thread that is not the first, as Java's are.
  std::thread(work, round).join();
  return 0;
}
