// Everything thread-local that a call depends on, set on entry and restored on return.
#ifndef WICK_SRC_CALL_GUARD_H
#define WICK_SRC_CALL_GUARD_H

#include <optional>

#include <ATen/core/grad_mode.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/StreamGuard.h>
#include <wick/value.h>

#include "call_gate.h"
#include "executor.h"
#include "onednn_graph.h"
#include "threads.h"

namespace wick {

class CallGuard {
 public:
  explicit CallGuard(const wick_call_options* options);

 private:
  explicit CallGuard(const wick_call_options& options);

  CallGate gate_;
  c10::InferenceMode inference_;
  c10::AutoGradMode gradients_;
  OptimizeGuard optimizer_;
  OnednnGraphGuard onednn_graph_;
  ThreadCountGuard threads_;
  c10::OptionalDeviceGuard device_;
  c10::OptionalStreamGuard stream_;
};

// What the shim makes for the caller to keep (modules, wrapped memory) must be usable in every mode, so it is made
// outside inference mode and without a gradient function.
class PlainGuard {
 private:
  CallGate gate_;
  c10::InferenceMode inference_{false};
  c10::AutoGradMode gradients_{false};
};

}  // namespace wick

#endif
