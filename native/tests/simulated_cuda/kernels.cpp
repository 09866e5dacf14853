// LibTorch's elementwise kernels on contiguous tensors, read by their names: what they do to an element (FillFunctor,
// CUDAFunctor_add, BinaryFunctor<..., MulFunctor<...>>, ...), the types, and from the kernel's template where its
// arguments lie: (int N, functor, std::array<char*, tensors>) and for unrolled_elementwise_kernel four more, of which
// the last two carry the dtypes of tensors that are converted on the way. Every type goes through long double, which
// holds them all exactly, and each result is rounded as the kernel rounds it.
#include "kernels.h"

#include <cstring>

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

namespace simulated_cuda {
namespace {

using Real = long double;

// What LibTorch computes a type in: float for the half types, the type itself otherwise.
enum class Math { single, twice, integer };

struct Type {
  const char* name;  // as names of kernels say it
  int code;          // c10::ScalarType
  size_t size;
  Math math;
  Real (*load)(const char*);
  void (*store)(char*, Real);
};

template <typename T, typename Step = T>
constexpr Type type(const char* name, int code, Math math) {
  return {name, code, sizeof(T), math,
          [](const char* from) {
            T value;
            std::memcpy(&value, from, sizeof(T));
            return static_cast<Real>(static_cast<Step>(value));
          },
          [](char* to, Real real) {
            const T value = static_cast<T>(static_cast<Step>(real));
            std::memcpy(to, &value, sizeof(T));
          }};
}

const Type TYPES[] = {
    type<uint8_t>("unsigned char", 0, Math::integer),
    type<int8_t>("signed char", 1, Math::integer),
    type<int16_t>("short", 2, Math::integer),
    type<int32_t>("int", 3, Math::integer),
    type<int64_t>("long", 4, Math::integer),
    type<c10::Half, float>("c10::Half", 5, Math::single),
    type<float>("float", 6, Math::single),
    type<double>("double", 7, Math::twice),
    type<bool>("bool", 11, Math::integer),
    type<c10::BFloat16, float>("c10::BFloat16", 15, Math::single),
};

const Type* find_type(const std::string& name) {
  for (const Type& known : TYPES) {
    if (name == known.name) {
      return &known;
    }
  }
  return nullptr;
}

const Type* find_type(int8_t code) {
  for (const Type& known : TYPES) {
    if (code == known.code) {
      return &known;
    }
  }
  return nullptr;
}

// The type in which functors keep numbers for elements of a type.
const Type& math_type(const Type& element) { return element.math == Math::single ? *find_type("float") : element; }

Real rounded(const Type& to, Real value) {
  char bytes[sizeof(Real)];
  to.store(bytes, value);
  return to.load(bytes);
}

// One operation as the device would do it in that type.
Real combine(const Type& element, char operation, Real a, Real b) {
  const auto in = [&](auto zero) {
    using T = decltype(zero);
    const T x = static_cast<T>(a);
    const T y = static_cast<T>(b);
    return static_cast<Real>(static_cast<T>(operation == '+' ? x + y : operation == '*' ? x * y : x / y));
  };
  switch (element.math) {
    case Math::single: return in(0.0F);
    case Math::twice: return in(0.0);
    case Math::integer: break;
  }
  const auto x = static_cast<uint64_t>(static_cast<int64_t>(a));
  const auto y = static_cast<uint64_t>(static_cast<int64_t>(b));
  return static_cast<Real>(static_cast<int64_t>(operation == '+' ? x + y : x * y));
}

// The parts between the outermost < and > of a name, at commas that no bracket encloses.
std::vector<std::string> template_arguments(const std::string& name) {
  std::vector<std::string> parts;
  int depth = 0;
  std::string part;
  for (const char c : name) {
    const bool opens = c == '<' || c == '(' || c == '{';
    const bool closes = c == '>' || c == ')' || c == '}';
    if (closes && --depth == 0) {
      break;
    }
    if (depth > 0 && !(depth == 1 && c == ',')) {
      part += c;
    }
    if (depth == 1 && c == ',') {
      parts.push_back(part.substr(part.find_first_not_of(' ')));
      part.clear();
    }
    depth += opens ? 1 : 0;
  }
  if (!part.empty()) {
    parts.push_back(part.substr(part.find_first_not_of(' ')));
    parts.back().erase(parts.back().find_last_not_of(' ') + 1);
  }
  return parts;
}

bool begins_with(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

// What a kernel does to an element, and in which types: it is given values of the argument type.
struct Elementwise {
  const Type* argument = nullptr;
  const Type* result = nullptr;
  size_t inputs = 0;
  std::function<Real(Real, Real)> compute;
};

bool read_fill(const std::string& name, const char* functor, Elementwise& out) {
  if (!begins_with(name, "at::native::FillFunctor<")) {
    return false;
  }
  out.result = out.argument = find_type(template_arguments(name).at(0));
  if (out.result == nullptr) {
    return false;
  }
  const Real value = out.result->load(functor);
  out.compute = [value](Real, Real) { return value; };
  return true;
}

// CUDAFunctor_add {alpha}, CUDAFunctorOnSelf_add {other, alpha}, CUDAFunctorOnOther_add {self, alpha}; subtraction is
// the same with alpha negated.
bool read_add(const std::string& name, const char* functor, Elementwise& out) {
  const bool plain = begins_with(name, "at::native::CUDAFunctor_add<");
  const bool on_self = begins_with(name, "at::native::CUDAFunctorOnSelf_add<");
  const bool on_other = begins_with(name, "at::native::CUDAFunctorOnOther_add<");
  if (!plain && !on_self && !on_other) {
    return false;
  }
  const Type* element = find_type(template_arguments(name).at(0));
  if (element == nullptr) {
    return false;
  }
  out.result = out.argument = element;
  const Type& math = math_type(*element);
  const Real first = math.load(functor);
  if (plain) {
    out.inputs = 2;
    out.compute = [=](Real a, Real b) { return combine(*element, '+', a, combine(*element, '*', first, b)); };
    return true;
  }
  const Real alpha = math.load(functor + math.size);
  out.inputs = 1;
  out.compute = [=](Real a, Real) {
    const Real other = on_self ? first : a;
    return combine(*element, '+', on_self ? a : first, combine(*element, '*', alpha, other));
  };
  return true;
}

// BinaryFunctor<argument, argument, result, MulFunctor<math>>, and with one side a number, which is kept after the
// empty functor: AUnaryFunctor, BUnaryFunctor.
bool read_binary(const std::string& name, const char* functor, Elementwise& out) {
  const bool both = begins_with(name, "at::native::BinaryFunctor<");
  const bool left = begins_with(name, "at::native::AUnaryFunctor<");
  const bool right = begins_with(name, "at::native::BUnaryFunctor<");
  if (!both && !left && !right) {
    return false;
  }
  const auto parts = template_arguments(name);
  if (parts.size() != 4 || parts[0] != parts[1]) {
    return false;
  }
  const bool multiplies = parts[3].find("::MulFunctor<") != std::string::npos;
  const bool divides = parts[3].find("::DivFunctor<") != std::string::npos;
  const Type* element = find_type(parts[0]);
  out.argument = element;
  out.result = find_type(parts[2]);
  if (!(multiplies || divides) || element == nullptr || out.result == nullptr ||
      (divides && element->math == Math::integer)) {
    return false;
  }
  const char operation = multiplies ? '*' : '/';
  out.inputs = both ? 2 : 1;
  if (both) {
    out.compute = [=](Real a, Real b) { return combine(*element, operation, a, b); };
    return true;
  }
  const Type& math = math_type(*element);
  const Real number = math.load(functor + math.size);
  out.compute = [=](Real a, Real) {
    return left ? combine(*element, operation, number, a) : combine(*element, operation, a, number);
  };
  return true;
}

// A copy is a lambda inside a function: its own name ends in what it is given, the function's says what it gives.
bool read_copy(const std::string& name, Elementwise& out) {
  const size_t lambda = name.rfind("{lambda(");
  if (lambda == std::string::npos || name.find("copy_kernel_cuda(") == std::string::npos) {
    return false;
  }
  const size_t begin = lambda + std::strlen("{lambda(");
  out.argument = find_type(name.substr(begin, name.find(')', begin) - begin));
  if (begins_with(name, "at::native::float16_copy_kernel_cuda(")) {
    out.result = find_type("c10::Half");
  } else if (begins_with(name, "at::native::bfloat16_copy_kernel_cuda(")) {
    out.result = find_type("c10::BFloat16");
  } else if (begins_with(name, "at::native::direct_copy_kernel_cuda(")) {
    out.result = out.argument;
  }
  out.inputs = 1;
  out.compute = [](Real a, Real) { return a; };
  return out.argument != nullptr && out.result != nullptr;
}

// The dtypes in a LoadWithCast<n> or StoreWithCast<n>, which begin with one byte for each tensor.
bool read_casts(const std::string& name, const char* casts, const Type** types, size_t count) {
  if (name.find("WithoutCast") != std::string::npos) {
    return true;
  }
  for (size_t i = 0; i < count; ++i) {
    types[i] = find_type(static_cast<int8_t>(casts[i]));
    if (types[i] == nullptr) {
      return false;
    }
  }
  return name.find("WithCast<") != std::string::npos;
}

}  // namespace

bool prepare(const std::string& demangled, void** arguments, Prepared& prepared) {
  const bool vectorized = begins_with(demangled, "void at::native::vectorized_elementwise_kernel<");
  const bool unrolled = begins_with(demangled, "void at::native::unrolled_elementwise_kernel<");
  if (!vectorized && !unrolled) {
    return false;
  }
  const auto parts = template_arguments(demangled);
  const std::string& functor = parts.at(vectorized ? 1 : 0);
  const auto* state = static_cast<const char*>(arguments[1]);
  Elementwise work;
  if (!read_fill(functor, state, work) && !read_add(functor, state, work) && !read_binary(functor, state, work) &&
      !read_copy(functor, work)) {
    return false;
  }
  const Type* to = work.result;
  const Type* from[] = {work.argument, work.argument};
  if (unrolled) {
    if (parts.size() != 7 || !begins_with(parts[3], "TrivialOffsetCalculator<") ||
        !begins_with(parts[4], "TrivialOffsetCalculator<") ||
        !read_casts(parts[5], static_cast<const char*>(arguments[5]), from, work.inputs) ||
        !read_casts(parts[6], static_cast<const char*>(arguments[6]), &to, 1)) {
      return false;
    }
  }
  const auto count = static_cast<size_t>(*static_cast<const int*>(arguments[0]));
  auto* const* data = static_cast<char* const*>(arguments[2]);
  prepared.accesses = {{data[0], count * to->size}};
  for (size_t i = 0; i < work.inputs; ++i) {
    prepared.accesses.push_back({data[i + 1], count * from[i]->size});
  }
  prepared.run = [=, a_type = from[0], b_type = from[1]](const std::vector<char*>& places) {
    for (size_t i = 0; i < count; ++i) {
      const Real a = work.inputs > 0 ? rounded(*work.argument, a_type->load(places[1] + i * a_type->size)) : 0;
      const Real b = work.inputs > 1 ? rounded(*work.argument, b_type->load(places[2] + i * b_type->size)) : 0;
      to->store(places[0] + i * to->size, rounded(*work.result, work.compute(a, b)));
    }
  };
  return true;
}

}  // namespace simulated_cuda
