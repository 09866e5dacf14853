#include "arguments.h"

#include <algorithm>

#include <c10/util/Exception.h>

#include "codes.h"
#include "error.h"

namespace wick {
namespace {

using c10::Argument;
using c10::FunctionSchema;
using c10::IValue;

[[noreturn]] void invalid(const std::string& message) { throw Failure(WICK_INVALID_ARGUMENT, message); }

// Operators of TorchScript alone take a dtype as a plain int, and one that does not exist would wrap to another.
void check_plain_dtype(const Argument& argument, const IValue& value) {
  if (argument.name() == "dtype" && value.isInt()) {
    scalar_type(value.toInt());
  }
}

IValue read(const Argument& argument, ValueReader& reader) {
  try {
    IValue value = reader.read(argument.type(), argument.real_type(), argument.N());
    check_plain_dtype(argument, value);
    return value;
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

// What checkAndNormalizeInputs checks, which takes a type variable for a type that nothing has, and a bool for no number
// although every kernel takes one.
void check_types(const FunctionSchema& schema, const torch::jit::Stack& stack) {
  c10::TypeEnv variables;
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const Argument& argument = schema.arguments()[i];
    const c10::TypePtr& formal = argument.type();
    const IValue& value = stack[i];
    const bool obvious = (value.isTensor() && formal->kind() == c10::TypeKind::TensorType) ||
                         (value.isScalar() && formal->kind() == c10::TypeKind::NumberType) ||
                         (value.isInt() && formal->kind() == c10::TypeKind::IntType);
    if (obvious || (value.isGenericDict() && value.toGenericDict().empty())) {
      continue;
    }
    const c10::TypePtr actual = value.isTensor() ? c10::TypePtr(c10::TensorType::get()) : value.type();
    const bool optional_number = formal->kind() == c10::TypeKind::OptionalType && value.isScalar() &&
                                 formal->containedType(0)->kind() == c10::TypeKind::NumberType;
    const bool fits = optional_number || (formal->hasFreeVariables()
                                              ? c10::matchTypeVariables(formal, actual, variables).success()
                                              : actual->isSubtypeOf(*formal));
    if (!fits) {
      invalid("argument '" + argument.name() + "': expected " + formal->str() + ", got " + actual->str());
    }
  }
}

}  // namespace

void bind_arguments(const FunctionSchema& schema, const wick_value* arguments, int64_t count,
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
  check_types(schema, stack);
  if (schema.is_vararg()) {
    // What the interpreter pushes for such an operator.
    stack.emplace_back(static_cast<int64_t>(stack.size()));
  }
}

void bind_or_explain(const FunctionSchema& schema, const wick_value* arguments, int64_t count,
                     torch::jit::Stack& stack) {
  try {
    bind_arguments(schema, arguments, count, stack);
  } catch (const Failure& failure) {
    throw Failure(failure.status(), c10::str(schema.name(), ": ", failure.message(), "\nschema: ", schema));
  }
}

}  // namespace wick
