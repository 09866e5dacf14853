/* What an allocator does, event by event, with who asked for it: the CPU's, and those of CUDA devices. */
#ifndef WICK_MEMORY_RECORDING_H
#define WICK_MEMORY_RECORDING_H

#include <wick/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Under the names of PyTorch's snapshots. On the CPU there are ALLOC, FREE_COMPLETED and OOM. */
enum wick_memory_action {
  WICK_MEMORY_ALLOC = 0,
  WICK_MEMORY_FREE_REQUESTED = 1, /* its owner let go of it; a stream may still use it */
  WICK_MEMORY_FREE_COMPLETED = 2,
  WICK_MEMORY_SEGMENT_ALLOC = 3, /* from the driver to the caching allocator */
  WICK_MEMORY_SEGMENT_FREE = 4,
  WICK_MEMORY_SEGMENT_MAP = 5,
  WICK_MEMORY_SEGMENT_UNMAP = 6,
  WICK_MEMORY_OOM = 7 /* refused; address: the bytes that were free on the device, 0 on the CPU */
};

/* One event. Events of a device are in the order in which they took effect. */
typedef struct wick_memory_event {
  int64_t sequence;   /* of the device, from 1 on in this process */
  int64_t time;       /* nanoseconds of CLOCK_MONOTONIC, which is System.nanoTime */
  int64_t address;
  int64_t bytes;      /* that were asked for */
  int64_t allocation; /* sequence of the event that gave the memory out; its own for ALLOC; 0: was not recorded */
  int64_t stream;     /* cudaStream_t */
  int32_t action;     /* enum wick_memory_action */
  int32_t device;     /* -1: the CPU, otherwise the CUDA device */
  int32_t context;    /* of the request, for wick_memory_context_describe; for what frees, that of the allocation */
  int32_t thread;     /* the system's id */
} wick_memory_event;

/* An open or stopped recording. */
typedef int64_t wick_memory_recording;

enum {
  WICK_MEMORY_STACKS = 1 /* with TorchScript's call stack and module: one to five microseconds an allocation */
};

/*
 * Begins a recording of a device (-1: the CPU). Several may be open at once, nested or not, on any threads: each sees
 * everything that happens on its device from its beginning to its end, whichever thread does it. They share one ring of
 * events for each device, which has room for the largest capacity asked for; when it is full, the oldest event is
 * overwritten. capacity is in events of 64 bytes, whose memory is touched as it is used. While one recording with
 * WICK_MEMORY_STACKS is open, all have stacks. Any thread.
 */
WICK_API int32_t wick_memory_record(int32_t device, int64_t capacity, int32_t flags, wick_memory_recording *recording,
                                    wick_error *error) WICK_NOEXCEPT;

/* Ends a recording, which keeps its events. WICK_INVALID_ARGUMENT when it has ended. Any thread. */
WICK_API int32_t wick_memory_recording_stop(wick_memory_recording recording, wick_error *error) WICK_NOEXCEPT;

typedef struct wick_memory_recording_info {
  int64_t baseline_bytes;   /* given out when it began; exact */
  int64_t current_bytes;    /* given out now, or when it ended */
  int64_t peak_bytes;       /* the most in between, whatever was overwritten */
  int64_t peak_time;
  int64_t unrecorded_bytes; /* given out just before the first event that is still there */
  int64_t event_count;      /* that are still there */
  int64_t dropped;          /* that were overwritten */
  int64_t last_sequence;    /* of the last event; that of the last one before it began when there is none */
  int64_t start_time;
  int64_t end_time;         /* 0 as long as it is open */
  int64_t start_epoch_microseconds;
} wick_memory_recording_info;

WICK_API int32_t wick_memory_recording_describe(wick_memory_recording recording, wick_memory_recording_info *info,
                                                wick_error *error) WICK_NOEXCEPT;

/* Copies the newest events, at most capacity of them, oldest first, with the description that belongs to them: dropped
   counts what did not fit as well. Allocations of the device wait meanwhile if the recording is open. Any thread. */
WICK_API int32_t wick_memory_recording_read(wick_memory_recording recording, wick_memory_event *events,
                                            int64_t capacity, wick_memory_recording_info *info,
                                            wick_error *error) WICK_NOEXCEPT;

/* Ends a recording that is open, and frees it. When none is left, contexts are forgotten. Any thread. */
WICK_API void wick_memory_recording_free(wick_memory_recording recording) WICK_NOEXCEPT;

/*
 * Says for what this thread allocates from now on: a number of the caller's, 0 for nothing. Returns the number before,
 * which the caller sets again afterwards. One thread-local write: no lock, no allocation, cannot throw. Threads of
 * LibTorch's own (the autograd engine's, those between operators) have none.
 */
WICK_API int64_t wick_memory_set_call_site(int64_t call_site) WICK_NOEXCEPT;

/*
 * What is known of a context while a recording exists, as a tuple: the call site (INT), the innermost operator that does
 * more than allocate (STRING or NONE), the submodule (STRING or NONE), and TorchScript's stack, innermost first, as a LIST
 * of tuples of function, file and line. Context 0 is that of which nothing is known. Any thread.
 */
WICK_API int32_t wick_memory_context_describe(int32_t context, wick_result *result, wick_error *error) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
