#include "arguments.h"

#include <algorithm>

#include <c10/util/Exception.h>

#include "error.h"

namespace wick {
namespace {

using c10::Argument;
using c10::FunctionSchema;
using c10::IValue;

[[noreturn]] void invalid(const std::string& message) { throw Failure(WICK_INVALID_ARGUMENT, message); }

IValue read(const Argument& argument, ValueReader& reader) {
  try {
    return reader.read(argument.type(), argument.real_type(), argument.N());
  } catch (const Failure& failure) {
    invalid("argument '" + argument.name() + "': " + failure.message());
  }
}

// What the schema still wants after the positional arguments, from keywords and defaults.
void bind_keywords(const FunctionSchema& schema, ValueReader& reader, torch::jit::Stack& stack) {
  const auto& formal = schema.arguments();
  const size_t positional = stack.size();
  std::vector<std::optional<IValue>> rest(formal.size() - std::min(positional, formal.size()));
  while (!reader.at_end()) {
    if (!reader.at_keyword()) {
      invalid("a positional argument follows a keyword");
    }
    const std::string name = reader.read_keyword();
    const auto found =
        std::find_if(formal.begin(), formal.end(), [&](const Argument& argument) { return argument.name() == name; });
    if (found == formal.end()) {
      invalid("there is no argument '" + name + "'");
    }
    const auto index = static_cast<size_t>(found - formal.begin());
    if (index < positional || rest[index - positional].has_value()) {
      invalid("argument '" + name + "' is given twice");
    }
    rest[index - positional] = read(*found, reader);
  }
  for (size_t i = 0; i < rest.size(); ++i) {
    const Argument& argument = formal[positional + i];
    if (rest[i].has_value()) {
      stack.push_back(std::move(*rest[i]));
    } else if (argument.default_value().has_value()) {
      stack.push_back(*argument.default_value());
    } else {
      invalid("argument '" + argument.name() + "' is missing");
    }
  }
}

// LibTorch's checkAndNormalizeInputs takes a type variable for a type nothing has.
void check_with_variables(const FunctionSchema& schema, const torch::jit::Stack& stack) {
  c10::TypeEnv variables;
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const Argument& argument = schema.arguments()[i];
    const c10::TypePtr actual = stack[i].isTensor() ? c10::TypePtr(c10::TensorType::get()) : stack[i].type();
    const bool fits = argument.type()->hasFreeVariables()
                          ? c10::matchTypeVariables(argument.type(), actual, variables).success()
                          : actual->isSubtypeOf(*argument.type());
    if (!fits) {
      invalid("argument '" + argument.name() + "': expected " + argument.type()->str() + ", got " +
                          actual->str());
    }
  }
}

}  // namespace

bool has_type_variables(const FunctionSchema& schema) {
  return std::any_of(schema.arguments().begin(), schema.arguments().end(),
                     [](const Argument& argument) { return argument.type()->hasFreeVariables(); });
}

void bind_arguments(const FunctionSchema& schema, bool type_variables, const wick_value* arguments, int64_t count,
                    torch::jit::Stack& stack) {
  ValueReader reader(arguments, count);
  const auto& formal = schema.arguments();
  stack.reserve(formal.size() + 1);
  const size_t before = stack.size();
  while (!reader.at_end() && !reader.at_keyword()) {
    if (stack.size() < formal.size()) {
      stack.push_back(read(formal[stack.size()], reader));
    } else if (schema.is_vararg()) {
      stack.push_back(reader.read_any());
    } else {
      invalid("expected at most " + std::to_string(formal.size() - before) + " arguments, got more");
    }
  }
  if (stack.size() < formal.size() || !reader.at_end()) {
    bind_keywords(schema, reader, stack);
  }
  if (type_variables) {
    check_with_variables(schema, stack);
  } else if (!schema.is_vararg()) {
    try {
      schema.checkAndNormalizeInputs(stack);
    } catch (const c10::Error& failure) {
      throw Failure(WICK_INVALID_ARGUMENT, failure.what_without_backtrace());
    }
  }
  if (schema.is_vararg()) {
    // What the interpreter pushes for such an operator.
    stack.emplace_back(static_cast<int64_t>(stack.size()));
  }
}

void bind_or_explain(const FunctionSchema& schema, bool type_variables, const wick_value* arguments, int64_t count,
                     torch::jit::Stack& stack) {
  try {
    bind_arguments(schema, type_variables, arguments, count, stack);
  } catch (const Failure& failure) {
    throw Failure(failure.status(), c10::str(schema.name(), ": ", failure.message(), "\nschema: ", schema));
  }
}

}  // namespace wick
