#include <algorithm>

#include "error.h"
#include "module.h"

namespace wick {
namespace {

using torch::jit::Module;

std::vector<std::string> child_names(const Module& module) {
  std::vector<std::string> names;
  for (const auto& child : module.named_children()) {
    names.push_back(child.name);
  }
  return names;
}

}  // namespace

std::string join_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text.empty() ? "none" : text;
}

std::vector<std::string> method_names(const Module& module) {
  std::vector<std::string> names;
  for (const auto& method : module.get_methods()) {
    names.push_back(method.name());
  }
  return names;
}

Module find_submodule(const Module& root, const std::string& name) {
  Module module = root;
  size_t begin = 0;
  while (begin <= name.size() && !name.empty()) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string step = name.substr(begin, end - begin);
    const auto slot = module.type()->findAttributeSlot(step);
    if (!slot.has_value() || !module.type()->getAttribute(*slot)->is_module()) {
      throw Failure(WICK_NOT_FOUND, "there is no submodule '" + name + "': " +
                                        (begin == 0 ? "the module" : "'" + name.substr(0, begin - 1) + "'") +
                                        " has " + join_names(child_names(module)));
    }
    module = Module(module._ivalue()->getSlot(*slot).toObject());
    begin = end + 1;
  }
  return module;
}

torch::jit::Method find_method(const Module& module, const std::string& name) {
  auto found = module.find_method(name);
  if (!found.has_value()) {
    throw Failure(WICK_NOT_FOUND,
                  "the module has no method '" + name + "'; it has " + join_names(method_names(module)));
  }
  return *found;
}

}  // namespace wick
