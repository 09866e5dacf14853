#include <wick/cuda_stream.h>

#include <string>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/StreamGuard.h>
#include <c10/util/StringUtil.h>

#include "cuda_error.h"
#include "device.h"

// LibTorch 2.10 gave the allocator of page-locked memory an interface that is no part of libtorch_cuda.
#ifdef WICK_TORCH_HAS_HOST_ALLOCATOR
#include <ATen/core/CachingHostAllocator.h>
#endif

namespace wick {
namespace {

at::Tensor& tensor_of(int64_t handle, const char* side) {
  if (handle == 0) {
    throw Failure(WICK_INVALID_ARGUMENT, std::string("no tensor to copy ") + side + ": the handle is 0");
  }
  return *reinterpret_cast<at::Tensor*>(handle);
}

std::string words(const at::Tensor& tensor) {
  return c10::str(tensor.scalar_type(), tensor.sizes(), " on ", tensor.device(),
                  tensor.is_contiguous() ? "" : ", not contiguous");
}

// LibTorch's own page-locked memory is known by its allocator, without asking the driver.
bool is_host_allocators([[maybe_unused]] const at::Tensor& tensor) {
#ifdef WICK_TORCH_HAS_HOST_ALLOCATOR
  at::HostAllocator* allocator = at::getHostAllocator(c10::DeviceType::CUDA);
  return allocator != nullptr && tensor.storage().data_ptr().get_deleter() == allocator->raw_deleter();
#else
  return false;
#endif
}

void check_side(const at::Tensor& tensor, const c10::Device& device, const char* side) {
  const bool usable = tensor.is_contiguous() && (tensor.is_cpu() ? is_host_allocators(tensor) || tensor.is_pinned()
                                                                 : tensor.device() == device);
  if (!usable) {
    throw Failure(WICK_INVALID_ARGUMENT,
                  c10::str("expected a contiguous tensor on ", device, " or in page-locked memory to copy ", side,
                           ", got ", words(tensor), tensor.is_cpu() ? ", which is pageable or not contiguous" : ""));
  }
}

// The host allocator gives memory to its next owner once events behind the work that uses it are done.
void note_use([[maybe_unused]] const at::Tensor& tensor, [[maybe_unused]] c10::Stream stream) {
#ifdef WICK_TORCH_HAS_HOST_ALLOCATOR
  if (tensor.is_cpu() && is_host_allocators(tensor)) {
    at::getHostAllocator(c10::DeviceType::CUDA)
        ->record_event(tensor.data_ptr(), tensor.storage().data_ptr().get_context(), stream);
  }
#endif
}

void copy_elements(const at::Tensor& from, const at::Tensor& to, const c10::Device& device, int64_t stream) {
  // The id of a stream that LibTorch did not make is its cudaStream_t.
  const c10::Stream on(c10::Stream::UNSAFE, device, stream);
#ifdef WICK_TORCH_HAS_HOST_ALLOCATOR
  const bool raw = from.is_conj() == to.is_conj() && from.is_neg() == to.is_neg() && !to.requires_grad();
#else
  const bool raw = false;
#endif
  if (!raw) {
    // What was made in inference mode can be written there alone.
    const c10::InferenceMode inference(to.is_inference());
    const c10::AutoGradMode no_gradients(false);
    const c10::StreamGuard guard(on);
    to.copy_(from, true);
    return;
  }
  if (from.nbytes() > 0) {
    check(cudaMemcpyAsync(to.data_ptr(), from.data_ptr(), from.nbytes(), cudaMemcpyDefault,
                          reinterpret_cast<cudaStream_t>(stream)),
          "enqueuing a copy");
    note_use(from, on);
    note_use(to, on);
  }
  if (!to.is_inference()) {
    // As any operator that writes in place: autograd is to notice.
    to.unsafeGetTensorImpl()->bump_version();
  }
}

}  // namespace
}  // namespace wick

extern "C" int32_t wick_cuda_copy(int32_t device, int64_t stream, wick_tensor from, wick_tensor to, int64_t wait_for,
                                  int64_t done, wick_error* error) noexcept {
  return wick::protect_cuda_operators(error, [&] {
    const at::Tensor& source = wick::tensor_of(from, "from");
    const at::Tensor& target = wick::tensor_of(to, "to");
    wick::use_device(device);
    const c10::Device on(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device));
    if (source.scalar_type() != target.scalar_type() || source.sizes() != target.sizes()) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "expected two tensors of one dtype and shape, got " +
                                                     wick::words(source) + " and " + wick::words(target));
    }
    if (source.is_cpu() && target.is_cpu()) {
      throw wick::Failure(WICK_INVALID_ARGUMENT,
                          c10::str("expected a tensor on ", on, " on one side, got two on the cpu"));
    }
    wick::check_side(source, on, "from");
    wick::check_side(target, on, "to");
    const wick::CurrentDevice current(device);
    if (wait_for != 0) {
      wick::check(cudaStreamWaitEvent(reinterpret_cast<cudaStream_t>(stream),
                                      reinterpret_cast<cudaEvent_t>(wait_for), 0),
                  "making a stream wait for an event");
    }
    wick::copy_elements(source, target, on, stream);
    if (done != 0) {
      wick::check(cudaEventRecord(reinterpret_cast<cudaEvent_t>(done), reinterpret_cast<cudaStream_t>(stream)),
                  "recording an event");
    }
  });
}
