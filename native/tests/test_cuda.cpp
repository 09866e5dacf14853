#include <wick/cuda.h>

#include <dlfcn.h>

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

TEST(no_cublas_handle_without_a_device) {
  int64_t handle = 0;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_cuda_cublas_handle(nullptr, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_set_device(device_count(), nullptr, &error));
  if (device_count() == 0) {
    CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_cublas_handle(&handle, &error));
  }
}

TEST(cublas_handles_are_libtorchs) {
  if (device_count() == 0) {
    return;
  }
  int64_t handle = 0;
  if (dlopen("libtorch_cuda.so", RTLD_LAZY) == nullptr) {
    CHECK_FAILS(WICK_UNSUPPORTED, "libtorch_cuda.so", wick_cuda_cublas_handle(&handle, &error));
    return;
  }
  // LibTorch makes its allocator ready for a device with the first tensor there.
  Owned<&wick_tensor_free> tensor;
  const int64_t size = 1;
  const wick_call_options options{};
  CHECK_OK(wick_tensor_empty(&size, 1, FLOAT32, 1, 0, &options, tensor.out(), &error));
  int32_t previous = -1;
  CHECK_OK(wick_cuda_set_device(0, &previous, &error));
  CHECK_OK(wick_cuda_cublas_handle(&handle, &error));
  CHECK(handle != 0);
  int64_t again = 0;
  CHECK_OK(wick_cuda_cublas_handle(&again, &error));
  CHECK_EQUAL(handle, again);
  CHECK_OK(wick_cuda_set_device(previous, nullptr, &error));
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
