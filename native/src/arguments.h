// Arguments of a call: a flat tree bound to a schema.
#ifndef WICK_SRC_ARGUMENTS_H
#define WICK_SRC_ARGUMENTS_H

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include "value.h"

namespace wick {

// Reads the arguments of a schema behind those that are on the stack already (a method's self), and fills the rest
// with defaults. Afterwards the stack is what the schema asks for; a Failure says expected and got.
void bind_arguments(const c10::FunctionSchema& schema, const wick_value* arguments, int64_t count,
                    torch::jit::Stack& stack);

// Likewise; the Failure names the schema too, which takes longer to write than most calls.
void bind_or_explain(const c10::FunctionSchema& schema, const wick_value* arguments,
                     int64_t count, torch::jit::Stack& stack);

}  // namespace wick

#endif
