#include <wick/cuda.h>

#include "support.h"

namespace {

int32_t device_count() {
  int32_t count = -1;
  CHECK_OK(wick_cuda_device_count(&count, &error));
  return count;
}

}  // namespace

TEST(versions) {
  CHECK(wick_cuda_compiled_version() >= 12000);
  int32_t driver = -1;
  int32_t runtime = -1;
  CHECK_OK(wick_cuda_versions(&driver, &runtime, &error));
  CHECK_EQUAL(runtime / 1000, wick_cuda_compiled_version() / 1000);
  // 0 without a driver.
  CHECK(device_count() == 0 ? driver >= 0 : driver >= 12000);
}

TEST(devices_that_are_not_there) {
  wick_cuda_device device;
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_device_describe(device_count(), &device, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_device_describe(-1, &device, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_synchronize(device_count(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_cuda_device_describe(0, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_cuda_device_count(nullptr, &error));
}

TEST(devices_that_are_there) {
  for (int32_t index = 0; index < device_count(); ++index) {
    wick_cuda_device device;
    CHECK_OK(wick_cuda_device_describe(index, &device, &error));
    CHECK_EQUAL(device.index, index);
    CHECK(device.name_length > 0);
    CHECK(device.compute_capability_major >= 5);
    CHECK(device.free_bytes > 0 && device.free_bytes <= device.total_bytes);
    CHECK_OK(wick_cuda_synchronize(index, &error));
  }
}
