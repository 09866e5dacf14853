// The ring of events of one device's allocator, and the recordings that look into it.
#ifndef WICK_SRC_MEMORY_RECORDER_H
#define WICK_SRC_MEMORY_RECORDER_H

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <wick/memory_recording.h>

#include "memory_attribution.h"

namespace wick {

// Room for events in memory of its own: pages that the kernel gives as they are touched.
class EventRing {
 public:
  EventRing() = default;
  explicit EventRing(int64_t capacity);
  EventRing(EventRing&& other) noexcept;
  EventRing& operator=(EventRing&& other) noexcept;
  ~EventRing();

  int64_t capacity() const noexcept { return capacity_; }
  wick_memory_event& at(int64_t sequence) const noexcept { return events_[sequence % capacity_]; }

 private:
  void swap(EventRing& other) noexcept;

  wick_memory_event* events_ = nullptr;
  int64_t capacity_ = 0;
};

class MemoryRecorder;

// Its numbers are guarded by the recorder's mutex.
struct MemoryRecording {
  MemoryRecorder* recorder = nullptr;
  int32_t flags = 0;
  wick_memory_recording_info info{};
  int64_t start_sequence = 0;  // of the first event that belongs to it
  bool open = false;
  // Its own events, once it is closed.
  EventRing kept;
  int64_t kept_first = 0;
};

// What the allocator of one device tells, and whoever records it; any thread. Locks are taken in this order: the CUDA
// allocator's own, the recorder's.
class MemoryRecorder {
 public:
  explicit MemoryRecorder(int32_t device) : device_(device) {}

  // Recorders live as long as the process. Throws WICK_NOT_FOUND where there is no such device.
  static MemoryRecorder& of(int32_t device);

  // To be held from before an event takes effect until it is appended.
  std::mutex& mutex() noexcept { return mutex_; }

  // Appends an event while the mutex is held and a recording is open; returns its sequence. allocation and context are
  // those of the event that gave the memory out. Does nothing and returns 0 when nothing records.
  int64_t append(int32_t action, int64_t address, int64_t bytes, int64_t allocation, int64_t stream,
                 int32_t context) noexcept;

  // Without the mutex: what begins or ends at this moment may be missed.
  bool records() const noexcept { return records_.load(std::memory_order_acquire); }

  // Whether a sequence is of the recordings that are open now: an older block's context means nothing any more.
  bool is_recent(int64_t sequence) const noexcept { return sequence >= first_of_session_; }

  // An event of an allocator that keeps no notes of its own beside each block.
  void append_by_address(int32_t action, int64_t address, int64_t bytes, int64_t stream,
                         const ContextNumber& context) noexcept;

  void open(MemoryRecording& recording, int64_t capacity);
  // Ends it, and moves its events to it.
  void stop(MemoryRecording& recording);
  // Ends it without its events.
  void abandon(MemoryRecording& recording) noexcept;
  void read(MemoryRecording& recording, wick_memory_event* events, int64_t capacity, wick_memory_recording_info* info);

 private:
  struct Given {
    int64_t sequence;
    int32_t context;
  };

  void begin(MemoryRecording& recording, int64_t capacity);
  void close(MemoryRecording& recording) noexcept;
  void describe(MemoryRecording& recording) const noexcept;
  void grow(int64_t capacity);
  void begin_session();
  void end_session() noexcept;
  static int64_t effect(const wick_memory_event& event) noexcept;

  const int32_t device_;
  std::atomic<bool> records_{false};
  std::mutex mutex_;
  std::vector<MemoryRecording*> open_;
  EventRing ring_;
  int64_t next_ = 1;
  int64_t first_ = 1;             // the oldest event in the ring
  int64_t first_of_session_ = 1;  // of the time since which something records
  int64_t bytes_ = 0;             // given out now
  int64_t bytes_before_first_ = 0;
  std::unordered_map<int64_t, Given> by_address_;
};

// What the CPU allocator does for its recorder (cpu_allocator.cpp). Switching gives the bytes that are given out at that
// very moment: whatever was counted before has no event, whatever comes after has one.
int64_t switch_cpu_recording(bool on) noexcept;

}  // namespace wick

#endif
