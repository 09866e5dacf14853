// Settings of the TorchScript executor.
#ifndef WICK_SRC_EXECUTOR_H
#define WICK_SRC_EXECUTOR_H

namespace wick {

// Makes the calling thread run the optimisation passes or not, as the process is set, for as long as it lives: LibTorch's
// flag is per thread. Setting it costs LibTorch a look into its logging options, so it is set where it differs alone.
class OptimizeGuard {
 public:
  OptimizeGuard();
  ~OptimizeGuard();
  OptimizeGuard(const OptimizeGuard&) = delete;
  OptimizeGuard& operator=(const OptimizeGuard&) = delete;

 private:
  bool changed_;
};

}  // namespace wick

#endif
