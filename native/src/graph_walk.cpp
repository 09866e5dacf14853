#include "graph_walk.h"

#include <unordered_set>

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>

namespace wick {
namespace {

using c10::TypeKind;
using torch::jit::Block;
using torch::jit::Function;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

c10::TypePtr without_optional(const c10::TypePtr& type) {
  return type->kind() == TypeKind::OptionalType ? type->containedType(0) : type;
}

// What a node calls by pointer, as far as the graph names it. Methods of interfaces are found through the submodules
// that implement them.
Function* called_by(const Node* node) {
  if (node->kind() == c10::prim::CallFunction) {
    const auto type = node->input(0)->type()->cast<c10::FunctionType>();
    return type != nullptr ? type->function() : nullptr;
  }
  if (node->kind() == c10::prim::CallMethod) {
    const auto type = node->input(0)->type()->cast<c10::ClassType>();
    return type != nullptr ? type->findMethod(node->s(c10::attr::name)) : nullptr;
  }
  return nullptr;
}

class Collector {
 public:
  void add(Function* function, const std::string& name) {
    auto* graph_function = torch::jit::tryToGraphFunction(*function);
    if (graph_function == nullptr || !seen_.insert(function).second) {
      return;
    }
    reached.push_back({graph_function, name});
  }

  // The list grows while it is walked: what a function calls is appended behind it.
  void follow_calls() {
    for (size_t i = 0; i < reached.size(); ++i) {
      auto* function = reached[i].function;
      function->ensure_defined();
      for_each_node(function->graph()->block(), [this](Node* node) {
        if (Function* callee = called_by(node)) {
          add(callee, callee->qualname().qualifiedName());
        }
      });
    }
  }

  std::vector<ReachedFunction> reached;

 private:
  std::unordered_set<const Function*> seen_;
};

// Whether an argument takes a dtype. Operators known to TorchScript alone declare it a plain integer.
bool takes_dtype(const c10::Argument& argument) {
  if (without_optional(argument.real_type())->kind() == TypeKind::ScalarTypeType) {
    return true;
  }
  return argument.name() == "dtype" && without_optional(argument.type())->kind() == TypeKind::IntType;
}

}  // namespace

void for_each_node(Block* block, const std::function<void(Node*)>& visit) {
  // Collected first: a visitor may insert nodes.
  const std::vector<Node*> nodes(block->nodes().begin(), block->nodes().end());
  for (Node* node : nodes) {
    visit(node);
    for (Block* inner : node->blocks()) {
      for_each_node(inner, visit);
    }
    for (const auto name : node->attributeNames()) {
      if (node->kindOf(name) == torch::jit::AttributeKind::g) {
        for_each_node(node->g(name)->block(), visit);
      }
    }
  }
  visit(block->return_node());
}

std::vector<ReachedFunction> reached_functions(const torch::jit::Module& module) {
  Collector collector;
  for (const auto& entry : module.named_modules()) {
    for (const auto& method : entry.value.get_methods()) {
      collector.add(&method.function(), entry.name.empty() ? method.name() : entry.name + "." + method.name());
    }
  }
  collector.follow_calls();
  return std::move(collector.reached);
}

std::vector<ConstantUse> constant_uses(Graph& graph) {
  std::vector<ConstantUse> uses;
  for_each_node(graph.block(), [&uses](Node* node) {
    const c10::FunctionSchema* schema = node->maybeSchema();
    for (size_t i = 0; i < node->inputs().size(); ++i) {
      const Value* input = node->input(i);
      if (input->node()->kind() != c10::prim::Constant) {
        continue;
      }
      const c10::Argument* argument =
          schema != nullptr && i < schema->arguments().size() ? &schema->arguments()[i] : nullptr;
      const std::string name = argument != nullptr ? argument->name() : "";
      if (input->type()->kind() == TypeKind::DeviceObjType) {
        uses.push_back({node, i, ConstantKind::device, *torch::jit::toIValue(input), name});
      } else if (input->type()->kind() == TypeKind::IntType && argument != nullptr && takes_dtype(*argument)) {
        uses.push_back({node, i, ConstantKind::dtype, *torch::jit::toIValue(input), name});
      }
    }
  });
  return uses;
}

}  // namespace wick
