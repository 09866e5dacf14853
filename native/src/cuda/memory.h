// What wick_torch asks of the caching allocator of device memory.
#ifndef WICK_SRC_CUDA_MEMORY_H
#define WICK_SRC_CUDA_MEMORY_H

#include <cstdint>

namespace wick {

// From now on wick_torch is told what the allocator does, on every device. Throws WICK_NOT_FOUND without the device.
void watch_memory(int32_t device);

// Bytes that owners of a device's memory asked for and have not given back.
int64_t requested_bytes(int32_t device);

}  // namespace wick

#endif
