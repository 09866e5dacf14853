#include <map>
#include <tuple>
#include <unordered_set>

#include <torch/csrc/jit/api/function_impl.h>

#include "call_guard.h"
#include "codes.h"
#include "graph_walk.h"
#include "handle.h"
#include "module.h"
#include "protect.h"

namespace wick {
namespace {

using c10::IValue;
using torch::jit::Graph;
using torch::jit::Node;

struct Target {
  std::optional<c10::ScalarType> dtype;
  std::optional<c10::Device> device;
};

struct Converted {
  int64_t bytes = 0;
  int64_t constants = 0;
};

// Half, float and bfloat16 are precisions one chooses between; float64 in a graph was meant.
bool is_precision(int64_t code) {
  return code == static_cast<int64_t>(c10::ScalarType::Half) || code == static_cast<int64_t>(c10::ScalarType::Float) ||
         code == static_cast<int64_t>(c10::ScalarType::BFloat16);
}

at::Tensor converted(const at::Tensor& tensor, const Target& target, bool convert_dtype) {
  c10::TensorOptions options = tensor.options();
  if (target.dtype.has_value() && convert_dtype && tensor.is_floating_point()) {
    options = options.dtype(*target.dtype);
  }
  if (target.device.has_value()) {
    options = options.device(*target.device);
  }
  return tensor.to(options);
}

// Converts each tensor once, in place, so that tensors that stand in several places stay one.
class TensorConverter {
 public:
  TensorConverter(const Target& target, Converted& done) : target_(target), done_(done) {}

  void convert(const IValue& value) {
    if (value.isTensor()) {
      convert_tensor(value.toTensor());
    } else if (value.isList()) {
      for (const IValue& element : value.toListRef()) {
        convert(element);
      }
    } else if (value.isTuple()) {
      for (const IValue& element : value.toTupleRef().elements()) {
        convert(element);
      }
    } else if (value.isGenericDict()) {
      for (const auto& pair : value.toGenericDict()) {
        convert(pair.value());
      }
    } else if (value.isObject() && seen_.insert(value.toObject().get()).second) {
      for (const IValue& slot : value.toObject()->slots()) {
        convert(slot);
      }
    }
  }

 private:
  void convert_tensor(at::Tensor tensor) {
    if (!tensor.defined() || !seen_.insert(tensor.unsafeGetTensorImpl()).second) {
      return;
    }
    const at::Tensor result = converted(tensor, target_, true);
    if (!result.is_same(tensor)) {
      done_.bytes += static_cast<int64_t>(result.nbytes());
      tensor.set_data(result);
    }
  }

  const Target& target_;
  Converted& done_;
  std::unordered_set<const void*> seen_;
};

// Constants are pooled: one node may feed a dtype argument and an ordinary integer alike. So each use gets its own.
void patch_use(const ConstantUse& use, const Target& target, Converted& done) {
  IValue wanted;
  if (use.kind == ConstantKind::device) {
    if (!target.device.has_value() || use.value.toDevice() == *target.device) {
      return;
    }
    wanted = *target.device;
  } else {
    if (!target.dtype.has_value() || !is_precision(use.value.toInt()) ||
        use.value.toInt() == static_cast<int64_t>(*target.dtype)) {
      return;
    }
    wanted = static_cast<int64_t>(*target.dtype);
  }
  Graph& graph = *use.node->owningGraph();
  const torch::jit::WithInsertPoint before(use.node);
  Node* old = use.node->input(use.input)->node();
  use.node->replaceInput(use.input, graph.insertConstant(wanted));
  if (!old->output()->hasUses()) {
    old->destroy();
  }
  ++done.constants;
}

// Tensors baked into a graph, such as the attention mask of a traced model. A tensor without dimensions takes part in
// type promotion as a number does, and keeps its dtype.
void convert_tensor_constants(Graph& graph, const Target& target, bool convert_dtype, Converted& done) {
  for_each_node(graph.block(), [&](Node* node) {
    if (node->kind() != c10::prim::Constant || !node->hasAttribute(c10::attr::value) ||
        node->kindOf(c10::attr::value) != torch::jit::AttributeKind::t) {
      return;
    }
    const at::Tensor tensor = node->t(c10::attr::value);
    const at::Tensor result = converted(tensor, target, convert_dtype && tensor.dim() > 0);
    if (!result.is_same(tensor)) {
      done.bytes += static_cast<int64_t>(result.nbytes());
      node->t_(c10::attr::value, result);
      node->output()->inferTypeFrom(result);
    }
  });
}

Converted convert(const ModuleBox& box, const Target& target, bool patch) {
  const PlainGuard guard;
  Converted done;
  TensorConverter(target, done).convert(box.module._ivalue());
  for (const auto& reached : reached_functions(box.module)) {
    Graph& graph = *reached.function->graph();
    convert_tensor_constants(graph, target, patch, done);
    if (patch) {
      for (const ConstantUse& use : constant_uses(graph)) {
        patch_use(use, target, done);
      }
    }
    // Whoever printed an inlined graph before has left an optimised copy with the old constants.
    reached.function->clear_optimized_graphs();
  }
  return done;
}

std::string text_of(const ConstantUse& use) {
  if (use.kind == ConstantKind::device) {
    return use.value.toDevice().str();
  }
  const int64_t code = use.value.toInt();
  const bool valid = code >= 0 && code < static_cast<int64_t>(c10::ScalarType::NumOptions);
  return valid ? name_of(static_cast<c10::ScalarType>(code)) : std::to_string(code);
}

void write_constants(const torch::jit::Module& module, ValueWriter& out) {
  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;
  std::map<Key, int64_t> uses;
  for (const auto& reached : reached_functions(module)) {
    for (const ConstantUse& use : constant_uses(*reached.function->graph())) {
      ++uses[{reached.name, use.kind == ConstantKind::device ? "device" : "dtype", text_of(use),
              use.node->kind().toQualString(), use.argument}];
    }
  }
  out.list(static_cast<int64_t>(uses.size()), WICK_TUPLE);
  for (const auto& [key, count] : uses) {
    out.tuple(6);
    out.text(std::get<0>(key));
    out.text(std::get<1>(key));
    out.text(std::get<2>(key));
    out.text(std::get<3>(key));
    out.text(std::get<4>(key));
    out.integer(count);
  }
}

void check_convertible(const ModuleState& state) {
  if (state.frozen) {
    throw Failure(WICK_INVALID_ARGUMENT,
                  "a frozen module cannot be converted: its parameters are constants folded into the graph; convert "
                  "first, then freeze");
  }
  if (state.called.load(std::memory_order_relaxed)) {
    throw Failure(WICK_INVALID_ARGUMENT,
                  "the module was called already, and compiled graphs keep the old device and dtype; convert before "
                  "the first call, or convert a copy");
  }
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_module_constants(wick_module module, wick_result* result, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::ValueWriter out;
    wick::write_constants(wick::borrow_module(module).module, out);
    out.finish(result);
  });
}

int32_t wick_module_to(wick_module module, int32_t dtype, int32_t device_type, int32_t device_index,
                       int32_t patch_constants, wick_result* result, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    const auto& box = wick::borrow_module(module);
    wick::Target target;
    if (dtype != -1) {
      target.dtype = wick::scalar_type(dtype);
      if (!c10::isFloatingType(*target.dtype)) {
        throw wick::Failure(WICK_INVALID_ARGUMENT,
                            "a module converts to a floating dtype, not to " + wick::name_of(*target.dtype));
      }
    }
    if (device_type != -1) {
      target.device = wick::device(device_type, device_index);
    }
    wick::check_convertible(*box.state);
    const auto done = wick::convert(box, target, patch_constants != 0);
    if (result != nullptr) {
      wick::ValueWriter out;
      out.tuple(2);
      out.integer(done.bytes);
      out.integer(done.constants);
      out.finish(result);
    }
  });
}

}  // extern "C"
