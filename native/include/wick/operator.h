/* Any operator by name and overload, through the dispatcher with boxed arguments: Java needs no C function for each. */
#ifndef WICK_OPERATOR_H
#define WICK_OPERATOR_H

#include <wick/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An operator; lives as long as the process and is never freed. */
typedef int64_t wick_operator;

/*
 * Finds an operator. Any thread. name is qualified ("aten::add"); overload is as in the schema ("Tensor", "" for the
 * unnamed one). Operators known to TorchScript alone are found too. WICK_NOT_FOUND lists the overloads that exist.
 */
WICK_API int32_t wick_operator_find(const char *name, int64_t name_length, const char *overload,
                                    int64_t overload_length, wick_operator *found, wick_error *error) WICK_NOEXCEPT;

/* Lists the schemas of all overloads of a name, as a LIST of STRING; empty when there are none. Any thread. */
WICK_API int32_t wick_operator_schemas(const char *name, int64_t name_length, wick_result *result,
                                       wick_error *error) WICK_NOEXCEPT;

/* The schema of an operator, as one STRING. Any thread. */
WICK_API int32_t wick_operator_schema(wick_operator op, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/*
 * Calls an operator. Any thread. count is the number of nodes in arguments, children included; positional arguments
 * come first, KEYWORD nodes after them. Arguments are checked against the schema, with their dtype, layout, memory
 * format and device codes, before the dispatcher sees them: an unchecked stack is undefined behaviour. One return
 * is given as it is, several as a TUPLE, none as NONE.
 */
WICK_API int32_t wick_operator_call(wick_operator op, const wick_call_options *options, const wick_value *arguments,
                                    int64_t count, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/* Like wick_operator_call for the first overload of a name whose schema takes the arguments, in the order in which
   they are registered. WICK_INVALID_ARGUMENT lists the schemas when none does. Any thread. */
WICK_API int32_t wick_operator_call_by_name(const char *name, int64_t name_length, const wick_call_options *options,
                                            const wick_value *arguments, int64_t count, wick_result *result,
                                            wick_error *error) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
