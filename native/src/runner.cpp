#include <cstring>
#include <memory>

#include <ATen/ops/empty.h>
#include <c10/core/Stream.h>

#include "call_guard.h"
#include "codes.h"
#include "handle.h"
#include "module.h"
#include "protect.h"

namespace wick {
namespace {

// One method bound to fixed inputs. All it needs is made beforehand: a run copies in, converts, calls and copies out.
//
// On a device a conversion is always the device's: LibTorch would convert on the host into pageable memory when both
// dtype and device change in one copy.
class Runner {
 public:
  Runner(const MethodBox& method, const wick_call_options* options, const wick_tensor* inputs, int64_t input_count,
         int32_t compute_dtype, int32_t output_dtype)
      : method_(method), options_(options != nullptr ? *options : wick_call_options{}) {
    const CallGuard guard(&options_);
    if (compute_dtype != -1) {
      compute_dtype_ = floating(compute_dtype);
    }
    if (output_dtype != -1) {
      output_dtype_ = floating(output_dtype);
    }
    if (input_count < 0 || (inputs == nullptr && input_count > 0)) {
      throw Failure(WICK_INVALID_ARGUMENT, "the inputs are null or of the negative number " +
                                               std::to_string(input_count));
    }
    for (int64_t i = 0; i < input_count; ++i) {
      add_input(borrow<at::Tensor>(inputs[i], "input tensor"));
    }
    check_arguments();
    copy_inputs();
    call();
    for (const at::Tensor& result : results_) {
      add_output(result);
    }
    finish_results();
    copy_outputs();
    synchronize(options_);
  }

  void run() {
    const CallGuard guard(&options_);
    copy_inputs();
    call();
    check_results();
    finish_results();
    copy_outputs();
    synchronize(options_);
  }

  void enqueue(int32_t parts, int64_t stream) {
    wick_call_options options = options_;
    if (stream != 0) {
      options.stream = stream;
    }
    const CallGuard guard(&options);
    if ((parts & WICK_RUNNER_INPUTS) != 0) {
      copy_inputs();
    }
    if ((parts & WICK_RUNNER_CALL) != 0) {
      call();
      check_results();
      if ((parts & WICK_RUNNER_STATIC) != 0) {
        check_devices();
      }
      finish_results();
    }
    if ((parts & WICK_RUNNER_OUTPUTS) != 0) {
      copy_outputs();
    }
  }

  const std::vector<at::Tensor>& outputs() const { return outputs_; }

 private:
  static c10::ScalarType floating(int32_t code) {
    const c10::ScalarType type = scalar_type(code);
    if (!c10::isFloatingType(type)) {
      throw Failure(WICK_INVALID_ARGUMENT, "expected a floating dtype, got " + name_of(type));
    }
    return type;
  }

  bool on_device() const { return options_.device_index > 0; }

  c10::Device device() const {
    return on_device() ? c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(options_.device_index - 1))
                       : c10::Device(c10::kCPU);
  }

  void synchronize(const wick_call_options& options) {
    if (on_device()) {
      // Stream 0 is the device's default stream, and LibTorch's number of it.
      c10::Stream(c10::Stream::UNSAFE, device(), options.stream).synchronize();
      finished_.clear();
    }
  }

  void add_input(const at::Tensor& input) {
    c10::TensorOptions options = c10::TensorOptions(input.scalar_type()).device(device());
    inputs_.push_back(input);
    staged_.push_back(input.device() == device()
                          ? at::Tensor()
                          : at::empty(input.sizes(), options, input.suggest_memory_format()));
    const bool convert = compute_dtype_.has_value() && input.is_floating_point() &&
                         *compute_dtype_ != input.scalar_type();
    buffers_.push_back(convert ? at::empty(input.sizes(), options.dtype(*compute_dtype_), input.suggest_memory_format())
                               : at::Tensor());
  }

  const at::Tensor& source(size_t i) const { return staged_[i].defined() ? staged_[i] : inputs_[i]; }

  // Once: the arguments of every run are of the same types.
  void check_arguments() {
    torch::jit::Stack stack;
    push_arguments(stack);
    const auto given = static_cast<std::ptrdiff_t>(stack.size());
    try {
      method_.function->getSchema().checkAndNormalizeInputs(stack);
    } catch (const c10::Error& failure) {
      throw Failure(WICK_INVALID_ARGUMENT, failure.what_without_backtrace());
    }
    defaults_.assign(stack.begin() + given, stack.end());
  }

  void push_arguments(torch::jit::Stack& stack) const {
    stack.emplace_back(method_.module._ivalue());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      stack.emplace_back(buffers_[i].defined() ? buffers_[i] : source(i));
    }
    stack.insert(stack.end(), defaults_.begin(), defaults_.end());
  }

  void copy_inputs() {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (staged_[i].defined()) {
        const c10::AutoGradMode no_gradients(false);
        staged_[i].copy_(inputs_[i], /*non_blocking=*/true);
      }
    }
  }

  void call() {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (buffers_[i].defined()) {
        const c10::AutoGradMode no_gradients(false);
        buffers_[i].copy_(source(i));
      }
    }
    stack_.clear();
    push_arguments(stack_);
    method_.state->called.store(true, std::memory_order_relaxed);
    method_.function->run(stack_);
    results_.clear();
    collect(stack_.back(), 0);
    stack_.clear();
    if (results_.empty()) {
      throw Failure(WICK_INVALID_ARGUMENT, "the method '" + method_.function->name() + "' returns no tensor");
    }
  }

  void collect(const c10::IValue& value, int depth) {
    if (depth > maximum_value_depth) {
      throw Failure(WICK_UNSUPPORTED, "the result is nested too deeply, or contains itself");
    }
    if (value.isTensor()) {
      if (value.toTensor().defined()) {
        results_.push_back(value.toTensor());
      }
    } else if (value.isList()) {
      for (const c10::IValue& element : value.toListRef()) {
        collect(element, depth + 1);
      }
    } else if (value.isTuple()) {
      for (const c10::IValue& element : value.toTupleRef().elements()) {
        collect(element, depth + 1);
      }
    } else if (value.isGenericDict()) {
      for (const auto& pair : value.toGenericDict()) {
        collect(pair.value(), depth + 1);
      }
    }
  }

  // The outputs belong to the caller, who may use them in any mode.
  void add_output(const at::Tensor& result) {
    const PlainGuard guard;
    const bool convert = output_dtype_.has_value() && result.is_floating_point();
    const auto dtype = convert ? *output_dtype_ : result.scalar_type();
    outputs_.push_back(
        at::empty(result.sizes(), c10::TensorOptions(dtype).device(c10::kCPU).pinned_memory(on_device())));
    result_dtypes_.push_back(result.scalar_type());
  }

  // All before any is copied, so that the old contents stay whole.
  void check_results() const {
    if (results_.size() != outputs_.size()) {
      throw Failure(WICK_FAILED, c10::str("the method gave ", results_.size(), " tensors where it had given ",
                                          outputs_.size()));
    }
    for (size_t i = 0; i < results_.size(); ++i) {
      if (results_[i].sizes() != outputs_[i].sizes() || results_[i].scalar_type() != result_dtypes_[i]) {
        throw Failure(WICK_FAILED, c10::str("output ", i, " is now ", name_of(results_[i].scalar_type()), " ",
                                            results_[i].sizes(), "; it was ", name_of(result_dtypes_[i]), " ",
                                            outputs_[i].sizes()));
      }
    }
  }

  // A graph repeats what the device does; what was computed elsewhere would stay as it was when the graph was made.
  void check_devices() const {
    for (size_t i = 0; i < results_.size(); ++i) {
      if (results_[i].device() != device()) {
        throw Failure(WICK_UNSUPPORTED, c10::str("output ", i, " is computed on the ", results_[i].device().str(),
                                                 ": a CUDA graph would not compute it anew"));
      }
    }
  }

  // What is copied out without waiting must stay until it has been: it is let go of when the stream has been waited for,
  // or at the next call.
  void finish_results() {
    if (!on_device()) {
      return;
    }
    const c10::AutoGradMode no_gradients(false);
    finished_.clear();
    for (size_t i = 0; i < results_.size(); ++i) {
      finished_.push_back(results_[i].to(outputs_[i].scalar_type()).contiguous());
    }
    results_.clear();
  }

  void copy_outputs() {
    const c10::AutoGradMode no_gradients(false);
    for (size_t i = 0; i < finished_.size(); ++i) {
      outputs_[i].copy_(finished_[i], /*non_blocking=*/true);
    }
    for (size_t i = 0; i < results_.size(); ++i) {
      if (lie_alike(results_[i], outputs_[i])) {
        // The dispatcher and its iterator cost more than a small model's outputs are worth.
        std::memcpy(outputs_[i].mutable_data_ptr(), results_[i].const_data_ptr(), outputs_[i].nbytes());
      } else {
        outputs_[i].copy_(results_[i]);
      }
    }
    results_.clear();
  }

  static bool lie_alike(const at::Tensor& result, const at::Tensor& output) {
    return result.layout() == c10::kStrided && result.device() == output.device() &&
           result.scalar_type() == output.scalar_type() && result.is_contiguous() && !result.is_conj() &&
           !result.is_neg() && result.nbytes() > 0;
  }

  MethodBox method_;
  wick_call_options options_;
  std::optional<c10::ScalarType> compute_dtype_;
  std::optional<c10::ScalarType> output_dtype_;
  std::vector<at::Tensor> inputs_;
  std::vector<at::Tensor> staged_;   // on the device; undefined where the input is there already
  std::vector<at::Tensor> buffers_;  // converted; undefined where the dtype is right already
  torch::jit::Stack defaults_;
  torch::jit::Stack stack_;
  std::vector<at::Tensor> results_;
  std::vector<at::Tensor> finished_;  // results on a device, as they are copied out
  std::vector<at::Tensor> outputs_;
  std::vector<c10::ScalarType> result_dtypes_;
};

using RunnerBox = std::unique_ptr<Runner>;

}  // namespace
}  // namespace wick

extern "C" {

int32_t wick_runner_create(wick_method method, const wick_call_options* options, const wick_tensor* inputs,
                           int64_t input_count, int32_t compute_dtype, int32_t output_dtype, wick_runner* runner,
                           wick_error* error) noexcept {
  return wick::protect(error, [&] {
    auto& out = wick::target(runner, "the runner");
    out = wick::give(std::make_unique<wick::Runner>(wick::borrow_method(method), options, inputs, input_count,
                                                    compute_dtype, output_dtype));
  });
}

int32_t wick_runner_outputs(wick_runner runner, wick_result* result, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    const auto& outputs = wick::borrow<wick::RunnerBox>(runner, "runner")->outputs();
    wick::ValueWriter out;
    out.list(static_cast<int64_t>(outputs.size()), WICK_TENSOR);
    for (const at::Tensor& output : outputs) {
      out.tensor(output);
    }
    out.finish(result);
  });
}

int32_t wick_runner_run(wick_runner runner, wick_error* error) noexcept {
  return wick::protect(error, [&] { wick::borrow<wick::RunnerBox>(runner, "runner")->run(); });
}

int32_t wick_runner_enqueue(wick_runner runner, int32_t parts, int64_t stream, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    constexpr int32_t all = WICK_RUNNER_INPUTS | WICK_RUNNER_CALL | WICK_RUNNER_OUTPUTS | WICK_RUNNER_STATIC;
    if ((parts & ~all) != 0) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, std::to_string(parts) + " is not a set of a runner's parts");
    }
    wick::borrow<wick::RunnerBox>(runner, "runner")->enqueue(parts, stream);
  });
}

void wick_runner_free(wick_runner runner) noexcept { wick::take_back<wick::RunnerBox>(runner); }

}  // extern "C"
