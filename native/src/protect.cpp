#include "protect.h"

namespace wick {

int32_t report_failed_call(wick_error* error, int32_t fallback, const RefusalWatch& watch) noexcept {
  // The status depends on the text, so it is needed even when the caller wants no record.
  thread_local wick_error unwanted;
  wick_error* record = error != nullptr ? error : &unwanted;
  const int32_t status = report_current_exception(record, fallback);
  const Refusal* refusal = watch.find({record->message, static_cast<size_t>(record->message_length)});
  if (refusal == nullptr || (status != fallback && status != WICK_OUT_OF_MEMORY)) {
    return status;
  }
  record->status = WICK_OUT_OF_MEMORY;
  record->requested_bytes = refusal->requested;
  record->allocated_bytes = refusal->allocated;
  record->limit_bytes = refusal->limit;
  return WICK_OUT_OF_MEMORY;
}

}  // namespace wick
