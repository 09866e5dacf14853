// Walks every graph a module can reach, and the device and dtype constants in them.
#ifndef WICK_SRC_GRAPH_WALK_H
#define WICK_SRC_GRAPH_WALK_H

#include <functional>
#include <string>
#include <vector>

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

namespace wick {

struct ReachedFunction {
  torch::jit::GraphFunction* function;
  std::string name; // qualified by the submodule it was found in, or by the code it belongs to
};

// Methods of the module and of every submodule, and the functions and methods of other classes they call, each once.
std::vector<ReachedFunction> reached_functions(const torch::jit::Module& module);

// Calls visit for every node of a block, of its inner blocks and of subgraphs.
void for_each_node(torch::jit::Block* block, const std::function<void(torch::jit::Node*)>& visit);

enum class ConstantKind { device, dtype };

// An input of a node that is a constant and stands for a device or a dtype.
struct ConstantUse {
  torch::jit::Node* node;
  size_t input;
  ConstantKind kind;
  c10::IValue value;
  std::string argument;
};

// The uses in one graph.
std::vector<ConstantUse> constant_uses(torch::jit::Graph& graph);

}  // namespace wick

#endif
