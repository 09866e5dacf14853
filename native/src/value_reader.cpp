#include <ATen/CPUGeneratorImpl.h>

#include "codes.h"
#include "handle.h"
#include "value.h"

namespace wick {
namespace {

using c10::IValue;
using c10::TypeKind;
using c10::TypePtr;

[[noreturn]] void invalid(const std::string& message) {
  throw Failure(WICK_INVALID_ARGUMENT, message);
}

std::string describe(const wick_value& node) {
  switch (node.kind) {
    case WICK_NONE: return "NONE";
    case WICK_TENSOR: return "TENSOR";
    case WICK_INT: return "INT " + std::to_string(node.integer);
    case WICK_DOUBLE: return "DOUBLE " + std::to_string(node.real);
    case WICK_BOOL: return node.integer != 0 ? "BOOL true" : "BOOL false";
    case WICK_STRING: return "STRING";
    case WICK_LIST: return "LIST of " + std::to_string(node.integer);
    case WICK_TUPLE: return "TUPLE of " + std::to_string(node.integer);
    case WICK_DICT: return "DICT of " + std::to_string(node.integer);
    case WICK_DEVICE: return "DEVICE";
    case WICK_COMPLEX: return "COMPLEX";
    case WICK_KEYWORD: return "KEYWORD";
    case WICK_INT_ARRAY: return "INT_ARRAY of " + std::to_string(node.length);
    case WICK_DOUBLE_ARRAY: return "DOUBLE_ARRAY of " + std::to_string(node.length);
    case WICK_GENERATOR: return "GENERATOR";
    default: return "a node of unknown kind " + std::to_string(node.kind);
  }
}

[[noreturn]] void mismatch(const TypePtr& expected, const wick_value& got) {
  invalid("expected " + expected->str() + ", got " + describe(got));
}

std::string text_of(const wick_value& node) {
  return text_argument(reinterpret_cast<const char*>(node.integer), node.length, "a text of the arguments");
}

at::Tensor tensor_of(const wick_value& node) {
  return borrow<at::Tensor>(node.integer, "tensor");
}

IValue generator_of(const wick_value& node) {
  return at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(node.integer));
}

// The elements of an *_ARRAY node.
template <typename T>
c10::ArrayRef<T> array_of(const wick_value& node) {
  constexpr int64_t most = int64_t{1} << 48;
  if (node.length < 0 || node.length > most || (node.integer == 0 && node.length > 0) ||
      static_cast<uint64_t>(node.integer) % alignof(T) != 0) {
    invalid("an array of the arguments is null, not aligned, or has the impossible length " +
            std::to_string(node.length));
  }
  return {reinterpret_cast<const T*>(node.integer), static_cast<size_t>(node.length)};
}

bool is_number(const wick_value& node) {
  return node.kind == WICK_INT || node.kind == WICK_DOUBLE || node.kind == WICK_BOOL || node.kind == WICK_COMPLEX;
}

IValue number_of(const wick_value& node) {
  switch (node.kind) {
    case WICK_INT: return node.integer;
    case WICK_DOUBLE: return node.real;
    case WICK_BOOL: return node.integer != 0;
    default: return c10::complex<double>(node.real, node.imaginary);
  }
}

int64_t integer_of(const wick_value& node, const TypePtr& real) {
  switch (real->kind()) {
    case TypeKind::ScalarTypeType: scalar_type(node.integer); break;
    case TypeKind::LayoutType: check_layout(node.integer); break;
    case TypeKind::MemoryFormatType: check_memory_format(node.integer); break;
    default: break;
  }
  return node.integer;
}

// The element type of a list of mixed types, or the value type of a dict.
TypePtr join(const TypePtr& left, const TypePtr& right) {
  if (left == nullptr || *left == *right) {
    return right;
  }
  if (left->isSubtypeOf(*right)) {
    return right;
  }
  if (right->isSubtypeOf(*left)) {
    return left;
  }
  if (left->kind() == TypeKind::NoneType) {
    return c10::OptionalType::create(right);
  }
  if (right->kind() == TypeKind::NoneType) {
    return c10::OptionalType::create(left);
  }
  return c10::AnyType::get();
}

bool is_key(const TypePtr& type) {
  switch (type->kind()) {
    case TypeKind::StringType:
    case TypeKind::IntType:
    case TypeKind::FloatType:
    case TypeKind::BoolType:
    case TypeKind::ComplexType:
    case TypeKind::TensorType:
    case TypeKind::DeviceObjType: return true;
    default: return false;
  }
}

class Level {
 public:
  explicit Level(int& depth) : depth_(depth) {
    if (depth_ >= maximum_value_depth) {
      invalid("the arguments are nested deeper than " + std::to_string(maximum_value_depth) + " levels");
    }
    ++depth_;
  }
  ~Level() { --depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  int& depth_;
};

}  // namespace

ValueReader::ValueReader(const wick_value* values, int64_t count) : values_(values), count_(count) {
  if (count < 0 || (values == nullptr && count > 0)) {
    invalid("the arguments are null or of the negative number " + std::to_string(count));
  }
}

const wick_value& ValueReader::next() {
  if (at_end()) {
    invalid("the arguments end inside a value: " + std::to_string(count_) + " nodes were given");
  }
  return values_[position_++];
}

int64_t ValueReader::children(const wick_value& node, int64_t nodes_each) const {
  if (node.integer < 0 || node.integer > (count_ - position_) / nodes_each) {
    invalid(describe(node) + " goes beyond the arguments: " + std::to_string(count_ - position_) + " nodes follow it");
  }
  return node.integer;
}

std::string ValueReader::read_keyword() {
  return text_of(next());
}

c10::IValue ValueReader::read(const TypePtr& type, const TypePtr& real, std::optional<int32_t> repeat) {
  const Level level(depth_);
  if (at_end()) {
    next();
  }
  if (type->hasFreeVariables()) {
    return infer().value;
  }
  const wick_value& node = values_[position_];
  switch (type->kind()) {
    case TypeKind::OptionalType: {
      if (node.kind == WICK_NONE) {
        next();
        return {};
      }
      const auto& inner_real = real->kind() == TypeKind::OptionalType ? real->containedType(0) : real;
      return read(type->containedType(0), inner_real, repeat);
    }
    case TypeKind::ListType: return read_list(type, real, repeat);
    case TypeKind::TupleType: return read_tuple(type);
    case TypeKind::DictType: return read_dict(type);
    case TypeKind::AnyType:
    case TypeKind::UnionType:
    case TypeKind::AnyListType:
    case TypeKind::AnyTupleType: return infer().value;
    default: break;
  }
  next();
  switch (type->kind()) {
    case TypeKind::TensorType:
      if (node.kind == WICK_TENSOR) {
        return tensor_of(node);
      }
      break;
    case TypeKind::IntType:
    case TypeKind::SymIntType:
      if (node.kind == WICK_INT) {
        return integer_of(node, real);
      }
      break;
    case TypeKind::FloatType:
    case TypeKind::SymFloatType:
      if (node.kind == WICK_DOUBLE) {
        return node.real;
      }
      if (node.kind == WICK_INT) {
        return static_cast<double>(node.integer);
      }
      break;
    case TypeKind::BoolType:
    case TypeKind::SymBoolType:
      if (node.kind == WICK_BOOL) {
        return node.integer != 0;
      }
      break;
    case TypeKind::ComplexType:
      if (node.kind == WICK_COMPLEX) {
        return number_of(node);
      }
      if (node.kind == WICK_DOUBLE || node.kind == WICK_INT) {
        return c10::complex<double>(node.kind == WICK_DOUBLE ? node.real : static_cast<double>(node.integer), 0);
      }
      break;
    case TypeKind::NumberType:
      if (is_number(node)) {
        return number_of(node);
      }
      break;
    case TypeKind::StringType:
      if (node.kind == WICK_STRING) {
        return text_of(node);
      }
      break;
    case TypeKind::DeviceObjType:
      if (node.kind == WICK_DEVICE || node.kind == WICK_STRING) {
        return device(text_of(node));
      }
      break;
    case TypeKind::GeneratorType:
      if (node.kind == WICK_GENERATOR) {
        return generator_of(node);
      }
      break;
    case TypeKind::NoneType:
      if (node.kind == WICK_NONE) {
        return {};
      }
      break;
    default: break;
  }
  mismatch(real, node);
}

c10::IValue ValueReader::read_list(const TypePtr& type, const TypePtr& real, std::optional<int32_t> repeat) {
  const TypePtr& element = type->containedType(0);
  const TypePtr& element_real = real->kind() == TypeKind::ListType ? real->containedType(0) : element;
  c10::impl::GenericList list(element);
  const wick_value& node = next();
  if (node.kind == WICK_LIST) {
    const int64_t n = children(node, 1);
    list.reserve(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
      list.push_back(read(element, element_real));
    }
    return list;
  }
  const bool integers = element->kind() == TypeKind::IntType || element->kind() == TypeKind::SymIntType;
  const bool floats = element->kind() == TypeKind::FloatType;
  if (node.kind == WICK_INT_ARRAY && (integers || floats)) {
    const auto elements = array_of<int64_t>(node);
    list.reserve(elements.size());
    for (const int64_t value : elements) {
      list.push_back(integers ? IValue(value) : IValue(static_cast<double>(value)));
    }
    return list;
  }
  if (node.kind == WICK_DOUBLE_ARRAY && floats) {
    const auto elements = array_of<double>(node);
    list.reserve(elements.size());
    for (const double value : elements) {
      list.push_back(IValue(value));
    }
    return list;
  }
  if (repeat.has_value() && is_number(node)) {
    --position_;
    const IValue single = read(element, element_real);
    for (int32_t i = 0; i < *repeat; ++i) {
      list.push_back(single);
    }
    return list;
  }
  mismatch(real, node);
}

c10::IValue ValueReader::read_tuple(const TypePtr& type) {
  const wick_value& node = next();
  const auto& tuple = type->expectRef<c10::TupleType>();
  const auto elements = tuple.elements();
  if (node.kind != WICK_TUPLE || node.integer != static_cast<int64_t>(elements.size())) {
    mismatch(type, node);
  }
  children(node, 1);
  std::vector<IValue> values;
  values.reserve(elements.size());
  for (const TypePtr& element : elements) {
    values.push_back(read(element, element));
  }
  if (tuple.schema() != nullptr) {
    return c10::ivalue::Tuple::createNamed(std::move(values), type->cast<c10::TupleType>());
  }
  return c10::ivalue::Tuple::create(std::move(values));
}

c10::IValue ValueReader::read_dict(const TypePtr& type) {
  const wick_value& node = next();
  if (node.kind != WICK_DICT) {
    mismatch(type, node);
  }
  const int64_t pairs = children(node, 2);
  const TypePtr& key_type = type->containedType(0);
  const TypePtr& value_type = type->containedType(1);
  c10::impl::GenericDict dict(key_type, value_type);
  for (int64_t i = 0; i < pairs; ++i) {
    IValue key = read(key_type, key_type);
    dict.insert_or_assign(std::move(key), read(value_type, value_type));
  }
  return dict;
}

ValueReader::Typed ValueReader::infer() {
  const Level level(depth_);
  const wick_value& node = next();
  switch (node.kind) {
    case WICK_NONE: return {IValue(), c10::NoneType::get()};
    case WICK_TENSOR: return {tensor_of(node), c10::TensorType::get()};
    case WICK_INT: return {number_of(node), c10::IntType::get()};
    case WICK_DOUBLE: return {number_of(node), c10::FloatType::get()};
    case WICK_BOOL: return {number_of(node), c10::BoolType::get()};
    case WICK_COMPLEX: return {number_of(node), c10::ComplexType::get()};
    case WICK_STRING: return {text_of(node), c10::StringType::get()};
    case WICK_DEVICE: return {device(text_of(node)), c10::DeviceObjType::get()};
    case WICK_GENERATOR: return {generator_of(node), c10::GeneratorType::get()};
    case WICK_INT_ARRAY: return {c10::List<int64_t>(array_of<int64_t>(node)), c10::ListType::ofInts()};
    case WICK_DOUBLE_ARRAY: return {c10::List<double>(array_of<double>(node)), c10::ListType::ofFloats()};
    case WICK_LIST: return infer_list(node);
    case WICK_DICT: return infer_dict(node);
    case WICK_TUPLE: {
      const int64_t n = children(node, 1);
      std::vector<IValue> values;
      std::vector<TypePtr> types;
      for (int64_t i = 0; i < n; ++i) {
        Typed element = infer();
        values.push_back(std::move(element.value));
        types.push_back(std::move(element.type));
      }
      return {c10::ivalue::Tuple::create(std::move(values)), c10::TupleType::create(std::move(types))};
    }
    default: invalid("expected a value, got " + describe(node));
  }
}

ValueReader::Typed ValueReader::infer_list(const wick_value& node) {
  const int64_t n = children(node, 1);
  std::vector<IValue> values;
  values.reserve(static_cast<size_t>(n));
  TypePtr element;
  for (int64_t i = 0; i < n; ++i) {
    Typed typed = infer();
    element = join(element, typed.type);
    values.push_back(std::move(typed.value));
  }
  if (element == nullptr) {
    // What TorchScript itself takes an unannotated [] for.
    element = c10::TensorType::get();
  }
  c10::impl::GenericList list(element);
  list.reserve(values.size());
  for (IValue& value : values) {
    list.push_back(std::move(value));
  }
  return {std::move(list), c10::ListType::create(element)};
}

ValueReader::Typed ValueReader::infer_dict(const wick_value& node) {
  const int64_t pairs = children(node, 2);
  std::vector<std::pair<IValue, IValue>> entries;
  entries.reserve(static_cast<size_t>(pairs));
  TypePtr key_type;
  TypePtr value_type;
  for (int64_t i = 0; i < pairs; ++i) {
    Typed key = infer();
    if (!is_key(key.type) || (key_type != nullptr && *key_type != *key.type)) {
      invalid("the keys of a DICT must all be numbers, texts, devices or tensors of one type, got " + key.type->str());
    }
    key_type = key.type;
    Typed value = infer();
    value_type = join(value_type, value.type);
    entries.emplace_back(std::move(key.value), std::move(value.value));
  }
  if (key_type == nullptr) {
    key_type = c10::StringType::get();
    value_type = c10::TensorType::get();
  }
  c10::impl::GenericDict dict(key_type, value_type);
  for (auto& [key, value] : entries) {
    dict.insert_or_assign(std::move(key), std::move(value));
  }
  return {std::move(dict), c10::DictType::create(key_type, value_type)};
}

}  // namespace wick
