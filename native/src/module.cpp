#include "module.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/serialization/export.h>
#include <torch/csrc/jit/serialization/import.h>

#include "arguments.h"
#include "call_guard.h"
#include "codes.h"
#include "handle.h"
#include "protect.h"

namespace wick {
namespace {

using torch::jit::Module;

// Reads the caller's memory in place: an archive of gigabytes is not copied into a stream first.
class MemoryReader final : public caffe2::serialize::ReadAdapterInterface {
 public:
  MemoryReader(const void* data, size_t size) : data_(static_cast<const char*>(data)), size_(size) {}

  size_t size() const override { return size_; }

  size_t read(uint64_t position, void* buffer, size_t count, const char*) const override {
    if (position >= size_) {
      return 0;
    }
    const size_t length = std::min(count, size_ - static_cast<size_t>(position));
    std::memcpy(buffer, data_ + position, length);
    return length;
  }

 private:
  const char* data_;
  size_t size_;
};

std::string serialize(const Module& module) {
  std::string archive;
  torch::jit::ExportModule(module, [&archive](const void* data, size_t size) {
    archive.append(static_cast<const char*>(data), size);
    return size;
  });
  return archive;
}

// Module::clone would share with the original what its graphs call by pointer (free functions), and would untie tied
// tensors; an archive in memory does neither. A module optimised for inference cannot be saved, but neither can it be
// converted, so there sharing is harmless.
Module copy_of(const ModuleBox& box) {
  const PlainGuard guard;
  if (box.state->optimized) {
    return box.module.clone();
  }
  const std::string archive = serialize(box.module);
  return load_module(archive.data(), archive.size(), std::nullopt);
}

void save(const ModuleBox& box, const std::string& path) {
  if (box.state->optimized) {
    throw Failure(WICK_UNSUPPORTED,
                  "a module optimised for inference cannot be saved: LibTorch would write an archive that does not "
                  "load; save the frozen module instead");
  }
  static std::atomic<int64_t> saves{0};
  const std::string temporary = path + ".partial-" + std::to_string(getpid()) + "-" + std::to_string(++saves);
  try {
    box.module.save(temporary);
  } catch (const c10::Error& failure) {
    unlink(temporary.c_str());
    throw Failure(WICK_FAILED, "cannot write '" + path + "': " + failure.what_without_backtrace());
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    const std::string reason = std::strerror(errno);
    unlink(temporary.c_str());
    throw Failure(WICK_FAILED, "cannot rename to '" + path + "': " + reason);
  }
}

std::string file_argument(const char* path, int64_t length) {
  std::string file = text_argument(path, length, "the path");
  if (file.empty() || file.find('\0') != std::string::npos) {
    throw Failure(WICK_INVALID_ARGUMENT, "the path is empty or has a null character in it");
  }
  return file;
}

// -1 leaves tensors where the archive says.
std::optional<c10::Device> device_argument(int32_t type, int32_t index) {
  return type == -1 ? std::nullopt : std::optional<c10::Device>(device(type, index));
}

wick_module loaded(Module module, int32_t training) {
  module.train(training != 0);
  return give(ModuleBox{std::move(module), std::make_shared<ModuleState>()});
}

std::shared_ptr<ModuleState> state_like(const ModuleState& state) {
  auto copy = std::make_shared<ModuleState>();
  copy->frozen = state.frozen;
  copy->optimized = state.optimized;
  return copy;
}

}  // namespace

ModuleBox& borrow_module(wick_module module) { return borrow<ModuleBox>(module, "module"); }

MethodBox& borrow_method(wick_method method) { return borrow<MethodBox>(method, "method"); }

Module load_module(const void* archive, size_t size, std::optional<c10::Device> device) {
  const PlainGuard guard;
  return torch::jit::load(std::make_shared<MemoryReader>(archive, size), device);
}

void call_method(const MethodBox& method, const wick_call_options* options, torch::jit::Stack& stack) {
  const CallGuard guard(options);
  method.state->called.store(true, std::memory_order_relaxed);
  method.function->run(stack);
}

}  // namespace wick

extern "C" {

int32_t wick_module_load(const void* archive, int64_t byte_size, int32_t device_type, int32_t device_index,
                         int32_t training, wick_module* module, wick_error* error) noexcept {
  return wick::protect(error, WICK_MODEL_UNREADABLE, [&] {
    auto& out = wick::target(module, "the module");
    if (archive == nullptr || byte_size < 0) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "the archive is null or has a negative size");
    }
    const auto device = wick::device_argument(device_type, device_index);
    out = wick::loaded(wick::load_module(archive, static_cast<size_t>(byte_size), device), training);
  });
}

int32_t wick_module_load_file(const char* path, int64_t path_length, int32_t device_type, int32_t device_index,
                              int32_t training, wick_module* module, wick_error* error) noexcept {
  return wick::protect(error, WICK_MODEL_UNREADABLE, [&] {
    auto& out = wick::target(module, "the module");
    const std::string file = wick::file_argument(path, path_length);
    const wick::PlainGuard guard;
    out = wick::loaded(torch::jit::load(file, wick::device_argument(device_type, device_index)), training);
  });
}

int32_t wick_module_save(wick_module module, const char* path, int64_t path_length, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    const std::string file = wick::file_argument(path, path_length);
    wick::save(wick::borrow_module(module), file);
  });
}

void wick_module_free(wick_module module) noexcept { wick::take_back<wick::ModuleBox>(module); }

int32_t wick_module_clone(wick_module module, wick_module* copy, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(copy, "the copy");
    const auto& box = wick::borrow_module(module);
    out = wick::give(wick::ModuleBox{wick::copy_of(box), wick::state_like(*box.state)});
  });
}

int32_t wick_module_submodule(wick_module module, const char* name, int64_t name_length, wick_module* submodule,
                              wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(submodule, "the submodule");
    const auto& box = wick::borrow_module(module);
    const std::string wanted = wick::text_argument(name, name_length, "the submodule's name");
    out = wick::give(wick::ModuleBox{wick::find_submodule(box.module, wanted), box.state});
  });
}

int32_t wick_module_train(wick_module module, int32_t training, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& box = wick::borrow_module(module);
    if (training != 0 && box.state->frozen) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "a frozen module cannot be trained: its parameters are constants");
    }
    box.module.train(training != 0);
  });
}

int32_t wick_module_method(wick_module module, const char* name, int64_t name_length, wick_method* method,
                           wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(method, "the method");
    const auto& box = wick::borrow_module(module);
    const auto found = wick::find_method(box.module, wick::text_argument(name, name_length, "the method's name"));
    out = wick::give(wick::MethodBox{box.module, box.state, &found.function()});
  });
}

void wick_method_free(wick_method method) noexcept { wick::take_back<wick::MethodBox>(method); }

int32_t wick_method_call(wick_method method, const wick_call_options* options, const wick_value* arguments,
                         int64_t count, wick_result* result, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    const auto& box = wick::borrow_method(method);
    wick::target(result, "the result");
    torch::jit::Stack stack;
    stack.emplace_back(box.module._ivalue());
    wick::bind_or_explain(box.function->getSchema(), arguments, count, stack);
    wick::call_method(box, options, stack);
    wick::ValueWriter out;
    out.value(stack.back());
    out.finish(result);
  });
}

}  // extern "C"
