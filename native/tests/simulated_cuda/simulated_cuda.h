/*
 * What a test asks of the simulated CUDA runtime beyond CUDA's own functions: faults, delays and counts. Exported by
 * the simulated libcudart alone, so a program looks them up (dlsym, SymbolLookup.libraryLookup) and learns by that
 * whether it runs on the simulation. Any thread.
 */
#ifndef SIMULATED_CUDA_H
#define SIMULATED_CUDA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls since the process began or the last reset; a graph's replayed operations count in graph_launches alone. */
typedef struct simulated_cuda_counters {
  int64_t copies_to_device_pinned;
  int64_t copies_to_device_pageable;
  int64_t copies_to_host_pinned;
  int64_t copies_to_host_pageable;
  int64_t copies_on_device;
  int64_t copies_on_host;
  int64_t blocking_copies; /* those of the above that the caller waited for */
  int64_t fills;
  int64_t kernel_launches;
  int64_t kernels_ignored; /* launches that SIMULATED_CUDA_UNKNOWN_KERNELS=ignore let pass without an effect */
  int64_t graph_launches;
  int64_t stream_synchronizations;
  int64_t event_synchronizations;
  int64_t device_synchronizations;
  int64_t queries;
  int64_t device_allocations;
  int64_t device_frees;
  int64_t host_allocations; /* cudaHostAlloc, cudaMallocHost, cudaHostRegister */
  int64_t host_frees;
} simulated_cuda_counters;

/* What exists now. */
typedef struct simulated_cuda_live {
  int64_t device_blocks;
  int64_t device_bytes;
  int64_t host_blocks;
  int64_t streams;
  int64_t events;
  int64_t graphs; /* instantiated ones too */
} simulated_cuda_live;

void simulated_cuda_get_counters(simulated_cuda_counters *counters);
void simulated_cuda_reset_counters(void);
void simulated_cuda_get_live(simulated_cuda_live *live);

/* Every later copy takes at least so long on its stream; at first what SIMULATED_CUDA_COPY_DELAY_US says, or 0. */
void simulated_cuda_set_copy_delay(int64_t microseconds);

/*
 * The next kernel launch breaks the context with this cudaError_t when it is its turn to run: from then on nothing is
 * executed any more and calls return the error.
 */
void simulated_cuda_fail_next_launch(int32_t error);

/* Mends a broken context, which no real one can be: for tests that go on in the same process. */
void simulated_cuda_recover(void);

#ifdef __cplusplus
}
#endif

#endif
