#include "onednn_graph.h"

#include <atomic>

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/jit/passes/onednn_graph_fuser.h>
#include <torch/csrc/jit/passes/pass_manager.h>
#include <wick/runtime.h>

namespace torch::jit::fuser::onednn {
// LibTorch can be built without it; a weak reference lets this library load there too.
__attribute__((weak)) void fuseGraph(std::shared_ptr<Graph>& graph);
}  // namespace torch::jit::fuser::onednn

namespace wick {
namespace {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;

std::atomic<bool> for_all{false};
std::atomic<int64_t> tried{0};
std::atomic<int64_t> groups{0};
std::atomic<int64_t> failed{0};

thread_local bool wanted_here = false;

int64_t count_groups(const Block* block) {
  static const c10::Symbol group = c10::Symbol::fromQualString("prim::oneDNNFusionGroup");
  int64_t count = 0;
  for (const Node* node : block->nodes()) {
    count += node->kind() == group ? 1 : 0;
    for (const Block* inner : node->blocks()) {
      count += count_groups(inner);
    }
  }
  return count;
}

// Registered for good, since a pass that comes and goes would race with compilations; idle unless the calling thread
// asks. Never where gradients are wanted, whether by the caller or by the code itself: the fused groups have no
// derivative. oneDNN throws on graphs it cannot take, in the middle of rewriting them, so it works on a copy.
void fuse(std::shared_ptr<Graph>& graph) {
  if (!wanted_here || c10::GradMode::is_enabled()) {
    return;
  }
  tried.fetch_add(1, std::memory_order_relaxed);
  try {
    std::shared_ptr<Graph> copy = graph->copy();
    torch::jit::fuser::onednn::fuseGraph(copy);
    const int64_t made = count_groups(copy->block());
    if (made > 0) {
      groups.fetch_add(made, std::memory_order_relaxed);
      graph = std::move(copy);
    }
  } catch (...) {
    failed.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace

bool has_onednn_graph() noexcept {
  // Read at run time: the compiler takes the address of a function for never null.
  static void (*const volatile pass)(std::shared_ptr<Graph>&) = &torch::jit::fuser::onednn::fuseGraph;
  return pass != nullptr && at::hasMKLDNN();
}

void register_onednn_graph_pass() {
  if (has_onednn_graph()) {
    torch::jit::registerPrePass(fuse);
  }
}

bool onednn_graph_for_all() noexcept { return for_all.load(std::memory_order_relaxed); }

void set_onednn_graph_for_all(bool enabled) noexcept { for_all.store(enabled, std::memory_order_relaxed); }

OnednnGraphGuard::OnednnGraphGuard(bool wanted) noexcept : previous_(wanted_here) {
  wanted_here = wanted;
}

OnednnGraphGuard::~OnednnGraphGuard() { wanted_here = previous_; }

}  // namespace wick

extern "C" void wick_onednn_graph_count(wick_onednn_graph_counts* counts) noexcept {
  if (counts == nullptr) {
    return;
  }
  counts->tried = wick::tried.load(std::memory_order_relaxed);
  counts->groups = wick::groups.load(std::memory_order_relaxed);
  counts->failed = wick::failed.load(std::memory_order_relaxed);
}
