#include <algorithm>
#include <cctype>

#include <torch/csrc/jit/api/compilation_unit.h>

#include "call_guard.h"
#include "handle.h"
#include "module.h"
#include "protect.h"

namespace wick {
namespace {

using torch::jit::Module;

// Names of classes in archives begin so; the importer resolves no others.
constexpr std::string_view root_namespace = "__torch__";

bool is_identifier(std::string_view name) {
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0 || c == '_'; };
  return !name.empty() && is_letter(static_cast<unsigned char>(name.front())) &&
         std::all_of(name.begin(), name.end(), [&](unsigned char c) { return is_letter(c) || std::isdigit(c) != 0; });
}

c10::QualifiedName class_name_of(const std::string& text) {
  std::vector<std::string> atoms;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find('.', begin), text.size());
    atoms.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  for (const std::string& atom : atoms) {
    if (!is_identifier(atom)) {
      throw Failure(WICK_INVALID_ARGUMENT, "'" + text + "' is no class name: expected identifiers joined by dots");
    }
  }
  if (atoms.front() != root_namespace) {
    atoms.insert(atoms.begin(), std::string(root_namespace));
  }
  return c10::QualifiedName(std::move(atoms));
}

Module create(const std::string& name, const ModuleBox* family) {
  const c10::QualifiedName class_name = class_name_of(name);
  const auto unit = family != nullptr ? family->module._ivalue()->compilation_unit()
                                      : std::make_shared<torch::jit::CompilationUnit>();
  Module module(class_name, unit, /*shouldMangle=*/true);
  // What eval(), freeze() and Python's wrapper of a loaded archive look for.
  module.register_attribute("training", c10::BoolType::get(), false);
  return module;
}

// The module, if something may be added to it under this name.
Module& extensible(ModuleBox& box, const std::string& name) {
  if (box.state->frozen) {
    throw Failure(WICK_INVALID_ARGUMENT, "nothing can be added to a frozen module");
  }
  if (name.empty() || name.find('.') != std::string::npos || name.find('\0') != std::string::npos) {
    throw Failure(WICK_INVALID_ARGUMENT, "'" + name + "' is no name for a part of a module: expected a text without dots");
  }
  const auto& type = box.module.type();
  if (type->hasAttribute(name) || type->findMethod(name) != nullptr || type->findConstantSlot(name).has_value()) {
    throw Failure(WICK_INVALID_ARGUMENT, "the module has a '" + name + "' already");
  }
  return box.module;
}

bool holds(const Module& tree, const Module& wanted) {
  for (const Module& module : tree.modules()) {
    if (module._ivalue() == wanted._ivalue()) {
      return true;
    }
  }
  return false;
}

void register_module(ModuleBox& box, const std::string& name, const ModuleBox& child) {
  Module& module = extensible(box, name);
  if (child.module._ivalue()->compilation_unit() != module._ivalue()->compilation_unit()) {
    throw Failure(WICK_INVALID_ARGUMENT, "'" + name + "' is of another family: create it as one of the module's");
  }
  if (holds(child.module, module)) {
    throw Failure(WICK_INVALID_ARGUMENT, "'" + name + "' would hold itself: it is the module or holds it");
  }
  module.register_module(name, child.module);
}

void define(ModuleBox& box, const std::string& source) {
  if (box.state->frozen) {
    throw Failure(WICK_INVALID_ARGUMENT, "nothing can be added to a frozen module");
  }
  const PlainGuard guard;
  const size_t before = method_names(box.module).size();
  // A source that fails halfway leaves a class with broken methods behind: let that be a copy's. Its tensors are shared.
  torch::jit::Module trial = box.module.clone(/*inplace=*/true);
  try {
    trial.define(source);
  } catch (const c10::Error& failure) {
    throw Failure(WICK_INVALID_ARGUMENT, std::string("the source does not compile: ") + failure.what_without_backtrace());
  } catch (const std::exception& failure) {
    throw Failure(WICK_INVALID_ARGUMENT, std::string("the source does not compile: ") + failure.what());
  }
  if (method_names(trial).size() == before) {
    throw Failure(WICK_INVALID_ARGUMENT, "the source defines no method");
  }
  box.module.define(source);
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_module_create(const char* class_name, int64_t class_name_length, wick_module family, wick_module* module,
                           wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(module, "the module");
    const wick::ModuleBox* relative = family == 0 ? nullptr : &wick::borrow_module(family);
    auto made = wick::create(wick::text_argument(class_name, class_name_length, "the class name"), relative);
    out = wick::give(wick::ModuleBox{std::move(made), relative != nullptr ? relative->state
                                                                          : std::make_shared<wick::ModuleState>()});
  });
}

int32_t wick_module_register_tensor(wick_module module, const char* name, int64_t name_length, wick_tensor tensor,
                                    int32_t parameter, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    const std::string text = wick::text_argument(name, name_length, "the tensor's name");
    auto& extended = wick::extensible(wick::borrow_module(module), text);
    const auto& value = wick::borrow<at::Tensor>(tensor, "tensor");
    if (parameter != 0) {
      extended.register_parameter(text, value, /*is_buffer=*/false);
    } else {
      extended.register_buffer(text, value);
    }
  });
}

int32_t wick_module_register_attribute(wick_module module, const char* name, int64_t name_length,
                                       const wick_value* value, int64_t count, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    const std::string text = wick::text_argument(name, name_length, "the attribute's name");
    auto& extended = wick::extensible(wick::borrow_module(module), text);
    wick::ValueReader reader(value, count);
    const auto read = reader.read_typed();
    if (!reader.at_end()) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "an attribute has one value");
    }
    extended.register_attribute(text, read.type, read.value);
  });
}

int32_t wick_module_register_module(wick_module module, const char* name, int64_t name_length, wick_module child,
                                    wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::register_module(wick::borrow_module(module),
                          wick::text_argument(name, name_length, "the submodule's name"), wick::borrow_module(child));
  });
}

int32_t wick_module_define(wick_module module, const char* source, int64_t source_length, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::define(wick::borrow_module(module), wick::text_argument(source, source_length, "the source"));
  });
}

}  // extern "C"
