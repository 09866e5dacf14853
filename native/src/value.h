// Values between the flat trees of the border and c10::IValue.
#ifndef WICK_SRC_VALUE_H
#define WICK_SRC_VALUE_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>
#include <wick/value.h>

namespace wick {

// Trees deeper than this are refused in both directions: each level takes more than a kilobyte of stack, here and in
// LibTorch's own recursion over types, and a thread of a JVM has a megabyte.
constexpr int maximum_value_depth = 200;

// Reads a flat tree from its beginning to its end. What does not fit throws a Failure that says expected and got.
class ValueReader {
 public:
  ValueReader(const wick_value* values, int64_t count);

  bool at_end() const noexcept { return position_ == count_; }
  bool at_keyword() const noexcept { return !at_end() && values_[position_].kind == WICK_KEYWORD; }
  std::string read_keyword();

  // Reads one value for a parameter. type is what the value must have; real tells a dtype, layout or memory format from
  // other integers; repeat is the length to which a single number expands (the 2 of int[2]).
  c10::IValue read(const c10::TypePtr& type, const c10::TypePtr& real, std::optional<int32_t> repeat = std::nullopt);

  // Reads one value whose type nobody tells.
  c10::IValue read_any() { return infer().value; }

  struct Typed {
    c10::IValue value;
    c10::TypePtr type;
  };
  Typed read_typed() { return infer(); }

 private:

  const wick_value& next();
  int64_t children(const wick_value& node, int64_t nodes_each) const;
  Typed infer();
  Typed infer_list(const wick_value& node);
  Typed infer_dict(const wick_value& node);
  c10::IValue read_list(const c10::TypePtr& type, const c10::TypePtr& real, std::optional<int32_t> repeat);
  c10::IValue read_tuple(const c10::TypePtr& type);
  c10::IValue read_dict(const c10::TypePtr& type);

  const wick_value* values_;
  int64_t count_;
  int64_t position_ = 0;
  int depth_ = 0;
};

// Collects a result tree and hands it over in one piece, so that a failure in the middle leaves no handle behind.
class ValueWriter {
 public:
  void none();
  void integer(int64_t value);
  void boolean(bool value);
  void text(std::string_view value, int32_t kind = WICK_STRING);
  void tensor(const at::Tensor& value);
  void list(int64_t children, int32_t element_kind);
  void tuple(int64_t children);
  void dict(int64_t pairs, int32_t key_kind);
  void value(const c10::IValue& value);

  void finish(wick_result* result);

 private:
  wick_value& add(int32_t kind);

  c10::SmallVector<wick_value, WICK_RESULT_INLINE_VALUES> nodes_;
  std::string texts_;
  c10::SmallVector<at::Tensor, 4> tensors_;
  int depth_ = 0;
};

}  // namespace wick

#endif
