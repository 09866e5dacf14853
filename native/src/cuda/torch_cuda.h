// Functions of libtorch_cuda, found when they are needed.
#pragma once

namespace wick {

// Not linked to: libtorch_cuda wants cuDNN, NCCL and the like, gigabytes that a machine without a device need not have,
// and this library loads there too. The symbols spell the parameters out. Null where this LibTorch has no such function.
void* torch_cuda_function(const char* symbol);

// The same; throws WICK_UNSUPPORTED with the function's readable name where there is none.
void* require_torch_cuda_function(const char* symbol, const char* name);

}  // namespace wick
