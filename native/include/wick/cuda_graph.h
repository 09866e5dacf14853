/* CUDA graphs: work captured once and launched as a whole. */
#ifndef WICK_CUDA_GRAPH_H
#define WICK_CUDA_GRAPH_H

#include <wick/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A capture, and once it has ended the graph that can be launched. */
typedef int64_t wick_cuda_graph;

/*
 * Begins to capture what this thread enqueues on a stream (not the default stream): nothing of it runs. Calls of other
 * threads are not disturbed (cudaStreamCaptureModeThreadLocal). Memory that LibTorch gives out on the stream meanwhile
 * comes from a pool of the graph's own, or of share's (0: none): graphs that share one must be launched in the order in
 * which they were captured and never at once. The same thread must end the capture. WICK_INVALID_ARGUMENT when it is
 * capturing already.
 */
WICK_API int32_t wick_cuda_graph_begin(int32_t device, int64_t stream, wick_cuda_graph share, wick_cuda_graph *graph,
                                       wick_error *error) WICK_NOEXCEPT;

/*
 * Ends a capture; nodes (may be null) gets the number of the graph's. When something that was called cannot be captured,
 * WICK_UNSUPPORTED says which operator, and the graph is only to be freed. With discard 1 the capture is given up: the
 * status is WICK_OK when nothing in it was to blame.
 */
WICK_API int32_t wick_cuda_graph_end(wick_cuda_graph graph, int32_t discard, int64_t *nodes,
                                     wick_error *error) WICK_NOEXCEPT;

/* Launches the graph on a stream of its device; not awaited. One thread at a time. */
WICK_API int32_t wick_cuda_graph_launch(wick_cuda_graph graph, int64_t stream, wick_error *error) WICK_NOEXCEPT;

/* Launches the graph on a stream and waits for the stream. One thread at a time. */
WICK_API int32_t wick_cuda_graph_run(wick_cuda_graph graph, int64_t stream, wick_error *error) WICK_NOEXCEPT;

/* Gives a graph back, after waiting for its last launch. Any thread, not while it captures; 0 is allowed. */
WICK_API void wick_cuda_graph_free(wick_cuda_graph graph) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
