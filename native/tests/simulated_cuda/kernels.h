// The few kernels of LibTorch that run on the host.
#ifndef SIMULATED_CUDA_KERNELS_H
#define SIMULATED_CUDA_KERNELS_H

#include <functional>
#include <string>
#include <vector>

namespace simulated_cuda {

// A pointer that a kernel goes through, and how many bytes it touches.
struct Access {
  char* address;
  size_t bytes;
};

// A launch with its arguments read, which are the caller's only while it launches.
struct Prepared {
  std::vector<Access> accesses;
  // Gets where the bytes of the accesses really are.
  std::function<void(const std::vector<char*>&)> run;
};

// Reads the arguments of a kernel by its demangled name; false for a kernel that is not known here.
bool prepare(const std::string& demangled, void** arguments, Prepared& prepared);

}  // namespace simulated_cuda

#endif
