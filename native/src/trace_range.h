// Ranges that the caller marks in traces.
#ifndef WICK_SRC_TRACE_RANGE_H
#define WICK_SRC_TRACE_RANGE_H

namespace wick {

// Ends all open ranges in the trace that runs, with the gate closed: one that ended later would write into a trace
// that is gone.
void end_open_ranges();

}  // namespace wick

#endif
