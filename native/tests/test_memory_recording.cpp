#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "support.h"

namespace {

using Recording = Owned<&wick_memory_recording_free>;

constexpr int32_t cpu = -1;

wick_cpu_memory memory() {
  wick_cpu_memory now;
  wick_cpu_memory_get(&now);
  return now;
}

Tensor allocate(int64_t bytes) {
  constexpr int32_t uint8 = 0;
  Tensor tensor;
  CHECK_OK(wick_tensor_empty(&bytes, 1, uint8, 0, -1, nullptr, tensor.out(), &error));
  return tensor;
}

Recording record(int64_t capacity = 1 << 16, int32_t flags = 0) {
  Recording recording;
  CHECK_OK(wick_memory_record(cpu, capacity, flags, recording.out(), &error));
  return recording;
}

wick_memory_recording_info info(const Recording& recording) {
  wick_memory_recording_info info;
  CHECK_OK(wick_memory_recording_describe(recording, &info, &error));
  return info;
}

std::vector<wick_memory_event> events(const Recording& recording) {
  wick_memory_recording_info seen = info(recording);
  std::vector<wick_memory_event> read(static_cast<size_t>(seen.event_count));
  wick_memory_event none{};
  CHECK_OK(wick_memory_recording_read(recording, read.empty() ? &none : read.data(), seen.event_count, &seen, &error));
  CHECK_EQUAL(static_cast<size_t>(seen.event_count), read.size());
  return read;
}

int64_t effect(const wick_memory_event& event) {
  return event.action == WICK_MEMORY_ALLOC ? event.bytes : event.action == WICK_MEMORY_FREE_COMPLETED ? -event.bytes : 0;
}

// What holds for every recording.
void check_sums(const Recording& recording) {
  const wick_memory_recording_info seen = info(recording);
  const std::vector<wick_memory_event> all = events(recording);
  int64_t bytes = seen.unrecorded_bytes;
  int64_t peak = bytes;
  std::map<int64_t, int64_t> live;
  int64_t last = 0;
  for (const auto& event : all) {
    CHECK(event.sequence > last);
    CHECK_EQUAL(event.device, cpu);
    last = event.sequence;
    bytes += effect(event);
    peak = std::max(peak, bytes);
    CHECK(bytes >= 0);
    if (event.action == WICK_MEMORY_ALLOC) {
      CHECK_EQUAL(event.allocation, event.sequence);
      CHECK(live.emplace(event.address, event.sequence).second);
    } else if (event.action == WICK_MEMORY_FREE_COMPLETED) {
      const auto found = live.find(event.address);
      if (found != live.end()) {
        CHECK_EQUAL(found->second, event.allocation);
        live.erase(found);
      } else {
        CHECK(event.allocation < all.front().sequence);
      }
    }
  }
  CHECK_EQUAL(bytes, seen.current_bytes);
  if (seen.dropped == 0) {
    CHECK_EQUAL(peak, seen.peak_bytes);
    CHECK_EQUAL(seen.unrecorded_bytes, seen.baseline_bytes);
  } else {
    CHECK(seen.peak_bytes >= peak);
  }
}

std::string operator_of(int32_t context) {
  Answer answer;
  CHECK_OK(wick_memory_context_describe(context, answer.out(), &error));
  return answer[2].kind == WICK_NONE ? "" : answer.text(2);
}

}  // namespace

TEST(events_are_what_happened) {
  Tensor before = allocate(111);
  const wick_cpu_memory start = memory();
  const Recording recording = record();
  CHECK_EQUAL(info(recording).baseline_bytes, start.allocated_bytes_current);
  Tensor a = allocate(1000);
  const Tensor b = allocate(3000);
  a = Tensor();
  before = Tensor();
  CHECK_OK(wick_memory_recording_stop(recording, &error));
  const Tensor after = allocate(7);
  const auto all = events(recording);
  CHECK_EQUAL(all.size(), size_t{4});
  CHECK_EQUAL(all[0].bytes, 1000);
  CHECK_EQUAL(all[1].bytes, 3000);
  CHECK_EQUAL(all[1].address, static_cast<int64_t>(describe(b).data));
  CHECK_EQUAL(all[2].action, int32_t{WICK_MEMORY_FREE_COMPLETED});
  CHECK_EQUAL(all[2].allocation, all[0].sequence);
  CHECK_EQUAL(all[3].bytes, 111);
  CHECK_EQUAL(all[3].allocation, 0);
  CHECK_EQUAL(all[0].thread, all[3].thread);
  CHECK(all[0].time <= all[3].time);
  const auto seen = info(recording);
  CHECK_EQUAL(seen.peak_bytes, seen.baseline_bytes + 4000);
  CHECK_EQUAL(seen.current_bytes, seen.baseline_bytes + 3000 - 111);
  CHECK_EQUAL(seen.dropped, 0);
  CHECK(seen.end_time >= seen.peak_time && seen.peak_time >= seen.start_time);
  check_sums(recording);
}

TEST(nothing_is_a_recording_too) {
  const Recording recording = record(1);
  CHECK_EQUAL(info(recording).event_count, 0);
  CHECK(events(recording).empty());
  CHECK_OK(wick_memory_recording_stop(recording, &error));
  CHECK(events(recording).empty());
  check_sums(recording);
}

TEST(bad_input) {
  Recording recording;
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "capacity", wick_memory_record(cpu, 0, 0, recording.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "capacity", wick_memory_record(cpu, INT64_MAX, 0, recording.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "flags", wick_memory_record(cpu, 10, 8, recording.out(), &error));
  CHECK_FAILS(WICK_NOT_FOUND, "device -2", wick_memory_record(-2, 10, 0, recording.out(), &error));
  CHECK_FAILS(WICK_NOT_FOUND, "device 1000", wick_memory_record(1000, 10, 0, recording.out(), &error));
  CHECK_FAILS(WICK_UNSUPPORTED, "wick_cuda", wick_memory_record(0, 10, 0, recording.out(), &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "null", wick_memory_record(cpu, 10, 0, nullptr, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "recording of memory", wick_memory_recording_stop(0, &error));
  Answer answer;
  CHECK_FAILS(WICK_NOT_FOUND, "context 5", wick_memory_context_describe(5, answer.out(), &error));
  recording = record();
  CHECK_OK(wick_memory_recording_stop(recording, &error));
  CHECK_FAILS(WICK_INVALID_ARGUMENT, "stopped", wick_memory_recording_stop(recording, &error));
  wick_memory_recording_free(0);
}

TEST(the_oldest_events_are_overwritten_and_counted) {
  const Recording recording = record(10);
  std::vector<Tensor> kept;
  for (int i = 0; i < 8; ++i) {
    kept.push_back(allocate(100 + i));
    const Tensor gone = allocate(5000 + i);
  }
  const auto seen = info(recording);
  CHECK_EQUAL(seen.event_count, 10);
  CHECK_EQUAL(seen.dropped, 14);
  CHECK(seen.peak_bytes >= seen.baseline_bytes + 5000);
  check_sums(recording);
  kept.clear();
  CHECK_OK(wick_memory_recording_stop(recording, &error));
  check_sums(recording);
  CHECK_EQUAL(info(recording).current_bytes, info(recording).baseline_bytes);
  // Less room than there are events: the newest, with what belongs to them.
  std::vector<wick_memory_event> few(3);
  wick_memory_recording_info with{};
  CHECK_OK(wick_memory_recording_read(recording, few.data(), 3, &with, &error));
  CHECK_EQUAL(with.event_count, 3);
  CHECK_EQUAL(few.back().sequence, with.last_sequence);
  CHECK_EQUAL(with.unrecorded_bytes + effect(few[0]) + effect(few[1]) + effect(few[2]), with.current_bytes);
}

TEST(recordings_overlap) {
  const Recording outer = record(4);
  const Tensor a = allocate(10);
  const Recording inner = record(1000);
  const Tensor b = allocate(20);
  CHECK_OK(wick_memory_recording_stop(outer, &error));
  const Tensor c = allocate(30);
  CHECK_OK(wick_memory_recording_stop(inner, &error));
  const auto first = events(outer);
  const auto second = events(inner);
  CHECK_EQUAL(first.size(), size_t{2});
  CHECK_EQUAL(second.size(), size_t{2});
  CHECK_EQUAL(first[1].sequence, second[0].sequence);
  CHECK_EQUAL(second[1].bytes, 30);
  CHECK_EQUAL(info(inner).baseline_bytes, info(outer).baseline_bytes + 10);
  check_sums(outer);
  check_sums(inner);
}

TEST(a_ring_grows_for_a_larger_recording) {
  const Recording small = record(4);
  std::vector<Tensor> kept;
  for (int i = 0; i < 3; ++i) {
    kept.push_back(allocate(10 + i));
  }
  const Recording large = record(1000);
  for (int i = 0; i < 50; ++i) {
    kept.push_back(allocate(100 + i));
  }
  CHECK_EQUAL(events(small).size(), size_t{53});
  check_sums(small);
  check_sums(large);
}

TEST(the_count_is_exact_while_threads_come_and_go) {
  const int64_t before = memory().allocated_bytes_current;
  std::atomic<bool> stop{false};
  // Joined also where a check fails.
  struct Threads : std::vector<std::thread> {
    explicit Threads(std::atomic<bool>& flag) : stop(flag) {}
    ~Threads() { join(); }
    void join() {
      stop = true;
      for (auto& thread : *this) {
        thread.join();
      }
      clear();
    }
    std::atomic<bool>& stop;
  } threads(stop);
  for (unsigned t = 0; t < 3; ++t) {
    threads.emplace_back([&stop, t] {
      std::mt19937 random(t);
      wick_memory_set_call_site(t + 1);
      std::vector<Tensor> held(32);
      while (!stop) {
        const int64_t bytes = 1 + static_cast<int64_t>(random() % 5000);
        constexpr int32_t uint8 = 0;
        wick_error mine;
        Tensor tensor;
        wick_tensor_empty(&bytes, 1, uint8, 0, -1, nullptr, tensor.out(), &mine);
        held[random() % held.size()] = std::move(tensor);
      }
    });
  }
  for (int round = 0; round < 200; ++round) {
    const Recording recording = record(round % 2 == 0 ? 1 << 20 : 64);
    if (round % 3 == 0) {
      const Recording nested = record(1 << 10);
      std::this_thread::yield();
      CHECK_OK(wick_memory_recording_stop(nested, &error));
      check_sums(nested);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    CHECK_OK(wick_memory_recording_stop(recording, &error));
    check_sums(recording);
    // Contexts are forgotten between two rounds, while the threads are at work: no event may name one from before.
    for (const auto& event : events(recording)) {
      Answer answer;
      CHECK_OK(wick_memory_context_describe(event.context, answer.out(), &error));
      CHECK(event.context == 0 || (answer[1].integer >= 1 && answer[1].integer <= 3));
    }
  }
  threads.join();
  // Every count and every event of the rounds above was taken back by one.
  CHECK_EQUAL(memory().allocated_bytes_current, before);
}

TEST(the_peak_is_that_of_the_counters) {
  const Module module = load("classifier.pt");
  const Method forward = method(module, "forward");
  const Tensor x = load_npy("classifier.forward.input.0.npy");
  for (int i = 0; i < 3; ++i) {
    wick_cpu_memory_reset_peak();
    const Recording recording = record();
    call(forward, {x});
    CHECK_OK(wick_memory_recording_stop(recording, &error));
    CHECK_EQUAL(info(recording).peak_bytes, memory().allocated_bytes_peak);
    check_sums(recording);
  }
}

TEST(operators_are_named) {
  const Tensor a = noise({8, 8});
  const Recording recording = record();
  const Tensor sum = call_operator("aten::add", Tree().tensor(a).tensor(a).integer(1));
  const Tensor product = call_operator("aten::mm", Tree().tensor(a).tensor(a));
  const Tensor plain = allocate(12);
  const auto all = events(recording);
  std::vector<std::string> names;
  for (const auto& event : all) {
    if (event.action == WICK_MEMORY_ALLOC) {
      names.push_back(operator_of(event.context));
    }
  }
  CHECK(names.size() >= 3);
  CHECK_EQUAL(names.front(), std::string("aten::add"));
  CHECK(std::find(names.begin(), names.end(), "aten::mm") != names.end());
  CHECK_EQUAL(names.back(), std::string("aten::empty"));
}

TEST(call_sites_are_the_threads_own) {
  CHECK_EQUAL(wick_memory_set_call_site(7), 0);
  const Recording recording = record();
  const Tensor a = allocate(12);
  std::thread([] { CHECK_EQUAL(wick_memory_set_call_site(9), 0); }).join();
  CHECK_EQUAL(wick_memory_set_call_site(0), 7);
  const Tensor b = allocate(12);
  const auto all = events(recording);
  Answer answer;
  CHECK_OK(wick_memory_context_describe(all[0].context, answer.out(), &error));
  CHECK_EQUAL(answer[1].integer, 7);
  CHECK_OK(wick_memory_context_describe(all[1].context, answer.out(), &error));
  CHECK_EQUAL(answer[1].integer, 0);
  CHECK_OK(wick_memory_context_describe(0, answer.out(), &error));
  CHECK_EQUAL(answer[1].integer, 0);
  CHECK_EQUAL(answer[2].kind, int32_t{WICK_NONE});
}

TEST(stacks_of_torchscript) {
  const Module module = load("classifier.pt");
  const Method forward = method(module, "forward");
  const Tensor x = load_npy("classifier.forward.input.0.npy");
  for (int i = 0; i < 3; ++i) {
    call(forward, {x});
  }
  const Recording recording = record(1 << 16, WICK_MEMORY_STACKS);
  call(forward, {x});
  CHECK_OK(wick_memory_recording_stop(recording, &error));
  std::set<std::string> modules;
  for (const auto& event : events(recording)) {
    if (event.action != WICK_MEMORY_ALLOC || event.context == 0) {
      continue;
    }
    Answer answer;
    CHECK_OK(wick_memory_context_describe(event.context, answer.out(), &error));
    if (answer[3].kind == WICK_STRING && answer.count() > 8) {
      modules.insert(answer.text(3));
      // The list, its first tuple, and then function, file and line.
      CHECK_EQUAL(answer.text(6), std::string("forward"));
      CHECK_EQUAL(answer.text(7).substr(0, 5), std::string("code/"));
      CHECK(answer[8].integer > 0);
    }
  }
  CHECK(modules.count("stem.0") == 1);
  CHECK(modules.count("layer1.conv1") == 1);
}

TEST(a_refusal_is_an_event) {
  const Recording recording = record();
  wick_cpu_memory_set_limit(memory().allocated_bytes_current + 100);
  Tensor tensor;
  const int64_t bytes = 101;
  const int32_t status = wick_tensor_empty(&bytes, 1, 0, 0, -1, nullptr, tensor.out(), &error);
  wick_cpu_memory_set_limit(0);
  CHECK_EQUAL(status, int32_t{WICK_OUT_OF_MEMORY});
  const int64_t impossible = int64_t{1} << 60;
  CHECK_FAILS(WICK_OUT_OF_MEMORY, "refused", wick_tensor_empty(&impossible, 1, 0, 0, -1, nullptr, tensor.out(), &error));
  const auto all = events(recording);
  CHECK_EQUAL(all.size(), size_t{2});
  CHECK_EQUAL(all[0].action, int32_t{WICK_MEMORY_OOM});
  CHECK_EQUAL(all[0].bytes, 101);
  CHECK_EQUAL(all[1].bytes, impossible);
  check_sums(recording);
}

TEST(ten_million_events) {
  const Recording recording = record(1 << 16);
  for (int i = 0; i < 5000000; ++i) {
    allocate(64);
  }
  CHECK_EQUAL(info(recording).event_count + info(recording).dropped, 10000000);
  check_sums(recording);
}
