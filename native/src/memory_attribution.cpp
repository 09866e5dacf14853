#include "memory_attribution.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <ATen/record_function.h>
#include <torch/csrc/jit/frontend/source_range.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <wick/memory_recording.h>

#include "error.h"
#include "protect.h"

namespace wick {
namespace {

// What runs on a thread. Operators call each other a handful of levels deep; what lies deeper than there is room for is
// counted and not kept.
struct Thread {
  static constexpr int32_t room = 64;

  int64_t call_site = 0;
  int32_t depth = 0;
  std::array<const char*, room> operators{};

  // The context found last, which most allocations without stacks have again. Its operator by its letters: the memory of a
  // name may be another one's by now.
  std::string last_operator;
  int64_t last_call_site = 0;
  ContextNumber last_context{0, -1};
};

thread_local Thread thread;

struct Frame {
  std::string function;
  std::string file;
  int64_t line;
};

struct Context {
  int64_t call_site;
  std::string running;
  std::string module;
  std::vector<Frame> frames;
};

struct Contexts {
  std::mutex mutex;
  std::vector<Context> all;
  std::unordered_map<std::string, int32_t> numbers;
  // Sources that keys name by their address, which nothing else may have meanwhile.
  std::vector<std::shared_ptr<torch::jit::Source>> sources;
};

Contexts& contexts() {
  static auto* table = new Contexts;
  return *table;
}

// Changes when all contexts are forgotten.
std::atomic<int64_t> epoch{0};
std::atomic<bool> stacks{false};
at::CallbackHandle callback = at::INVALID_CALLBACK_HANDLE;

std::unique_ptr<at::ObserverContext> on_begin(const at::RecordFunction& function) {
  if (thread.depth < Thread::room) {
    thread.operators[static_cast<size_t>(thread.depth)] = function.name();
  }
  ++thread.depth;
  return nullptr;
}

void on_end(const at::RecordFunction&, at::ObserverContext*) {
  // Whatever was begun before the callback was there ends without it, so this cannot become negative.
  if (thread.depth > 0) {
    --thread.depth;
  }
}

// Operators whose only work is to ask the allocator: what called them is what the memory is for.
bool only_allocates(std::string_view name) {
  static constexpr std::string_view names[] = {
      "aten::empty",     "aten::empty_strided",     "aten::empty_like", "aten::new_empty",
      "aten::new_empty_strided", "aten::resize_", "aten::_resize_output_", "aten::empty_permuted"};
  for (const std::string_view known : names) {
    if (name == known) {
      return true;
    }
  }
  return false;
}

// Null outside of operators.
const char* running_operator() noexcept {
  const int32_t depth = std::min(thread.depth, Thread::room);
  for (int32_t i = depth - 1; i >= 0; --i) {
    const char* name = thread.operators[static_cast<size_t>(i)];
    if (name != nullptr && !only_allocates(name)) {
      return name;
    }
  }
  return depth > 0 ? thread.operators[static_cast<size_t>(depth - 1)] : nullptr;
}

template <typename Number>
void append_raw(std::string& key, Number number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

// "SELF(ResNet)::forward.layer1(Sequential)::forward.0(Block)::forward" without types and methods: "layer1.0".
void append_path(std::string& path, std::string_view hierarchy) {
  int parentheses = 0;
  bool in_name = true;
  std::string name;
  const auto flush = [&] {
    if (!name.empty() && name != "SELF" && name != "TOP" && name.front() != '<') {
      path.append(path.empty() ? "" : ".").append(name);
    }
    name.clear();
  };
  for (const char c : hierarchy) {
    if (c == '(') {
      ++parentheses;
      in_name = false;
    } else if (c == ')') {
      --parentheses;
    } else if (parentheses == 0 && c == '.') {
      flush();
      in_name = true;
    } else if (parentheses == 0 && c == ':') {
      in_name = false;
    } else if (parentheses == 0 && in_name) {
      name.push_back(c);
    }
  }
  flush();
}

Frame frame_of(const torch::jit::StackEntry& entry) {
  torch::jit::SourceRange range = entry.range;
  // An archive's own text stands in it; where that was generated from is what people know.
  if (range.source()) {
    if (const auto origin = range.source()->findSourceRangeThatGenerated(range)) {
      range = *origin;
    }
  }
  Frame frame{entry.filename, {}, 0};
  if (const auto place = range.file_line_col()) {
    frame.file = std::get<0>(*place);
    frame.line = static_cast<int64_t>(std::get<1>(*place));
  } else if (range.source()) {
    frame.line = static_cast<int64_t>(range.source()->lineno_for_offset(range.start())) + 1;
  }
  return frame;
}

ContextNumber number_of(const char* running, int64_t call_site, const std::vector<torch::jit::StackEntry>& stack,
                        const std::vector<std::string>& hierarchy) {
  std::string key;
  append_raw(key, call_site);
  key.append(running == nullptr ? "" : running).push_back('\0');
  for (const auto& entry : stack) {
    append_raw(key, reinterpret_cast<uintptr_t>(entry.range.source().get()));
    append_raw(key, entry.range.start());
  }
  for (const auto& level : hierarchy) {
    key.append(level).push_back('\0');
  }
  Contexts& table = contexts();
  const std::lock_guard<std::mutex> lock(table.mutex);
  const int64_t now = epoch.load(std::memory_order_relaxed);
  const auto found = table.numbers.find(key);
  if (found != table.numbers.end()) {
    return {found->second, now};
  }
  Context context{call_site, running == nullptr ? "" : running, {}, {}};
  for (const auto& level : hierarchy) {
    append_path(context.module, level);
  }
  for (const auto& entry : stack) {
    context.frames.push_back(frame_of(entry));
    table.sources.push_back(entry.range.source());
  }
  table.all.push_back(std::move(context));
  // Counted from 1: 0 is the context of which nothing is known.
  const auto number = static_cast<int32_t>(table.all.size());
  table.numbers.emplace(std::move(key), number);
  return {number, now};
}

}  // namespace

void watch_operators() {
  callback = at::addGlobalCallback(
      at::RecordFunctionCallback(&on_begin, &on_end).scopes({at::RecordScope::FUNCTION}));
}

void unwatch_operators() noexcept { at::removeCallback(callback); }

void forget_contexts() noexcept {
  Contexts& table = contexts();
  const std::lock_guard<std::mutex> lock(table.mutex);
  epoch.fetch_add(1, std::memory_order_release);
  table.all.clear();
  table.numbers.clear();
  table.sources.clear();
}

void attribute_stacks(bool wanted) noexcept { stacks.store(wanted, std::memory_order_relaxed); }

ContextNumber present_context() noexcept {
  try {
    const char* running = running_operator();
    if (stacks.load(std::memory_order_relaxed)) {
      return number_of(running, thread.call_site, torch::jit::currentCallstack(), torch::jit::currentModuleHierarchy());
    }
    if (running == nullptr && thread.call_site == 0) {
      return {0, 0};
    }
    const std::string_view name = running == nullptr ? "" : running;
    if (name != thread.last_operator || thread.call_site != thread.last_call_site ||
        thread.last_context.epoch != epoch.load(std::memory_order_acquire)) {
      thread.last_context = number_of(running, thread.call_site, {}, {});
      thread.last_operator = name;
      thread.last_call_site = thread.call_site;
    }
    return thread.last_context;
  } catch (...) {
    // Out of malloc's memory, say: the event is worth more without its context than not at all.
    return {0, 0};
  }
}

int32_t number_now(const ContextNumber& context) noexcept {
  return context.epoch == epoch.load(std::memory_order_acquire) ? context.number : 0;
}

void describe_context(int32_t context, ValueWriter& out) {
  Contexts& table = contexts();
  const std::lock_guard<std::mutex> lock(table.mutex);
  if (context < 0 || static_cast<size_t>(context) > table.all.size()) {
    throw Failure(WICK_NOT_FOUND, "there is no context " + std::to_string(context) + " of allocations");
  }
  static const Context unknown{};
  const Context& found = context == 0 ? unknown : table.all[static_cast<size_t>(context) - 1];
  const auto text_or_none = [&](const std::string& text) {
    if (text.empty()) {
      out.none();
    } else {
      out.text(text);
    }
  };
  out.tuple(4);
  out.integer(found.call_site);
  text_or_none(found.running);
  text_or_none(found.module);
  out.list(static_cast<int64_t>(found.frames.size()), WICK_TUPLE);
  for (const Frame& frame : found.frames) {
    out.tuple(3);
    out.text(frame.function);
    out.text(frame.file);
    out.integer(frame.line);
  }
}

}  // namespace wick

extern "C" {

int64_t wick_memory_set_call_site(int64_t call_site) noexcept {
  const int64_t before = wick::thread.call_site;
  wick::thread.call_site = call_site;
  return before;
}

int32_t wick_memory_context_describe(int32_t context, wick_result* result, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::ValueWriter out;
    wick::describe_context(context, out);
    out.finish(result);
  });
}

}  // extern "C"
