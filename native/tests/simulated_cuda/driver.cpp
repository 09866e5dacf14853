// libcuda.so.1, as far as LibTorch and the look for a driver ask it; all else is generated and refuses.
#include <cstring>

#include <cuda.h>

extern "C" int simulated_cuda_has_context(int device);

extern "C" {

CUresult cuInit(unsigned int) { return CUDA_SUCCESS; }

CUresult cuDriverGetVersion(int* version) {
  *version = CUDA_VERSION;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int index) {
  *device = index;
  return simulated_cuda_has_context(index) < 0 ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned int* flags, int* active) {
  const int state = simulated_cuda_has_context(device);
  *flags = 0;
  *active = state == 1;
  return state < 0 ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char** text) {
  *text = error == CUDA_SUCCESS ? "no error" : "operation not supported";
  return CUDA_SUCCESS;
}

}  // extern "C"
