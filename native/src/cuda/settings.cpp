#include <dlfcn.h>

#include <string>
#include <type_traits>

#include <ATen/Context.h>
#include <c10/cuda/CUDAAllocatorConfig.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <wick/cuda_settings.h>

#include "cuda_error.h"
#include "device.h"

namespace wick {
namespace {

unsigned int schedule_flag(int32_t wait) {
  switch (wait) {
    case WICK_CUDA_WAIT_AUTO: return cudaDeviceScheduleAuto;
    case WICK_CUDA_WAIT_SPIN: return cudaDeviceScheduleSpin;
    case WICK_CUDA_WAIT_YIELD: return cudaDeviceScheduleYield;
    case WICK_CUDA_WAIT_BLOCK: return cudaDeviceScheduleBlockingSync;
    default: throw Failure(WICK_INVALID_ARGUMENT, std::to_string(wait) + " is not a way of waiting");
  }
}

int32_t wait_of(unsigned int flags) {
  switch (flags & cudaDeviceScheduleMask) {
    case cudaDeviceScheduleSpin: return WICK_CUDA_WAIT_SPIN;
    case cudaDeviceScheduleYield: return WICK_CUDA_WAIT_YIELD;
    case cudaDeviceScheduleBlockingSync: return WICK_CUDA_WAIT_BLOCK;
    default: return WICK_CUDA_WAIT_AUTO;
  }
}

// LibTorch keeps the mode in a variable of an inline function, of which every library that is not exporting it has one
// of its own. The one that counts is libc10_cuda's.
c10::cuda::WarningState& warning_state() {
  constexpr const char* symbol = "_ZZN3c104cuda13warning_stateEvE14warning_state_";
  void* library = dlopen("libc10_cuda.so", RTLD_LAZY | RTLD_NOLOAD);
  void* found = library == nullptr ? nullptr : dlsym(library, symbol);
  if (library != nullptr) {
    dlclose(library);
  }
  if (found == nullptr) {
    throw Failure(WICK_UNSUPPORTED, "this LibTorch does not show its mode of warning about synchronisation");
  }
  return *static_cast<c10::cuda::WarningState*>(found);
}

// A truth in older versions of LibTorch, an enum in newer ones whose first value is "allowed, split sums too".
template <typename Option>
bool is_allowed(Option option) {
  if constexpr (std::is_same_v<Option, bool>) {
    return option;
  } else {
    return option == static_cast<Option>(0);
  }
}

void check_truth(int32_t value, const char* name) {
  if (value != 0 && value != 1) {
    throw Failure(WICK_INVALID_ARGUMENT, std::string(name) + " is 0 or 1, not " + std::to_string(value));
  }
}

void configure_allocator(const std::string& settings) {
  if (c10::cuda::CUDACachingAllocator::get()->initialized()) {
    throw Failure(WICK_INVALID_ARGUMENT,
                  "the allocator's settings are made before the first use of a CUDA device, which has been");
  }
  if (settings.find("backend") != std::string::npos) {
    throw Failure(WICK_INVALID_ARGUMENT,
                  "the allocator's backend is chosen when LibTorch starts, by the variable PYTORCH_CUDA_ALLOC_CONF alone");
  }
  c10::cuda::CUDACachingAllocator::setAllocatorSettings(settings);
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_cuda_wait_set(int32_t device, int32_t wait, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    const unsigned int flag = wick::schedule_flag(wait);
    wick::use_device(device);
    const wick::CurrentDevice current(device);
    unsigned int flags = 0;
    wick::check(cudaGetDeviceFlags(&flags), "asking how threads wait for a device");
    wick::check(cudaSetDeviceFlags((flags & ~static_cast<unsigned int>(cudaDeviceScheduleMask)) | flag),
                "setting how threads wait for a device");
  });
}

int32_t wick_cuda_wait_get(int32_t device, int32_t* wait, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    auto& out = wick::target(wait);
    wick::use_device(device);
    const wick::CurrentDevice current(device);
    unsigned int flags = 0;
    wick::check(cudaGetDeviceFlags(&flags), "asking how threads wait for a device");
    out = wick::wait_of(flags);
  });
}

int32_t wick_cuda_sync_debug_set(int32_t mode, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    if (mode < WICK_CUDA_SYNC_DEBUG_OFF || mode > WICK_CUDA_SYNC_DEBUG_FAIL) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, std::to_string(mode) + " is not a mode of synchronisation debugging");
    }
    wick::warning_state().set_sync_debug_mode(static_cast<c10::cuda::SyncDebugMode>(mode));
  });
}

int32_t wick_cuda_sync_debug_get(int32_t* mode, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    wick::target(mode) = static_cast<int32_t>(wick::warning_state().get_sync_debug_mode());
  });
}

int32_t wick_cuda_numerics_get(wick_cuda_numerics* numerics, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    auto& out = wick::target(numerics);
    const at::Context& context = at::globalContext();
    out = {};
    out.tf32_matmul = context.allowTF32CuBLAS() ? 1 : 0;
    out.tf32_cudnn = context.allowTF32CuDNN() ? 1 : 0;
    out.fp16_reduced_reduction = wick::is_allowed(context.allowFP16ReductionCuBLAS()) ? 1 : 0;
    out.bf16_reduced_reduction = wick::is_allowed(context.allowBF16ReductionCuBLAS()) ? 1 : 0;
    out.cudnn_enabled = context.userEnabledCuDNN() ? 1 : 0;
    out.cudnn_benchmark = context.benchmarkCuDNN() ? 1 : 0;
    out.cudnn_deterministic = context.deterministicCuDNN() ? 1 : 0;
  });
}

int32_t wick_cuda_numerics_set(const wick_cuda_numerics* numerics, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    const auto& in = wick::target(numerics);
    wick::check_truth(in.tf32_matmul, "tf32_matmul");
    wick::check_truth(in.tf32_cudnn, "tf32_cudnn");
    wick::check_truth(in.fp16_reduced_reduction, "fp16_reduced_reduction");
    wick::check_truth(in.bf16_reduced_reduction, "bf16_reduced_reduction");
    wick::check_truth(in.cudnn_enabled, "cudnn_enabled");
    wick::check_truth(in.cudnn_benchmark, "cudnn_benchmark");
    wick::check_truth(in.cudnn_deterministic, "cudnn_deterministic");
    at::Context& context = at::globalContext();
    context.setAllowTF32CuBLAS(in.tf32_matmul != 0);
    context.setAllowTF32CuDNN(in.tf32_cudnn != 0);
    context.setAllowFP16ReductionCuBLAS(in.fp16_reduced_reduction != 0);
    context.setAllowBF16ReductionCuBLAS(in.bf16_reduced_reduction != 0);
    context.setUserEnabledCuDNN(in.cudnn_enabled != 0);
    context.setBenchmarkCuDNN(in.cudnn_benchmark != 0);
    context.setDeterministicCuDNN(in.cudnn_deterministic != 0);
  });
}

int32_t wick_cuda_allocator_configure(const char* settings, int64_t length, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    if (settings == nullptr || length < 0) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "the settings are not a text: null or of negative length");
    }
    wick::configure_allocator(std::string(settings, static_cast<size_t>(length)));
  });
}

}  // extern "C"
