#include "matrix_exp.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../base/launch.hpp"
#include "lapack.hpp"
#include "matmul.hpp"
#include "triangular.hpp"

namespace xgrad XGRAD_API {
namespace internal {
namespace {

/// Pade's approximation of one degree: good for norms up to `norm`.
struct Degree {
  int degree;
  double norm;
};
// Table 2.3 of Higham (2005) for double; for float the bounds of the same analysis with 2^-24.
constexpr Degree kDegrees[2][5] = {
    {{3, 4.258730016922831e-1}, {5, 1.880152677804762}, {7, 3.925724783138660}, {0, 0}, {0, 0}},
    {{3, 1.495585217958292e-2},
     {5, 2.539398330063230e-1},
     {7, 9.504178996162932e-1},
     {9, 2.097847961257068},
     {13, 5.371920351148152}}};
constexpr double kCoefficients[4][10] = {
    {120, 60, 12, 1},
    {30240, 15120, 3360, 420, 30, 1},
    {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1},
    {17643225600, 8821612800, 2075673600, 302702400, 30270240, 2162160, 110880, 3960, 90, 1}};
constexpr double kThirteen[14] = {64764752532480000,
                                  32382376266240000,
                                  7771770303897600,
                                  1187353796428800,
                                  129060195264000,
                                  10559470521600,
                                  670442572800,
                                  33522128640,
                                  1323241920,
                                  40840800,
                                  960960,
                                  16380,
                                  182,
                                  1};

template <class T>
struct Workspace {
  explicit Workspace(std::int64_t n) : n(n), size(n * n), pivots(static_cast<std::size_t>(n)) {
    for (std::vector<T>* matrix : {&a, &a2, &a4, &a6, &a8, &u, &v, &other})
      matrix->resize(static_cast<std::size_t>(size));
  }
  std::int64_t n, size;
  std::vector<T> a, a2, a4, a6, a8, u, v, other;
  std::vector<std::int64_t> pivots;

  Matrix<T> view(const std::vector<T>& x) const { return {x.data(), n, 1}; }
  void multiply(const std::vector<T>& x, const std::vector<T>& y, std::vector<T>& to) {
    gemm<T>(n, n, n, view(x), view(y), T(0), to.data(), n);
  }
  /// to = the sum of coefficients times matrices, of which the identity is the first.
  void combine(std::vector<T>& to, const double* coefficients, int step,
               std::initializer_list<const std::vector<T>*> powers) {
    std::fill(to.begin(), to.end(), T(0));
    for (std::int64_t i = 0; i < n; ++i) to[static_cast<std::size_t>(i * (n + 1))] = static_cast<T>(coefficients[0]);
    for (const std::vector<T>* power : powers) {
      coefficients += step;
      const T factor = static_cast<T>(*coefficients);
      for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * (*power)[i];
    }
  }
};

/// u = the odd part of the numerator, v = the even part.
template <class T>
void set_parts(Workspace<T>& w, int degree) {
  w.multiply(w.a, w.a, w.a2);
  if (degree >= 5) w.multiply(w.a2, w.a2, w.a4);
  if (degree >= 7) w.multiply(w.a4, w.a2, w.a6);
  if (degree == 9) w.multiply(w.a6, w.a2, w.a8);
  if (degree <= 9) {
    const double* c = kCoefficients[(degree - 3) / 2];
    auto set = [&](std::vector<T>& to, const double* from) {
      switch (degree) {
        case 3:
          return w.combine(to, from, 2, {&w.a2});
        case 5:
          return w.combine(to, from, 2, {&w.a2, &w.a4});
        case 7:
          return w.combine(to, from, 2, {&w.a2, &w.a4, &w.a6});
        default:
          return w.combine(to, from, 2, {&w.a2, &w.a4, &w.a6, &w.a8});
      }
    };
    set(w.other, c + 1);
    set(w.v, c);
    w.multiply(w.a, w.other, w.u);
    return;
  }
  const double* c = kThirteen;
  auto set = [&](std::vector<T>& to, int first) {
    const double high[4] = {0, c[first + 8], c[first + 10], c[first + 12]};
    w.combine(w.other, high, 1, {&w.a2, &w.a4, &w.a6});
    w.multiply(w.a6, w.other, to);
    const double low[4] = {c[first], c[first + 2], c[first + 4], c[first + 6]};
    w.combine(w.other, low, 1, {&w.a2, &w.a4, &w.a6});
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += w.other[i];
  };
  set(w.v, 0);
  set(w.a8, 1);
  w.multiply(w.a, w.a8, w.u);
}

template <class T>
void exponential(Workspace<T>& w, const T* x, T* y) {
  const std::int64_t n = w.n;
  std::copy_n(x, w.size, w.a.begin());
  double norm = 0;  // the largest sum of a column
  for (std::int64_t j = 0; j < n; ++j) {
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += std::abs(static_cast<double>(x[i * n + j]));
    if (!(sum <= norm)) norm = sum;
  }
  if (!std::isfinite(norm)) return std::fill_n(y, w.size, std::numeric_limits<T>::quiet_NaN()), void();
  const Degree* degrees = kDegrees[sizeof(T) == sizeof(double)];
  constexpr int kLast = sizeof(T) == sizeof(double) ? 4 : 2;
  int at = 0, squarings = 0;
  while (at < kLast && norm > degrees[at].norm) ++at;
  if (norm > degrees[at].norm) {
    std::frexp(norm / degrees[at].norm, &squarings);
    for (T& element : w.a) element = std::ldexp(element, -squarings);
  }
  set_parts(w, degrees[at].degree);
  for (std::size_t i = 0; i < w.v.size(); ++i) {  // (v - u) y = v + u
    const T u = w.u[i], v = w.v[i];
    w.u[i] = v - u;
    w.v[i] = v + u;
  }
  int info = 0;
  factor_lu<T>(1, n, w.u.data(), w.pivots.data(), &info);
  solve_lu<T>(1, n, n, w.u.data(), w.pivots.data(), nullptr, false, w.v.data());
  for (; squarings > 0; --squarings) {
    w.multiply(w.v, w.v, w.other);
    std::swap(w.v, w.other);
  }
  std::copy(w.v.begin(), w.v.end(), y);
}

template <class T>
struct Exponentials {
  std::int64_t n;
  const T* x;
  T* y;

  static void run(const Exponentials& e, std::int64_t begin, std::int64_t end) {
    Workspace<T> workspace(e.n);
    for (std::int64_t at = begin; at < end; ++at)
      exponential(workspace, e.x + at * workspace.size, e.y + at * workspace.size);
  }
};

}  // namespace

template <class T>
void matrix_exponentials(std::int64_t count, std::int64_t n, const T* x, T* y) {
  if (n == 0) return;
  launch(Exponentials<T>{n, x, y}, count, kStackGrain / (10 * n * n * n + 64) + 1);
}

template void matrix_exponentials<float>(std::int64_t, std::int64_t, const float*, float*);
template void matrix_exponentials<double>(std::int64_t, std::int64_t, const double*, double*);

}  // namespace internal
}  // namespace xgrad
