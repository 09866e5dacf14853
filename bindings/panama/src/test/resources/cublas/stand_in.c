// Stands in for libcublas and libcublasLt where there is no device: the functions that Wick calls, on the CPU's memory,
// written after cublas_api.h, cublasLt.h and NVIDIA's manual. And for what a gemm asks of wick_cuda, after wick/cuda.h.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };
enum { OP_N = 0 };
enum { R_32F = 0, R_64F = 1, R_16F = 2, R_16BF = 14 };

// What a handle of the stand-in points to.
typedef struct {
  int math_mode;
  int math_mode_of_last_gemm;
  void* stream;
  void* stream_of_last_matmul;
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

int cublasGetStream_v2(Handle* handle, void** stream) {
  *stream = handle->stream;
  return SUCCESS;
}

// cuBLASLt

enum { EPILOGUE_RELU = 2, EPILOGUE_BIAS = 4, EPILOGUE_GELU = 32 };

// Descriptors that were made and not destroyed.
static int live = 0;

int wick_stand_in_live(void) { return live; }

typedef struct {
  int compute_type;
  int scale_type;
  int32_t transa;
  int32_t transb;
  uint32_t epilogue;
  const void* bias;
} MatmulDesc;

typedef struct {
  int type;
  uint64_t rows;
  uint64_t cols;
  int64_t ld;
  int32_t batch_count;
  int64_t batch_offset;
} Layout;

typedef struct {
  uint64_t max_workspace;
  uint32_t reduction_mask;
  uint32_t alignment[4];
} Preference;

typedef struct {
  uint64_t data[8];
} Algorithm;

typedef struct {
  Algorithm algo;
  size_t workspace_size;
  int state;
  float waves;
  int reserved[4];
} HeuristicResult;

static int store(void* target, size_t size, const void* value, size_t value_size) {
  if (value == NULL || value_size != size) {
    return INVALID_VALUE;
  }
  memcpy(target, value, size);
  return SUCCESS;
}

int cublasLtMatmulDescCreate(MatmulDesc** desc, int compute_type, int scale_type) {
  *desc = calloc(1, sizeof **desc);
  (*desc)->compute_type = compute_type;
  (*desc)->scale_type = scale_type;
  (*desc)->epilogue = 1;
  ++live;
  return SUCCESS;
}

int cublasLtMatmulDescSetAttribute(MatmulDesc* desc, int attribute, const void* value, size_t size) {
  switch (attribute) {
    case 3: return store(&desc->transa, sizeof desc->transa, value, size);
    case 4: return store(&desc->transb, sizeof desc->transb, value, size);
    case 7: return store(&desc->epilogue, sizeof desc->epilogue, value, size);
    case 8: return store(&desc->bias, sizeof desc->bias, value, size);
    default: return INVALID_VALUE;
  }
}

int cublasLtMatmulDescDestroy(MatmulDesc* desc) {
  free(desc);
  --live;
  return SUCCESS;
}

int cublasLtMatrixLayoutCreate(Layout** layout, int type, uint64_t rows, uint64_t cols, int64_t ld) {
  if (ld < (int64_t)rows) {
    return INVALID_VALUE;
  }
  *layout = calloc(1, sizeof **layout);
  **layout = (Layout){type, rows, cols, ld, 1, 0};
  ++live;
  return SUCCESS;
}

int cublasLtMatrixLayoutSetAttribute(Layout* layout, int attribute, const void* value, size_t size) {
  switch (attribute) {
    case 5: return store(&layout->batch_count, sizeof layout->batch_count, value, size);
    case 6: return store(&layout->batch_offset, sizeof layout->batch_offset, value, size);
    default: return INVALID_VALUE;
  }
}

int cublasLtMatrixLayoutDestroy(Layout* layout) {
  free(layout);
  --live;
  return SUCCESS;
}

int cublasLtMatmulPreferenceCreate(Preference** preference) {
  *preference = calloc(1, sizeof **preference);
  ++live;
  return SUCCESS;
}

int cublasLtMatmulPreferenceSetAttribute(Preference* preference, int attribute, const void* value, size_t size) {
  switch (attribute) {
    case 1: return store(&preference->max_workspace, sizeof preference->max_workspace, value, size);
    case 3: return store(&preference->reduction_mask, sizeof preference->reduction_mask, value, size);
    case 5:
    case 6:
    case 7:
    case 8: return store(&preference->alignment[attribute - 5], sizeof(uint32_t), value, size);
    default: return INVALID_VALUE;
  }
}

int cublasLtMatmulPreferenceDestroy(Preference* preference) {
  free(preference);
  --live;
  return SUCCESS;
}

static int fits(const MatmulDesc* desc, const Layout* a, const Layout* b, const Layout* c, const Layout* d) {
  const uint64_t m = desc->transa == OP_N ? a->rows : a->cols;
  const uint64_t k = desc->transa == OP_N ? a->cols : a->rows;
  const uint64_t n = desc->transb == OP_N ? b->cols : b->rows;
  return k == (desc->transb == OP_N ? b->rows : b->cols) && m == c->rows && n == c->cols && m == d->rows &&
         n == d->cols && a->batch_count == d->batch_count && b->batch_count == d->batch_count &&
         c->batch_count == d->batch_count && ((desc->epilogue & EPILOGUE_BIAS) != 0) == (desc->bias != NULL);
}

// An algorithm that wants half of the workspace, and remembers what it was chosen for; none for FP64.
int cublasLtMatmulAlgoGetHeuristic(Handle* handle, MatmulDesc* desc, Layout* a, Layout* b, Layout* c, Layout* d,
                                   Preference* preference, int requested, HeuristicResult* results, int* returned) {
  *returned = 0;
  if (handle == NULL || requested < 1 || !fits(desc, a, b, c, d)) {
    return INVALID_VALUE;
  }
  for (int i = 0; i < 4; ++i) {
    if (preference->alignment[i] < 1) {
      return INVALID_VALUE;
    }
  }
  if (desc->scale_type == R_64F) {
    return NOT_SUPPORTED;
  }
  if (preference->reduction_mask == 2 && preference->max_workspace == 0) {
    return SUCCESS;
  }
  results[0] = (HeuristicResult){0};
  results[0].algo.data[7] = preference->reduction_mask;
  results[0].workspace_size = preference->max_workspace / 2;
  *returned = 1;
  return SUCCESS;
}

int cublasLtMatmul(Handle* handle, MatmulDesc* desc, const void* alpha, const void* A, Layout* a, const void* B,
                   Layout* b, const void* beta, const void* C, Layout* c, void* D, Layout* d, const Algorithm* algo,
                   void* workspace, size_t workspace_size, void* stream) {
  if (!fits(desc, a, b, c, d) || algo->data[7] == 0 || (workspace_size > 0 && workspace == NULL)) {
    return INVALID_VALUE;
  }
  handle->stream_of_last_matmul = stream;
  const double alpha_value = scale(alpha, desc->compute_type);
  const double beta_value = scale(beta, desc->compute_type);
  const int64_t k = (int64_t)(desc->transa == OP_N ? a->cols : a->rows);
  for (int64_t batch = 0; batch < d->batch_count; ++batch) {
    for (int64_t i = 0; i < (int64_t)d->rows; ++i) {
      for (int64_t j = 0; j < (int64_t)d->cols; ++j) {
        double sum = 0;
        for (int64_t p = 0; p < k; ++p) {
          sum += get(A, a->type, batch * a->batch_offset + (desc->transa == OP_N ? i + p * a->ld : p + i * a->ld)) *
                 get(B, b->type, batch * b->batch_offset + (desc->transb == OP_N ? p + j * b->ld : j + p * b->ld));
        }
        const int64_t from = batch * c->batch_offset + i + j * c->ld;
        double value = alpha_value * sum + (beta_value == 0 ? 0 : beta_value * get(C, c->type, from));
        if (desc->bias != NULL) {
          value += get(desc->bias, d->type, i);
        }
        if (desc->epilogue & EPILOGUE_RELU) {
          value = value > 0 ? value : 0;
        }
        if (desc->epilogue & EPILOGUE_GELU) {
          value = 0.5 * value * (1 + tanh(0.7978845608028654 * (value + 0.044715 * value * value * value)));
        }
        put(D, d->type, batch * d->batch_offset + i + j * d->ld, value);
      }
    }
  }
  return SUCCESS;
}

// wick_cuda

enum { DEVICES = 3, WICK_NOT_FOUND = 2 };

static Handle handles[DEVICES];
static int32_t current_device = 0;
static int32_t device_of_last_handle = -1;

int32_t wick_stand_in_current_device(void) { return current_device; }

int32_t wick_stand_in_device_of_last_handle(void) { return device_of_last_handle; }

Handle* wick_stand_in_handle(int32_t device) { return &handles[device]; }

int32_t wick_cuda_set_device(int32_t index, int32_t* previous, void* error) {
  (void)error;
  if (index < 0 || index >= DEVICES) {
    return WICK_NOT_FOUND;
  }
  if (previous != NULL) {
    *previous = current_device;
  }
  current_device = index;
  return SUCCESS;
}

int32_t wick_cuda_cublas_handle(int64_t stream, int64_t* handle, void* error) {
  (void)stream;
  (void)error;
  device_of_last_handle = current_device;
  *handle = (int64_t)(intptr_t)&handles[current_device];
  return SUCCESS;
}
