#include <wick/cuda.h>

#include <algorithm>
#include <cstring>
#include <string>

#include <c10/core/Device.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include "error.h"

namespace c10::cuda {
// Declared here because its header wants the compiler's part of the CUDA toolkit, which pip's wheels leave out.
DeviceIndex device_count() noexcept;
}  // namespace c10::cuda

namespace wick {
namespace {

struct CudaFailure {
  cudaError_t code;
  const char* action;
};

// After these the context is lost, and with it every allocation: nothing but a new process helps.
bool is_sticky(cudaError_t code) {
  switch (code) {
    case cudaErrorECCUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorContextIsDestroyed:
    case cudaErrorUnknown: return true;
    default: return false;
  }
}

void check(cudaError_t code, const char* action) {
  if (code != cudaSuccess) {
    // A plain error would otherwise be reported by the next call too.
    cudaGetLastError();
    throw CudaFailure{code, action};
  }
}

template <typename Body>
int32_t protect(wick_error* error, Body&& body) noexcept {
  try {
    body();
    return WICK_OK;
  } catch (const CudaFailure& failure) {
    const char* name = cudaGetErrorName(failure.code);
    try {
      report(error, WICK_CUDA_ERROR,
             std::string(failure.action) + ": " + name + ": " + cudaGetErrorString(failure.code));
    } catch (...) {
      report(error, WICK_CUDA_ERROR, name);
    }
    if (error != nullptr) {
      error->cuda_code = static_cast<int32_t>(failure.code);
      error->cuda_sticky = is_sticky(failure.code) ? 1 : 0;
    }
    return WICK_CUDA_ERROR;
  } catch (...) {
    return report_current_exception(error, WICK_FAILED);
  }
}

template <typename T>
T& target(T* pointer) {
  if (pointer == nullptr) {
    throw Failure(WICK_INVALID_ARGUMENT, "no place for the answer: the pointer is null");
  }
  return *pointer;
}

void check_index(int32_t index) {
  const int32_t count = c10::cuda::device_count();
  if (index < 0 || index >= count) {
    throw Failure(WICK_NOT_FOUND, "there is no CUDA device " + std::to_string(index) + "; LibTorch sees " +
                                      std::to_string(count));
  }
}

// Found when it is needed and not linked to: libtorch_cuda wants cuDNN, NCCL and the like, gigabytes that a machine
// without a device need not have, and this library loads there too. The symbols spell the parameters out.
void* torch_cuda_function(const char* symbol) {
  // The JVM's libraries are not in the global scope, so the library is named; NOLOAD gives the one that is there.
  void* library = dlopen("libtorch_cuda.so", RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) {
    throw Failure(WICK_UNSUPPORTED, "libtorch_cuda.so is not loaded");
  }
  void* function = dlsym(library, symbol);
  dlclose(library);
  return function;
}

using BlasHandle = void* (*)();
using BlasHandleWithSetup = void* (*)(bool);

struct BlasHandleFunctions {
  BlasHandle plain;                // in LibTorch 2.6 to 2.11
  BlasHandleWithSetup with_setup;  // in LibTorch 2.13
};

BlasHandleFunctions find_blas_handle() {
  return {reinterpret_cast<BlasHandle>(torch_cuda_function("_ZN2at4cuda24getCurrentCUDABlasHandleEv")),
          reinterpret_cast<BlasHandleWithSetup>(torch_cuda_function("_ZN2at4cuda24getCurrentCUDABlasHandleEb"))};
}

void* blas_handle() {
  // A failure is not kept: the next call looks again.
  static const BlasHandleFunctions functions = find_blas_handle();
  if (functions.with_setup != nullptr) {
    // Sets stream, workspace and math mode, as the other one always does.
    return functions.with_setup(true);
  }
  if (functions.plain == nullptr) {
    throw Failure(WICK_UNSUPPORTED, "this LibTorch has no at::cuda::getCurrentCUDABlasHandle()");
  }
  return functions.plain();
}

// Makes a device current for as long as it lives.
class CurrentDevice {
 public:
  explicit CurrentDevice(int32_t index) {
    check(cudaGetDevice(&previous_), "asking for the current device");
    check(cudaSetDevice(index), "making a device current");
  }
  ~CurrentDevice() { cudaSetDevice(previous_); }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int previous_ = 0;
};

void describe(int32_t index, wick_cuda_device& device) {
  const CurrentDevice current(index);
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, index), "asking for a device's properties");
  size_t free_bytes = 0;
  size_t total_bytes = 0;
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "asking for a device's free memory");
  device = {};
  device.index = index;
  device.compute_capability_major = properties.major;
  device.compute_capability_minor = properties.minor;
  device.multiprocessor_count = properties.multiProcessorCount;
  device.total_bytes = static_cast<int64_t>(total_bytes);
  device.free_bytes = static_cast<int64_t>(free_bytes);
  device.shared_memory_per_block_bytes = static_cast<int64_t>(properties.sharedMemPerBlock);
  device.l2_cache_bytes = properties.l2CacheSize;
  device.integrated = properties.integrated;
  device.name_length = static_cast<int32_t>(strnlen(properties.name, WICK_CUDA_NAME_CAPACITY));
  std::memcpy(device.name, properties.name, static_cast<size_t>(device.name_length));
  static_assert(sizeof(properties.uuid.bytes) == WICK_CUDA_UUID_BYTES);
  std::memcpy(device.uuid, properties.uuid.bytes, WICK_CUDA_UUID_BYTES);
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_cuda_compiled_version(void) noexcept { return CUDART_VERSION; }

int32_t wick_cuda_versions(int32_t* driver, int32_t* runtime, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::check(cudaDriverGetVersion(&wick::target(driver)), "asking for the driver's version");
    wick::check(cudaRuntimeGetVersion(&wick::target(runtime)), "asking for the runtime's version");
  });
}

int32_t wick_cuda_device_count(int32_t* count, wick_error* error) noexcept {
  return wick::protect(error, [&] { wick::target(count) = c10::cuda::device_count(); });
}

int32_t wick_cuda_device_describe(int32_t index, wick_cuda_device* device, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(device);
    wick::check_index(index);
    wick::describe(index, out);
  });
}

int32_t wick_cuda_set_device(int32_t index, int32_t* previous, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::check_index(index);
    int before = 0;
    wick::check(cudaGetDevice(&before), "asking for the current device");
    if (index != before) {
      wick::check(cudaSetDevice(index), "making a device current");
    }
    if (previous != nullptr) {
      *previous = before;
    }
  });
}

int32_t wick_cuda_cublas_handle(int64_t* handle, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(handle);
    if (c10::cuda::device_count() == 0) {
      throw wick::Failure(WICK_NOT_FOUND, "there is no CUDA device");
    }
    out = reinterpret_cast<int64_t>(wick::blas_handle());
  });
}

int32_t wick_cuda_synchronize(int32_t index, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::check_index(index);
    const wick::CurrentDevice current(index);
    wick::check(cudaDeviceSynchronize(), "waiting for a device");
  });
}

}  // extern "C"
