/*
 * CUDA streams and events. A stream is a cudaStream_t, an event a cudaEvent_t, as integers. LibTorch's current stream is
 * a thread-local: a call that is to run on a stream names it in its wick_call_options.
 */
#ifndef WICK_CUDA_STREAM_H
#define WICK_CUDA_STREAM_H

#include <wick/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The range of priorities: 0 and below is least urgent, greatest (a negative number) most. Any thread. */
WICK_API int32_t wick_cuda_stream_priorities(int32_t device, int32_t *least, int32_t *greatest,
                                             wick_error *error) WICK_NOEXCEPT;

/*
 * Gives a non-blocking stream that nobody else has, from the pool of those given back or a new one. A stream is never
 * destroyed: its cuBLAS workspace and the allocator's blocks for it would stay behind. LibTorch's own pool would hand
 * the 33rd taker the first one's. Any thread.
 */
WICK_API int32_t wick_cuda_stream_take(int32_t device, int32_t priority, int64_t *stream,
                                       wick_error *error) WICK_NOEXCEPT;

/* Gives a stream back; work on it goes on, and the next taker's comes after. Any thread; 0 is allowed. */
WICK_API void wick_cuda_stream_give_back(int32_t device, int32_t priority, int64_t stream) WICK_NOEXCEPT;

/* Waits for the work on a stream; 0 is the device's default stream. Any thread. */
WICK_API int32_t wick_cuda_stream_synchronize(int32_t device, int64_t stream, wick_error *error) WICK_NOEXCEPT;

/* Whether all work on a stream is done (1) or not (0). Any thread. */
WICK_API int32_t wick_cuda_stream_query(int32_t device, int64_t stream, int32_t *done,
                                        wick_error *error) WICK_NOEXCEPT;

/* Makes later work on a stream wait for an event, on the device. Any thread. */
WICK_API int32_t wick_cuda_stream_wait_event(int32_t device, int64_t stream, int64_t event,
                                             wick_error *error) WICK_NOEXCEPT;

/* Makes an event; timing costs a little at each record, blocking makes waiting for it yield the core. Any thread. */
WICK_API int32_t wick_cuda_event_create(int32_t device, int32_t timing, int32_t blocking, int64_t *event,
                                        wick_error *error) WICK_NOEXCEPT;

/* Gives an event back. Any thread; 0 is allowed. */
WICK_API void wick_cuda_event_free(int64_t event) WICK_NOEXCEPT;

/* Records what a stream holds now; a later record takes its place. Any thread. */
WICK_API int32_t wick_cuda_event_record(int32_t device, int64_t event, int64_t stream, wick_error *error) WICK_NOEXCEPT;

/* Waits for what was recorded last; at once when nothing was. Any thread. */
WICK_API int32_t wick_cuda_event_synchronize(int64_t event, wick_error *error) WICK_NOEXCEPT;

/* Whether what was recorded last is done (1) or not (0). Any thread. */
WICK_API int32_t wick_cuda_event_query(int64_t event, int32_t *done, wick_error *error) WICK_NOEXCEPT;

/* Nanoseconds on the device between two events with timing, both done; CUDA's resolution is about half a microsecond. */
WICK_API int32_t wick_cuda_event_elapsed(int64_t start, int64_t stop, double *nanoseconds,
                                         wick_error *error) WICK_NOEXCEPT;

/*
 * Copies a tensor's elements into another one of the same sizes and dtype on a stream of a device, without waiting: both
 * contiguous, each on that device or in page-locked host memory, at least one on the device. Everything in one call,
 * since a small copy takes less time than a few calls: the stream first waits for the event wait_for, and afterwards the
 * event done is recorded; 0 for none. Page-locked memory of LibTorch's own is not given to anyone before the copy is
 * done. WICK_INVALID_ARGUMENT for other tensors; pageable memory would be copied through memory that nobody sees, and
 * waited for. Any thread.
 */
WICK_API int32_t wick_cuda_copy(int32_t device, int64_t stream, wick_tensor from, wick_tensor to, int64_t wait_for,
                                int64_t done, wick_error *error) WICK_NOEXCEPT;

/*
 * Tells LibTorch's allocator that a tensor made on one stream is used on another: its memory is not given to anyone
 * before the work that is now on that stream is done. Any thread.
 */
WICK_API int32_t wick_cuda_record_stream(wick_tensor tensor, int64_t stream, wick_error *error) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
