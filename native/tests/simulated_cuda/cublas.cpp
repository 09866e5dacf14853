// cuBLAS handles, so that what shares LibTorch's handle, stream and workspace can be tested; whatever would compute is
// generated and refuses. Declared by hand: the wheels that hold the header are not needed for anything else.
#include <cstddef>
#include <new>

namespace {

enum Status { SUCCESS = 0, ALLOCATION_FAILED = 3, INVALID_VALUE = 7 };

struct Handle {
  void* stream = nullptr;
  void* workspace = nullptr;
  size_t workspace_bytes = 0;
  int math_mode = 0;
  int pointer_mode = 0;
};

template <typename T>
int put(T* target, T value) {
  if (target == nullptr) {
    return INVALID_VALUE;
  }
  *target = value;
  return SUCCESS;
}

}  // namespace

extern "C" {

int cublasCreate_v2(Handle** handle) {
  if (handle == nullptr) {
    return INVALID_VALUE;
  }
  *handle = new (std::nothrow) Handle();
  return *handle == nullptr ? ALLOCATION_FAILED : SUCCESS;
}

int cublasDestroy_v2(Handle* handle) {
  delete handle;
  return SUCCESS;
}

int cublasSetStream_v2(Handle* handle, void* stream) {
  // As cuBLAS: another stream means its own workspace again.
  handle->workspace = nullptr;
  handle->workspace_bytes = 0;
  return put(&handle->stream, stream);
}

int cublasGetStream_v2(Handle* handle, void** stream) { return put(stream, handle->stream); }

int cublasSetWorkspace_v2(Handle* handle, void* workspace, size_t bytes) {
  handle->workspace = workspace;
  return put(&handle->workspace_bytes, bytes);
}

int cublasSetMathMode(Handle* handle, int mode) { return put(&handle->math_mode, mode); }

int cublasGetMathMode(Handle* handle, int* mode) { return put(mode, handle->math_mode); }

int cublasSetPointerMode_v2(Handle* handle, int mode) { return put(&handle->pointer_mode, mode); }

int cublasGetPointerMode_v2(Handle* handle, int* mode) { return put(mode, handle->pointer_mode); }

}  // extern "C"
