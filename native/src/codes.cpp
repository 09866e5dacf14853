#include "codes.h"

#include <algorithm>
#include <limits>

#include <c10/core/Layout.h>
#include <c10/core/MemoryFormat.h>

#include "cuda_hooks.h"
#include "error.h"

namespace wick {
namespace {

[[noreturn]] void refuse(const char* what, int64_t code) {
  throw Failure(WICK_INVALID_ARGUMENT, std::to_string(code) + " is not a " + what);
}

// Every device that a caller names comes through here, so here LibTorch's side of CUDA is made ready.
c10::Device used(c10::Device device) {
  const CudaHooks* cuda = device.is_cuda() ? cuda_hooks() : nullptr;
  if (cuda != nullptr) {
    cuda->first_use();
  }
  return device;
}

}  // namespace

c10::ScalarType scalar_type(int64_t code) {
  if (code < 0 || code >= static_cast<int64_t>(c10::ScalarType::NumOptions) ||
      code == static_cast<int64_t>(c10::ScalarType::Undefined)) {
    refuse("dtype (c10::ScalarType)", code);
  }
  return static_cast<c10::ScalarType>(code);
}

void check_layout(int64_t code) {
  if (code < 0 || code >= static_cast<int64_t>(c10::Layout::NumOptions)) {
    refuse("layout (c10::Layout)", code);
  }
}

void check_memory_format(int64_t code) {
  if (code < 0 || code >= static_cast<int64_t>(c10::MemoryFormat::NumOptions)) {
    refuse("memory format (c10::MemoryFormat)", code);
  }
}

c10::Device device(int32_t type, int32_t index) {
  if (type < 0 || type >= c10::COMPILE_TIME_MAX_DEVICE_TYPES) {
    refuse("device type (c10::DeviceType)", type);
  }
  if (index < -1 || index > std::numeric_limits<c10::DeviceIndex>::max()) {
    refuse("device index", index);
  }
  return used({static_cast<c10::DeviceType>(type), static_cast<c10::DeviceIndex>(index)});
}

c10::Device device(const std::string& text) {
  return used([&] {
    try {
      return c10::Device(text);
    } catch (const std::exception&) {
      throw Failure(WICK_INVALID_ARGUMENT, "'" + text + "' is not a device: expected text such as 'cpu' or 'cuda:0'");
    }
  }());
}

std::string name_of(c10::ScalarType type) {
  switch (type) {
    case c10::ScalarType::Byte: return "uint8";
    case c10::ScalarType::Char: return "int8";
    case c10::ScalarType::Short: return "int16";
    case c10::ScalarType::Int: return "int32";
    case c10::ScalarType::Long: return "int64";
    case c10::ScalarType::Half: return "float16";
    case c10::ScalarType::Float: return "float32";
    case c10::ScalarType::Double: return "float64";
    case c10::ScalarType::ComplexHalf: return "complex32";
    case c10::ScalarType::ComplexFloat: return "complex64";
    case c10::ScalarType::ComplexDouble: return "complex128";
    default: break;
  }
  std::string name = c10::toString(type);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

}  // namespace wick
