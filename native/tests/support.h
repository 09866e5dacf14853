// What the tests share: trees of values, owned handles, files. Everything goes through the C ABI.
#ifndef WICK_TESTS_SUPPORT_H
#define WICK_TESTS_SUPPORT_H

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <wick/wick.h>

#include "check.h"

extern wick_error error;

std::string message(const wick_error& record);

// A flat tree of arguments.
class Tree {
 public:
  Tree& none() { return node(WICK_NONE); }
  Tree& tensor(wick_tensor handle) { return node(WICK_TENSOR, handle); }
  Tree& integer(int64_t value) { return node(WICK_INT, value); }
  Tree& boolean(bool value) { return node(WICK_BOOL, value ? 1 : 0); }
  Tree& real(double value) { return node(WICK_DOUBLE, 0, 0, value); }
  Tree& complex(double re, double im) { return node(WICK_COMPLEX, 0, 0, re, im); }
  Tree& text(const std::string& value) { return with_text(WICK_STRING, value); }
  Tree& device(const std::string& value) { return with_text(WICK_DEVICE, value); }
  Tree& keyword(const std::string& value) { return with_text(WICK_KEYWORD, value); }
  Tree& list(int64_t children) { return node(WICK_LIST, children); }
  Tree& tuple(int64_t children) { return node(WICK_TUPLE, children); }
  Tree& dict(int64_t pairs) { return node(WICK_DICT, pairs); }
  Tree& generator(int64_t seed) { return node(WICK_GENERATOR, seed); }
  Tree& integers(const std::vector<int64_t>& values);
  Tree& reals(const std::vector<double>& values);
  Tree& node(int32_t kind, int64_t integer = 0, int64_t length = 0, double re = 0, double im = 0);

  const wick_value* data() const { return nodes_.data(); }
  int64_t count() const { return static_cast<int64_t>(nodes_.size()); }

 private:
  Tree& with_text(int32_t kind, const std::string& value);

  // What nodes point to; shared, so that a copy of a tree stays good.
  struct Memory {
    std::deque<std::string> texts;
    std::deque<std::vector<int64_t>> integers;
    std::deque<std::vector<double>> reals;
  };

  std::vector<wick_value> nodes_;
  std::shared_ptr<Memory> memory_ = std::make_shared<Memory>();
};

// A result tree, freed with the tensors in it.
class Answer {
 public:
  Answer() = default;
  ~Answer() { clear(); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  wick_result* out() {
    clear();
    return &result_;
  }
  int64_t count() const { return result_.count; }
  const wick_value& operator[](int64_t i) const;
  std::string text(int64_t i) const;
  wick_tensor tensor(int64_t i) const;
  bool inline_values() const { return result_.values == result_.inline_values; }
  // Position of a text node, or -1.
  int64_t find(const std::string& text) const;

 private:
  void clear();

  wick_result result_{};
};

template <void (*Free)(int64_t) noexcept>
class Owned {
 public:
  Owned() = default;
  explicit Owned(int64_t handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(other.release()) {}
  Owned& operator=(Owned&& other) noexcept {
    Free(handle_);
    handle_ = other.release();
    return *this;
  }
  ~Owned() { Free(handle_); }
  operator int64_t() const { return handle_; }
  int64_t* out() {
    Free(handle_);
    handle_ = 0;
    return &handle_;
  }
  int64_t release() {
    const int64_t handle = handle_;
    handle_ = 0;
    return handle;
  }

 private:
  int64_t handle_ = 0;
};

using Tensor = Owned<&wick_tensor_free>;
using Module = Owned<&wick_module_free>;
using Method = Owned<&wick_method_free>;
using Runner = Owned<&wick_runner_free>;

enum { FLOAT16 = 5, FLOAT32 = 6, FLOAT64 = 7, INT32 = 3, INT64 = 4, BFLOAT16 = 15 };

wick_tensor_info describe(wick_tensor tensor);
Tensor make_tensor(const std::vector<int64_t>& sizes, const std::vector<float>& values);
// Deterministic values in -1 to 1.
Tensor noise(const std::vector<int64_t>& sizes, uint32_t seed = 1);
// The elements of a CPU tensor of any floating dtype and layout.
std::vector<float> values(wick_tensor tensor);
double largest_difference(const std::vector<float>& a, const std::vector<float>& b);

std::vector<char> read_file(const std::string& path);
std::string archive_path(const std::string& name);
Tensor load_npy(const std::string& name);
Module load(const std::string& name, int32_t device_type = -1, int32_t training = 0);
Method method(wick_module module, const std::string& name);
Module clone(wick_module module);
Module freeze(wick_module module);

// Calls an operator by name and gives its only result.
Tensor call_operator(const std::string& name, const Tree& arguments);
// Calls a method of tensors to one tensor.
Tensor call(wick_method method, const std::vector<wick_tensor>& inputs, wick_call_options options = {});
// Sums a tensor and computes the gradients.
void backward_of_sum(wick_tensor tensor, wick_call_options options = {WICK_MODE_GRAD, 0, 0, 0, 0});

#endif
