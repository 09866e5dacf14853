#include "protect.h"

#include "cuda_hooks.h"

namespace wick {

int32_t report_failed_call(wick_error* error, int32_t fallback, const RefusalWatch& watch) noexcept {
  // The status depends on the text, so it is needed even when the caller wants no record.
  thread_local wick_error unwanted;
  wick_error* record = error != nullptr ? error : &unwanted;
  const int32_t status = report_current_exception(record, fallback);
  const Refusal* refusal = watch.find({record->message, static_cast<size_t>(record->message_length)});
  if (status != fallback && status != WICK_OUT_OF_MEMORY) {
    return status;
  }
  if (refusal == nullptr) {
    const CudaHooks* cuda = cuda_hooks();
    if (cuda != nullptr) {
      cuda->classify(*record);
    }
    return record->status;
  }
  record->status = WICK_OUT_OF_MEMORY;
  record->requested_bytes = refusal->requested;
  record->allocated_bytes = refusal->allocated;
  record->limit_bytes = refusal->limit;
  record->reserved_bytes = refusal->reserved;
  record->free_bytes = refusal->free;
  record->largest_free_block_bytes = refusal->largest_free_block;
  return WICK_OUT_OF_MEMORY;
}

}  // namespace wick
