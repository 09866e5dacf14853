#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/runtime/operator.h>
#include <wick/operator.h>

#include "arguments.h"
#include "call_guard.h"
#include "handle.h"
#include "protect.h"

namespace wick {
namespace {

// An operator of the dispatcher, or one that TorchScript alone knows.
struct Operator {
  std::optional<c10::OperatorHandle> dispatched;
  std::shared_ptr<torch::jit::Operator> scripted;
  // Mutable because LibTorch forgot to make its call operator const.
  mutable torch::jit::Operation operation = nullptr;
  const c10::FunctionSchema* schema = nullptr;
};

using Overloads = std::vector<std::unique_ptr<Operator>>;

// The operators asked for so far, by name; never freed, so that a handle lives as long as the process.
struct Registry {
  std::mutex mutex;
  std::map<std::string, Overloads> by_name;
};

Registry& registry() {
  static auto* all = new Registry;
  return *all;
}

std::unique_ptr<Operator> dispatched(c10::OperatorHandle handle) {
  auto found = std::make_unique<Operator>();
  found->schema = &handle.schema();
  found->dispatched = std::move(handle);
  return found;
}

std::unique_ptr<Operator> scripted(const std::shared_ptr<torch::jit::Operator>& op) {
  auto found = std::make_unique<Operator>();
  found->schema = &op->schema();
  found->scripted = op;
  if (op->hasOperation()) {
    found->operation = op->getOperation();
  }
  return found;
}

// All overloads of a name, in the order in which they are registered. When a library that was loaded in between has
// added some, they join the known ones.
const Overloads& overloads_of(const std::string& name) {
  const size_t colons = name.find("::");
  if (colons == std::string::npos || colons == 0 || colons + 2 == name.size()) {
    throw Failure(WICK_INVALID_ARGUMENT, "'" + name + "' is not the qualified name of an operator, such as 'aten::add'");
  }
  const auto& registered = torch::jit::getAllOperatorsFor(c10::Symbol::fromQualString(name));
  if (registered.empty()) {
    static const Overloads none;
    return none;
  }
  Overloads& known = registry().by_name[name];
  if (known.size() == registered.size()) {
    return known;
  }
  for (const auto& op : registered) {
    const auto& schema = op->schema();
    const bool listed = std::any_of(known.begin(), known.end(), [&](const auto& entry) {
      return entry->schema->overload_name() == schema.overload_name();
    });
    if (listed) {
      continue;
    }
    auto handle = c10::Dispatcher::singleton().findSchema(schema.operator_name());
    known.push_back(handle.has_value() ? dispatched(*handle) : scripted(op));
  }
  return known;
}

std::string list_of(const Overloads& overloads) {
  std::string text;
  for (const auto& op : overloads) {
    text += c10::str("\n  ", *op->schema);
  }
  return text;
}

void call(const Operator& op, const wick_call_options* options, torch::jit::Stack& stack, wick_result* result) {
  if (!op.dispatched.has_value() && !op.operation) {
    throw Failure(WICK_UNSUPPORTED, c10::str("only TorchScript code can call ", *op.schema));
  }
  {
    const CallGuard guard(options);
    if (op.dispatched.has_value()) {
      op.dispatched->callBoxed(stack);
    } else {
      op.operation(stack);
    }
  }
  ValueWriter out;
  if (stack.empty()) {
    out.none();
  } else if (stack.size() == 1) {
    out.value(stack.front());
  } else {
    out.tuple(static_cast<int64_t>(stack.size()));
    for (const c10::IValue& value : stack) {
      out.value(value);
    }
  }
  out.finish(result);
}

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_operator_find(const char* name, int64_t name_length, const char* overload, int64_t overload_length,
                           wick_operator* found, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(found, "the operator");
    const std::string wanted = wick::text_argument(name, name_length, "the operator's name");
    const std::string wanted_overload = wick::text_argument(overload, overload_length, "the operator's overload");
    const std::lock_guard<std::mutex> lock(wick::registry().mutex);
    const wick::Overloads& overloads = wick::overloads_of(wanted);
    for (const auto& op : overloads) {
      if (op->schema->overload_name() == wanted_overload) {
        out = reinterpret_cast<int64_t>(op.get());
        return;
      }
    }
    throw wick::Failure(WICK_NOT_FOUND, overloads.empty() ? "there is no operator '" + wanted + "'"
                                                          : "the operator '" + wanted + "' has no overload '" +
                                                                wanted_overload + "'; it has:" +
                                                                wick::list_of(overloads));
  });
}

int32_t wick_operator_schemas(const char* name, int64_t name_length, wick_result* result, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    const std::string wanted = wick::text_argument(name, name_length, "the operator's name");
    wick::ValueWriter out;
    {
      const std::lock_guard<std::mutex> lock(wick::registry().mutex);
      const wick::Overloads& overloads = wick::overloads_of(wanted);
      out.list(static_cast<int64_t>(overloads.size()), WICK_STRING);
      for (const auto& op : overloads) {
        out.text(c10::str(*op->schema));
      }
    }
    out.finish(result);
  });
}

int32_t wick_operator_schema(wick_operator op, wick_result* result, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    wick::ValueWriter out;
    out.text(c10::str(*wick::borrow<wick::Operator>(op, "operator").schema));
    out.finish(result);
  });
}

int32_t wick_operator_call(wick_operator op, const wick_call_options* options, const wick_value* arguments,
                           int64_t count, wick_result* result, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    const auto& called = wick::borrow<wick::Operator>(op, "operator");
    wick::target(result, "the result");
    torch::jit::Stack stack;
    wick::bind_or_explain(*called.schema, arguments, count, stack);
    wick::call(called, options, stack, result);
  });
}

int32_t wick_operator_call_by_name(const char* name, int64_t name_length, const wick_call_options* options,
                                   const wick_value* arguments, int64_t count, wick_result* result,
                                   wick_error* error) noexcept {
  return wick::protect(error, [&] {
    const std::string wanted = wick::text_argument(name, name_length, "the operator's name");
    wick::target(result, "the result");
    std::vector<const wick::Operator*> candidates;
    {
      const std::lock_guard<std::mutex> lock(wick::registry().mutex);
      for (const auto& op : wick::overloads_of(wanted)) {
        candidates.push_back(op.get());
      }
    }
    if (candidates.empty()) {
      throw wick::Failure(WICK_NOT_FOUND, "there is no operator '" + wanted + "'");
    }
    std::vector<std::string> reasons;
    for (const wick::Operator* candidate : candidates) {
      torch::jit::Stack stack;
      try {
        wick::bind_arguments(*candidate->schema, arguments, count, stack);
      } catch (const wick::Failure& failure) {
        reasons.push_back(failure.message());
        continue;
      }
      wick::call(*candidate, options, stack, result);
      return;
    }
    std::string message = "no overload of '" + wanted + "' takes the arguments:";
    for (size_t i = 0; i < reasons.size(); ++i) {
      message += c10::str("\n  ", *candidates[i]->schema, "\n    ", reasons[i]);
    }
    throw wick::Failure(WICK_INVALID_ARGUMENT, message);
  });
}

}  // extern "C"
