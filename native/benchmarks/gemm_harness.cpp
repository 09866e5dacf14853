/*
 * The C++ side of the gemm benchmarks: a loop over cublasGemmEx with LibTorch's own handle, on matrices of LibTorch's.
 *
 *   wick_gemm_harness --size 128,8192 --dtype bf16,fp32 [--batch B] [--calls N,N] [--rounds N] [--handle once|each]
 *                     [--device cuda:0|cpu] [--out OUT]
 *   wick_gemm_harness --m M --n N --k K ...
 *
 * dtypes are fp32, tf32 (operands of fp32), fp16, bf16 and fp64; halves add up in fp32. After a warm-up each round
 * measures every size in every dtype and prints a line of JSON for each. Without --rounds there is a round for each
 * line of standard input, so that whoever measures beside it sets the pace, and both sides see the same second of the
 * machine.
 *
 * A sample is so many calls on an idle device (--calls, one number or one for each size), and says for one of them:
 *
 *   enqueue_us  until cublasGemmEx gave control back: the launch
 *   gpu_us      between two events on the stream
 *   total_us    until the device was idle again
 *
 * Operands are normal noise of LibTorch's CPU generator, A of seed 1 and B of seed 2, as bench's GemmRound has them;
 * with --out the results are written before anything is measured, as float32, to OUT.DTYPE-SIZE.f32: all elements, or
 * where there are many every so manieth, as GemmRound writes its own.
 *
 * Products are row by row, as PyTorch's: cuBLAS is asked for the transposed product of the exchanged operands. The
 * handle is asked for once before a sample, as a C++ program would; --handle each asks LibTorch before every call, as
 * Wick does because its next call may come from another thread or on another stream, and so shows what that costs.
 * On the CPU a call is aten::mm into a tensor that is there, or aten::bmm, and only total_us is measured.
 *
 * LD_LIBRARY_PATH names the directories of the shim, of LibTorch, and of CUDA's libraries. All functions of CUDA's are
 * found at run time in the very libraries that LibTorch runs on: the headers, which are all that compiling needs,
 * declare them alike in CUDA 12 and 13.
 */
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
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
  int device = 0;  // -1: the CPU
  std::vector<int> calls = {100};
  int rounds = 0;
  int warmup = 50;
  bool handle_each = false;
  std::string out;
};

wick_value value(int32_t kind, int64_t integer, int64_t length = 0) {
  wick_value made{};
  made.kind = kind;
  made.integer = integer;
  made.length = length;
  return made;
}

wick_value text(int32_t kind, const std::string& words) {
  return value(kind, reinterpret_cast<int64_t>(words.data()), static_cast<int64_t>(words.size()));
}

// The tensor that an operator gives.
wick_tensor call(const std::string& name, const std::vector<wick_value>& arguments) {
  wick_call_options options{};
  options.mode = WICK_MODE_NO_GRAD;
  wick_result result;
  check(wick_operator_call_by_name(name.data(), static_cast<int64_t>(name.size()), &options, arguments.data(),
                                   static_cast<int64_t>(arguments.size()), &result, &error));
  const wick_tensor tensor = result.values->integer;
  wick_result_free(result.storage);
  return tensor;
}

// As call, of a tensor that nobody needs any more.
wick_tensor become(wick_tensor tensor, const std::string& name, std::vector<wick_value> arguments) {
  arguments.insert(arguments.begin(), value(WICK_TENSOR, tensor));
  const wick_tensor made = call(name, arguments);
  wick_tensor_free(tensor);
  return made;
}

wick_tensor_info describe(wick_tensor tensor) {
  wick_tensor_info info;
  check(wick_tensor_describe(tensor, &info, &error));
  return info;
}

const std::string cpu = "cpu";

std::string name_of(int device) { return device < 0 ? cpu : "cuda:" + std::to_string(device); }

// Lives as long as the process.
wick_tensor noise(const std::vector<int64_t>& sizes, const Type& type, int64_t seed, const std::string& device) {
  const std::string generator = "generator";
  const wick_tensor normal =
      call("aten::randn", {value(WICK_INT_ARRAY, reinterpret_cast<int64_t>(sizes.data()), static_cast<int64_t>(sizes.size())),
                           text(WICK_KEYWORD, generator), value(WICK_GENERATOR, seed)});
  const wick_tensor typed = become(normal, "aten::to", {value(WICK_INT, type.dtype)});
  return become(typed, "aten::to", {text(WICK_DEVICE, device), value(WICK_INT, type.dtype)});
}

// As BenchFiles.writeSpread().
void write_spread(wick_tensor tensor, const std::string& path) {
  constexpr int64_t written_elements = 1 << 20;
  constexpr int32_t float32 = 6;
  const int64_t elements = describe(tensor).element_count;
  const int64_t step = elements <= written_elements ? 1 : (elements / written_elements) | 1;
  const wick_tensor row = call("aten::reshape", {value(WICK_TENSOR, tensor),
                                                 value(WICK_INT_ARRAY, reinterpret_cast<int64_t>(&elements), 1)});
  const wick_tensor some = become(row, "aten::slice", {value(WICK_INT, 0), value(WICK_NONE, 0), value(WICK_NONE, 0),
                                                       value(WICK_INT, step)});
  const wick_tensor here = become(some, "aten::to", {text(WICK_DEVICE, cpu), value(WICK_INT, float32)});
  const wick_tensor dense = become(here, "aten::contiguous", {});
  const wick_tensor_info info = describe(dense);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(info.data), info.element_count * info.element_size);
  wick_tensor_free(dense);
}

// Operands and result of one product; they live as long as the process.
struct Operands {
  Operands(const Size& shape, const Type& of, int batch_size, int device)
      : size(shape), type(of), batch(batch_size) {
    const auto sizes = [&](int64_t rows, int64_t columns) {
      return batch == 1 ? std::vector<int64_t>{rows, columns} : std::vector<int64_t>{batch, rows, columns};
    };
    const std::string name = name_of(device);
    a = noise(sizes(size.m, size.k), type, 1, name);
    b = noise(sizes(size.k, size.n), type, 2, name);
    c = noise(sizes(size.m, size.n), type, 3, name);
  }

  Size size;
  Type type;
  int batch;
  wick_tensor a;
  wick_tensor b;
  wick_tensor c;
};

double microseconds(std::chrono::steady_clock::duration time, int calls) {
  return std::chrono::duration<double, std::micro>(time).count() / calls;
}

using Clock = std::chrono::steady_clock;

// Where products are computed.
class Side {
 public:
  virtual ~Side() = default;
  // So many products, awaited.
  virtual void multiply(const Operands& operands, int calls) = 0;
  // The same as a sample: the fields of its line that are the side's own.
  virtual std::string sample(const Operands& operands, int calls) = 0;
};

std::string format(const char* how, double first, double second = 0, double third = 0) {
  char text[256];
  std::snprintf(text, sizeof text, how, first, second, third);
  return text;
}

class OnCuda : public Side {
 public:
  explicit OnCuda(const Settings& settings) : device_(settings.device), handle_each_(settings.handle_each) {
    int32_t devices = 0;
    check(wick_cuda_initialize(&error));
    check(wick_cuda_device_count(&devices, &error));
    if (device_ >= devices) {
      fail("there is no cuda:" + std::to_string(device_) + ", of " + std::to_string(devices) + " devices");
    }
    check(wick_cuda_set_device(device_, nullptr, &error));
    check(wick_cuda_stream_take(device_, 0, &stream_, &error));
    cuda_.check(cuda_.event_create(&start_));
    cuda_.check(cuda_.event_create(&stop_));
  }

  void multiply(const Operands& operands, int calls) override {
    // The operands were made on the default stream.
    check(wick_cuda_synchronize(device_, &error));
    enqueue(operands, calls);
    check(wick_cuda_synchronize(device_, &error));
  }

  std::string sample(const Operands& operands, int calls) override {
    check(wick_cuda_synchronize(device_, &error));
    const auto stream = reinterpret_cast<cudaStream_t>(stream_);
    cuda_.check(cuda_.event_record(start_, stream));
    const auto began = Clock::now();
    enqueue(operands, calls);
    const auto enqueued = Clock::now();
    cuda_.check(cuda_.event_record(stop_, stream));
    check(wick_cuda_synchronize(device_, &error));
    const auto done = Clock::now();
    float milliseconds = 0;
    cuda_.check(cuda_.elapsed(&milliseconds, start_, stop_));
    const double gpu = static_cast<double>(milliseconds) * 1e3 / calls;
    const Size& size = operands.size;
    return std::string("\"handle\": \"") + (handle_each_ ? "each" : "once") + "\", " +
           format("\"enqueue_us\": %.4f, \"gpu_us\": %.4f, \"tflops\": %.4f, ", microseconds(enqueued - began, calls),
                  gpu, 2.0 * size.m * size.n * size.k * operands.batch / gpu / 1e6) +
           format("\"total_us\": %.4f", microseconds(done - began, calls));
  }

 private:
  cublasHandle_t handle() const {
    int64_t found = 0;
    check(wick_cuda_cublas_handle(stream_, &found, &error));
    auto* handle = reinterpret_cast<cublasHandle_t>(found);
    // LibTorch's own mode may be TF32, which would go for every FP32.
    cuda_.check(cuda_.set_math_mode(handle, CUBLAS_DEFAULT_MATH));
    return handle;
  }

  void enqueue(const Operands& operands, int calls) const {
    cublasHandle_t once = handle();
    const auto* a = reinterpret_cast<const void*>(describe(operands.a).data);
    const auto* b = reinterpret_cast<const void*>(describe(operands.b).data);
    auto* c = reinterpret_cast<void*>(describe(operands.c).data);
    const Type& type = operands.type;
    const bool wide = type.compute == CUBLAS_COMPUTE_64F;
    const void* alpha = wide ? static_cast<const void*>(&one64_) : &one32_;
    const void* beta = wide ? static_cast<const void*>(&zero64_) : &zero32_;
    const auto [m, n, k] = operands.size;
    for (int i = 0; i < calls; ++i) {
      cublasHandle_t used = handle_each_ ? handle() : once;
      if (operands.batch == 1) {
        cuda_.check(cuda_.gemm(used, CUBLAS_OP_N, CUBLAS_OP_N, n, m, k, alpha, b, type.data, n, a, type.data, k, beta, c,
                               type.data, n, type.compute, CUBLAS_GEMM_DEFAULT));
      } else {
        cuda_.check(cuda_.batched_gemm(used, CUBLAS_OP_N, CUBLAS_OP_N, n, m, k, alpha, b, type.data, n, stride(k, n), a,
                                       type.data, k, stride(m, k), beta, c, type.data, n, stride(m, n), operands.batch,
                                       type.compute, CUBLAS_GEMM_DEFAULT));
      }
    }
  }

  static long long stride(int rows, int columns) { return static_cast<long long>(rows) * columns; }

  const Cuda cuda_;
  int device_;
  bool handle_each_;
  int64_t stream_ = 0;
  cudaEvent_t start_ = nullptr;
  cudaEvent_t stop_ = nullptr;
  const float one32_ = 1;
  const float zero32_ = 0;
  const double one64_ = 1;
  const double zero64_ = 0;
};

class OnCpu : public Side {
 public:
  void multiply(const Operands& operands, int calls) override {
    wick_operator& multiply = operands.batch == 1 ? mm_ : bmm_;
    const std::string name = operands.batch == 1 ? "aten::mm" : "aten::bmm";
    if (multiply == 0) {
      check(wick_operator_find(name.data(), static_cast<int64_t>(name.size()), "out", 3, &multiply, &error));
    }
    const wick_value arguments[] = {value(WICK_TENSOR, operands.a), value(WICK_TENSOR, operands.b),
                                    value(WICK_KEYWORD, reinterpret_cast<int64_t>("out"), 3),
                                    value(WICK_TENSOR, operands.c)};
    wick_call_options options{};
    options.mode = WICK_MODE_INFERENCE;
    for (int i = 0; i < calls; ++i) {
      wick_result result;
      check(wick_operator_call(multiply, &options, arguments, 4, &result, &error));
      const wick_tensor same = result.values->integer;
      wick_result_free(result.storage);
      wick_tensor_free(same);
    }
  }

  std::string sample(const Operands& operands, int calls) override {
    const auto began = Clock::now();
    multiply(operands, calls);
    return format("\"total_us\": %.4f", microseconds(Clock::now() - began, calls));
  }

 private:
  wick_operator mm_ = 0;
  wick_operator bmm_ = 0;
};

void print_sample(Side& side, const Operands& operands, int calls) {
  const std::string own = side.sample(operands, calls);
  std::printf("{\"engine\": \"cpp\", \"m\": %d, \"n\": %d, \"k\": %d, \"batch\": %d, \"dtype\": \"%s\", \"calls\": %d, %s}\n",
              operands.size.m, operands.size.n, operands.size.k, operands.batch, operands.type.name, calls, own.c_str());
  std::fflush(stdout);
}

void run(const Settings& settings) {
  check(wick_initialize(&error));
  const std::unique_ptr<Side> side = settings.device < 0 ? std::unique_ptr<Side>(std::make_unique<OnCpu>())
                                                         : std::make_unique<OnCuda>(settings);
  std::vector<Operands> products;
  std::vector<int> calls;
  for (size_t i = 0; i < settings.sizes.size(); ++i) {
    for (const Type& type : settings.types) {
      const Size& size = settings.sizes[i];
      products.emplace_back(size, type, settings.batch, settings.device);
      calls.push_back(settings.calls.size() == 1 ? settings.calls[0] : settings.calls[i]);
      side->multiply(products.back(), std::min(settings.warmup, calls.back()));
      if (!settings.out.empty()) {
        write_spread(products.back().c, settings.out + "." + type.name + "-" + std::to_string(size.m) + ".f32");
      }
    }
  }
  std::string line;
  for (int i = 0; settings.rounds > 0 ? i < settings.rounds : static_cast<bool>(std::getline(std::cin, line)); ++i) {
    for (size_t j = 0; j < products.size(); ++j) {
      print_sample(*side, products[j], calls[j]);
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

int device(const std::string& name) {
  if (name == cpu) {
    return -1;
  }
  if (name == "cuda:0") {
    return 0;
  }
  if (name.rfind("cuda:", 0) != 0) {
    fail("expected cpu or a device like cuda:0, got '" + name + "'");
  }
  return number(name.substr(5));
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
      read.calls.clear();
      for (const std::string& part : parts(value)) {
        read.calls.push_back(number(part));
      }
    } else if (option == "--rounds") {
      read.rounds = number(value);
    } else if (option == "--warmup") {
      read.warmup = number(value);
    } else if (option == "--device") {
      read.device = device(value);
    } else if (option == "--out") {
      read.out = value;
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
  if (read.calls.size() != 1 && read.calls.size() != read.sizes.size()) {
    fail("expected --calls once, or once for each size");
  }
  return read;
}

}  // namespace

int main(int count, char** arguments) {
  // On a thread that is not the first, as Java's are.
  std::thread(run, settings(count, arguments)).join();
  return 0;
}
