// Settings of the TorchScript executor.
#ifndef WICK_SRC_EXECUTOR_H
#define WICK_SRC_EXECUTOR_H

namespace wick {

// Whether calls run the optimisation passes. LibTorch's own flag is per thread, so every call sets it from this one.
bool executor_optimizes() noexcept;

}  // namespace wick

#endif
