#include "support.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

wick_error error;

std::string message(const wick_error& record) {
  return {record.message, static_cast<size_t>(record.message_length)};
}

Tree& Tree::node(int32_t kind, int64_t integer, int64_t length, double re, double im) {
  nodes_.push_back(wick_value{kind, 0, integer, length, re, im});
  return *this;
}

Tree& Tree::with_text(int32_t kind, const std::string& value) {
  memory_->texts.push_back(value);
  return node(kind, reinterpret_cast<int64_t>(memory_->texts.back().data()), static_cast<int64_t>(value.size()));
}

Tree& Tree::integers(const std::vector<int64_t>& values) {
  memory_->integers.push_back(values);
  return node(WICK_INT_ARRAY, reinterpret_cast<int64_t>(memory_->integers.back().data()), static_cast<int64_t>(values.size()));
}

Tree& Tree::reals(const std::vector<double>& values) {
  memory_->reals.push_back(values);
  return node(WICK_DOUBLE_ARRAY, reinterpret_cast<int64_t>(memory_->reals.back().data()), static_cast<int64_t>(values.size()));
}

const wick_value& Answer::operator[](int64_t i) const {
  if (i < 0 || i >= result_.count) {
    throw check::Failed("the result has " + std::to_string(result_.count) + " nodes, asked for " + std::to_string(i));
  }
  return result_.values[i];
}

std::string Answer::text(int64_t i) const {
  const wick_value& node = (*this)[i];
  return {reinterpret_cast<const char*>(node.integer), static_cast<size_t>(node.length)};
}

wick_tensor Answer::tensor(int64_t i) const {
  CHECK_EQUAL((*this)[i].kind, int32_t{WICK_TENSOR});
  return (*this)[i].integer;
}

int64_t Answer::find(const std::string& wanted) const {
  for (int64_t i = 0; i < result_.count; ++i) {
    if (result_.values[i].kind == WICK_STRING && text(i) == wanted) {
      return i;
    }
  }
  return -1;
}

void Answer::clear() {
  for (int64_t i = 0; i < result_.count; ++i) {
    if (result_.values[i].kind == WICK_TENSOR) {
      wick_tensor_free(result_.values[i].integer);
    }
  }
  wick_result_free(result_.storage);
  result_ = {};
}

wick_tensor_info describe(wick_tensor tensor) {
  wick_tensor_info info;
  CHECK_OK(wick_tensor_describe(tensor, &info, &error));
  return info;
}

Tensor make_tensor(const std::vector<int64_t>& sizes, const std::vector<float>& values) {
  Tensor tensor;
  const wick_call_options plain{WICK_MODE_GRAD, 0, 0, 0, 0};
  CHECK_OK(wick_tensor_empty(sizes.data(), static_cast<int32_t>(sizes.size()), FLOAT32, 0, -1, &plain, tensor.out(),
                             &error));
  const auto info = describe(tensor);
  CHECK_EQUAL(info.element_count, static_cast<int64_t>(values.size()));
  std::memcpy(reinterpret_cast<void*>(info.data), values.data(), values.size() * sizeof(float));
  return tensor;
}

Tensor noise(const std::vector<int64_t>& sizes, uint32_t seed) {
  int64_t count = 1;
  for (const int64_t size : sizes) {
    count *= size;
  }
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<float>(seed >> 8U) / 8388608.0F - 1.0F;
  }
  return make_tensor(sizes, values);
}

std::vector<float> values(wick_tensor tensor) {
  const Tensor wide = call_operator("aten::to", Tree().tensor(tensor).integer(FLOAT32));
  const Tensor whole = call_operator("aten::contiguous", Tree().tensor(wide));
  const auto info = describe(whole);
  const auto* data = reinterpret_cast<const float*>(info.data);
  return {data, data + info.element_count};
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  CHECK_EQUAL(a.size(), b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(a[i]) - b[i]);
    largest = difference > largest || std::isnan(difference) ? difference : largest;
  }
  return largest;
}

std::vector<char> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw check::Failed("cannot read " + path);
  }
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string archive_path(const std::string& name) { return std::string(WICK_TEST_ARCHIVES) + "/" + name; }

Tensor load_npy(const std::string& name) {
  const std::vector<char> file = read_file(archive_path(name));
  uint16_t header_size = 0;
  std::memcpy(&header_size, file.data() + 8, sizeof header_size);
  const std::string header(file.data() + 10, header_size);
  const size_t type_at = header.find("'descr': '") + 10;
  const std::string type = header.substr(type_at, 3);
  const int32_t dtype = type == "<f4" ? FLOAT32 : type == "<i4" ? INT32 : INT64;
  std::vector<int64_t> sizes;
  const char* at = header.data() + header.find("'shape': (") + 10;
  while (*at != ')') {
    char* end = nullptr;
    sizes.push_back(std::strtoll(at, &end, 10));
    at = end + std::strspn(end, ", ");
  }
  Tensor tensor;
  CHECK_OK(wick_tensor_empty(sizes.data(), static_cast<int32_t>(sizes.size()), dtype, 0, -1, nullptr, tensor.out(),
                             &error));
  const auto info = describe(tensor);
  const size_t begin = 10 + static_cast<size_t>(header_size);
  CHECK_EQUAL(static_cast<size_t>(info.element_count * info.element_size), file.size() - begin);
  std::memcpy(reinterpret_cast<void*>(info.data), file.data() + begin, file.size() - begin);
  return tensor;
}

Module load(const std::string& name, int32_t device_type, int32_t training) {
  const std::vector<char> file = read_file(archive_path(name));
  Module module;
  CHECK_OK(wick_module_load(file.data(), static_cast<int64_t>(file.size()), device_type, -1, training, module.out(),
                            &error));
  return module;
}

Method method(wick_module module, const std::string& name) {
  Method found;
  CHECK_OK(wick_module_method(module, name.data(), static_cast<int64_t>(name.size()), found.out(), &error));
  return found;
}

Module clone(wick_module module) {
  Module copy;
  CHECK_OK(wick_module_clone(module, copy.out(), &error));
  return copy;
}

Module freeze(wick_module module) {
  Module frozen;
  CHECK_OK(wick_module_freeze(module, nullptr, 0, 1, frozen.out(), &error));
  return frozen;
}

namespace {

Tensor only_tensor(const Answer& answer) {
  CHECK_EQUAL(answer.count(), 1);
  Tensor same;
  CHECK_OK(wick_tensor_retain(answer.tensor(0), same.out(), &error));
  return same;
}

}  // namespace

Tensor call_operator(const std::string& name, const Tree& arguments) {
  Answer answer;
  const wick_call_options plain{WICK_MODE_NO_GRAD, 0, 0, 0, 0};
  CHECK_OK(wick_operator_call_by_name(name.data(), static_cast<int64_t>(name.size()), &plain, arguments.data(),
                                      arguments.count(), answer.out(), &error));
  return only_tensor(answer);
}

Tensor call(wick_method method, const std::vector<wick_tensor>& inputs, wick_call_options options) {
  Tree arguments;
  for (const wick_tensor input : inputs) {
    arguments.tensor(input);
  }
  Answer answer;
  CHECK_OK(wick_method_call(method, &options, arguments.data(), arguments.count(), answer.out(), &error));
  return only_tensor(answer);
}

void backward_of_sum(wick_tensor tensor, wick_call_options options) {
  const Tree sum = Tree().tensor(tensor);
  Answer total;
  CHECK_OK(wick_operator_call_by_name("aten::sum", 9, &options, sum.data(), sum.count(), total.out(), &error));
  const Tree backward = Tree().tensor(total.tensor(0)).list(0).none().boolean(false).boolean(false);
  Answer nothing;
  CHECK_OK(wick_operator_call_by_name("aten::_backward", 15, &options, backward.data(), backward.count(),
                                      nothing.out(), &error));
  CHECK_EQUAL(nothing[0].kind, int32_t{WICK_NONE});
}

int main() {
  int failures = 0;
  if (wick_initialize(&error) != WICK_OK) {
    std::printf("wick_initialize: %s\n", message(error).c_str());
    return 1;
  }
  for (const check::Test& test : check::tests()) {
    const int64_t before = wick_live_handles();
    try {
      test.body();
      if (wick_live_handles() != before) {
        throw check::Failed("handles were left alive: " + std::to_string(wick_live_handles() - before));
      }
      std::printf("ok      %s\n", test.name);
    } catch (const std::exception& failure) {
      ++failures;
      std::printf("FAILED  %s: %s\n", test.name, failure.what());
    }
    std::fflush(stdout);
  }
  std::printf("%zu tests, %d failed, %lld handles alive\n", check::tests().size(), failures,
              static_cast<long long>(wick_live_handles()));
  return failures == 0 && wick_live_handles() == 0 ? 0 : 1;
}
