// Stream capture and graphs. A captured operation is a node that can be submitted again; a launch submits the nodes in
// the order of capture on the launching stream, so branches of a graph do not overlap.
#include "runtime.h"

#include <algorithm>
#include <unordered_set>

namespace simulated_cuda {
namespace {

thread_local cudaStreamCaptureMode interaction_mode = cudaStreamCaptureModeGlobal;

[[noreturn]] void invalidate(Capture& capture, cudaError_t error) {
  capture.invalidated = true;
  throw Failure{error};
}

void end(Capture& capture) {
  capture.ended = true;
  for (const auto& [handle, stream] : world().streams) {
    if (stream->capture.get() == &capture) {
      stream->capture = nullptr;
      stream->tail.clear();
    }
  }
  auto& captures = world().captures;
  captures.erase(std::remove_if(captures.begin(), captures.end(),
                                [&](const auto& other) { return other.expired() || other.lock().get() == &capture; }),
                 captures.end());
}

// Whether all that other streams have captured comes before the end of the origin's part.
bool is_joined(const Capture& capture) {
  std::vector<Node*> open = capture.origin->tail;
  std::unordered_set<Node*> reached;
  while (!open.empty()) {
    Node* node = open.back();
    open.pop_back();
    if (reached.insert(node).second) {
      open.insert(open.end(), node->dependencies.begin(), node->dependencies.end());
    }
  }
  return reached.size() == capture.graph->nodes.size();
}

std::shared_ptr<Graph> find_graph(cudaGraph_t handle) {
  const auto found = world().graphs.find(reinterpret_cast<Graph*>(handle));
  require(found != world().graphs.end(), cudaErrorInvalidValue);
  return found->second;
}

std::shared_ptr<Executable> find_executable(cudaGraphExec_t handle) {
  const auto found = world().executables.find(reinterpret_cast<Executable*>(handle));
  require(found != world().executables.end(), cudaErrorInvalidValue);
  return found->second;
}

template <typename Count>
void list_nodes(const std::vector<Node*>& nodes, cudaGraphNode_t* out, Count* count) {
  require(count != nullptr, cudaErrorInvalidValue);
  if (out != nullptr) {
    for (size_t i = 0; i < *count; ++i) {
      out[i] = i < nodes.size() ? reinterpret_cast<cudaGraphNode_t>(nodes[i]) : nullptr;
    }
  }
  *count = out == nullptr ? nodes.size() : std::min<size_t>(*count, nodes.size());
}

}  // namespace

void add_node(Stream& stream, cudaGraphNodeType type, Submission submission) {
  require(!stream.capture->invalidated, cudaErrorStreamCaptureInvalidated);
  auto node = std::make_unique<Node>(Node{type, std::move(submission), stream.tail});
  stream.tail = {node.get()};
  stream.capture->graph->nodes.push_back(std::move(node));
}

void check_legacy(Stream& stream, bool invalidates) {
  if (!stream.legacy) {
    return;
  }
  for (const auto& [handle, other] : world().streams) {
    if (other->capture != nullptr && other->blocking() && other->device == stream.device) {
      other->capture->invalidated = other->capture->invalidated || invalidates;
      throw Failure{cudaErrorStreamCaptureImplicit};
    }
  }
}

void check_not_capturing(Stream& stream) {
  if (stream.capture != nullptr) {
    invalidate(*stream.capture, cudaErrorStreamCaptureUnsupported);
  }
}

void check_no_capture_on(int device) {
  for (const auto& [handle, stream] : world().streams) {
    if (stream->device == device) {
      check_not_capturing(*stream);
    }
  }
}

void check_safe_while_capturing() {
  if (interaction_mode == cudaStreamCaptureModeRelaxed) {
    return;
  }
  bool safe = true;
  for (const auto& weak : world().captures) {
    const auto capture = weak.lock();
    if (capture == nullptr || capture->ended) {
      continue;
    }
    const bool own = capture->thread == std::this_thread::get_id();
    if (own ? capture->mode != cudaStreamCaptureModeRelaxed
            : interaction_mode == cudaStreamCaptureModeGlobal && capture->mode == cudaStreamCaptureModeGlobal) {
      capture->invalidated = true;
      safe = false;
    }
  }
  require(safe, cudaErrorStreamCaptureUnsupported);
}

}  // namespace simulated_cuda

using namespace simulated_cuda;

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  if (mode == nullptr || *mode < cudaStreamCaptureModeGlobal || *mode > cudaStreamCaptureModeRelaxed) {
    return keep(cudaErrorInvalidValue);
  }
  std::swap(*mode, interaction_mode);
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  return call([&](Lock&) {
    const auto stream = find_stream(handle);
    require(!stream->legacy, cudaErrorStreamCaptureUnsupported);
    require(stream->capture == nullptr, cudaErrorIllegalState);
    require(mode >= cudaStreamCaptureModeGlobal && mode <= cudaStreamCaptureModeRelaxed, cudaErrorInvalidValue);
    stream->capture = std::make_shared<Capture>();
    stream->capture->id = ++world().captures_begun;
    stream->capture->mode = mode;
    stream->capture->thread = std::this_thread::get_id();
    stream->capture->origin = stream.get();
    world().captures.push_back(stream->capture);
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  return call([&](Lock&) {
    const auto stream = find_stream(handle);
    const auto capture = stream->capture;
    require(graph != nullptr, cudaErrorInvalidValue);
    *graph = nullptr;
    require(capture != nullptr, cudaErrorIllegalState);
    require(capture->mode == cudaStreamCaptureModeRelaxed || capture->thread == std::this_thread::get_id(),
            cudaErrorStreamCaptureWrongThread);
    if (capture->origin != stream.get()) {
      invalidate(*capture, cudaErrorStreamCaptureUnmatched);
    }
    const bool joined = is_joined(*capture);
    end(*capture);
    require(!capture->invalidated, cudaErrorStreamCaptureInvalidated);
    require(joined, cudaErrorStreamCaptureUnjoined);
    world().graphs[capture->graph.get()] = capture->graph;
    *graph = reinterpret_cast<cudaGraph_t>(capture->graph.get());
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  return call([&](Lock&) {
    const auto stream = find_stream(handle);
    require(status != nullptr, cudaErrorInvalidValue);
    check_legacy(*stream, false);
    *status = stream->capture == nullptr        ? cudaStreamCaptureStatusNone
              : stream->capture->invalidated ? cudaStreamCaptureStatusInvalidated
                                             : cudaStreamCaptureStatusActive;
  });
}

namespace {

cudaError_t capture_info(cudaStream_t handle, cudaStreamCaptureStatus* status, unsigned long long* id,
                         cudaGraph_t* graph, const cudaGraphNode_t** dependencies, size_t* count) {
  const cudaError_t error = cudaStreamIsCapturing(handle, status);
  if (error != cudaSuccess || *status != cudaStreamCaptureStatusActive) {
    return error;
  }
  return call([&](Lock&) {
    const auto stream = find_stream(handle);
    require(stream->capture != nullptr, cudaErrorIllegalState);
    if (id != nullptr) {
      *id = stream->capture->id;
    }
    if (graph != nullptr) {
      *graph = reinterpret_cast<cudaGraph_t>(stream->capture->graph.get());
    }
    if (dependencies != nullptr) {
      *dependencies = reinterpret_cast<const cudaGraphNode_t*>(stream->tail.data());
    }
    if (count != nullptr) {
      *count = stream->tail.size();
    }
  });
}

}  // namespace

#if CUDART_VERSION >= 13000
cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus* status, unsigned long long* id,
                                     cudaGraph_t* graph, const cudaGraphNode_t** dependencies,
                                     const cudaGraphEdgeData** edges, size_t* count) {
  if (edges != nullptr) {
    *edges = nullptr;
  }
  return capture_info(stream, status, id, graph, dependencies, count);
}
#else
cudaError_t cudaStreamGetCaptureInfo_v2(cudaStream_t stream, cudaStreamCaptureStatus* status, unsigned long long* id,
                                        cudaGraph_t* graph, const cudaGraphNode_t** dependencies, size_t* count) {
  return capture_info(stream, status, id, graph, dependencies, count);
}
#endif

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  return call([&](Lock&) {
    require(executable != nullptr, cudaErrorInvalidValue);
    auto created = std::make_shared<Executable>(Executable{find_graph(graph)});
    world().executables[created.get()] = created;
    *executable = reinterpret_cast<cudaGraphExec_t>(created.get());
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long flags) {
  return cudaGraphInstantiateWithFlags(executable, graph, flags);
}

cudaError_t cudaGraphUpload(cudaGraphExec_t executable, cudaStream_t stream) {
  return call([&](Lock&) {
    find_executable(executable);
    find_stream(stream);
  });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t handle) {
  return call([&](Lock&) {
    const auto launched = find_executable(executable);
    const auto stream = find_stream(handle);
    ++world().counters.graph_launches;
    for (const auto& node : launched->graph->nodes) {
      submit(*stream, node->type, node->submission);
    }
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return call([&](Lock&) { world().executables.erase(find_executable(executable).get()); });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return call([&](Lock&) { world().graphs.erase(find_graph(graph).get()); });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* out, size_t* count) {
  return call([&](Lock&) {
    std::vector<Node*> nodes;
    for (const auto& node : find_graph(graph)->nodes) {
      nodes.push_back(node.get());
    }
    list_nodes(nodes, out, count);
  });
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, cudaGraphNodeType* type) {
  return call([&](Lock&) { *type = reinterpret_cast<Node*>(node)->type; });
}

#if CUDART_VERSION >= 13000
cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t node, cudaGraphNode_t* out, cudaGraphEdgeData*,
                                         size_t* count) {
#else
cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t node, cudaGraphNode_t* out, size_t* count) {
#endif
  return call([&](Lock&) { list_nodes(reinterpret_cast<Node*>(node)->dependencies, out, count); });
}
