/* Values that cross the border: arguments and results of operators and methods, and every structured answer. */
#ifndef WICK_VALUE_H
#define WICK_VALUE_H

#include <wick/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An owning reference to a tensor (the address of an at::Tensor). Handles are integers so that Java passes them as a
   long, without a memory segment for each. 0 is no tensor. */
typedef int64_t wick_tensor;

enum wick_kind {
  WICK_NONE = 0,
  WICK_TENSOR = 1,
  WICK_INT = 2,    /* also a dtype, layout or memory format, as its c10 code */
  WICK_DOUBLE = 3,
  WICK_BOOL = 4,
  WICK_STRING = 5,
  WICK_LIST = 6,
  WICK_TUPLE = 7,
  WICK_DICT = 8,   /* children alternate: key, value */
  WICK_DEVICE = 9, /* text such as "cpu" or "cuda:0" */
  WICK_COMPLEX = 10,
  WICK_KEYWORD = 11, /* arguments only: a name, followed by the one value that it names */
  WICK_OPAQUE = 12,  /* results only: something Java has no form for; the text is its TorchScript type */
  WICK_INT_ARRAY = 13,    /* arguments only: a list of int64_t in the caller's memory, without a node for each */
  WICK_DOUBLE_ARRAY = 14, /* arguments only: likewise of double */
  WICK_GENERATOR = 15     /* arguments only: a fresh CPU generator, seeded with integer */
};

/*
 * One node of a value tree that is written flat, a parent before its children. Lengths travel with pointers.
 *
 *   integer  INT, BOOL: the value. TENSOR: the handle. STRING, DEVICE, KEYWORD, OPAQUE: the address of UTF-8 bytes.
 *            LIST, TUPLE: number of children. DICT: number of pairs. *_ARRAY: address of the elements.
 *   length   STRING, DEVICE, KEYWORD, OPAQUE: bytes. *_ARRAY: elements. Otherwise 0.
 *   real, imaginary  DOUBLE: real. COMPLEX: both.
 *   element_kind     results: the static element type of a LIST or the key type of a DICT (an empty list has one too),
 *                    WICK_NONE when it is mixed. Ignored in arguments: the callee's schema decides.
 */
typedef struct wick_value {
  int32_t kind;
  int32_t element_kind;
  int64_t integer;
  int64_t length;
  double real;
  double imaginary;
} wick_value;

enum { WICK_RESULT_INLINE_VALUES = 8 };

/*
 * A result tree. values points into inline_values when they suffice, otherwise into storage, which the caller frees
 * with wick_result_free (it may always be called). Texts live in storage too. Tensors in the tree are new owning
 * references that belong to the caller.
 */
typedef struct wick_result {
  wick_value *values;
  int64_t count;
  int64_t storage; /* 0 when there is nothing to free */
  wick_value inline_values[WICK_RESULT_INLINE_VALUES];
} wick_result;

/* Frees the nodes and texts of a result, not its tensors. Any thread. */
WICK_API void wick_result_free(int64_t storage) WICK_NOEXCEPT;

/* Autograd mode of a call; set and restored inside it. */
enum wick_mode {
  WICK_MODE_INFERENCE = 0, /* c10::InferenceMode: what is made here cannot enter autograd later */
  WICK_MODE_NO_GRAD = 1,
  WICK_MODE_GRAD = 2
};

enum {
  WICK_CALL_ONEDNN_GRAPH = 1 /* graphs compiled during this call pass through oneDNN Graph fusion, tried on a copy */
};

/*
 * Everything thread-local that a call depends on; thread-locals do not survive a change of carrier, so they are set on
 * entry and restored on return. A null pointer means all zero.
 */
typedef struct wick_call_options {
  int32_t mode;             /* enum wick_mode */
  int32_t intra_op_threads; /* 0: the process setting */
  int32_t flags;
  int32_t device_index; /* CUDA device to make current, plus one; 0: none */
  int64_t stream;       /* cudaStream_t to make current; 0: none */
} wick_call_options;

#ifdef __cplusplus
}
#endif

#endif
