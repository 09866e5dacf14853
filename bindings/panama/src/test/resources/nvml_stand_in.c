// Stands in for libnvidia-ml.so.1: one device, whose processes grow between two questions.
#include <stdint.h>
#include <string.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NO_PERMISSION = 4, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7 };

static int initialized = 0;
static int device = 0;

// How many processes there are, and whether who asks for them may know.
static unsigned int process_count = 0;
static int permitted = 1;

void wick_stand_in_processes(int32_t count, int32_t may_know) {
  process_count = (unsigned int)count;
  permitted = may_know;
}

int32_t wick_stand_in_initialized(void) { return initialized; }

int nvmlInit_v2(void) {
  ++initialized;
  return SUCCESS;
}

const char* nvmlErrorString(int status) {
  return status == NOT_FOUND ? "Not Found" : status == NO_PERMISSION ? "Insufficient Permissions" : "Other";
}

int nvmlDeviceGetHandleByUUID(const char* uuid, void** out) {
  if (!initialized) {
    return UNINITIALIZED;
  }
  if (strcmp(uuid, "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f") != 0) {
    return NOT_FOUND;
  }
  *out = &device;
  return SUCCESS;
}

typedef struct {
  unsigned int version;
  unsigned long long total;
  unsigned long long reserved;
  unsigned long long free;
  unsigned long long used;
} Memory;

int nvmlDeviceGetMemoryInfo_v2(void* handle, Memory* memory) {
  if (handle != &device || memory->version != (sizeof(Memory) | (2u << 24))) {
    return INVALID_ARGUMENT;
  }
  const unsigned int version = memory->version;
  *memory = (Memory){version, 1ull << 40, 3ull << 30, 1ull << 39, 0};
  return SUCCESS;
}

typedef struct {
  unsigned int pid;
  unsigned long long used;
  unsigned int gpu_instance;
  unsigned int compute_instance;
} Process;

int nvmlDeviceGetComputeRunningProcesses_v3(void* handle, unsigned int* count, Process* processes) {
  if (handle != &device) {
    return INVALID_ARGUMENT;
  }
  if (!permitted) {
    return NO_PERMISSION;
  }
  if (*count < process_count) {
    *count = process_count;
    ++process_count;
    return INSUFFICIENT_SIZE;
  }
  for (unsigned int i = 0; i < process_count; ++i) {
    processes[i] = (Process){4000000000u + i, i == 0 ? ~0ull : i * 1000ull, ~0u, ~0u};
  }
  *count = process_count;
  return SUCCESS;
}
