#include "threads.h"

#include <dlfcn.h>

#include <atomic>
#include <string>

#include <ATen/Parallel.h>
#include <wick/runtime.h>

#include "protect.h"

namespace wick {
namespace {

std::atomic<int32_t> process_count{0};

// at::set_num_threads clears oneDNN's caches of compiled primitives, which costs more than most calls. What it does
// beside that is to set the counts of OpenMP and of MKL, in the calling thread: so that is done here instead, in the
// very OpenMP that libtorch_cpu was linked with.
struct Libraries {
  void (*omp_set_num_threads)(int) = nullptr;
  int (*omp_get_max_threads)() = nullptr;
  int (*mkl_set_num_threads_local)(int) = nullptr;
  void (*openblas_set_num_threads)(int) = nullptr;
  int (*openblas_get_num_threads)() = nullptr;

  Libraries() {
    // A symbol is looked up in the library and in everything it depends on. The handle stays open: LibTorch is never
    // unloaded.
    void* library = dlopen("libtorch_cpu.so", RTLD_NOLOAD | RTLD_LAZY);
    if (library == nullptr) {
      return;
    }
    find(library, "omp_set_num_threads", omp_set_num_threads);
    find(library, "omp_get_max_threads", omp_get_max_threads);
    find(library, "MKL_Set_Num_Threads_Local", mkl_set_num_threads_local);
    find(library, "openblas_set_num_threads", openblas_set_num_threads);
    find(library, "openblas_get_num_threads", openblas_get_num_threads);
    if (omp_get_max_threads == nullptr) {
      omp_set_num_threads = nullptr;
    }
  }

 private:
  template <typename F>
  static void find(void* library, const char* name, F& function) {
    function = reinterpret_cast<F>(dlsym(library, name));
  }
};

const Libraries& libraries() {
  static const Libraries found;
  return found;
}

int current_count() {
  // LibTorch initialises its count once per thread, at the first question; asked later, it would undo what is set here.
  thread_local bool initialised = false;
  const Libraries& found = libraries();
  if (!initialised || found.omp_set_num_threads == nullptr) {
    initialised = true;
    return at::get_num_threads();
  }
  return found.omp_get_max_threads();
}

void set_count(int count) {
  const Libraries& found = libraries();
  if (found.omp_set_num_threads == nullptr) {
    at::set_num_threads(count);
    return;
  }
  found.omp_set_num_threads(count);
  if (found.mkl_set_num_threads_local != nullptr) {
    found.mkl_set_num_threads_local(count);
  }
}

}  // namespace

ThreadCountGuard::ThreadCountGuard(int32_t wanted) {
  const int32_t count = wanted > 0 ? wanted : process_count.load(std::memory_order_relaxed);
  const int current = current_count();
  if (count <= 0 || count == current) {
    return;
  }
  set_count(count);
  if (wanted > 0) {
    previous_ = current;
  }
}

ThreadCountGuard::~ThreadCountGuard() {
  if (previous_ > 0) {
    set_count(previous_);
  }
}

}  // namespace wick

extern "C" {

int32_t wick_threads_set(int32_t intra_op, int32_t inter_op, wick_error* error) noexcept {
  return wick::protect(error, [&] {
    if (intra_op < 0 || inter_op < 0) {
      throw wick::Failure(WICK_INVALID_ARGUMENT, "a thread count is negative: " + std::to_string(intra_op) +
                                                     " intra-op, " + std::to_string(inter_op) + " inter-op");
    }
    if (inter_op > 0 && inter_op != static_cast<int32_t>(at::get_num_interop_threads())) {
      at::set_num_interop_threads(inter_op);
    }
    if (intra_op > 0) {
      // Once here, so that threads of LibTorch's own start with it.
      at::set_num_threads(intra_op);
      wick::process_count.store(intra_op, std::memory_order_relaxed);
    }
  });
}

int32_t wick_threads_intra_op(void) noexcept {
  const int32_t count = wick::process_count.load(std::memory_order_relaxed);
  return count > 0 ? count : at::get_num_threads();
}

int32_t wick_threads_inter_op(void) noexcept { return static_cast<int32_t>(at::get_num_interop_threads()); }

int32_t wick_blas_threads(int32_t count) noexcept {
  const auto& found = wick::libraries();
  if (found.openblas_set_num_threads == nullptr || found.openblas_get_num_threads == nullptr) {
    return 0;
  }
  if (count > 0) {
    found.openblas_set_num_threads(count);
  }
  return found.openblas_get_num_threads();
}

}  // extern "C"
