/*
 * The C++ side of the gemm benchmarks: a loop over cublasGemmEx with LibTorch's own handle, on matrices of LibTorch's.
 *
 *   wick_gemm_harness --size 128,8192 --dtype bf16,fp32 [--batch B] [--calls N] [--rounds N] [--handle once|each]
 *   wick_gemm_harness --m M --n N --k K ...
 *
 * dtypes are fp32, tf32 (operands of fp32), fp16, bf16 and fp64; halves add up in fp32. After a warm-up each round
 * measures every size in every dtype and prints a line of JSON for each. Without --rounds there is a round for each
 * line of standard input, so that whoever measures beside it sets the pace, and both sides see the same second of the
 * machine.
 *
 * A sample is so many calls on an idle device, and says for one of them:
 *
 *   enqueue_us  until cublasGemmEx gave control back: the launch
 *   gpu_us      between two events on the stream
 *   total_us    until the device was idle again
 *
 * Products are row by row, as PyTorch's: cuBLAS is asked for the transposed product of the exchanged operands. The
 * handle is asked for once before a sample, as a C++ program would; --handle each asks LibTorch before every call, as
 * Wick does because its next call may come from another thread or on another stream, and so shows what that costs.
 *
 * LD_LIBRARY_PATH names the directories of libtorch_cuda.so and of CUDA's libraries. All functions of CUDA's are found
 * at run time in the very libraries that LibTorch runs on: the headers, which are all that compiling needs, declare
 * them alike in CUDA 12 and 13.
 */
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <dlfcn.h>

// The headers of the half types want more of the toolkit than pip's wheels have, and only functions that are not called
// here need more of them than the names.
#define __CUDA_FP16_H__
#define __CUDA_BF16_H__
struct __half;
struct __half2;
struct __nv_bfloat16;
struct __nv_bfloat162;
#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <wick/cuda.h>
#include <wick/wick.h>

namespace {

wick_error error;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "wick_gemm_harness: %s\n", what.c_str());
  std::exit(1);
}

void check(int32_t status) {
  if (status != WICK_OK) {
    fail(std::string(error.message, static_cast<size_t>(error.message_length)));
  }
}

// A function of CUDA's, from the libraries that LibTorch brought.
template <typename F>
F* function(const char* name) {
  void* found = dlsym(RTLD_DEFAULT, name);
  if (found == nullptr) {
    fail(std::string("no ") + name + " in this process: LD_LIBRARY_PATH must name CUDA's libraries beside LibTorch's");
  }
  return reinterpret_cast<F*>(found);
}

// Spelled out, since the header overloads both in C++.
using GemmEx = cublasStatus_t(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void*,
                              const void*, cudaDataType, int, const void*, cudaDataType, int, const void*, void*,
                              cudaDataType, int, cublasComputeType_t, cublasGemmAlgo_t);
using GemmStridedBatchedEx = cublasStatus_t(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int,
                                            const void*, const void*, cudaDataType, int, long long, const void*,
                                            cudaDataType, int, long long, const void*, void*, cudaDataType, int,
                                            long long, int, cublasComputeType_t, cublasGemmAlgo_t);

// What is called of CUDA.
struct Cuda {
  Cuda() {
    // Brings libcublas and libcudart with it; global, so that dlsym sees them.
    if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      fail(dlerror());
    }
    gemm = function<GemmEx>("cublasGemmEx");
    batched_gemm = function<GemmStridedBatchedEx>("cublasGemmStridedBatchedEx");
    set_math_mode = function<decltype(cublasSetMathMode)>("cublasSetMathMode");
    get_stream = function<decltype(cublasGetStream_v2)>("cublasGetStream_v2");
    status_name = function<decltype(cublasGetStatusName)>("cublasGetStatusName");
    event_create = function<cudaError_t(cudaEvent_t*)>("cudaEventCreate");
    event_record = function<decltype(cudaEventRecord)>("cudaEventRecord");
    elapsed = function<decltype(cudaEventElapsedTime)>("cudaEventElapsedTime");
    error_string = function<decltype(cudaGetErrorString)>("cudaGetErrorString");
  }

  void check(cublasStatus_t status) const {
    if (status != CUBLAS_STATUS_SUCCESS) {
      fail(status_name(status));
    }
  }

  void check(cudaError_t status) const {
    if (status != cudaSuccess) {
      fail(error_string(status));
    }
  }

  GemmEx* gemm;
  GemmStridedBatchedEx* batched_gemm;
  decltype(cublasSetMathMode)* set_math_mode;
  decltype(cublasGetStream_v2)* get_stream;
  decltype(cublasGetStatusName)* status_name;
  cudaError_t (*event_create)(cudaEvent_t*);
  decltype(cudaEventRecord)* event_record;
  decltype(cudaEventElapsedTime)* elapsed;
  decltype(cudaGetErrorString)* error_string;
};

// What a type is to c10, to cuBLAS, and in what it adds up.
struct Type {
  const char* name;
  int32_t dtype;
  cudaDataType data;
  cublasComputeType_t compute;
};

constexpr Type TYPES[] = {
    {"fp32", 6, CUDA_R_32F, CUBLAS_COMPUTE_32F},  {"tf32", 6, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32},
    {"fp16", 5, CUDA_R_16F, CUBLAS_COMPUTE_32F},  {"bf16", 15, CUDA_R_16BF, CUBLAS_COMPUTE_32F},
    {"fp64", 7, CUDA_R_64F, CUBLAS_COMPUTE_64F},
};

struct Size {
  int m;
  int n;
  int k;
};

struct Settings {
  std::vector<Size> sizes;
  std::vector<Type> types;
  int batch = 1;
  int calls = 100;
  int rounds = 0;
  int warmup = 50;
  bool handle_each = false;
};

cublasHandle_t torch_handle() {
  int64_t handle = 0;
  check(wick_cuda_cublas_handle(0, &handle, &error));
  return reinterpret_cast<cublasHandle_t>(handle);
}

// Device memory of LibTorch's allocator, filled with normal noise.
void* matrices(int batch, int rows, int columns, int32_t dtype) {
  constexpr int32_t cuda = 1;
  const int64_t sizes[] = {batch, rows, columns};
  wick_call_options options{};
  options.mode = WICK_MODE_NO_GRAD;
  wick_tensor tensor = 0;
  check(wick_tensor_empty(sizes, 3, dtype, cuda, 0, &options, &tensor, &error));
  wick_value self{};
  self.kind = WICK_TENSOR;
  self.integer = tensor;
  const std::string normal = "aten::normal_";
  wick_result result;
  check(wick_operator_call_by_name(normal.data(), static_cast<int64_t>(normal.size()), &options, &self, 1, &result,
                                   &error));
  wick_tensor_free(result.values->integer);
  wick_result_free(result.storage);
  wick_tensor_info info;
  check(wick_tensor_describe(tensor, &info, &error));
  return reinterpret_cast<void*>(info.data);  // lives as long as the process
}

// One product on matrices of its own.
class Gemm {
 public:
  Gemm(const Cuda& cuda, const Size& size, const Type& type, int batch)
      : cuda_(cuda),
        size_(size),
        type_(type),
        batch_(batch),
        a_(matrices(batch, size.m, size.k, type.dtype)),
        b_(matrices(batch, size.k, size.n, type.dtype)),
        c_(matrices(batch, size.m, size.n, type.dtype)) {}

  void enqueue(cublasHandle_t handle) const {
    const bool wide = type_.compute == CUBLAS_COMPUTE_64F;
    const void* alpha = wide ? static_cast<const void*>(&one64_) : &one32_;
    const void* beta = wide ? static_cast<const void*>(&zero64_) : &zero32_;
    const auto [m, n, k] = size_;
    if (batch_ == 1) {
      cuda_.check(cuda_.gemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, n, m, k, alpha, b_, type_.data, n, a_, type_.data, k,
                             beta, c_, type_.data, n, type_.compute, CUBLAS_GEMM_DEFAULT));
    } else {
      cuda_.check(cuda_.batched_gemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, n, m, k, alpha, b_, type_.data, n, stride(k, n),
                                     a_, type_.data, k, stride(m, k), beta, c_, type_.data, n, stride(m, n), batch_,
                                     type_.compute, CUBLAS_GEMM_DEFAULT));
    }
  }

  const Size& size() const { return size_; }
  const Type& type() const { return type_; }

 private:
  static long long stride(int rows, int columns) { return static_cast<long long>(rows) * columns; }

  const Cuda& cuda_;
  Size size_;
  Type type_;
  int batch_;
  void* a_;
  void* b_;
  void* c_;
  const float one32_ = 1;
  const float zero32_ = 0;
  const double one64_ = 1;
  const double zero64_ = 0;
};

double microseconds(std::chrono::steady_clock::duration time, int calls) {
  return std::chrono::duration<double, std::micro>(time).count() / calls;
}

cublasHandle_t prepared_handle(const Cuda& cuda) {
  cublasHandle_t handle = torch_handle();
  // LibTorch's own mode may be TF32, which would go for every FP32.
  cuda.check(cuda.set_math_mode(handle, CUBLAS_DEFAULT_MATH));
  return handle;
}

void sample(const Cuda& cuda, const Gemm& gemm, const Settings& settings, cudaEvent_t start, cudaEvent_t stop) {
  using clock = std::chrono::steady_clock;
  cublasHandle_t handle = prepared_handle(cuda);
  cudaStream_t stream = nullptr;
  cuda.check(cuda.get_stream(handle, &stream));
  check(wick_cuda_synchronize(0, &error));
  cuda.check(cuda.event_record(start, stream));
  const auto began = clock::now();
  for (int i = 0; i < settings.calls; ++i) {
    gemm.enqueue(settings.handle_each ? prepared_handle(cuda) : handle);
  }
  const auto enqueued = clock::now();
  cuda.check(cuda.event_record(stop, stream));
  check(wick_cuda_synchronize(0, &error));
  const auto done = clock::now();
  float milliseconds = 0;
  cuda.check(cuda.elapsed(&milliseconds, start, stop));
  const double gpu = static_cast<double>(milliseconds) * 1e3 / settings.calls;
  const Size& size = gemm.size();
  const double operations = 2.0 * size.m * size.n * size.k * settings.batch;
  std::printf(
      "{\"m\": %d, \"n\": %d, \"k\": %d, \"batch\": %d, \"dtype\": \"%s\", \"calls\": %d, \"handle\": \"%s\", "
      "\"enqueue_us\": %.4f, \"gpu_us\": %.4f, \"total_us\": %.4f, \"tflops\": %.4f}\n",
      size.m, size.n, size.k, settings.batch, gemm.type().name, settings.calls, settings.handle_each ? "each" : "once",
      microseconds(enqueued - began, settings.calls), gpu, microseconds(done - began, settings.calls),
      operations / gpu / 1e6);
  std::fflush(stdout);
}

void run(const Settings& settings) {
  check(wick_initialize(&error));
  const Cuda cuda;
  int32_t devices = 0;
  check(wick_cuda_device_count(&devices, &error));
  if (devices == 0) {
    fail("there is no CUDA device");
  }
  cudaEvent_t start = nullptr;
  cudaEvent_t stop = nullptr;
  cuda.check(cuda.event_create(&start));
  cuda.check(cuda.event_create(&stop));
  std::vector<Gemm> gemms;
  for (const Size& size : settings.sizes) {
    for (const Type& type : settings.types) {
      gemms.emplace_back(cuda, size, type, settings.batch);
      for (int i = 0; i < settings.warmup; ++i) {
        gemms.back().enqueue(prepared_handle(cuda));
      }
    }
  }
  check(wick_cuda_synchronize(0, &error));
  std::string line;
  for (int i = 0; settings.rounds > 0 ? i < settings.rounds : static_cast<bool>(std::getline(std::cin, line)); ++i) {
    for (const Gemm& gemm : gemms) {
      sample(cuda, gemm, settings, start, stop);
    }
  }
}

int number(const std::string& text) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value < 1 || value > 1 << 20) {
    fail("expected a number from 1 to 1048576, got '" + text + "'");
  }
  return static_cast<int>(value);
}

std::vector<std::string> parts(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    found.push_back(part);
  }
  return found;
}

Type type(const std::string& name) {
  for (const Type& each : TYPES) {
    if (name == each.name) {
      return each;
    }
  }
  fail("expected fp32, tf32, fp16, bf16 or fp64, got '" + name + "'");
}

Settings settings(int count, char** arguments) {
  Settings read;
  Size own{0, 0, 0};
  for (int i = 1; i < count; i += 2) {
    const std::string option = arguments[i];
    if (i + 1 == count) {
      fail("expected a value after " + option);
    }
    const std::string value = arguments[i + 1];
    if (option == "--size") {
      for (const std::string& part : parts(value)) {
        const int size = number(part);
        read.sizes.push_back({size, size, size});
      }
    } else if (option == "--m") {
      own.m = number(value);
    } else if (option == "--n") {
      own.n = number(value);
    } else if (option == "--k") {
      own.k = number(value);
    } else if (option == "--dtype") {
      for (const std::string& part : parts(value)) {
        read.types.push_back(type(part));
      }
    } else if (option == "--batch") {
      read.batch = number(value);
    } else if (option == "--calls") {
      read.calls = number(value);
    } else if (option == "--rounds") {
      read.rounds = number(value);
    } else if (option == "--warmup") {
      read.warmup = number(value);
    } else if (option == "--handle") {
      if (value != "once" && value != "each") {
        fail("expected --handle once or each, got '" + value + "'");
      }
      read.handle_each = value == "each";
    } else {
      fail("no such option: " + option);
    }
  }
  if (own.m > 0 && own.n > 0 && own.k > 0) {
    read.sizes.push_back(own);
  } else if (own.m + own.n + own.k > 0) {
    fail("--m, --n and --k go together");
  }
  if (read.sizes.empty() || read.types.empty()) {
    fail("expected --size (or --m, --n and --k) and --dtype");
  }
  return read;
}

}  // namespace

int main(int count, char** arguments) {
  run(settings(count, arguments));
  return 0;
}
