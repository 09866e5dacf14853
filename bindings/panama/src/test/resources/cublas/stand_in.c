// Stands in for libcublas where there is no device: the functions that Wick calls, on the CPU's memory, written after
// cublas_api.h and NVIDIA's manual.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SUCCESS = 0, INVALID_VALUE = 7 };
enum { OP_N = 0 };
enum { R_32F = 0, R_64F = 1, R_16F = 2, R_16BF = 14 };

// What a handle of the stand-in points to.
typedef struct {
  int math_mode;
  int math_mode_of_last_gemm;
} Handle;

int cublasGetProperty(int type, int* value) {
  const int version[] = {12, 8, 4};
  *value = version[type];
  return SUCCESS;
}

const char* cublasGetStatusName(int status) { return status == INVALID_VALUE ? "CUBLAS_STATUS_INVALID_VALUE" : "?"; }

const char* cublasGetStatusString(int status) { return status == INVALID_VALUE ? "a value was refused" : "?"; }

int cublasGetMathMode(Handle* handle, int* mode) {
  *mode = handle->math_mode;
  return SUCCESS;
}

int cublasSetMathMode(Handle* handle, int mode) {
  handle->math_mode = mode;
  return SUCCESS;
}

static double get(const void* memory, int type, int64_t i) {
  if (type == R_64F) {
    return ((const double*)memory)[i];
  }
  if (type == R_32F) {
    return ((const float*)memory)[i];
  }
  if (type == R_16F) {
    return (double)((const _Float16*)memory)[i];
  }
  const uint32_t bits = (uint32_t)((const uint16_t*)memory)[i] << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static void put(void* memory, int type, int64_t i, double value) {
  if (type == R_64F) {
    ((double*)memory)[i] = value;
  } else if (type == R_32F) {
    ((float*)memory)[i] = (float)value;
  } else if (type == R_16F) {
    ((_Float16*)memory)[i] = (_Float16)value;
  } else {
    const float rounded = (float)value;
    uint32_t bits;
    memcpy(&bits, &rounded, sizeof bits);
    ((uint16_t*)memory)[i] = (uint16_t)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
  }
}

static double scale(const void* scalar, int compute_type) {
  return get(scalar, compute_type < 68 ? R_16F : compute_type == 70 || compute_type == 71 ? R_64F : R_32F, 0);
}

int cublasGemmStridedBatchedEx(Handle* handle, int transa, int transb, int m, int n, int k, const void* alpha,
                               const void* A, int Atype, int lda, long long strideA, const void* B, int Btype, int ldb,
                               long long strideB, const void* beta, void* C, int Ctype, int ldc, long long strideC,
                               int batchCount, int computeType, int algo) {
  if (m < 0 || n < 0 || k < 0 || lda < (transa == OP_N ? m : k) || ldb < (transb == OP_N ? k : n) || ldc < m ||
      lda < 1 || ldb < 1 || ldc < 1 || algo != -1) {
    return INVALID_VALUE;
  }
  handle->math_mode_of_last_gemm = handle->math_mode;
  const double alpha_value = scale(alpha, computeType);
  const double beta_value = scale(beta, computeType);
  for (int64_t batch = 0; batch < batchCount; ++batch) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t p = 0; p < k; ++p) {
          sum += get(A, Atype, batch * strideA + (transa == OP_N ? i + p * lda : p + i * lda)) *
                 get(B, Btype, batch * strideB + (transb == OP_N ? p + j * ldb : j + p * ldb));
        }
        const int64_t at = batch * strideC + i + j * ldc;
        put(C, Ctype, at, alpha_value * sum + (beta_value == 0 ? 0 : beta_value * get(C, Ctype, at)));
      }
    }
  }
  return SUCCESS;
}

int cublasGemmEx(Handle* handle, int transa, int transb, int m, int n, int k, const void* alpha, const void* A,
                 int Atype, int lda, const void* B, int Btype, int ldb, const void* beta, void* C, int Ctype, int ldc,
                 int computeType, int algo) {
  return cublasGemmStridedBatchedEx(handle, transa, transb, m, n, k, alpha, A, Atype, lda, 0, B, Btype, ldb, 0, beta, C,
                                    Ctype, ldc, 0, 1, computeType, algo);
}
