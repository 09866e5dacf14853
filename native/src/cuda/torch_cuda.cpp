#include "torch_cuda.h"

#include <dlfcn.h>

#include <string>

#include "cuda_error.h"

namespace wick {

void* torch_cuda_function(const char* symbol) {
  // The JVM's libraries are not in the global scope, so the library is named; NOLOAD gives the one that is there.
  void* library = dlopen("libtorch_cuda.so", RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) {
    throw Failure(WICK_UNSUPPORTED, "libtorch_cuda.so is not loaded");
  }
  void* function = dlsym(library, symbol);
  dlclose(library);
  return function;
}

void* require_torch_cuda_function(const char* symbol, const char* name) {
  void* function = torch_cuda_function(symbol);
  if (function == nullptr) {
    throw Failure(WICK_UNSUPPORTED, std::string("this LibTorch has no ") + name);
  }
  return function;
}

}  // namespace wick
