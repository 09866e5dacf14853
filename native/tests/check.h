// A test program: TEST bodies that run in order, CHECKs that say where they failed, and at the end no live handle.
#ifndef WICK_TESTS_CHECK_H
#define WICK_TESTS_CHECK_H

#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace check {

struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Test {
  const char* name;
  std::function<void()> body;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

struct Registration {
  Registration(const char* name, std::function<void()> body) { tests().push_back({name, std::move(body)}); }
};

template <typename... Parts>
[[noreturn]] void fail(const char* file, int line, const Parts&... parts) {
  std::ostringstream text;
  text << file << ":" << line << ": ";
  (text << ... << parts);
  throw Failed(text.str());
}

template <typename A, typename B>
void equal(const char* file, int line, const char* left, const char* right, const A& a, const B& b) {
  if (!(a == b)) {
    fail(file, line, left, " == ", right, " does not hold: ", a, " and ", b);
  }
}

}  // namespace check

#define TEST(name)                                                          \
  static void test_##name();                                                \
  static const check::Registration registration_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition) \
  ((condition) ? void() : check::fail(__FILE__, __LINE__, #condition, " does not hold"))

#define CHECK_EQUAL(left, right) check::equal(__FILE__, __LINE__, #left, #right, (left), (right))

// A call whose last argument is an error record: it must succeed.
#define CHECK_OK(...)                                                                        \
  do {                                                                                       \
    if ((__VA_ARGS__) != WICK_OK) {                                                          \
      check::fail(__FILE__, __LINE__, #__VA_ARGS__, ": ", message(error));                   \
    }                                                                                        \
  } while (false)

// A call that must fail with a status and, in its message, a text.
#define CHECK_FAILS(status, text, ...)                                                                          \
  do {                                                                                                          \
    const int32_t got_ = (__VA_ARGS__);                                                                         \
    if (got_ != (status) || message(error).find(text) == std::string::npos) {                                   \
      check::fail(__FILE__, __LINE__, #__VA_ARGS__, " gave ", got_, " (", got_ ? message(error) : "", "), not ", \
                  #status, " with '", text, "'");                                                               \
    }                                                                                                           \
  } while (false)

#endif
