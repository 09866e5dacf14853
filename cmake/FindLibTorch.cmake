# Finds a LibTorch by the paths of its headers and libraries, which need not lie in one tree: the natives of the JavaCPP
# presets come without headers. Nothing is searched for elsewhere.
#
#   WICK_LIBTORCH_INCLUDE  directory that contains torch/ and ATen/
#   WICK_LIBTORCH_LIB      directory that contains libtorch_cpu.so and libc10.so
#
# Defines LibTorch_VERSION, LibTorch_CXX11_ABI (0 or 1) and the target LibTorch::torch.

set(WICK_LIBTORCH_INCLUDE "" CACHE PATH "directory of LibTorch's headers")
set(WICK_LIBTORCH_LIB "" CACHE PATH "directory of LibTorch's libraries")

set(_wick_api_include "${WICK_LIBTORCH_INCLUDE}/torch/csrc/api/include")
set(_wick_torch_cpu "${WICK_LIBTORCH_LIB}/libtorch_cpu.so")
set(_wick_c10 "${WICK_LIBTORCH_LIB}/libc10.so")

# The header that says the version has moved twice.
foreach(_wick_header "${WICK_LIBTORCH_INCLUDE}/torch/headeronly/version.h" "${_wick_api_include}/torch/version.h"
                     "${WICK_LIBTORCH_INCLUDE}/torch/version.h")
  if(EXISTS "${_wick_header}")
    file(READ "${_wick_header}" _wick_text)
    if(_wick_text MATCHES "define TORCH_VERSION_MAJOR ([0-9]+)")
      set(_wick_major "${CMAKE_MATCH_1}")
      string(REGEX MATCH "define TORCH_VERSION_MINOR ([0-9]+)" _ "${_wick_text}")
      set(_wick_minor "${CMAKE_MATCH_1}")
      string(REGEX MATCH "define TORCH_VERSION_PATCH ([0-9]+)" _ "${_wick_text}")
      set(LibTorch_VERSION "${_wick_major}.${_wick_minor}.${CMAKE_MATCH_1}")
      break()
    endif()
  endif()
endforeach()

# Wheels up to 2.6 were built with the old std::string. No header says so, the name of c10::Error's constructor does;
# other names do not, since those wheels have a libstdc++ of their own with both.
if(EXISTS "${_wick_c10}" AND EXISTS "${_wick_torch_cpu}")
  set(LibTorch_LIBRARIES "${_wick_torch_cpu}" "${_wick_c10}")
  file(STRINGS "${_wick_c10}" _wick_names REGEX "ErrorC1ENS_14SourceLocationENSt7__cxx11" LIMIT_COUNT 1)
  if(_wick_names)
    set(LibTorch_CXX11_ABI 1)
  else()
    set(LibTorch_CXX11_ABI 0)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_VERSION LibTorch_LIBRARIES WICK_LIBTORCH_INCLUDE
                                  WICK_LIBTORCH_LIB VERSION_VAR LibTorch_VERSION)

if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
  foreach(_wick_library torch_cpu c10)
    add_library(LibTorch::${_wick_library} SHARED IMPORTED)
    set_target_properties(LibTorch::${_wick_library} PROPERTIES
                          IMPORTED_LOCATION "${WICK_LIBTORCH_LIB}/lib${_wick_library}.so")
  endforeach()
  add_library(LibTorch::torch INTERFACE IMPORTED)
  set_target_properties(LibTorch::torch PROPERTIES
                        INTERFACE_INCLUDE_DIRECTORIES "${WICK_LIBTORCH_INCLUDE};${_wick_api_include}"
                        INTERFACE_COMPILE_DEFINITIONS "_GLIBCXX_USE_CXX11_ABI=${LibTorch_CXX11_ABI}"
                        INTERFACE_LINK_LIBRARIES "LibTorch::torch_cpu;LibTorch::c10")
endif()
