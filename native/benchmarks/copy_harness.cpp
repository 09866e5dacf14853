/*
 * The C++ side of the copy benchmarks: a loop over cudaMemcpyAsync between page-locked memory and a CUDA device.
 *
 *   wick_copy_harness cuda:0 BYTES,BYTES,...
 *
 * There is a round for each line of standard input, so that whoever measures beside it sets the pace. What a round does
 * and prints is what bench's CopyRound, the other side, does: a line of JSON for each size and direction, after what
 * came back has been compared with what was sent.
 *
 * It needs the header cuda_runtime_api.h alone: c++ -O2 -std=c++17 -I CUDA copy_harness.cpp -ldl. The runtime is found
 * when it starts, in the process or as libcudart.so by LD_LIBRARY_PATH.
 */
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>

#include <cuda_runtime_api.h>

namespace {

/* As CopyRound's. */
constexpr int64_t sample_bytes = int64_t{256} << 20;
constexpr int64_t most_copies = 200;
constexpr int single_copies = 20;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "wick_copy_harness: %s\n", what.c_str());
  std::exit(1);
}

// What is called of CUDA, of the very runtime that LibTorch brought.
struct Cuda {
  Cuda() {
    // In the process already where it was preloaded.
    if (dlsym(RTLD_DEFAULT, "cudaMemcpyAsync") == nullptr) {
      constexpr std::array names = {"libcudart.so.13", "libcudart.so.12", "libcudart.so"};
      if (std::none_of(names.begin(), names.end(), [](const char* name) {
            return dlopen(name, RTLD_NOW | RTLD_GLOBAL) != nullptr;
          })) {
        fail(std::string("no libcudart.so in LD_LIBRARY_PATH: ") + dlerror());
      }
    }
    find(set_device, "cudaSetDevice");
    find(malloc, "cudaMalloc");
    find(host_alloc, "cudaHostAlloc");
    find(stream_create, "cudaStreamCreateWithFlags");
    find(copy, "cudaMemcpyAsync");
    find(synchronize, "cudaStreamSynchronize");
    find(error_string, "cudaGetErrorString");
  }

  void check(cudaError_t status) const {
    if (status != cudaSuccess) {
      fail(error_string(status));
    }
  }

  cudaError_t (*set_device)(int);
  cudaError_t (*malloc)(void**, size_t);
  cudaError_t (*host_alloc)(void**, size_t, unsigned int);
  cudaError_t (*stream_create)(cudaStream_t*, unsigned int);
  cudaError_t (*copy)(void*, const void*, size_t, cudaMemcpyKind, cudaStream_t);
  cudaError_t (*synchronize)(cudaStream_t);
  const char* (*error_string)(cudaError_t);

 private:
  template <typename Function>
  static void find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
    if (function == nullptr) {
      fail(std::string("CUDA's runtime has no ") + name);
    }
  }
};

// Nanoseconds of a copy, until it was enqueued and until all were done.
struct Sample {
  double enqueue;
  double each;
};

// Memory of one size on both sides; lives as long as the process.
class Memory {
 public:
  Memory(const Cuda& cuda, cudaStream_t stream, int64_t bytes) : cuda_(cuda), stream_(stream), bytes_(bytes) {
    const auto size = static_cast<size_t>(bytes);
    cuda.check(cuda.malloc(&there_, size));
    cuda.check(cuda.host_alloc(reinterpret_cast<void**>(&sent_), size, cudaHostAllocDefault));
    cuda.check(cuda.host_alloc(reinterpret_cast<void**>(&received_), size, cudaHostAllocDefault));
    for (int64_t i = 0; i < words(); ++i) {
      sent_[i] = static_cast<uint32_t>(i) * 0x9E3779B1U;
    }
    // Pages that nobody has touched are none yet.
    std::memset(received_, -1, size);
  }

  int64_t bytes() const { return bytes_; }

  Sample sample(bool to_device, int64_t copies) const {
    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    for (int64_t i = 0; i < copies; ++i) {
      cuda_.check(to_device ? cuda_.copy(there_, sent_, size(), cudaMemcpyHostToDevice, stream_)
                            : cuda_.copy(received_, there_, size(), cudaMemcpyDeviceToHost, stream_));
    }
    const auto enqueued = clock::now();
    cuda_.check(cuda_.synchronize(stream_));
    return {nanoseconds(enqueued - start, copies), nanoseconds(clock::now() - start, copies)};
  }

  // Makes what is sent unlike anything that was sent before, at both ends.
  void mark(int round) const {
    sent_[0] = static_cast<uint32_t>(-1 - round);
    sent_[words() - 1] = static_cast<uint32_t>(-1 - round);
  }

  void check() const {
    if (std::memcmp(sent_, received_, size()) != 0) {
      fail("what came back differs from what was sent, of " + std::to_string(bytes_) +
           " bytes: nothing that was measured counts");
    }
  }

 private:
  static double nanoseconds(std::chrono::steady_clock::duration time, int64_t copies) {
    return std::chrono::duration<double, std::nano>(time).count() / static_cast<double>(copies);
  }

  size_t size() const { return static_cast<size_t>(bytes_); }
  int64_t words() const { return bytes_ / static_cast<int64_t>(sizeof(uint32_t)); }

  const Cuda& cuda_;
  cudaStream_t stream_;
  int64_t bytes_;
  void* there_ = nullptr;
  uint32_t* sent_ = nullptr;
  uint32_t* received_ = nullptr;
};

void measure(const Memory& memory, int round) {
  const int64_t copies = std::clamp(sample_bytes / memory.bytes(), int64_t{1}, most_copies);
  const auto singles = static_cast<int>(std::min<int64_t>(single_copies, copies));
  memory.mark(round);
  std::string lines;
  for (const bool to_device : {true, false}) {
    double single = 0;
    for (int i = 0; i < singles; ++i) {
      single += memory.sample(to_device, 1).each;
    }
    const Sample many = memory.sample(to_device, copies);
    char line[512];
    std::snprintf(line, sizeof line,
                  "{\"engine\": \"cpp\", \"bytes\": %lld, \"direction\": \"%s\", \"copies\": %lld, \"enqueueNs\": %.1f, "
                  "\"eachNs\": %.1f, \"singleNs\": %.1f}\n",
                  static_cast<long long>(memory.bytes()), to_device ? "to device" : "to host",
                  static_cast<long long>(copies), many.enqueue, many.each, single / singles);
    lines += line;
  }
  memory.check();
  std::fputs(lines.c_str(), stdout);
  std::fflush(stdout);
}

void work(int device, const std::vector<int64_t>& sizes) {
  const Cuda cuda;
  cuda.check(cuda.set_device(device));
  cudaStream_t stream = nullptr;
  // As LibTorch's, and so Wick's.
  cuda.check(cuda.stream_create(&stream, cudaStreamNonBlocking));
  std::vector<Memory> memories;
  for (const int64_t size : sizes) {
    memories.emplace_back(cuda, stream, size);
  }
  std::string line;
  for (int round = 0; std::getline(std::cin, line); ++round) {
    for (const Memory& memory : memories) {
      measure(memory, round);
    }
  }
}

int64_t number(const std::string& text) {
  char* end = nullptr;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value < 0) {
    fail("not a number: '" + text + "'");
  }
  return value;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3 || std::strncmp(arguments[1], "cuda:", 5) != 0) {
    fail("expected a device like cuda:0, and sizes in bytes");
  }
  std::vector<int64_t> sizes;
  std::istringstream listed(arguments[2]);
  for (std::string part; std::getline(listed, part, ',');) {
    sizes.push_back(number(part));
    if (sizes.back() < 4 || sizes.back() % 4 != 0) {
      fail("sizes are multiples of 4 bytes, got " + part);
    }
  }
  // On a thread that is not the first, as Java's are.
  std::thread(work, static_cast<int>(number(arguments[1] + 5)), sizes).join();
  return 0;
}
