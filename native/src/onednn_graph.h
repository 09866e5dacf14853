// oneDNN Graph fusion as a pass of the TorchScript executor, for the calls that ask for it.
#ifndef WICK_SRC_ONEDNN_GRAPH_H
#define WICK_SRC_ONEDNN_GRAPH_H

namespace wick {

// Registers the pass. Once.
void register_onednn_graph_pass();

// Whether this LibTorch was built with it.
bool has_onednn_graph() noexcept;

// Whether every call passes through it, not only those that ask.
bool onednn_graph_for_all() noexcept;
void set_onednn_graph_for_all(bool enabled) noexcept;

// Lets the graphs that the calling thread compiles pass through it, or not, for as long as it lives.
class OnednnGraphGuard {
 public:
  explicit OnednnGraphGuard(bool wanted) noexcept;
  ~OnednnGraphGuard();
  OnednnGraphGuard(const OnednnGraphGuard&) = delete;
  OnednnGraphGuard& operator=(const OnednnGraphGuard&) = delete;

 private:
  bool previous_;
};

}  // namespace wick

#endif
