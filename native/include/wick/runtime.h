/* The process: versions, settings of LibTorch, thread counts, the TorchScript executor, CPU memory, live handles. */
#ifndef WICK_RUNTIME_H
#define WICK_RUNTIME_H

#include <wick/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes whenever a function or struct of these headers changes its meaning. */
enum { WICK_INTERFACE_VERSION = 3 };

/* WICK_INTERFACE_VERSION this library was compiled with. A constant: no lock, no allocation, cannot throw. */
WICK_API int32_t wick_interface_version(void) WICK_NOEXCEPT;

/* "2.10.0": the LibTorch whose headers this library was compiled with; null-terminated, static. */
WICK_API const char *wick_compiled_torch_version(void) WICK_NOEXCEPT;

/* 1 when compiled with _GLIBCXX_USE_CXX11_ABI, otherwise 0. */
WICK_API int32_t wick_compiled_cxx11_abi(void) WICK_NOEXCEPT;

/*
 * Installs what must be in place before the first tensor: the counting CPU allocator and the oneDNN Graph pass. Once;
 * further calls do nothing. Any thread.
 */
WICK_API int32_t wick_initialize(wick_error *error) WICK_NOEXCEPT;

/* What LibTorch says of itself, as a DICT of STRING to value: torch_version, build (at::show_config), parallel
   (at::get_parallel_info), cpu_capability, has_mkl, has_mkldnn, has_lapack, has_cuda, has_llga. Any thread. */
WICK_API int32_t wick_runtime_describe(wick_result *result, wick_error *error) WICK_NOEXCEPT;

/*
 * Thread counts. intra_op is the number a call uses unless its options say otherwise; it may change at any time, and
 * every thread follows at its next call (LibTorch's own set_num_threads is not seen by threads already started).
 * inter_op may be set once, before TorchScript forks work. 0 leaves either as it is. Any thread.
 */
WICK_API int32_t wick_threads_set(int32_t intra_op, int32_t inter_op, wick_error *error) WICK_NOEXCEPT;
WICK_API int32_t wick_threads_intra_op(void) WICK_NOEXCEPT;
WICK_API int32_t wick_threads_inter_op(void) WICK_NOEXCEPT;

/* Threads of the BLAS that LibTorch calls, where that library has its own pool (OpenBLAS): sets it when count > 0, and
   returns the count, or 0 when the BLAS has no such setting. Any thread, not while something runs. */
WICK_API int32_t wick_blas_threads(int32_t count) WICK_NOEXCEPT;

enum { WICK_FUSION_STATIC = 0, WICK_FUSION_DYNAMIC = 1, WICK_FUSION_MAXIMUM_ENTRIES = 8 };

/* The TorchScript executor. Process-wide; graphs that are compiled already keep their form. */
typedef struct wick_executor {
  int32_t optimize;            /* run optimisation passes (LibTorch's flag is per thread; this one is for every call) */
  int32_t profiling;           /* the profiling executor: the first run records shapes, the second compiles */
  int32_t profiled_runs;       /* runs recorded before it compiles, at least 1 */
  int32_t tensor_expression_fuser;
  int32_t onednn_graph;        /* oneDNN Graph fusion for every call, not only those that ask for it */
  int32_t fusion_count;        /* entries of the fusion strategy, in order */
  int32_t fusion_kind[WICK_FUSION_MAXIMUM_ENTRIES];  /* WICK_FUSION_STATIC or _DYNAMIC */
  int32_t fusion_depth[WICK_FUSION_MAXIMUM_ENTRIES]; /* specialisations before the next entry is used */
} wick_executor;

WICK_API int32_t wick_executor_get(wick_executor *executor, wick_error *error) WICK_NOEXCEPT;
WICK_API int32_t wick_executor_set(const wick_executor *executor, wick_error *error) WICK_NOEXCEPT;

/* oneDNN Graph fusion so far: graphs it was tried on, fusion groups made, graphs kept unfused because it threw. */
typedef struct wick_onednn_graph_counts {
  int64_t tried;
  int64_t groups;
  int64_t failed;
} wick_onednn_graph_counts;
WICK_API void wick_onednn_graph_count(wick_onednn_graph_counts *counts) WICK_NOEXCEPT;

/* What LibTorch holds on the CPU, counted by the allocator: bytes and blocks, exact; zero when all is freed. */
typedef struct wick_cpu_memory {
  int64_t allocated_bytes_current;
  int64_t allocated_bytes_peak;
  int64_t allocated_bytes_allocated; /* since the process began */
  int64_t allocated_bytes_freed;
  int64_t allocation_current;
  int64_t allocation_peak;
  int64_t allocation_allocated;
  int64_t allocation_freed;
  int64_t num_ooms; /* allocations that were refused, by the limit or the machine */
  int64_t limit_bytes; /* 0 without one */
} wick_cpu_memory;

WICK_API void wick_cpu_memory_get(wick_cpu_memory *memory) WICK_NOEXCEPT;
/* Sets the peaks to the current values. Any thread. */
WICK_API void wick_cpu_memory_reset_peak(void) WICK_NOEXCEPT;
/* Allocations that would go beyond limit bytes fail as out of memory; 0 lifts the limit. Any thread. */
WICK_API void wick_cpu_memory_set_limit(int64_t limit) WICK_NOEXCEPT;
/* Whether blocks of 2 MiB and more, allocated from now on, ask the kernel for huge pages (1, the default) or not (0). */
WICK_API void wick_cpu_memory_set_huge_pages(int32_t enabled) WICK_NOEXCEPT;

/* Live handles of every kind that this library gave out. One atomic read: no lock, no allocation, cannot throw. */
WICK_API int64_t wick_live_handles(void) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
