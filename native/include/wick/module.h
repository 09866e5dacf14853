/* TorchScript modules: load, build, look inside, convert, freeze, optimise, call, and prepared calls for fixed shapes. */
#ifndef WICK_MODULE_H
#define WICK_MODULE_H

#include <wick/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An owning reference to a torch::jit::Module. Two handles may share parameters (see wick_module_submodule). */
typedef int64_t wick_module;
/* An owning reference to one method of a module; it keeps the module alive. */
typedef int64_t wick_method;
/* A prepared call: a method with its inputs, outputs and options bound. */
typedef int64_t wick_runner;

/*
 * Loads a TorchScript archive from memory. The calling thread needs a deep stack (256 MiB): the archive's code and its
 * pickles are parsed recursively. The bytes are read during the call only. device_type -1 leaves tensors where the
 * archive says; otherwise they are mapped there while loading. Checksums are the caller's business: LibTorch reads
 * no CRC. The module is put into evaluation mode unless training is 1.
 */
WICK_API int32_t wick_module_load(const void *archive, int64_t byte_size, int32_t device_type, int32_t device_index,
                                  int32_t training, wick_module *module, wick_error *error) WICK_NOEXCEPT;

/* The same from a file, record by record, so that no more than the largest record is in memory beside the tensors. */
WICK_API int32_t wick_module_load_file(const char *path, int64_t path_length, int32_t device_type, int32_t device_index,
                                       int32_t training, wick_module *module, wick_error *error) WICK_NOEXCEPT;

/* Writes the module as a TorchScript archive: to a temporary file beside path, then renamed over it. Deep stack. */
WICK_API int32_t wick_module_save(wick_module module, const char *path, int64_t path_length,
                                  wick_error *error) WICK_NOEXCEPT;

/* Gives a module back. Any thread; 0 is allowed. */
WICK_API void wick_module_free(wick_module module) WICK_NOEXCEPT;

/* Copies a module with its types, graphs and tensors, so that the copy can be converted while the original stays as it
   is. Deep stack. */
WICK_API int32_t wick_module_clone(wick_module module, wick_module *copy, wick_error *error) WICK_NOEXCEPT;

/*
 * Makes an empty module of a TorchScript class of its own, in evaluation mode. class_name is Python identifiers joined by
 * dots; a name that is taken gets a number. The module joins the compilation unit of family, so that one can be
 * registered in the other; 0 begins a new one.
 */
WICK_API int32_t wick_module_create(const char *class_name, int64_t class_name_length, wick_module family,
                                    wick_module *module, wick_error *error) WICK_NOEXCEPT;

/* Adds a parameter (1) or a buffer (0) that shares the tensor's memory. A name is any text without a dot ("0" too) that
   is not taken. Not while the module runs. */
WICK_API int32_t wick_module_register_tensor(wick_module module, const char *name, int64_t name_length,
                                             wick_tensor tensor, int32_t parameter, wick_error *error) WICK_NOEXCEPT;

/* Adds an attribute, whose TorchScript type is the value's. Not while the module runs. */
WICK_API int32_t wick_module_register_attribute(wick_module module, const char *name, int64_t name_length,
                                                const wick_value *value, int64_t count,
                                                wick_error *error) WICK_NOEXCEPT;

/* Adds a submodule of the same family, which shares its parameters. It must not hold the module. Not while it runs. */
WICK_API int32_t wick_module_register_module(wick_module module, const char *name, int64_t name_length,
                                             wick_module child, wick_error *error) WICK_NOEXCEPT;

/*
 * Compiles TorchScript source, one or more "def name(self, ...)", into methods of the module. What it calls in
 * submodules must be there already. A source that does not compile leaves the module as it was. Deep stack. Not while
 * the module runs.
 */
WICK_API int32_t wick_module_define(wick_module module, const char *source, int64_t source_length,
                                    wick_error *error) WICK_NOEXCEPT;

/* Methods as a LIST of TUPLE(name, schema, number of arguments without self). Any thread. */
WICK_API int32_t wick_module_methods(wick_module module, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/* Parameters, recursively, as a LIST of TUPLE(qualified name, TENSOR). Any thread. */
WICK_API int32_t wick_module_parameters(wick_module module, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/* Buffers, recursively, as a LIST of TUPLE(qualified name, TENSOR). Any thread. */
WICK_API int32_t wick_module_buffers(wick_module module, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/* Attributes of the module itself that are neither parameter, buffer nor submodule, as a LIST of TUPLE(name, type,
   value). Constants of the TorchScript class are listed too. Any thread. */
WICK_API int32_t wick_module_attributes(wick_module module, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/* Submodules, recursively and without the module itself, as a LIST of TUPLE(qualified name, type). Any thread. */
WICK_API int32_t wick_module_submodules(wick_module module, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/* Reads an attribute, parameter or buffer by its qualified name ("layer1.0.weight"). Any thread. */
WICK_API int32_t wick_module_attribute(wick_module module, const char *name, int64_t name_length, wick_result *result,
                                       wick_error *error) WICK_NOEXCEPT;

/* Writes an attribute by its qualified name; the value must have the attribute's type. Not while the module runs. */
WICK_API int32_t wick_module_set_attribute(wick_module module, const char *name, int64_t name_length,
                                           const wick_value *value, int64_t count, wick_error *error) WICK_NOEXCEPT;

/* A submodule by its qualified name, sharing the parent's parameters. Any thread. */
WICK_API int32_t wick_module_submodule(wick_module module, const char *name, int64_t name_length,
                                       wick_module *submodule, wick_error *error) WICK_NOEXCEPT;

enum wick_graph {
  WICK_GRAPH_SOURCE = 0,   /* as loaded or frozen, with calls into submodules inlined when it is frozen */
  WICK_GRAPH_INLINED = 1,  /* a copy with every call inlined */
  WICK_GRAPH_EXECUTED = 2, /* what the executor last compiled for this method on any thread; none yet: NOT_FOUND */
  WICK_GRAPH_CODE = 3      /* TorchScript source */
};

/* The intermediate representation of a method as a STRING. Not while the method runs for the first times. */
WICK_API int32_t wick_module_graph(wick_module module, const char *method, int64_t method_length, int32_t which,
                                   wick_result *result, wick_error *error) WICK_NOEXCEPT;

/*
 * Device and dtype constants baked into the graphs of every method of every submodule, as a LIST of TUPLE(method
 * qualified by its submodule, kind "device" or "dtype", value as text ("cuda:0", "float16"), operator that takes it,
 * argument name, number of uses). Any thread.
 */
WICK_API int32_t wick_module_constants(wick_module module, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/*
 * Converts in place, before the first call (afterwards the executors' compiled graphs would still hold the old
 * constants: refused). Parameters and buffers of floating dtype go to dtype, all tensors to the device; -1 leaves
 * either as it is. With patch_constants, device constants become the device and floating dtype constants the dtype, in
 * every graph. result (may be null) is TUPLE(bytes of converted tensors, constants patched). Not while the module runs.
 */
WICK_API int32_t wick_module_to(wick_module module, int32_t dtype, int32_t device_type, int32_t device_index,
                                int32_t patch_constants, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/* Puts the module into training (1) or evaluation mode (0). Not while the module runs. */
WICK_API int32_t wick_module_train(wick_module module, int32_t training, wick_error *error) WICK_NOEXCEPT;

/*
 * A frozen copy: parameters become constants. Every method is preserved, since freezing deletes the others while
 * inlined nodes keep pointers to them; preserved (a LIST of STRING, may be empty) names attributes to keep readable
 * beside them. Each method's graph is optimised, not forward alone. Deep stack. The module must be in evaluation mode.
 */
WICK_API int32_t wick_module_freeze(wick_module module, const wick_value *preserved, int64_t count,
                                    int32_t optimize_numerics, wick_module *frozen, wick_error *error) WICK_NOEXCEPT;

/* A frozen copy with operators rewritten for inference (torch::jit::optimize_for_inference on every method). It cannot
   be saved. Deep stack. */
WICK_API int32_t wick_module_optimize_for_inference(wick_module module, const wick_value *preserved, int64_t count,
                                                    wick_module *optimized, wick_error *error) WICK_NOEXCEPT;

/* Finds a method; WICK_NOT_FOUND says which exist. Any thread. */
WICK_API int32_t wick_module_method(wick_module module, const char *name, int64_t name_length, wick_method *method,
                                    wick_error *error) WICK_NOEXCEPT;

/* Gives a method back. Any thread; 0 is allowed. */
WICK_API void wick_method_free(wick_method method) WICK_NOEXCEPT;

/* Calls a method; arguments and result as for wick_operator_call. Any thread; several at once as far as the module
   does not change itself. */
WICK_API int32_t wick_method_call(wick_method method, const wick_call_options *options, const wick_value *arguments,
                                  int64_t count, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/*
 * Prepares a call of a method on fixed inputs. The inputs are host tensors that stay the same from run to run; the
 * caller writes their memory between runs. Inputs whose dtype is floating are converted to compute_dtype (-1: not) into
 * a buffer of the runner's before each call. One run happens here to learn the outputs. Where the options name a CUDA
 * device the inputs are copied there first, on the options' stream and without a wait from page-locked memory; the
 * outputs are page-locked then. The result's tensors, in order,
 * are the outputs, contiguous tensors whose memory stays in place; output_dtype (-1: as computed) converts the floating ones. A
 * method that returns no tensor is refused.
 */
WICK_API int32_t wick_runner_create(wick_method method, const wick_call_options *options, const wick_tensor *inputs,
                                    int64_t input_count, int32_t compute_dtype, int32_t output_dtype,
                                    wick_runner *runner, wick_error *error) WICK_NOEXCEPT;

/* The runner's outputs as a LIST of TENSOR, the same memory at every call. One thread at a time. */
WICK_API int32_t wick_runner_outputs(wick_runner runner, wick_result *result, wick_error *error) WICK_NOEXCEPT;

/* Calls the method and fills the outputs; on a device, waits for the stream. One thread at a time. Outputs of another shape or number than before are
   WICK_FAILED, and the old contents stay. */
WICK_API int32_t wick_runner_run(wick_runner runner, wick_error *error) WICK_NOEXCEPT;

enum wick_runner_parts {
  WICK_RUNNER_INPUTS = 1,  /* copies the inputs to the device */
  WICK_RUNNER_CALL = 2,    /* converts them and calls the method */
  WICK_RUNNER_OUTPUTS = 4, /* copies what it gave into the outputs */
  WICK_RUNNER_STATIC = 8   /* refuses outputs that a CUDA graph of the call would not compute anew */
};

/*
 * Does some parts of a run, in their order, without waiting for a device: so that a graph can be captured, or copies of
 * one runner overlap with the call of another. stream other than 0 takes the place of the options'. The caller sees to
 * it, by events, that parts on several streams follow each other, and that no run begins before the last one is done.
 * On the CPU a part is done when this returns. One thread at a time.
 */
WICK_API int32_t wick_runner_enqueue(wick_runner runner, int32_t parts, int64_t stream,
                                     wick_error *error) WICK_NOEXCEPT;

/* Gives a runner back. Any thread, not while it runs; 0 is allowed. */
WICK_API void wick_runner_free(wick_runner runner) WICK_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
