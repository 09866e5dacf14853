// The border of the library: nothing that is thrown inside crosses it.
#ifndef WICK_SRC_PROTECT_H
#define WICK_SRC_PROTECT_H

#include <string_view>

#include "call_gate.h"
#include "error.h"
#include "refusal.h"

namespace wick {

// To be called inside a catch block.
int32_t report_failed_call(wick_error* error, int32_t fallback, const RefusalWatch& watch) noexcept;

// Runs body and turns whatever it throws into a status and a filled record. fallback is the status of what LibTorch
// throws. Outside of the call gate: for what closes it, and for what calls no operator of LibTorch's.
template <typename Body>
int32_t protect_ungated(wick_error* error, int32_t fallback, Body&& body) noexcept {
  const RefusalWatch watch;
  try {
    body();
    return WICK_OK;
  } catch (...) {
    return report_failed_call(error, fallback, watch);
  }
}

// The same inside of the call gate: even a look at a tensor may call operators, which no trace may end under.
template <typename Body>
int32_t protect(wick_error* error, int32_t fallback, Body&& body) noexcept {
  return protect_ungated(error, fallback, [&] {
    const CallGate gate;
    body();
  });
}

template <typename Body>
int32_t protect(wick_error* error, Body&& body) noexcept {
  return protect(error, WICK_FAILED, static_cast<Body&&>(body));
}

}  // namespace wick

#endif
