#include "memory_recorder.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "cuda_hooks.h"
#include "error.h"
#include "handle.h"
#include "protect.h"

namespace wick {
namespace {

constexpr int64_t maximum_capacity = int64_t{1} << 32;
constexpr int32_t maximum_devices = 64;
// An allocator that never rests: the baseline is then off by what happened between asking and counting.
constexpr int attempts_at_quiet = 1000;

// Recordings of all devices together: those that exist, those that are open, and those that are open with stacks. Taken
// before any recorder's mutex, never inside.
std::mutex attribution_mutex;
int64_t existing_recordings = 0;
int64_t open_recordings = 0;
int64_t open_with_stacks = 0;

int64_t monotonic_nanoseconds() noexcept {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{1000000000} * now.tv_sec + now.tv_nsec;
}

int64_t epoch_microseconds() noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int32_t thread_id() noexcept {
  thread_local const auto id = static_cast<int32_t>(syscall(SYS_gettid));
  return id;
}

void count_open(const MemoryRecording& recording, int64_t change) {
  const std::lock_guard<std::mutex> lock(attribution_mutex);
  if (change > 0 && open_recordings == 0) {
    watch_operators();
  }
  open_recordings += change;
  if ((recording.flags & WICK_MEMORY_STACKS) != 0) {
    open_with_stacks += change;
  }
  attribute_stacks(open_with_stacks > 0);
  if (open_recordings == 0) {
    unwatch_operators();
  }
}

// Contexts are told as long as a recording exists, whose events name them.
void count_existing(int64_t change) noexcept {
  const std::lock_guard<std::mutex> lock(attribution_mutex);
  existing_recordings += change;
  if (existing_recordings == 0) {
    forget_contexts();
  }
}

}  // namespace

EventRing::EventRing(int64_t capacity) : capacity_(capacity) {
  void* pages = mmap(nullptr, static_cast<size_t>(capacity) * sizeof(wick_memory_event), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) {
    throw Failure(WICK_INVALID_ARGUMENT, "no room for " + std::to_string(capacity) + " memory events of " +
                                             std::to_string(sizeof(wick_memory_event)) + " bytes");
  }
  events_ = static_cast<wick_memory_event*>(pages);
}

EventRing::EventRing(EventRing&& other) noexcept { swap(other); }

EventRing& EventRing::operator=(EventRing&& other) noexcept {
  EventRing taken(std::move(other));
  swap(taken);
  return *this;
}

EventRing::~EventRing() {
  if (events_ != nullptr) {
    munmap(events_, static_cast<size_t>(capacity_) * sizeof(wick_memory_event));
  }
}

void EventRing::swap(EventRing& other) noexcept {
  std::swap(events_, other.events_);
  std::swap(capacity_, other.capacity_);
}

MemoryRecorder& MemoryRecorder::of(int32_t device) {
  static const auto* all = [] {
    auto* made = new std::vector<std::unique_ptr<MemoryRecorder>>;
    for (int32_t i = -1; i < maximum_devices; ++i) {
      made->push_back(std::make_unique<MemoryRecorder>(i));
    }
    return made;
  }();
  if (device < -1 || device >= maximum_devices) {
    throw Failure(WICK_NOT_FOUND, "there is no device " + std::to_string(device) + " whose memory could be recorded");
  }
  return *(*all)[static_cast<size_t>(device + 1)];
}

int64_t MemoryRecorder::effect(const wick_memory_event& event) noexcept {
  return event.action == WICK_MEMORY_ALLOC ? event.bytes : event.action == WICK_MEMORY_FREE_COMPLETED ? -event.bytes : 0;
}

int64_t MemoryRecorder::append(int32_t action, int64_t address, int64_t bytes, int64_t allocation, int64_t stream,
                               int32_t context) noexcept {
  if (open_.empty()) {
    return 0;
  }
  const int64_t sequence = next_++;
  wick_memory_event& event = ring_.at(sequence);
  if (sequence - first_ == ring_.capacity()) {
    bytes_before_first_ += effect(event);
    ++first_;
  }
  event = {sequence, monotonic_nanoseconds(), address, bytes, action == WICK_MEMORY_ALLOC ? sequence : allocation,
           stream,   action,                  device_, context, thread_id()};
  bytes_ += effect(event);
  for (MemoryRecording* recording : open_) {
    if (bytes_ > recording->info.peak_bytes) {
      recording->info.peak_bytes = bytes_;
      recording->info.peak_time = event.time;
    }
  }
  return sequence;
}

void MemoryRecorder::append_by_address(int32_t action, int64_t address, int64_t bytes, int64_t stream,
                                       const ContextNumber& given_for) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int32_t context = number_now(given_for);
  try {
    if (action == WICK_MEMORY_ALLOC) {
      const int64_t sequence = append(action, address, bytes, 0, stream, context);
      if (sequence != 0) {
        by_address_[address] = {sequence, context};
      }
      return;
    }
    if (action == WICK_MEMORY_FREE_REQUESTED || action == WICK_MEMORY_FREE_COMPLETED) {
      const auto found = by_address_.find(address);
      const Given given = found == by_address_.end() ? Given{0, 0} : found->second;
      append(action, address, bytes, given.sequence, stream, given.context);
      if (action == WICK_MEMORY_FREE_COMPLETED && found != by_address_.end()) {
        by_address_.erase(found);
      }
      return;
    }
    append(action, address, bytes, 0, stream, context);
  } catch (const std::bad_alloc&) {
    // The event is in the ring; what takes the memory back will not find it.
  }
}

void MemoryRecorder::begin_session() {
  records_.store(true, std::memory_order_release);
  first_ = next_;
  first_of_session_ = next_;
  by_address_.clear();
  if (device_ < 0) {
    bytes_ = switch_cpu_recording(true);
    bytes_before_first_ = bytes_;
  }
}

void MemoryRecorder::end_session() noexcept {
  records_.store(false, std::memory_order_relaxed);
  if (device_ < 0) {
    switch_cpu_recording(false);
  }
  by_address_.clear();
}

void MemoryRecorder::grow(int64_t capacity) {
  if (capacity <= ring_.capacity()) {
    return;
  }
  EventRing larger(capacity);
  for (int64_t sequence = first_; sequence < next_; ++sequence) {
    larger.at(sequence) = ring_.at(sequence);
  }
  ring_ = std::move(larger);
}

void MemoryRecorder::open(MemoryRecording& recording, int64_t capacity) {
  if (device_ >= 0) {
    if (cuda_hooks() == nullptr) {
      throw Failure(WICK_UNSUPPORTED, "wick_cuda is not loaded: there is no CUDA memory to record");
    }
    cuda_hooks()->watch_memory(device_);
  }
  recording.recorder = this;
  recording.open = true;
  count_open(recording, 1);
  try {
    begin(recording, capacity);
  } catch (...) {
    close(recording);
    count_open(recording, -1);
    throw;
  }
}

void MemoryRecorder::begin(MemoryRecording& recording, int64_t capacity) {
  std::unique_lock<std::mutex> lock(mutex_);
  open_.reserve(open_.size() + 1);
  const bool first = open_.empty();
  if (first) {
    ring_ = EventRing(capacity);
    begin_session();
  } else {
    grow(capacity);
  }
  open_.push_back(&recording);
  if (first && device_ >= 0) {
    // The allocator holds its own lock while it tells of events, so it must not be asked under this one: it is asked
    // until nothing happened meanwhile.
    for (int attempt = 0;; ++attempt) {
      const int64_t before = next_;
      lock.unlock();
      const int64_t bytes = cuda_hooks()->requested_bytes(device_);
      lock.lock();
      if (next_ == before || attempt == attempts_at_quiet) {
        bytes_ = bytes;
        break;
      }
    }
    first_ = next_;
    first_of_session_ = next_;
    bytes_before_first_ = bytes_;
    by_address_.clear();
  }
  recording.start_sequence = next_;
  recording.info.baseline_bytes = bytes_;
  recording.info.peak_bytes = bytes_;
  recording.info.start_time = monotonic_nanoseconds();
  recording.info.peak_time = recording.info.start_time;
  recording.info.start_epoch_microseconds = epoch_microseconds();
}

void MemoryRecorder::close(MemoryRecording& recording) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  recording.open = false;
  const auto found = std::find(open_.begin(), open_.end(), &recording);
  if (found == open_.end()) {
    return;
  }
  open_.erase(found);
  if (open_.empty()) {
    ring_ = EventRing();
    end_session();
  }
}

void MemoryRecorder::describe(MemoryRecording& recording) const noexcept {
  wick_memory_recording_info& info = recording.info;
  const int64_t first = std::max(first_, recording.start_sequence);
  info.current_bytes = bytes_;
  info.event_count = next_ - first;
  info.dropped = first - recording.start_sequence;
  info.last_sequence = next_ - 1;
  // Where nothing of this recording is missing, older events of another one may be in the ring before its own.
  info.unrecorded_bytes = info.dropped == 0 ? info.baseline_bytes : bytes_before_first_;
}

void MemoryRecorder::stop(MemoryRecording& recording) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!recording.open) {
      throw Failure(WICK_INVALID_ARGUMENT, "the recording of memory has been stopped");
    }
    const int64_t first = std::max(first_, recording.start_sequence);
    if (open_.size() == 1) {
      recording.kept = std::move(ring_);
    } else {
      EventRing copy(std::max<int64_t>(1, next_ - first));
      for (int64_t sequence = first; sequence < next_; ++sequence) {
        copy.at(sequence) = ring_.at(sequence);
      }
      recording.kept = std::move(copy);
    }
    describe(recording);
    recording.info.end_time = monotonic_nanoseconds();
    // Nobody appends between these two: what would, waits for the mutex and finds the recording gone.
    recording.open = false;
    open_.erase(std::find(open_.begin(), open_.end(), &recording));
    if (open_.empty()) {
      end_session();
    }
  }
  count_open(recording, -1);
}

void MemoryRecorder::abandon(MemoryRecording& recording) noexcept {
  close(recording);
  count_open(recording, -1);
}

void MemoryRecorder::read(MemoryRecording& recording, wick_memory_event* events, int64_t capacity,
                          wick_memory_recording_info* info) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (recording.open) {
    describe(recording);
  }
  wick_memory_recording_info seen = recording.info;
  const EventRing& ring = recording.open ? ring_ : recording.kept;
  if (events != nullptr && capacity < seen.event_count) {
    for (int64_t sequence = seen.last_sequence - seen.event_count + 1; seen.event_count > capacity; ++sequence) {
      seen.unrecorded_bytes += effect(ring.at(sequence));
      --seen.event_count;
      ++seen.dropped;
    }
  }
  if (events != nullptr) {
    for (int64_t i = 0; i < seen.event_count; ++i) {
      events[i] = ring.at(seen.last_sequence - seen.event_count + 1 + i);
    }
  }
  *info = seen;
}

namespace {

// The recording behind a handle.
struct RecordingOwner {
  std::unique_ptr<MemoryRecording> recording = std::make_unique<MemoryRecording>();
};

MemoryRecording& recording_of(int64_t handle) {
  return *borrow<RecordingOwner>(handle, "recording of memory").recording;
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_memory_record(int32_t device, int64_t capacity, int32_t flags, wick_memory_recording* recording,
                           wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(recording, "the recording");
    if (capacity < 1 || capacity > wick::maximum_capacity) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "expected a capacity of 1 to " +
                                                     std::to_string(wick::maximum_capacity) + " events, got " +
                                                     std::to_string(capacity));
    }
    if ((flags & ~WICK_MEMORY_STACKS) != 0) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, std::to_string(flags) + " is not a set of recording flags");
    }
    wick::RecordingOwner owner;
    owner.recording->flags = flags;
    wick::MemoryRecorder& recorder = wick::MemoryRecorder::of(device);
    // Before it sees an event: contexts are forgotten with the last recording, which may end at this moment.
    wick::count_existing(1);
    try {
      recorder.open(*owner.recording, capacity);
      out = wick::give(std::move(owner));
    } catch (...) {
      wick::count_existing(-1);
      throw;
    }
  });
}

int32_t wick_memory_recording_stop(wick_memory_recording recording, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& own = wick::recording_of(recording);
    own.recorder->stop(own);
  });
}

int32_t wick_memory_recording_describe(wick_memory_recording recording, wick_memory_recording_info* info,
                                       wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& own = wick::recording_of(recording);
    own.recorder->read(own, nullptr, 0, &wick::target(info, "the description"));
  });
}

int32_t wick_memory_recording_read(wick_memory_recording recording, wick_memory_event* events, int64_t capacity,
                                   wick_memory_recording_info* info, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& own = wick::recording_of(recording);
    if (capacity < 0) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "expected room for at least 0 events, got " + std::to_string(capacity));
    }
    own.recorder->read(own, &wick::target(events, "the events"), capacity, &wick::target(info, "the description"));
  });
}

void wick_memory_recording_free(wick_memory_recording recording) noexcept {
  if (recording == 0) {
    return;
  }
  auto& own = wick::recording_of(recording);
  if (own.open) {
    try {
      own.recorder->stop(own);
    } catch (...) {
      // No room to keep its events, which nobody wants any more.
      own.recorder->abandon(own);
    }
  }
  wick::count_existing(-1);
  wick::take_back<wick::RecordingOwner>(recording);
}

void wick_shared_memory_event(int32_t device, int32_t action, int64_t address, int64_t bytes, int64_t stream) noexcept {
  try {
    wick::MemoryRecorder& recorder = wick::MemoryRecorder::of(device);
    if (recorder.records()) {
      recorder.append_by_address(action, address, bytes, stream, wick::present_context());
    }
  } catch (...) {
    // A device beyond those that are recorded.
  }
}

}  // extern "C"
