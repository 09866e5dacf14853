// Modules and methods behind their handles.
#ifndef WICK_SRC_MODULE_H
#define WICK_SRC_MODULE_H

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/stack.h>
#include <torch/csrc/jit/api/module.h>
#include <wick/module.h>

#include "value.h"

namespace wick {

// What holds for a module and all its submodules, whichever handle they were reached by.
struct ModuleState {
  // Set by the first call: from then on executors keep compiled copies of the graphs.
  std::atomic<bool> called{false};
  bool frozen = false;
  bool optimized = false;
};

struct ModuleBox {
  torch::jit::Module module;
  std::shared_ptr<ModuleState> state;
};

struct MethodBox {
  torch::jit::Module module;
  std::shared_ptr<ModuleState> state;
  torch::jit::Function* function;
};

ModuleBox& borrow_module(wick_module module);
MethodBox& borrow_method(wick_method method);

// A module by its qualified name below another; the module itself for the empty name. NOT_FOUND says what there is.
torch::jit::Module find_submodule(const torch::jit::Module& root, const std::string& name);

// Its method, or NOT_FOUND with the names there are.
torch::jit::Method find_method(const torch::jit::Module& module, const std::string& name);

std::vector<std::string> method_names(const torch::jit::Module& module);

// "a, b, c", or "none".
std::string join_names(const std::vector<std::string>& names);

// Loads and saves in memory, outside every mode, so that what was loaded can enter autograd.
torch::jit::Module load_module(const void* archive, size_t size, std::optional<c10::Device> device);

// Binds the arguments and calls; the stack then holds the result alone.
void call_method(const MethodBox& method, const wick_call_options* options, torch::jit::Stack& stack);

}  // namespace wick

#endif
