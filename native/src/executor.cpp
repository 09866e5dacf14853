#include "executor.h"

#include <atomic>
#include <string>

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <wick/runtime.h>

#include "handle.h"
#include "onednn_graph.h"
#include "protect.h"

namespace wick {
namespace {

std::atomic<bool> optimize{true};

void check(const wick_executor& executor) {
  const auto refuse = [](const std::string& message) { throw Failure(WICK_INVALID_ARGUMENT, "executor: " + message); };
  if (executor.profiled_runs < 1) {
    refuse("profiled_runs must be at least 1, got " + std::to_string(executor.profiled_runs));
  }
  if (executor.fusion_count < 0 || executor.fusion_count > WICK_FUSION_MAXIMUM_ENTRIES) {
    refuse("fusion_count must be 0 to " + std::to_string(WICK_FUSION_MAXIMUM_ENTRIES) + ", got " +
           std::to_string(executor.fusion_count));
  }
  for (int32_t i = 0; i < executor.fusion_count; ++i) {
    if (executor.fusion_kind[i] != WICK_FUSION_STATIC && executor.fusion_kind[i] != WICK_FUSION_DYNAMIC) {
      refuse("fusion_kind " + std::to_string(executor.fusion_kind[i]) + " is neither static nor dynamic");
    }
    if (executor.fusion_depth[i] < 0) {
      refuse("fusion_depth " + std::to_string(executor.fusion_depth[i]) + " is negative");
    }
  }
  if (executor.onednn_graph != 0 && !has_onednn_graph()) {
    throw Failure(WICK_UNSUPPORTED, "this LibTorch was built without oneDNN Graph");
  }
}

}  // namespace

OptimizeGuard::OptimizeGuard()
    : changed_(torch::jit::getGraphExecutorOptimize() != optimize.load(std::memory_order_relaxed)) {
  if (changed_) {
    torch::jit::setGraphExecutorOptimize(!torch::jit::getGraphExecutorOptimize());
  }
}

OptimizeGuard::~OptimizeGuard() {
  if (changed_) {
    torch::jit::setGraphExecutorOptimize(!torch::jit::getGraphExecutorOptimize());
  }
}

}  // namespace wick

extern "C" {

int32_t wick_executor_get(wick_executor* executor, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick_executor& out = wick::target(executor, "the executor's settings");
    const auto strategy = torch::jit::getFusionStrategy();
    out = {};
    out.optimize = wick::optimize.load(std::memory_order_relaxed) ? 1 : 0;
    out.profiling = torch::jit::getProfilingMode() ? 1 : 0;
    out.profiled_runs = static_cast<int32_t>(torch::jit::getNumProfiledRuns());
    out.tensor_expression_fuser = torch::jit::tensorExprFuserEnabled() ? 1 : 0;
    out.onednn_graph = wick::onednn_graph_for_all() ? 1 : 0;
    for (const auto& [behavior, depth] : strategy) {
      if (out.fusion_count == WICK_FUSION_MAXIMUM_ENTRIES) {
        break;
      }
      out.fusion_kind[out.fusion_count] =
          behavior == torch::jit::FusionBehavior::STATIC ? WICK_FUSION_STATIC : WICK_FUSION_DYNAMIC;
      out.fusion_depth[out.fusion_count] = static_cast<int32_t>(depth);
      ++out.fusion_count;
    }
  });
}

int32_t wick_executor_set(const wick_executor* executor, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    const wick_executor& wanted = wick::target(executor, "the executor's settings");
    wick::check(wanted);
    torch::jit::FusionStrategy strategy;
    for (int32_t i = 0; i < wanted.fusion_count; ++i) {
      strategy.emplace_back(wanted.fusion_kind[i] == WICK_FUSION_STATIC ? torch::jit::FusionBehavior::STATIC
                                                                        : torch::jit::FusionBehavior::DYNAMIC,
                            static_cast<size_t>(wanted.fusion_depth[i]));
    }
    torch::jit::setFusionStrategy(strategy);
    torch::jit::getProfilingMode() = wanted.profiling != 0;
    torch::jit::getNumProfiledRuns() = static_cast<size_t>(wanted.profiled_runs);
    torch::jit::setTensorExprFuserEnabled(wanted.tensor_expression_fuser != 0);
    wick::set_onednn_graph_for_all(wanted.onednn_graph != 0);
    wick::optimize.store(wanted.optimize != 0, std::memory_order_relaxed);
  });
}

}  // extern "C"
