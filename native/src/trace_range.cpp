#include "trace_range.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include <ATen/record_function.h>
#include <torch/csrc/profiler/stubs/base.h>
#include <wick/trace.h>

#include "call_gate.h"
#include "handle.h"
#include "protect.h"

namespace wick {
namespace {

class Range {
 public:
  explicit Range(std::string name) : name_(std::move(name)), record_(std::in_place, at::RecordScope::USER_SCOPE) {
    if (record_->isActive()) {
      record_->before(name_.c_str());
    }
  }
  void end() { record_.reset(); }

 private:
  std::string name_;
  std::optional<at::RecordFunction> record_;
};

struct OpenRanges {
  std::mutex mutex;
  std::unordered_set<Range*> ranges;
};

// Never destroyed: a range may end after the library's own destructors.
OpenRanges& open_ranges() {
  static OpenRanges& it = *new OpenRanges;
  return it;
}

const torch::profiler::impl::ProfilerStubs& nvtx() {
  const auto* stubs = torch::profiler::impl::cudaStubs();
  if (!stubs->enabled()) {
    throw Failure(WICK_UNSUPPORTED, "no NVTX: LibTorch's CUDA half, which calls it, is not loaded");
  }
  return *stubs;
}

}  // namespace

void end_open_ranges() {
  OpenRanges& open = open_ranges();
  const std::lock_guard<std::mutex> lock(open.mutex);
  for (Range* range : open.ranges) {
    range->end();
  }
  open.ranges.clear();
}

}  // namespace wick

extern "C" {

int32_t wick_range_begin(const char* name, int64_t length, wick_range* range, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(range, "the range");
    std::string text = wick::text_argument(name, length, "the range's name");
    const wick::CallGate gate;
    auto owned = std::make_unique<wick::Range>(std::move(text));
    auto& open = wick::open_ranges();
    {
      const std::lock_guard<std::mutex> lock(open.mutex);
      open.ranges.insert(owned.get());
    }
    out = reinterpret_cast<int64_t>(owned.release());
    wick::live_handles.fetch_add(1, std::memory_order_relaxed);
  });
}

void wick_range_end(wick_range range) noexcept {
  if (range == 0) {
    return;
  }
  wick::protect(nullptr, [&] {
    const wick::CallGate gate;
    auto& open = wick::open_ranges();
    const std::lock_guard<std::mutex> lock(open.mutex);
    open.ranges.erase(reinterpret_cast<wick::Range*>(range));
    wick::take_back<wick::Range>(range);
  });
}

int32_t wick_nvtx_push(const char* name, int64_t length, wick_error* error) noexcept {
  return wick::protect(
      error, [&] { wick::nvtx().rangePush(wick::text_argument(name, length, "the range's name").c_str()); });
}

int32_t wick_nvtx_pop(wick_error* error) noexcept {
  return wick::protect(error, [] { wick::nvtx().rangePop(); });
}

int32_t wick_nvtx_mark(const char* name, int64_t length, wick_error* error) noexcept {
  return wick::protect(error, [&] { wick::nvtx().mark(wick::text_argument(name, length, "the mark's name").c_str()); });
}

}  // extern "C"
