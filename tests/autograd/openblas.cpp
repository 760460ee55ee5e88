// When OpenBLAS comes into a process, and with how many threads. Each case runs in a process of its own, as what is
// loaded stays.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include <xgrad/autograd/ops.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

/// The number of OpenBLAS's threads, or 0 where it is not loaded.
int blas_threads() {
  void* library = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return 0;
  auto* count = reinterpret_cast<int (*)()>(dlsym(library, "openblas_get_num_threads"));
  return count == nullptr ? 0 : count();
}

// Kernels of our own take what is smaller, and, for some processors, what has more rows.
Tensor large_product() { return matmul(full({40, 2000}, 2.0), full({2000, 100}, 0.5)); }

bool passes(const std::string& name, const std::string& environment = "") {
  std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  return std::system((environment + " '" + program + "' '" + name + "' > /dev/null").c_str()) == 0;
}

/// Whether a process of this program begins without OpenBLAS, which is so unless the library was built to link it.
bool is_deferred() { return passes("[.blas-none]"); }

}  // namespace

TEST_CASE("nothing has loaded OpenBLAS", "[.blas-none]") { CHECK(blas_threads() == 0); }

TEST_CASE("a gradient without products", "[.blas-small]") {
  Tensor x = full({4}, 0.5, {.requires_grad = true});
  sum(x * x).backward();
  CHECK(x.grad()[3].item() == 1);
  CHECK(blas_threads() == 0);
}

TEST_CASE("a product", "[.blas-product]") {
  Tensor c = large_product();
  CHECK(sum(c).item() == 40. * 100 * 2000);
  CHECK(blas_threads() == 1);
}

TEST_CASE("a decomposition", "[.blas-lapack]") {
  Tensor a = eye(40) * 4.0;
  CHECK(linalg::cholesky(a)[{39, 39}].item() == 2);
  CHECK(blas_threads() == 1);
}

TEST_CASE("a product that leaves OpenBLAS alone", "[.blas-keep]") {
  CHECK(sum(large_product()).item() == 40. * 100 * 2000);
  CHECK(blas_threads() == 2);
}

TEST_CASE("products and decompositions without OpenBLAS", "[.blas-missing]") {
  for (int i = 0; i < 2; ++i) {
    CHECK(message_of<std::runtime_error>(large_product).find("needs OpenBLAS") != std::string::npos);
    CHECK(message_of<std::runtime_error>([] { linalg::cholesky(eye(40)); }).find("needs OpenBLAS") !=
          std::string::npos);
  }
  CHECK(sum(full({4}, 0.5)).item() == 2);
}

TEST_CASE("OpenBLAS is loaded by the first product or decomposition", "[openblas]") {
  if (is_deferred()) CHECK(passes("[.blas-small]"));
  CHECK(passes("[.blas-product]"));
  CHECK(passes("[.blas-lapack]"));
}

TEST_CASE("OpenBLAS is set to one thread, unless the environment says to leave it alone", "[openblas]") {
  CHECK(passes("[.blas-product]", "OPENBLAS_NUM_THREADS=2"));
#ifdef __SANITIZE_THREAD__
  WARN("skipped: OpenBLAS's own threads, which the thread sanitizer does not see synchronise");
#else
  if (std::thread::hardware_concurrency() >= 2)
    CHECK(passes("[.blas-keep]", "XGRAD_KEEP_BLAS_THREADS=1 OPENBLAS_NUM_THREADS=2"));
#endif
}

TEST_CASE("an OpenBLAS that cannot be loaded is an error of the product", "[openblas]") {
  if (!is_deferred()) return;  // the program would not start
  const auto folder = std::filesystem::temp_directory_path() / ("xgrad_openblas_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "libopenblas.so.0") << "no library";
  CHECK(passes("[.blas-missing]", "LD_LIBRARY_PATH='" + folder.string() + "'"));
  std::filesystem::remove_all(folder);
}
