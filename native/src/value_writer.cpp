#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "handle.h"
#include "value.h"

namespace wick {
namespace {

int32_t kind_of(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType: return WICK_TENSOR;
    case c10::TypeKind::IntType: return WICK_INT;
    case c10::TypeKind::FloatType: return WICK_DOUBLE;
    case c10::TypeKind::BoolType: return WICK_BOOL;
    case c10::TypeKind::StringType: return WICK_STRING;
    case c10::TypeKind::ListType: return WICK_LIST;
    case c10::TypeKind::TupleType: return WICK_TUPLE;
    case c10::TypeKind::DictType: return WICK_DICT;
    case c10::TypeKind::DeviceObjType: return WICK_DEVICE;
    case c10::TypeKind::ComplexType: return WICK_COMPLEX;
    default: return WICK_NONE;
  }
}

bool has_text(int32_t kind) {
  return kind == WICK_STRING || kind == WICK_DEVICE || kind == WICK_OPAQUE;
}

struct Release {
  void operator()(void* memory) const noexcept { std::free(memory); }
};

}  // namespace

wick_value& ValueWriter::add(int32_t kind) {
  nodes_.push_back(wick_value{kind, WICK_NONE, 0, 0, 0, 0});
  return nodes_.back();
}

void ValueWriter::none() { add(WICK_NONE); }

void ValueWriter::integer(int64_t value) { add(WICK_INT).integer = value; }

void ValueWriter::boolean(bool value) { add(WICK_BOOL).integer = value ? 1 : 0; }

void ValueWriter::text(std::string_view value, int32_t kind) {
  wick_value& node = add(kind);
  // An offset for now: the texts move until the tree is whole.
  node.integer = static_cast<int64_t>(texts_.size());
  node.length = static_cast<int64_t>(value.size());
  texts_.append(value);
}

void ValueWriter::tensor(const at::Tensor& value) {
  if (!value.defined()) {
    none();
    return;
  }
  add(WICK_TENSOR);
  tensors_.push_back(value);
}

void ValueWriter::list(int64_t children, int32_t element_kind) {
  wick_value& node = add(WICK_LIST);
  node.integer = children;
  node.element_kind = element_kind;
}

void ValueWriter::tuple(int64_t children) { add(WICK_TUPLE).integer = children; }

void ValueWriter::dict(int64_t pairs, int32_t key_kind) {
  wick_value& node = add(WICK_DICT);
  node.integer = pairs;
  node.element_kind = key_kind;
}

void ValueWriter::value(const c10::IValue& value) {
  if (value.isTensor()) {
    tensor(value.toTensor());
  } else if (value.isNone()) {
    none();
  } else if (value.isInt()) {
    integer(value.toInt());
  } else if (value.isDouble()) {
    add(WICK_DOUBLE).real = value.toDouble();
  } else if (value.isBool()) {
    boolean(value.toBool());
  } else if (value.isString()) {
    text(value.toStringRef());
  } else if (value.isComplexDouble()) {
    const auto number = value.toComplexDouble();
    wick_value& node = add(WICK_COMPLEX);
    node.real = number.real();
    node.imaginary = number.imag();
  } else if (value.isDevice()) {
    text(value.toDevice().str(), WICK_DEVICE);
  } else if (value.isList() || value.isTuple() || value.isGenericDict()) {
    if (depth_ >= maximum_value_depth) {
      throw Failure(WICK_UNSUPPORTED, "the result is nested deeper than " + std::to_string(maximum_value_depth) +
                                          " levels, or contains itself");
    }
    ++depth_;
    if (value.isList()) {
      const auto elements = value.toListRef();
      list(static_cast<int64_t>(elements.size()), kind_of(value.toList().elementType()));
      for (const c10::IValue& element : elements) {
        this->value(element);
      }
    } else if (value.isTuple()) {
      const auto& elements = value.toTupleRef().elements();
      tuple(static_cast<int64_t>(elements.size()));
      for (const c10::IValue& element : elements) {
        this->value(element);
      }
    } else {
      const auto pairs = value.toGenericDict();
      dict(static_cast<int64_t>(pairs.size()), kind_of(pairs.keyType()));
      for (const auto& pair : pairs) {
        this->value(pair.key());
        this->value(pair.value());
      }
    }
    --depth_;
  } else {
    text(value.type()->str(), WICK_OPAQUE);
  }
}

void ValueWriter::finish(wick_result* result) {
  wick_result& out = target(result, "the result");
  const bool fits = nodes_.size() <= WICK_RESULT_INLINE_VALUES;
  const size_t node_bytes = fits ? 0 : nodes_.size() * sizeof(wick_value);
  std::unique_ptr<char, Release> storage;
  if (node_bytes + texts_.size() > 0) {
    storage.reset(static_cast<char*>(std::malloc(node_bytes + texts_.size())));
    if (storage == nullptr) {
      throw std::bad_alloc();
    }
  }
  std::vector<std::unique_ptr<at::Tensor>> owned;
  owned.reserve(tensors_.size());
  for (at::Tensor& tensor : tensors_) {
    owned.push_back(std::make_unique<at::Tensor>(std::move(tensor)));
  }

  // Nothing below throws: from here on the caller owns what the tree names.
  char* texts = storage.get() + node_bytes;
  if (!texts_.empty()) {
    std::memcpy(texts, texts_.data(), texts_.size());
  }
  auto next_tensor = owned.begin();
  for (wick_value& node : nodes_) {
    if (node.kind == WICK_TENSOR) {
      node.integer = reinterpret_cast<int64_t>((next_tensor++)->release());
    } else if (has_text(node.kind)) {
      node.integer = node.length == 0 ? 0 : reinterpret_cast<int64_t>(texts + node.integer);
    }
  }
  wick_value* values = fits ? out.inline_values : reinterpret_cast<wick_value*>(storage.get());
  std::memcpy(values, nodes_.data(), nodes_.size() * sizeof(wick_value));
  live_handles.fetch_add(static_cast<int64_t>(owned.size()) + (storage != nullptr ? 1 : 0), std::memory_order_relaxed);
  out.values = values;
  out.count = static_cast<int64_t>(nodes_.size());
  out.storage = reinterpret_cast<int64_t>(storage.release());
}

}  // namespace wick

extern "C" void wick_result_free(int64_t storage) noexcept {
  if (storage == 0) {
    return;
  }
  std::free(reinterpret_cast<void*>(storage));
  wick::live_handles.fetch_sub(1, std::memory_order_relaxed);
}
