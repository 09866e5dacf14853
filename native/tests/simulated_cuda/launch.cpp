// Kernels: the names that host stubs are registered under, launches, and what is asked of functions.
#include "runtime.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>

#include <cxxabi.h>

#include "kernels.h"

namespace simulated_cuda {
namespace {

// Filled while libraries are loaded, so it has a lock of its own and no device is needed.
struct Registry {
  std::mutex mutex;
  std::unordered_map<const void*, const char*> names;
};

Registry& registry() {
  static Registry* const instance = new Registry();
  return *instance;
}

const char* mangled_name(const void* function) {
  Lock lock(registry().mutex);
  const auto found = registry().names.find(function);
  require(found != registry().names.end(), cudaErrorInvalidDeviceFunction);
  return found->second;
}

std::string demangle(const char* mangled) {
  int status = 0;
  char* text = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  const std::string name = status == 0 ? text : mangled;
  std::free(text);
  return name;
}

bool unknown_kernels_are_ignored() {
  static const char* const setting = std::getenv("SIMULATED_CUDA_UNKNOWN_KERNELS");
  return setting != nullptr && std::strcmp(setting, "ignore") == 0;
}

// Looks the memory up when it is the kernel's turn, as a device would.
void execute(const Prepared& prepared) {
  std::vector<char*> places;
  {
    Lock lock(world().mutex);
    for (const Access& access : prepared.accesses) {
      try {
        const Place found = place(access.address, access.bytes);
        if (found.kind != Kind::pageable) {
          places.push_back(found.bytes);
        }
      } catch (const Failure&) {
      }
    }
  }
  if (places.size() == prepared.accesses.size()) {
    prepared.run(places);
  } else {
    break_context(cudaErrorIllegalAddress);
  }
}

cudaError_t launch(const void* function, void** arguments, cudaStream_t handle) {
  return call([&](Lock&) {
    const auto stream = find_stream(handle);
    require(stream->device == current_device_index(), cudaErrorInvalidResourceHandle);
    const std::string name = demangle(mangled_name(function));
    World& w = world();
    if (w.fail_next_launch != cudaSuccess) {
      const cudaError_t error = std::exchange(w.fail_next_launch, cudaSuccess);
      ++w.counters.kernel_launches;
      submit_body(*stream, cudaGraphNodeTypeKernel, [error] { break_context(error); });
      return;
    }
    auto prepared = std::make_shared<Prepared>();
    if (prepare(name, arguments, *prepared)) {
      ++w.counters.kernel_launches;
      submit_body(*stream, cudaGraphNodeTypeKernel, [prepared] { execute(*prepared); });
    } else if (unknown_kernels_are_ignored()) {
      ++w.counters.kernel_launches;
      ++w.counters.kernels_ignored;
      submit_body(*stream, cudaGraphNodeTypeKernel, [] {});
    } else {
      std::fprintf(stderr, "simulated CUDA: no such kernel here: %s\n", name.c_str());
      throw Failure{cudaErrorNotSupported};
    }
  });
}

struct Configuration {
  dim3 grid;
  dim3 block;
  size_t shared_memory;
  cudaStream_t stream;
};

thread_local std::vector<Configuration> configurations;

}  // namespace
}  // namespace simulated_cuda

using namespace simulated_cuda;

// What nvcc makes programs call; no header of the wheels declares it.
extern "C" {

void** __cudaRegisterFatBinary(void*) {
  static void* handle = nullptr;
  return &handle;
}

void __cudaRegisterFatBinaryEnd(void**) {}

void __cudaUnregisterFatBinary(void**) {}

char __cudaInitModule(void**) { return 1; }

void __cudaRegisterFunction(void**, const char* stub, char*, const char* name, int, void*, void*, void*, void*, int*) {
  Lock lock(registry().mutex);
  registry().names[stub] = name;
}

void __cudaRegisterVar(void**, char*, char*, const char*, int, size_t, int, int) {}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared_memory, cudaStream_t stream) {
  configurations.push_back({grid, block, shared_memory, stream});
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared_memory, void* stream) {
  if (configurations.empty()) {
    return keep(cudaErrorInvalidConfiguration);
  }
  const Configuration last = configurations.back();
  configurations.pop_back();
  *grid = last.grid;
  *block = last.block;
  *shared_memory = last.shared_memory;
  *static_cast<cudaStream_t*>(stream) = last.stream;
  return cudaSuccess;
}

// A kernel's handle is its host stub.
cudaError_t __cudaGetKernel(const void** kernel, const void* stub) {
  *kernel = stub;
  return cudaSuccess;
}

cudaError_t __cudaLaunchKernel(const void* kernel, dim3, dim3, void** arguments, size_t, cudaStream_t stream) {
  return launch(kernel, arguments, stream);
}

}  // extern "C"

cudaError_t cudaLaunchKernel(const void* stub, dim3, dim3, void** arguments, size_t, cudaStream_t stream) {
  return launch(stub, arguments, stream);
}

cudaError_t cudaLaunchCooperativeKernel(const void* stub, dim3, dim3, void** arguments, size_t, cudaStream_t stream) {
  return launch(stub, arguments, stream);
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* configuration, const void* stub, void** arguments) {
  return launch(stub, arguments, configuration->stream);
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* stub) {
  return call([&](Lock&) {
    mangled_name(stub);
    *attributes = {};
    attributes->maxThreadsPerBlock = 1024;
    attributes->numRegs = 32;
    attributes->ptxVersion = 90;
    attributes->binaryVersion = 90;
    attributes->maxDynamicSharedSizeBytes = 48 << 10;
  });
}

cudaError_t cudaFuncSetAttribute(const void* stub, cudaFuncAttribute, int) {
  return call([&](Lock&) { mangled_name(stub); });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void* stub, int block_size,
                                                                   size_t, unsigned int) {
  return call([&](Lock&) {
    mangled_name(stub);
    require(block_size > 0, cudaErrorInvalidValue);
    *blocks = block_size > 1024 ? 0 : std::min(32, 2048 / block_size);
  });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* stub, int block_size,
                                                          size_t shared_memory) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, stub, block_size, shared_memory, 0);
}
