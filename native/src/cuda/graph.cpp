#include <atomic>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <ATen/record_function.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <wick/cuda_graph.h>

#include "../cuda_hooks.h"
#include "cuda_error.h"
#include "device.h"

namespace wick {
namespace {

using c10::cuda::CUDACachingAllocator::beginAllocateToPool;
using c10::cuda::CUDACachingAllocator::endAllocateToPool;
using c10::cuda::CUDACachingAllocator::releasePool;

// c10::MempoolId_t, which older versions keep in another namespace.
using PoolId = std::pair<unsigned long long, unsigned long long>;

// LibTorch's own pools count up from 1 in one half of the pair or the other.
PoolId new_pool() {
  static std::atomic<unsigned long long> next{1ULL << 48};
  return {next.fetch_add(1), 0};
}

// Not at::cuda::CUDAGraph: libtorch_cuda is not linked to, for the reason that blas.cpp gives, and its class adds one
// thing to what is done here, registered random generators. Without it an operator that draws random numbers fails in a
// capture, and is named.
class Graph {
 public:
  Graph(int32_t device, cudaStream_t stream, const Graph* share)
      : device_(device), pool_(share != nullptr ? share->pool_ : new_pool()), stream_(stream) {
    if (stream == nullptr) {
      throw Failure(WICK_INVALID_ARGUMENT, "the default stream cannot be captured: take a stream");
    }
    if (share != nullptr && share->device_ != device) {
      throw Failure(WICK_INVALID_ARGUMENT, "graphs of two devices cannot share a pool");
    }
    if (current != nullptr) {
      throw Failure(WICK_INVALID_ARGUMENT, "this thread is capturing a graph already");
    }
    use_device(device);
    const CurrentDevice guard(device);
    if (status() != cudaStreamCaptureStatusNone) {
      throw Failure(WICK_INVALID_ARGUMENT, "the stream is being captured already");
    }
    // Before the capture begins, as LibTorch does it: the filter says no until the capture has its number.
    beginAllocateToPool(index(), pool_, [this](cudaStream_t asking) {
      cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
      unsigned long long capture = 0;
      check(cudaStreamGetCaptureInfo(asking, &status, &capture), "asking for a capture");
      return status == cudaStreamCaptureStatusActive && capture == capture_;
    });
    try {
      check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "beginning a capture");
      cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
      check(cudaStreamGetCaptureInfo(stream, &status, &capture_), "asking for a capture");
    } catch (...) {
      endAllocateToPool(index(), pool_);
      releasePool(index(), pool_);
      throw;
    }
    observer_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(&before_operator, &after_operator).scopes({at::RecordScope::FUNCTION}));
    current = this;
    capturing_ = true;
  }

  ~Graph() {
    if (capturing_ && current == this) {
      cudaGraph_t captured = nullptr;
      stop(captured);
      destroy(captured);
    }
    if (launched_) {
      // A launch in flight works on memory that is about to be given back.
      try {
        const CurrentDevice guard(device_);
        cudaStreamSynchronize(launched_on_);
      } catch (...) {
        // A lost context: nothing is in flight any more.
      }
    }
    if (executable_ != nullptr) {
      cudaGraphExecDestroy(executable_);
    }
    if (!capturing_) {
      try {
        releasePool(index(), pool_);
      } catch (...) {
        // LibTorch does not know the pool any more: there is nothing left to give back.
      }
    }
  }

  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  int64_t end(bool discard) {
    if (current != this) {
      throw Failure(WICK_INVALID_ARGUMENT, "a capture is ended once, by the thread that began it");
    }
    cudaGraph_t captured = nullptr;
    const cudaError_t ended = stop(captured);
    const std::unique_ptr<cudaGraph_t, void (*)(cudaGraph_t*)> owner(&captured, [](cudaGraph_t* graph) {
      destroy(*graph);
    });
    if (!culprit_.empty()) {
      throw Failure(WICK_UNSUPPORTED, culprit_ + " cannot be captured in a CUDA graph" + reason(ended));
    }
    if (discard) {
      return 0;
    }
    check(ended, "ending a capture");
    size_t nodes = 0;
    check(cudaGraphGetNodes(captured, nullptr, &nodes), "counting a graph's nodes");
    if (nodes == 0) {
      throw Failure(WICK_INVALID_ARGUMENT, "nothing was captured: no work was enqueued on the stream by this thread");
    }
    check(cudaGraphInstantiateWithFlags(&executable_, captured, cudaGraphInstantiateFlagAutoFreeOnLaunch),
          "making a captured graph ready to launch");
    return static_cast<int64_t>(nodes);
  }

  void launch(cudaStream_t stream) {
    if (executable_ == nullptr) {
      throw Failure(WICK_INVALID_ARGUMENT, "the graph cannot be launched: its capture has not ended well");
    }
    const CurrentDevice guard(device_);
    check(cudaGraphLaunch(executable_, stream), "launching a graph");
    launched_on_ = stream;
    launched_ = true;
  }

 private:
  c10::DeviceIndex index() const { return static_cast<c10::DeviceIndex>(device_); }

  cudaStreamCaptureStatus status() const {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(stream_, &status), "asking whether a stream is being captured");
    return status;
  }

  cudaError_t stop(cudaGraph_t& captured) {
    at::removeCallback(observer_);
    current = nullptr;
    capturing_ = false;
    const cudaError_t ended = cudaStreamEndCapture(stream_, &captured);
    cudaGetLastError();
    endAllocateToPool(index(), pool_);
    return ended;
  }

  static void destroy(cudaGraph_t captured) {
    if (captured != nullptr) {
      cudaGraphDestroy(captured);
    }
  }

  static std::string reason(cudaError_t ended) {
    return ended == cudaSuccess ? std::string() : std::string(" (") + cudaGetErrorString(ended) + ")";
  }

  static std::unique_ptr<at::ObserverContext> before_operator(const at::RecordFunction&) { return nullptr; }

  // The innermost operator that is left by an exception, or with the capture broken, is the one to blame; those around
  // it are left in the same way, later.
  static void after_operator(const at::RecordFunction& function, at::ObserverContext*) {
    Graph* graph = current;
    if (graph == nullptr || !graph->culprit_.empty()) {
      return;
    }
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    const bool known = cudaStreamIsCapturing(graph->stream_, &status) == cudaSuccess;
    if (std::uncaught_exceptions() > 0 || !known || status != cudaStreamCaptureStatusActive) {
      cudaGetLastError();
      graph->culprit_ = function.name();
    }
  }

  // What this thread captures.
  static thread_local Graph* current;

  int32_t device_;
  PoolId pool_;
  cudaStream_t stream_;
  unsigned long long capture_ = 0;
  at::CallbackHandle observer_ = 0;
  bool capturing_ = false;
  std::string culprit_;
  cudaGraphExec_t executable_ = nullptr;
  bool launched_ = false;
  cudaStream_t launched_on_ = nullptr;  // null is the default stream
};

thread_local Graph* Graph::current = nullptr;

Graph& graph_of(wick_cuda_graph handle) {
  if (handle == 0) {
    throw Failure(WICK_INVALID_ARGUMENT, "no graph: the handle is 0");
  }
  return *reinterpret_cast<Graph*>(handle);
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_cuda_graph_begin(int32_t device, int64_t stream, wick_cuda_graph share, wick_cuda_graph* graph,
                              wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    auto& out = wick::target(graph);
    out = reinterpret_cast<int64_t>(new wick::Graph(device, reinterpret_cast<cudaStream_t>(stream),
                                                    share == 0 ? nullptr : &wick::graph_of(share)));
    wick_shared_count_handles(1);
  });
}

int32_t wick_cuda_graph_end(wick_cuda_graph graph, int32_t discard, int64_t* nodes, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    const int64_t count = wick::graph_of(graph).end(discard != 0);
    if (nodes != nullptr) {
      *nodes = count;
    }
  });
}

int32_t wick_cuda_graph_launch(wick_cuda_graph graph, int64_t stream, wick_error* error) noexcept {
  return wick::protect_cuda(error,
                            [&] { wick::graph_of(graph).launch(reinterpret_cast<cudaStream_t>(stream)); });
}

int32_t wick_cuda_graph_run(wick_cuda_graph graph, int64_t stream, wick_error* error) noexcept {
  return wick::protect_cuda(error, [&] {
    wick::graph_of(graph).launch(reinterpret_cast<cudaStream_t>(stream));
    wick::check(cudaStreamSynchronize(reinterpret_cast<cudaStream_t>(stream)), "waiting for a graph");
  });
}

void wick_cuda_graph_free(wick_cuda_graph graph) noexcept {
  if (graph != 0) {
    delete reinterpret_cast<wick::Graph*>(graph);
    wick_shared_count_handles(-1);
  }
}

}  // extern "C"
