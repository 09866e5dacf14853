// Lets one thread stop all calls into LibTorch for a moment, at next to no cost to the calls.
#ifndef WICK_SRC_CALL_GATE_H
#define WICK_SRC_CALL_GATE_H

namespace wick {

// A call, from its construction to its end: it waits while the gate is closed, unless it is inside of another call of
// its thread.
class CallGate {
 public:
  CallGate();
  ~CallGate();
  CallGate(const CallGate&) = delete;
  CallGate& operator=(const CallGate&) = delete;
};

// The same for what a call's own helper threads do as well, which must never wait for the gate: the caller does without
// where it is closed.
class CallGateAttempt {
 public:
  CallGateAttempt();
  ~CallGateAttempt();
  CallGateAttempt(const CallGateAttempt&) = delete;
  CallGateAttempt& operator=(const CallGateAttempt&) = delete;
  explicit operator bool() const noexcept { return inside_; }

 private:
  bool inside_;
};

// Closes the gate and waits for the calls that are inside; opens it at its end. One at a time, and from outside of
// every call.
class ClosedCallGate {
 public:
  ClosedCallGate();
  ~ClosedCallGate();
  ClosedCallGate(const ClosedCallGate&) = delete;
  ClosedCallGate& operator=(const ClosedCallGate&) = delete;
};

}  // namespace wick

#endif
