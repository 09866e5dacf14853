#include <unordered_set>

#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/serialization/python_print.h>

#include "handle.h"
#include "module.h"
#include "protect.h"

namespace wick {
namespace {

using torch::jit::Module;

void write_methods(const Module& module, ValueWriter& out) {
  const auto methods = module.get_methods();
  out.list(static_cast<int64_t>(methods.size()), WICK_TUPLE);
  for (const auto& method : methods) {
    const auto& schema = method.function().getSchema();
    out.tuple(3);
    out.text(method.name());
    out.text(c10::str(schema));
    out.integer(static_cast<int64_t>(schema.arguments().size()) - 1);
  }
}

// A tensor that stands in several places is listed under its first name, as PyTorch's named_parameters does.
template <typename List>
void write_tensors(const List& named, ValueWriter& out) {
  std::unordered_set<const void*> seen;
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& entry : named) {
    if (entry.value.defined() && seen.insert(entry.value.unsafeGetTensorImpl()).second) {
      tensors.emplace_back(entry.name, entry.value);
    }
  }
  out.list(static_cast<int64_t>(tensors.size()), WICK_TUPLE);
  for (const auto& [name, tensor] : tensors) {
    out.tuple(2);
    out.text(name);
    out.tensor(tensor);
  }
}

bool is_plain(const c10::ClassType& type, size_t slot, const c10::IValue& value) {
  const auto& attribute = type.getAttribute(slot);
  return !attribute->is_module() && !type.is_parameter(slot) &&
         !(attribute->isSubtypeOf(*c10::TensorType::get()) && value.isTensor());
}

void write_attributes(const Module& module, ValueWriter& out) {
  const auto type = module.type();
  const auto object = module._ivalue();
  std::vector<size_t> slots;
  for (size_t slot = 0; slot < type->numAttributes(); ++slot) {
    if (is_plain(*type, slot, object->getSlot(slot))) {
      slots.push_back(slot);
    }
  }
  out.list(static_cast<int64_t>(slots.size() + type->numConstants()), WICK_TUPLE);
  for (const size_t slot : slots) {
    out.tuple(3);
    out.text(type->getAttributeName(slot));
    out.text(type->getAttribute(slot)->annotation_str());
    out.value(object->getSlot(slot));
  }
  for (size_t slot = 0; slot < type->numConstants(); ++slot) {
    const c10::IValue constant = type->getConstant(slot);
    out.tuple(3);
    out.text(type->getConstantName(slot));
    out.text(constant.type()->annotation_str());
    out.value(constant);
  }
}

void write_submodules(const Module& module, ValueWriter& out) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& entry : module.named_modules()) {
    if (!entry.name.empty()) {
      found.emplace_back(entry.name, entry.value.type()->name()->qualifiedName());
    }
  }
  out.list(static_cast<int64_t>(found.size()), WICK_TUPLE);
  for (const auto& [name, type] : found) {
    out.tuple(2);
    out.text(name);
    out.text(type);
  }
}

// The module that has an attribute, and the attribute's own name.
struct Place {
  Module owner;
  std::string name;
};

Place find_place(const Module& root, const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) {
    return {root, name};
  }
  return {find_submodule(root, name.substr(0, dot)), name.substr(dot + 1)};
}

[[noreturn]] void no_attribute(const Place& place, const std::string& name) {
  const auto type = place.owner.type();
  std::vector<std::string> names;
  for (size_t slot = 0; slot < type->numAttributes(); ++slot) {
    names.push_back(type->getAttributeName(slot));
  }
  for (size_t slot = 0; slot < type->numConstants(); ++slot) {
    names.push_back(type->getConstantName(slot));
  }
  throw Failure(WICK_NOT_FOUND, "there is no attribute '" + name + "'; there are " + join_names(names));
}

c10::IValue read_attribute(const Module& root, const std::string& name) {
  const Place place = find_place(root, name);
  const auto type = place.owner.type();
  if (const auto slot = type->findAttributeSlot(place.name)) {
    return place.owner._ivalue()->getSlot(*slot);
  }
  if (const auto constant = type->findConstant(place.name)) {
    return *constant;
  }
  no_attribute(place, name);
}

void write_attribute(const Module& root, const std::string& name, ValueReader& reader) {
  const Place place = find_place(root, name);
  const auto type = place.owner.type();
  const auto slot = type->findAttributeSlot(place.name);
  if (!slot.has_value()) {
    if (type->findConstant(place.name).has_value()) {
      throw Failure(WICK_INVALID_ARGUMENT, "'" + name + "' is a constant of the TorchScript class and cannot be written");
    }
    no_attribute(place, name);
  }
  const auto& expected = type->getAttribute(*slot);
  if (expected->is_module()) {
    throw Failure(WICK_INVALID_ARGUMENT, "'" + name + "' is a submodule and cannot be written");
  }
  c10::IValue value;
  try {
    value = reader.read(expected, expected);
  } catch (const Failure& failure) {
    throw Failure(failure.status(), "attribute '" + name + "': " + failure.message());
  }
  if (!reader.at_end()) {
    throw Failure(WICK_INVALID_ARGUMENT, "attribute '" + name + "': more than one value was given");
  }
  place.owner._ivalue()->setSlot(*slot, std::move(value));
}

std::string source_of(const torch::jit::Function& function) {
  std::vector<c10::IValue> constants;
  torch::jit::PrintDepsTable dependencies;
  torch::jit::PythonPrint print(constants, dependencies);
  print.printMethod(function);
  return print.str();
}

// Asking an executor makes one, and that takes a copy of the graph, after which constants can no longer be patched: so
// nobody is asked before the first call.
std::string executed_graph(torch::jit::GraphFunction& function, const ModuleState& state) {
  if (state.called.load(std::memory_order_relaxed)) {
    auto& executor = function.get_executor();
    if (executor.isOptimized()) {
      const auto debug = executor.getDebugState();
      if (!debug.execution_plans.empty()) {
        return debug.execution_plans.begin()->second.graph->toString();
      }
    }
  }
  throw Failure(WICK_NOT_FOUND, "nothing was compiled for '" + function.name() +
                                    "' yet: the first run records shapes, the second compiles");
}

std::string graph_text(const ModuleBox& box, const std::string& name, int32_t which) {
  const auto method = find_method(box.module, name);
  switch (which) {
    case WICK_GRAPH_SOURCE: return method.graph()->toString();
    case WICK_GRAPH_INLINED: {
      auto copy = method.graph()->copy();
      torch::jit::Inline(*copy);
      return copy->toString();
    }
    case WICK_GRAPH_EXECUTED: return executed_graph(torch::jit::toGraphFunction(method.function()), *box.state);
    case WICK_GRAPH_CODE: return source_of(method.function());
    default: throw Failure(WICK_INVALID_ARGUMENT, std::to_string(which) + " is not a form of a graph");
  }
}

template <typename Write>
int32_t answer(wick_module module, wick_result* result, wick_error* error, Write&& write) noexcept {
  return protect(error, [&] {
    ValueWriter out;
    write(borrow_module(module), out);
    out.finish(result);
  });
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_module_methods(wick_module module, wick_result* result, wick_error* error) noexcept {
  return wick::answer(module, result, error,
                      [](const auto& box, auto& out) { wick::write_methods(box.module, out); });
}

int32_t wick_module_parameters(wick_module module, wick_result* result, wick_error* error) noexcept {
  return wick::answer(module, result, error,
                      [](const auto& box, auto& out) { wick::write_tensors(box.module.named_parameters(), out); });
}

int32_t wick_module_buffers(wick_module module, wick_result* result, wick_error* error) noexcept {
  return wick::answer(module, result, error,
                      [](const auto& box, auto& out) { wick::write_tensors(box.module.named_buffers(), out); });
}

int32_t wick_module_attributes(wick_module module, wick_result* result, wick_error* error) noexcept {
  return wick::answer(module, result, error,
                      [](const auto& box, auto& out) { wick::write_attributes(box.module, out); });
}

int32_t wick_module_submodules(wick_module module, wick_result* result, wick_error* error) noexcept {
  return wick::answer(module, result, error,
                      [](const auto& box, auto& out) { wick::write_submodules(box.module, out); });
}

int32_t wick_module_attribute(wick_module module, const char* name, int64_t name_length, wick_result* result,
                              wick_error* error) noexcept {
  return wick::answer(module, result, error, [&](const auto& box, auto& out) {
    out.value(wick::read_attribute(box.module, wick::text_argument(name, name_length, "the attribute's name")));
  });
}

int32_t wick_module_set_attribute(wick_module module, const char* name, int64_t name_length, const wick_value* value,
                                  int64_t count, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::ValueReader reader(value, count);
    wick::write_attribute(wick::borrow_module(module).module,
                          wick::text_argument(name, name_length, "the attribute's name"), reader);
  });
}

int32_t wick_module_graph(wick_module module, const char* method, int64_t method_length, int32_t which,
                          wick_result* result, wick_error* error) noexcept {
  return wick::answer(module, result, error, [&](const auto& box, auto& out) {
    out.text(wick::graph_text(box, wick::text_argument(method, method_length, "the method's name"), which));
  });
}

}  // extern "C"
