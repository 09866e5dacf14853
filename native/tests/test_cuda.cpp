#include <wick/cuda.h>

#include <dlfcn.h>

#include <cmath>

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

TEST(nothing_of_a_device_that_is_not_there) {
  const int32_t none = device_count();
  int64_t out = 0;
  int32_t least = 0;
  int32_t greatest = 0;
  wick_cuda_memory memory;
  wick_cuda_use use;
  double fraction = 0;
  CHECK_OK(wick_cuda_initialize(&error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_stream_take(none, 0, &out, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_stream_take(-1, 0, &out, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device",
              wick_cuda_stream_priorities(none, &least, &greatest, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_event_create(none, 0, 0, &out, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_graph_begin(none, 1, 0, &out, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_memory_get(none, &memory, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_memory_use(none, &use, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_memory_fraction_get(none, &fraction, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_memory_fraction_set(none, 0.5, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "share of 0 to 1", wick_cuda_memory_fraction_set(none, NAN, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "share of 0 to 1", wick_cuda_memory_fraction_set(none, 1.01, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_memory_reset_peak(none, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_wait_set(none, WICK_CUDA_WAIT_SPIN, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_wait_get(none, &least, &error));
}

TEST(arguments_that_are_none) {
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_cuda_stream_take(0, 0, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_cuda_event_create(0, 0, 0, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "default stream", [] {
    int64_t graph = 0;
    return wick_cuda_graph_begin(0, 0, 0, &graph, &error);
  }());
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "handle is 0", wick_cuda_graph_end(0, 0, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "handle is 0", wick_cuda_graph_launch(0, 0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "handle is 0", wick_cuda_record_stream(0, 0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "no event", wick_cuda_event_synchronize(0, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "way of waiting", wick_cuda_wait_set(0, 9, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_cuda_allocator_configure(nullptr, 1, &error));
  wick_cuda_stream_give_back(0, 0, 0);
  wick_cuda_event_free(0);
  wick_cuda_graph_free(0);
}

TEST(numerics_are_kept) {
  wick_cuda_numerics before;
  CHECK_OK(wick_cuda_numerics_get(&before, &error));
  wick_cuda_numerics other = before;
  other.tf32_matmul = 1 - before.tf32_matmul;
  other.tf32_cudnn = 1 - before.tf32_cudnn;
  other.fp16_reduced_reduction = 1 - before.fp16_reduced_reduction;
  other.bf16_reduced_reduction = 1 - before.bf16_reduced_reduction;
  other.cudnn_enabled = 1 - before.cudnn_enabled;
  other.cudnn_benchmark = 1 - before.cudnn_benchmark;
  other.cudnn_deterministic = 1 - before.cudnn_deterministic;
  CHECK_OK(wick_cuda_numerics_set(&other, &error));
  wick_cuda_numerics found;
  CHECK_OK(wick_cuda_numerics_get(&found, &error));
  CHECK_EQUAL(found.tf32_matmul, other.tf32_matmul);
  CHECK_EQUAL(found.tf32_cudnn, other.tf32_cudnn);
  CHECK_EQUAL(found.fp16_reduced_reduction, other.fp16_reduced_reduction);
  CHECK_EQUAL(found.bf16_reduced_reduction, other.bf16_reduced_reduction);
  CHECK_EQUAL(found.cudnn_enabled, other.cudnn_enabled);
  CHECK_EQUAL(found.cudnn_benchmark, other.cudnn_benchmark);
  CHECK_EQUAL(found.cudnn_deterministic, other.cudnn_deterministic);
  CHECK_OK(wick_cuda_numerics_set(&before, &error));
  other.cudnn_benchmark = 2;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "cudnn_benchmark", wick_cuda_numerics_set(&other, &error));
}

// The variable that LibTorch itself looks at, found by its name in libc10_cuda.
TEST(the_mode_of_synchronisation_debugging_is_libtorchs) {
  int32_t mode = -1;
  CHECK_OK(wick_cuda_sync_debug_get(&mode, &error));
  CHECK_EQUAL(mode, int32_t{WICK_CUDA_SYNC_DEBUG_OFF});
  CHECK_OK(wick_cuda_sync_debug_set(WICK_CUDA_SYNC_DEBUG_FAIL, &error));
  CHECK_OK(wick_cuda_sync_debug_get(&mode, &error));
  CHECK_EQUAL(mode, int32_t{WICK_CUDA_SYNC_DEBUG_FAIL});
  CHECK_OK(wick_cuda_sync_debug_set(WICK_CUDA_SYNC_DEBUG_OFF, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "mode", wick_cuda_sync_debug_set(3, &error));
}

TEST(no_cublas_handle_without_a_device) {
  int64_t handle = 0;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_cuda_cublas_handle(0, nullptr, &error));
  CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_set_device(device_count(), nullptr, &error));
  if (device_count() == 0) {
    CHECK_FAILS(WICK_NOT_FOUND, "there is no CUDA device", wick_cuda_cublas_handle(0, &handle, &error));
  }
}

TEST(cublas_handles_are_libtorchs) {
  if (device_count() == 0) {
    return;
  }
  int64_t handle = 0;
  if (dlopen("libtorch_cuda.so", RTLD_LAZY) == nullptr) {
    CHECK_FAILS(WICK_UNSUPPORTED, "libtorch_cuda.so", wick_cuda_cublas_handle(0, &handle, &error));
    return;
  }
  // LibTorch makes its allocator ready for a device with the first tensor there.
  Owned<&wick_tensor_free> tensor;
  const int64_t size = 1;
  const wick_call_options options{};
  CHECK_OK(wick_tensor_empty(&size, 1, FLOAT32, 1, 0, &options, tensor.out(), &error));
  int32_t previous = -1;
  CHECK_OK(wick_cuda_set_device(0, &previous, &error));
  CHECK_OK(wick_cuda_cublas_handle(0, &handle, &error));
  CHECK(handle != 0);
  int64_t again = 0;
  CHECK_OK(wick_cuda_cublas_handle(0, &again, &error));
  CHECK_EQUAL(handle, again);
  CHECK_OK(wick_cuda_set_device(previous, nullptr, &error));
}

int64_t allocated_bytes() {
  wick_cuda_memory memory;
  CHECK_OK(wick_cuda_memory_get(0, &memory, &error));
  return memory.allocated_bytes.all.current;
}

TEST(workspaces_are_what_a_handle_and_a_stream_allocate) {
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_cuda_workspaces_get(nullptr, &error));
  wick_cuda_workspaces sizes;
  if (dlopen("libtorch_cuda.so", RTLD_LAZY) == nullptr) {
    CHECK_FAILS(WICK_UNSUPPORTED, "libtorch_cuda.so", wick_cuda_workspaces_get(&sizes, &error));
    CHECK_FAILS(WICK_UNSUPPORTED, "libtorch_cuda.so", wick_cuda_workspaces_free(&error));
    return;
  }
  if (device_count() == 0) {
    return;
  }
  int32_t previous = -1;
  CHECK_OK(wick_cuda_set_device(0, &previous, &error));
  Owned<&wick_tensor_free> tensor;
  const int64_t size = 1;
  const wick_call_options options{};
  CHECK_OK(wick_tensor_empty(&size, 1, FLOAT32, 1, 0, &options, tensor.out(), &error));
  CHECK_OK(wick_cuda_workspaces_free(&error));
  const int64_t without = allocated_bytes();
  int64_t handle = 0;
  CHECK_OK(wick_cuda_cublas_handle(0, &handle, &error));
  const int64_t with = allocated_bytes();
  CHECK(with > without);
  // LibTorch 2.6 does not say how large it is.
  wick_cuda_use use;
  CHECK_OK(wick_cuda_memory_use(0, &use, &error));
  if (wick_cuda_workspaces_get(&sizes, &error) == WICK_OK) {
    CHECK_EQUAL(with - without, sizes.cublas_bytes);
    CHECK_EQUAL(use.workspace_bytes, sizes.cublas_bytes);
    CHECK(sizes.cublaslt_bytes > 0);
  } else {
    CHECK_FAILS(WICK_UNSUPPORTED, "getChosenWorkspaceSize", wick_cuda_workspaces_get(&sizes, &error));
    CHECK_EQUAL(use.workspace_bytes, -1);
  }
  CHECK_OK(wick_cuda_workspaces_free(&error));
  CHECK_EQUAL(allocated_bytes(), without);
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
