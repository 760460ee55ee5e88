#include "openblas.hpp"

#include <cblas.h>

#include <cstdlib>

#ifdef XGRAD_OPENBLAS  // the library's name: it is loaded when it is first needed

#include <dlfcn.h>

#include <stdexcept>
#include <string>

#endif

namespace xgrad::internal {
namespace {

// Products are split over this library's own threads, and OpenBLAS does each part on the thread that calls it. Its own
// threads would fight with ours for the cores (they spin for 25 ms after a product), and its results depend on their
// number. It has no switch for one caller alone, so it is set for the process, as soon as both are loaded; who calls
// OpenBLAS himself and wants its threads can keep them.
bool keeps_threads() { return std::getenv("XGRAD_KEEP_BLAS_THREADS") != nullptr; }

}  // namespace

#ifdef XGRAD_OPENBLAS

namespace {

[[noreturn]] void refuse() {
  const char* reason = dlerror();
  throw std::runtime_error(std::string("xgrad: a matrix product or a decomposition needs OpenBLAS (" XGRAD_OPENBLAS
                                       "), but it cannot be loaded: ") +
                           (reason != nullptr ? reason : "the reason is unknown"));
}

template <class Function>
Function* function_of(void* library, const char* name) {
  auto* function = reinterpret_cast<Function*>(dlsym(library, name));
  if (function == nullptr) refuse();
  return function;
}

/// OpenBLAS. One that the program has loaded already is the same one.
void* library() {
  static void* const loaded = [] {
    void* handle = dlopen(XGRAD_OPENBLAS, RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) refuse();
    if (!keeps_threads()) {
      function_of<void(int)>(handle, "openblas_set_num_threads")(1);
      // The threads that it has started already would wait by spinning, for 25 ms, beside the first product. OpenBLAS
      // itself ends them in this way before a fork(), and starts them again when their number is set to more.
      if (void* end = dlsym(handle, "blas_thread_shutdown_")) reinterpret_cast<int (*)()>(end)();
    }
    return handle;
  }();
  return loaded;
}

template <class Function>
Function* find(const char* name) {
  return function_of<Function>(library(), name);
}

// A program that links OpenBLAS itself has it in memory by now, and may set its threads from main() on: after us.
const bool is_linked = [] {
  try {
    return dlopen(XGRAD_OPENBLAS, RTLD_LAZY | RTLD_NOLOAD) != nullptr && library() != nullptr;
  } catch (const std::exception&) {
    return false;  // the first product says it
  }
}();

}  // namespace

void load_openblas() { library(); }

#else

namespace {
const bool is_single = !keeps_threads() && (openblas_set_num_threads(1), true);
}  // namespace

void load_openblas() {}

#endif

}  // namespace xgrad::internal

#ifdef XGRAD_OPENBLAS

// What xgrad and xtensor-blas call, by its own names, which are hidden in the library: a call goes on to OpenBLAS's
// function, which is looked up once.
// NOLINTBEGIN(bugprone-macro-parentheses): what stands in a list of parameters or arguments cannot have any
#define XGRAD_FORWARD(result, name, parameters, arguments)                         \
  result name parameters {                                                         \
    static auto* const function = xgrad::internal::find<result parameters>(#name); \
    return function arguments;                                                     \
  }
#define XGRAD_FORWARD_BOTH(name, parameters, arguments)            \
  XGRAD_FORWARD(void, cblas_s##name, parameters(float), arguments) \
  XGRAD_FORWARD(void, cblas_d##name, parameters(double), arguments)

extern "C" {

XGRAD_FORWARD(char*, openblas_get_corename, (), ())
XGRAD_FORWARD(float, cblas_sdot, (blasint n, const float* x, blasint incx, const float* y, blasint incy),
              (n, x, incx, y, incy))
XGRAD_FORWARD(double, cblas_ddot, (blasint n, const double* x, blasint incx, const double* y, blasint incy),
              (n, x, incx, y, incy))

#define XGRAD_GEMM(T)                                                                                           \
  (CBLAS_ORDER order, CBLAS_TRANSPOSE transa, CBLAS_TRANSPOSE transb, blasint m, blasint n, blasint k, T alpha, \
   const T* a, blasint lda, const T* b, blasint ldb, T beta, T* c, blasint ldc)
XGRAD_FORWARD_BOTH(gemm, XGRAD_GEMM, (order, transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))

#define XGRAD_TRIANGULAR(T)                                                                                            \
  (CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO uplo, CBLAS_TRANSPOSE transa, CBLAS_DIAG diag, blasint m, blasint n, \
   T alpha, const T* a, blasint lda, T* b, blasint ldb)
XGRAD_FORWARD_BOTH(trmm, XGRAD_TRIANGULAR, (order, side, uplo, transa, diag, m, n, alpha, a, lda, b, ldb))
XGRAD_FORWARD_BOTH(trsm, XGRAD_TRIANGULAR, (order, side, uplo, transa, diag, m, n, alpha, a, lda, b, ldb))

#define XGRAD_TRSV(T)                                                                                               \
  (CBLAS_ORDER order, CBLAS_UPLO uplo, CBLAS_TRANSPOSE transa, CBLAS_DIAG diag, blasint n, const T* a, blasint lda, \
   T* x, blasint incx)
XGRAD_FORWARD_BOTH(trsv, XGRAD_TRSV, (order, uplo, transa, diag, n, a, lda, x, incx))

// LAPACK's functions take nothing but pointers. Their numbers of arguments are those of openblas.hpp.
using P = const void*;
#define XGRAD_5(p) p a, p b, p c, p d, p e
#define XGRAD_6(p) XGRAD_5(p), p f
#define XGRAD_8(p) XGRAD_6(p), p g, p h
#define XGRAD_9(p) XGRAD_8(p), p i
#define XGRAD_11(p) XGRAD_9(p), p j, p k
#define XGRAD_13(p) XGRAD_11(p), p l, p m
#define XGRAD_14(p) XGRAD_13(p), p n
#define XGRAD_FORWARD_LAPACK(name, count)                                \
  XGRAD_FORWARD(void, s##name##_, (XGRAD_##count(P)), (XGRAD_##count())) \
  XGRAD_FORWARD(void, d##name##_, (XGRAD_##count(P)), (XGRAD_##count()))
XGRAD_LAPACK_FUNCTIONS(XGRAD_FORWARD_LAPACK)

}  // extern "C"
// NOLINTEND(bugprone-macro-parentheses)

#endif
