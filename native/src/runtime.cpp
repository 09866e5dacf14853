#include <mutex>
#include <string>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <wick/runtime.h>

#include "cpu_allocator.h"
#include "handle.h"
#include "onednn_graph.h"
#include "protect.h"
#include "value.h"

namespace wick {

std::atomic<int64_t> live_handles{0};

namespace {

// LibTorch has no function that tells its version; its build settings do.
std::string loaded_version(const std::string& build) {
  const std::string key = "TORCH_VERSION=";
  const size_t at = build.find(key);
  if (at == std::string::npos) {
    return WICK_TORCH_VERSION;
  }
  const size_t begin = at + key.size();
  return build.substr(begin, build.find_first_of(", \n", begin) - begin);
}

void describe(ValueWriter& out) {
  const std::string build = at::show_config();
  const auto text = [&](const char* key, const std::string& value) {
    out.text(key);
    out.text(value);
  };
  const auto flag = [&](const char* key, bool value) {
    out.text(key);
    out.boolean(value);
  };
  out.dict(9, WICK_STRING);
  text("torch_version", loaded_version(build));
  text("build", build);
  text("parallel", at::get_parallel_info());
  text("cpu_capability", at::get_cpu_capability());
  flag("has_mkl", at::hasMKL());
  flag("has_mkldnn", at::hasMKLDNN());
  flag("has_lapack", at::hasLAPACK());
  flag("has_cuda", at::hasCUDA());
  flag("has_llga", has_onednn_graph());
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_interface_version(void) noexcept { return WICK_INTERFACE_VERSION; }

const char* wick_compiled_torch_version(void) noexcept { return WICK_TORCH_VERSION; }

int32_t wick_compiled_cxx11_abi(void) noexcept { return _GLIBCXX_USE_CXX11_ABI; }

int32_t wick_initialize(wick_error* error) noexcept {
  return wick::protect(error, [] {
    static std::once_flag once;
    std::call_once(once, [] {
      wick::install_cpu_allocator();
      wick::register_onednn_graph_pass();
    });
  });
}

int32_t wick_runtime_describe(wick_result* result, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::ValueWriter out;
    wick::describe(out);
    out.finish(result);
  });
}

int64_t wick_live_handles(void) noexcept { return wick::live_handles.load(std::memory_order_relaxed); }

}  // extern "C"
