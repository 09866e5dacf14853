// Devices, and LibTorch's first use of them.
#ifndef WICK_SRC_CUDA_DEVICE_H
#define WICK_SRC_CUDA_DEVICE_H

#include <cstdint>

#include <c10/core/Device.h>

namespace wick {

// Throws WICK_NOT_FOUND where there is no such device.
void check_device_index(int32_t index);

// The same; makes LibTorch's side of CUDA ready otherwise.
void use_device(int32_t index);

// Makes a device current for as long as it lives.
class CurrentDevice {
 public:
  explicit CurrentDevice(int32_t index);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int previous_ = 0;
  bool changed_ = false;
};

}  // namespace wick

#endif
