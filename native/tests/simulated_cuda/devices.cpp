// The devices, what they say of themselves, and versions.
#include "runtime.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace simulated_cuda {
namespace {

constexpr int MAXIMUM_DEVICES = 64;

int64_t setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == 0 ? otherwise : std::strtoll(text, nullptr, 10);
}

int checked(int device) {
  require(device >= 0 && device < static_cast<int>(world().devices.size()), cudaErrorInvalidDevice);
  return device;
}

// As large as a Hopper's where LibTorch sizes launches by it, but for the memory.
void describe(int index, cudaDeviceProp& properties) {
  properties = {};
  std::snprintf(properties.name, sizeof(properties.name), "Simulated");
  std::memcpy(properties.uuid.bytes, "simulated", 9);
  properties.uuid.bytes[15] = static_cast<char>(index);
  properties.totalGlobalMem = world().devices[static_cast<size_t>(index)].total;
  properties.major = 9;
  properties.minor = 0;
  properties.multiProcessorCount = 132;
  properties.warpSize = 32;
  properties.maxThreadsPerBlock = 1024;
  properties.maxThreadsPerMultiProcessor = 2048;
  properties.maxBlocksPerMultiProcessor = 32;
  const int threads[] = {1024, 1024, 64};
  const int grid[] = {INT32_MAX, 65535, 65535};
  std::copy(std::begin(threads), std::end(threads), properties.maxThreadsDim);
  std::copy(std::begin(grid), std::end(grid), properties.maxGridSize);
  properties.sharedMemPerBlock = 48 << 10;
  properties.sharedMemPerBlockOptin = 227 << 10;
  properties.sharedMemPerMultiprocessor = 228 << 10;
  properties.reservedSharedMemPerBlock = 1 << 10;
  properties.regsPerBlock = 65536;
  properties.regsPerMultiprocessor = 65536;
  properties.totalConstMem = 64 << 10;
  properties.l2CacheSize = 50 << 20;
  properties.memoryBusWidth = 5120;
  properties.memPitch = INT32_MAX;
  properties.textureAlignment = 512;
  properties.texturePitchAlignment = 32;
  properties.surfaceAlignment = 512;
  properties.asyncEngineCount = 2;
  properties.concurrentKernels = 1;
  properties.canMapHostMemory = 1;
  properties.unifiedAddressing = 1;
  properties.streamPrioritiesSupported = 1;
  properties.hostRegisterSupported = 1;
  properties.cooperativeLaunch = 1;
  properties.pciBusID = index + 1;
}

int attribute(const cudaDeviceProp& p, cudaDeviceAttr name) {
  switch (name) {
    case cudaDevAttrMaxThreadsPerBlock: return p.maxThreadsPerBlock;
    case cudaDevAttrMaxBlockDimX: return p.maxThreadsDim[0];
    case cudaDevAttrMaxBlockDimY: return p.maxThreadsDim[1];
    case cudaDevAttrMaxBlockDimZ: return p.maxThreadsDim[2];
    case cudaDevAttrMaxGridDimX: return p.maxGridSize[0];
    case cudaDevAttrMaxGridDimY: return p.maxGridSize[1];
    case cudaDevAttrMaxGridDimZ: return p.maxGridSize[2];
    case cudaDevAttrMaxSharedMemoryPerBlock: return static_cast<int>(p.sharedMemPerBlock);
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: return static_cast<int>(p.sharedMemPerBlockOptin);
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: return static_cast<int>(p.sharedMemPerMultiprocessor);
    case cudaDevAttrReservedSharedMemoryPerBlock: return static_cast<int>(p.reservedSharedMemPerBlock);
    case cudaDevAttrTotalConstantMemory: return static_cast<int>(p.totalConstMem);
    case cudaDevAttrWarpSize: return p.warpSize;
    case cudaDevAttrMaxPitch: return INT32_MAX;
    case cudaDevAttrMaxRegistersPerBlock: return p.regsPerBlock;
    case cudaDevAttrMaxRegistersPerMultiprocessor: return p.regsPerMultiprocessor;
    case cudaDevAttrClockRate: return 1980000;
    case cudaDevAttrMemoryClockRate: return 2619000;
    case cudaDevAttrGlobalMemoryBusWidth: return p.memoryBusWidth;
    case cudaDevAttrTextureAlignment: return static_cast<int>(p.textureAlignment);
    case cudaDevAttrTexturePitchAlignment: return static_cast<int>(p.texturePitchAlignment);
    case cudaDevAttrSurfaceAlignment: return static_cast<int>(p.surfaceAlignment);
    case cudaDevAttrGpuOverlap:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrCanMapHostMemory:
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrStreamPrioritiesSupported:
    case cudaDevAttrHostRegisterSupported:
    case cudaDevAttrCooperativeLaunch: return 1;
    case cudaDevAttrMultiProcessorCount: return p.multiProcessorCount;
    case cudaDevAttrMaxThreadsPerMultiProcessor: return p.maxThreadsPerMultiProcessor;
    case cudaDevAttrMaxBlocksPerMultiprocessor: return p.maxBlocksPerMultiProcessor;
    case cudaDevAttrL2CacheSize: return p.l2CacheSize;
    case cudaDevAttrAsyncEngineCount: return p.asyncEngineCount;
    case cudaDevAttrPciBusId: return p.pciBusID;
    case cudaDevAttrComputeCapabilityMajor: return p.major;
    case cudaDevAttrComputeCapabilityMinor: return p.minor;
    default: return 0;  // what the simulation does not have
  }
}

}  // namespace

World::World() : copy_delay(setting("SIMULATED_CUDA_COPY_DELAY_US", 0)) {
  const auto count = std::clamp<int64_t>(setting("SIMULATED_CUDA_DEVICES", 1), 0, MAXIMUM_DEVICES);
  const auto memory = std::max<int64_t>(setting("SIMULATED_CUDA_MEMORY", int64_t{1} << 30), 1 << 20);
  devices.resize(static_cast<size_t>(count));
  for (size_t i = 0; i < devices.size(); ++i) {
    if (!reserve_memory(devices[i], static_cast<size_t>(memory))) {
      std::fprintf(stderr, "simulated CUDA: no address space for the memory of device %zu; it is left out\n", i);
      devices.resize(i);
      break;
    }
    auto legacy = std::make_shared<Stream>();
    legacy->device = static_cast<int>(i);
    legacy->legacy = true;
    streams[legacy.get()] = legacy;
    devices[i].legacy = legacy;
  }
}

World& world() {
  static World* const instance = new World();
  return *instance;
}

int& current_device_index() {
  thread_local int index = 0;
  return index;
}

Device& current_device() {
  Device& device = world().devices[static_cast<size_t>(current_device_index())];
  device.has_context = true;
  return device;
}

}  // namespace simulated_cuda

using namespace simulated_cuda;

cudaError_t cudaGetDeviceCount(int* count) {
  *count = static_cast<int>(world().devices.size());
  return keep(*count == 0 ? cudaErrorNoDevice : cudaSuccess);
}

cudaError_t cudaGetDevice(int* device) {
  return ask([&](Lock&) { *device = current_device_index(); });
}

cudaError_t cudaSetDevice(int device) {
  return ask([&](Lock&) {
    current_device_index() = checked(device);
    current_device();
  });
}

cudaError_t cudaInitDevice(int device, unsigned int flags, unsigned int flags_given) {
  return call([&](Lock&) {
    Device& initialized = world().devices[static_cast<size_t>(checked(device))];
    initialized.has_context = true;
    if ((flags_given & cudaInitDeviceFlagsAreValid) != 0) {
      initialized.flags = flags;
    }
  });
}

cudaError_t cudaSetDeviceFlags(unsigned int flags) {
  return call([&](Lock&) {
    constexpr unsigned known =
        cudaDeviceScheduleMask | cudaDeviceMapHost | cudaDeviceLmemResizeToMax | cudaDeviceSyncMemops;
    require((flags & ~known) == 0, cudaErrorInvalidValue);
    current_device().flags = flags;
  });
}

cudaError_t cudaGetDeviceFlags(unsigned int* flags) {
  return ask([&](Lock&) { *flags = current_device().flags | cudaDeviceMapHost; });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return ask([&](Lock&) { describe(checked(device), *properties); });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr name, int device) {
  return ask([&](Lock&) {
    cudaDeviceProp properties;
    describe(checked(device), properties);
    *value = attribute(properties, name);
  });
}

cudaError_t cudaDeviceGetPCIBusId(char* text, int length, int device) {
  return ask([&](Lock&) {
    require(text != nullptr && length >= 13, cudaErrorInvalidValue);
    std::snprintf(text, static_cast<size_t>(length), "0000:%02X:00.0", checked(device) + 1);
  });
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  return ask([&](Lock&) {
    if (least != nullptr) {
      *least = 0;
    }
    if (greatest != nullptr) {
      *greatest = -5;
    }
  });
}

cudaError_t cudaDeviceCanAccessPeer(int* can, int device, int peer) {
  return ask([&](Lock&) { *can = checked(device) != checked(peer) ? 1 : 0; });
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned int) {
  // Every copy finds every device's memory.
  return call([&](Lock&) { checked(peer); });
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaProfilerStart() { return cudaSuccess; }

cudaError_t cudaProfilerStop() { return cudaSuccess; }

namespace {

// There is no driver whose functions could be given.
cudaError_t no_entry_point(void** function, cudaDriverEntryPointQueryResult* status) {
  *function = nullptr;
  if (status != nullptr) {
    *status = cudaDriverEntryPointSymbolNotFound;
    return cudaSuccess;
  }
  return keep(cudaErrorSymbolNotFound);
}

}  // namespace

cudaError_t cudaGetDriverEntryPoint(const char*, void** function, unsigned long long,
                                    cudaDriverEntryPointQueryResult* status) {
  return no_entry_point(function, status);
}

#if CUDART_VERSION >= 12050
cudaError_t cudaGetDriverEntryPointByVersion(const char*, void** function, unsigned int, unsigned long long,
                                             cudaDriverEntryPointQueryResult* status) {
  return no_entry_point(function, status);
}
#endif

extern "C" {

// What the stand-in of libcuda asks.
int simulated_cuda_has_context(int device) {
  Lock lock(world().mutex);
  const auto& devices = world().devices;
  const bool known = device >= 0 && device < static_cast<int>(devices.size());
  return known ? devices[static_cast<size_t>(device)].has_context : -1;
}

// What generated functions end in: nothing here does what they are for.
int simulated_cuda_unsupported(const char* name, bool& told) {
  Lock lock(world().mutex);
  if (!told && std::getenv("SIMULATED_CUDA_VERBOSE") != nullptr) {
    std::fprintf(stderr, "simulated CUDA: %s is not supported\n", name);
    told = true;
  }
  return keep(cudaErrorNotSupported);
}

}  // extern "C"
