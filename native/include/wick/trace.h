/* Traces of the whole process through Kineto: operators, TorchScript functions, ranges, work of CUDA devices. */
#ifndef WICK_TRACE_H
#define WICK_TRACE_H

#include <wick/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A finished trace; owned by the caller, who gives it back to wick_trace_free. */
typedef int64_t wick_trace;
/* A range of the caller's; owned by the caller, who gives it back to wick_range_end. */
typedef int64_t wick_range;

/* What a trace records beside operators, TorchScript functions and ranges; each costs time in every operator. */
enum wick_trace_flags {
  WICK_TRACE_SHAPES = 1, /* the shapes and dtypes of operators' arguments */
  WICK_TRACE_MEMORY = 2, /* allocations and frees on the CPU */
  WICK_TRACE_STACKS = 4, /* the TorchScript call stack and the modules of each operator */
  WICK_TRACE_CUDA = 8    /* kernels, copies and CUDA's calls, through CUPTI */
};

/* WICK_OK when this LibTorch can record every thread, else WICK_UNSUPPORTED and why. Any thread. */
WICK_API int32_t wick_trace_supported(wick_error *error) WICK_NOEXCEPT;

/*
 * Starts the process's one trace, of all threads. WICK_INVALID_ARGUMENT when one runs already, also one that somebody
 * else started. Any thread; Kineto itself runs on a thread of the library's own.
 */
WICK_API int32_t wick_trace_start(int32_t flags, wick_error *error) WICK_NOEXCEPT;

/*
 * Stops the trace. Calls that other threads have in flight are waited for, and new ones wait meanwhile, so that none is
 * cut in two; ranges that are open end here. WICK_INVALID_ARGUMENT when none runs; WICK_FAILED when nothing was
 * recorded, and it has stopped all the same. Any thread.
 */
WICK_API int32_t wick_trace_stop(wick_trace *trace, wick_error *error) WICK_NOEXCEPT;

enum wick_trace_kind {
  WICK_TRACE_OTHER = 0,
  WICK_TRACE_OPERATOR = 1,
  WICK_TRACE_FUNCTION = 2,      /* a TorchScript method */
  WICK_TRACE_RANGE = 3,         /* wick_range_begin to wick_range_end */
  WICK_TRACE_ALLOCATION = 4,    /* bytes is negative for a free */
  WICK_TRACE_CUDA_CALL = 5,     /* of CUDA's runtime or driver, on the host */
  WICK_TRACE_KERNEL = 6,        /* on a device, as all that follow */
  WICK_TRACE_COPY = 7,
  WICK_TRACE_FILL = 8,
  WICK_TRACE_DEVICE_RANGE = 9,  /* a range's shadow on a device: from its first work to its last */
  WICK_TRACE_DEVICE_OTHER = 10
};

typedef struct wick_trace_event {
  int32_t kind;
  int32_t device_index;        /* of what runs on a device, else -1 */
  const char *name;            /* UTF-8, as long as the trace lives; the same text has the same address */
  int64_t name_length;         /* bytes */
  int64_t thread;              /* LibTorch's number of the thread it began on; 0 on a device */
  int64_t end_thread;          /* that on which it ended */
  int64_t start_ns;            /* since the epoch */
  int64_t duration_ns;
  int64_t correlation;         /* of an operator, function or range: what device work refers to */
  int64_t linked_correlation;  /* of device work: who launched it; 0 when that is not known */
  int64_t bytes;               /* of an allocation, else 0 */
} wick_trace_event;

/* How many events a trace has. Any thread. */
WICK_API int32_t wick_trace_count(wick_trace trace, int64_t *events, wick_error *error) WICK_NOEXCEPT;

/* Copies the events from the first on, at most capacity of them, in Kineto's order. Any thread. */
WICK_API int32_t wick_trace_events(wick_trace trace, int64_t first, wick_trace_event *events, int64_t capacity,
                                   wick_error *error) WICK_NOEXCEPT;

/*
 * Writes a trace as Chrome's trace event JSON; once, since Kineto gives its events away with it. The path is absolute.
 * What Kineto could not write, which it does not tell, is WICK_FAILED. Any thread.
 */
WICK_API int32_t wick_trace_save(wick_trace trace, const char *path, int64_t length, wick_error *error) WICK_NOEXCEPT;

WICK_API void wick_trace_free(wick_trace trace) WICK_NOEXCEPT;

/* Begins a range, which is in the trace that runs now, if any does. Any thread. */
WICK_API int32_t wick_range_begin(const char *name, int64_t length, wick_range *range, wick_error *error) WICK_NOEXCEPT;
/* Ends a range and frees it, on whichever thread. */
WICK_API void wick_range_end(wick_range range) WICK_NOEXCEPT;

/*
 * NVTX, for Nsight and other listeners: through the entry points that LibTorch's CUDA half registers. WICK_UNSUPPORTED
 * without it. Ranges nest on each thread of the operating system.
 */
WICK_API int32_t wick_nvtx_push(const char *name, int64_t length, wick_error *error) WICK_NOEXCEPT;
WICK_API int32_t wick_nvtx_pop(wick_error *error) WICK_NOEXCEPT;
WICK_API int32_t wick_nvtx_mark(const char *name, int64_t length, wick_error *error) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
