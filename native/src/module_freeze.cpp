#include <algorithm>

#include <torch/csrc/jit/passes/freeze_module.h>
#include <torch/csrc/jit/passes/frozen_graph_optimizations.h>

#include "call_guard.h"
#include "handle.h"
#include "module.h"
#include "protect.h"

namespace wick {
namespace {

using torch::jit::Module;

std::vector<std::string> read_preserved(const Module& module, const wick_value* values, int64_t count) {
  std::vector<std::string> names;
  if (count == 0) {
    return names;
  }
  ValueReader reader(values, count);
  const auto strings = c10::ListType::ofStrings();
  const c10::IValue list = reader.read(strings, strings);
  if (!reader.at_end()) {
    throw Failure(WICK_INVALID_ARGUMENT, "the preserved names are more than one LIST");
  }
  for (const c10::IValue& name : list.toListRef()) {
    names.push_back(name.toStringRef());
  }
  for (const std::string& name : names) {
    const std::string top = name.substr(0, name.find('.'));
    if (!module.hasattr(top) && !module.find_method(top).has_value()) {
      throw Failure(WICK_NOT_FOUND, "there is no attribute '" + name + "' to preserve");
    }
  }
  return names;
}

void check_evaluation(const Module& module) {
  for (const auto& entry : module.named_modules()) {
    if (entry.value.hasattr("training") && entry.value.is_training()) {
      throw Failure(WICK_INVALID_ARGUMENT,
                    "only a module in evaluation mode can be frozen, and " +
                        (entry.name.empty() ? "this one" : "its submodule '" + entry.name + "'") + " is in training");
    }
  }
}

Module freeze(const Module& module, std::vector<std::string> preserved, bool optimize_numerics) {
  check_evaluation(module);
  // A method that is not preserved is deleted while nodes inlined from it keep pointers to it: a plain shape error then
  // reads freed memory.
  for (const std::string& method : method_names(module)) {
    if (std::find(preserved.begin(), preserved.end(), method) == preserved.end()) {
      preserved.push_back(method);
    }
  }
  Module frozen = torch::jit::freeze_module(module, preserved);
  // torch::jit::freeze would optimise forward alone, and throw where there is none.
  for (const auto& method : frozen.get_methods()) {
    auto graph = method.graph();
    torch::jit::OptimizeFrozenGraph(graph, optimize_numerics);
  }
  return frozen;
}

Module optimize(const ModuleBox& box, const std::vector<std::string>& preserved) {
  if (std::find(preserved.begin(), preserved.end(), "training") != preserved.end()) {
    throw Failure(WICK_INVALID_ARGUMENT,
                  "'training' cannot be preserved: LibTorch takes a module that has it for one that is not frozen");
  }
  // A frozen module's graphs would be rewritten in place, so it is copied first.
  Module module = box.state->frozen ? box.module.clone(/*inplace=*/true) : freeze(box.module, preserved, true);
  std::vector<std::string> others = method_names(module);
  others.erase(std::remove(others.begin(), others.end(), "forward"), others.end());
  return torch::jit::optimize_for_inference(module, others);
}

wick_module give_frozen(Module module, bool optimized) {
  auto state = std::make_shared<ModuleState>();
  state->frozen = true;
  state->optimized = optimized;
  return give(ModuleBox{std::move(module), std::move(state)});
}

void refuse_optimized(const ModuleBox& box) {
  if (box.state->optimized) {
    throw Failure(WICK_INVALID_ARGUMENT, "the module is optimised for inference already");
  }
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_module_freeze(wick_module module, const wick_value* preserved, int64_t count, int32_t optimize_numerics,
                           wick_module* frozen, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(frozen, "the frozen module");
    const auto& box = wick::borrow_module(module);
    wick::refuse_optimized(box);
    const wick::PlainGuard guard;
    const auto names = wick::read_preserved(box.module, preserved, count);
    out = wick::give_frozen(wick::freeze(box.module, names, optimize_numerics != 0), false);
  });
}

int32_t wick_module_optimize_for_inference(wick_module module, const wick_value* preserved, int64_t count,
                                           wick_module* optimized, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(optimized, "the optimised module");
    const auto& box = wick::borrow_module(module);
    wick::refuse_optimized(box);
    const wick::PlainGuard guard;
    const auto names = wick::read_preserved(box.module, preserved, count);
    out = wick::give_frozen(wick::optimize(box, names), true);
  });
}

}  // extern "C"
