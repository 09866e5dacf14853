// The integer codes of dtypes, layouts, memory formats and devices: checked, since a boxed call would wrap them.
#ifndef WICK_SRC_CODES_H
#define WICK_SRC_CODES_H

#include <cstdint>
#include <string>

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace wick {

c10::ScalarType scalar_type(int64_t code);
void check_layout(int64_t code);
void check_memory_format(int64_t code);
c10::Device device(int32_t type, int32_t index);
c10::Device device(const std::string& text);

// "float16": the names Python gives, which the Java side uses too.
std::string name_of(c10::ScalarType type);

}  // namespace wick

#endif
