/* Status codes and the caller-owned error record that every fallible function of the shim fills. */
#ifndef WICK_ERROR_H
#define WICK_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
#define WICK_NOEXCEPT noexcept
extern "C" {
#else
#define WICK_NOEXCEPT
#endif

#define WICK_API __attribute__((visibility("default")))

/*
 * A status says what a caller can do about a failure. It is never read off a C++ exception type: what is thrown inside
 * the TorchScript interpreter arrives as a plain std::runtime_error, and out of memory on the CPU as a plain c10::Error.
 */
enum wick_status {
  WICK_OK = 0,
  WICK_INVALID_ARGUMENT = 1, /* the caller passed something the callee's contract excludes */
  WICK_NOT_FOUND = 2,        /* a method, attribute, operator or device of that name or index does not exist */
  WICK_MODEL_UNREADABLE = 3, /* an archive could not be read or compiled */
  WICK_OUT_OF_MEMORY = 4,    /* an allocator refused; the *_bytes say what it had */
  WICK_UNSUPPORTED = 5,      /* this build of LibTorch cannot do it */
  WICK_FAILED = 6,           /* LibTorch threw while it worked; the message is LibTorch's */
  WICK_CUDA_ERROR = 7,       /* CUDA reported an error; cuda_code is set and, when sticky, the process must restart */
  WICK_INTERNAL = 8          /* something that is not a std::exception was thrown */
};

enum { WICK_ERROR_MESSAGE_CAPACITY = 8192, WICK_ERROR_BACKTRACE_CAPACITY = 16384 };

/*
 * What went wrong, in memory of the caller's. A thread-local record read by a second call would break on virtual
 * threads, which may change their carrier between two downcalls. Texts are UTF-8 and carry their length; they are cut
 * at the capacity, at a character border. Untouched while the status is WICK_OK.
 */
typedef struct wick_error {
  int32_t status;
  int32_t cuda_code;        /* cudaError_t of a WICK_CUDA_ERROR, otherwise 0 */
  int32_t cuda_sticky;      /* 1 when the CUDA context is lost */
  int32_t message_length;   /* bytes */
  int32_t backtrace_length; /* bytes */
  int32_t reserved;
  int64_t requested_bytes; /* of a WICK_OUT_OF_MEMORY, otherwise 0 */
  int64_t allocated_bytes;
  int64_t limit_bytes; /* 0 when there is no limit but the machine's */
  int64_t reserved_bytes;           /* of a CUDA device's: held by LibTorch's allocator, free blocks with it */
  int64_t free_bytes;               /* of a CUDA device's: free in the driver */
  int64_t largest_free_block_bytes; /* of a CUDA device's: the largest block that the allocator holds free */
  char message[WICK_ERROR_MESSAGE_CAPACITY];
  char backtrace[WICK_ERROR_BACKTRACE_CAPACITY];
} wick_error;

#ifdef __cplusplus
}
#endif

#endif
