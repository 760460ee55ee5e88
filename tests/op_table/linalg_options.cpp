// Linear algebra: options that linalg.cpp leaves at their defaults, and what else functions of several results answer
// with.
#include <algorithm>
#include <cmath>
#include <limits>

#include <xgrad/autograd/ops.hpp>
#include "matrices.hpp"
#include "op_table.hpp"

namespace xgrad::testing {
namespace {

using linalg::NormOrder;
using Numbers = std::vector<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double most(const Numbers& x) { return *std::max_element(x.begin(), x.end()); }
double least(const Numbers& x) { return *std::min_element(x.begin(), x.end()); }
Numbers sums_of_rows(const Mat& a) {
  Numbers sums;
  for (const auto& row : a) {
    double sum = 0;
    for (double x : row) sum += std::abs(x);
    sums.push_back(sum);
  }
  return sums;
}

/// The norm of a matrix, of any order that there is.
double norm_of(const Mat& a, const NormOrder& ord) {
  if (ord.is_frobenius()) {
    double squares = 0;
    for (const auto& row : a)
      for (double x : row) squares += x * x;
    return std::sqrt(squares);
  }
  if (ord.is_nuclear()) return sum_of(singular_values_of(a));
  const double p = ord.number();
  const Numbers values = std::abs(p) == 2   ? singular_values_of(a)
                         : std::abs(p) == 1 ? sums_of_rows(transposed(a))
                                            : sums_of_rows(a);
  return p > 0 ? most(values) : least(values);
}

/// The norm of a vector.
double norm_of(const Numbers& x, double p) {
  Numbers sizes;
  for (double element : x) sizes.push_back(std::abs(element));
  if (std::isinf(p)) return p > 0 ? most(sizes) : least(sizes);
  double sum = 0;
  for (double size : sizes) sum += std::pow(size, p);
  return std::pow(sum, 1 / p);
}

bool reads_singular_values(const NormOrder& ord) {
  return ord.is_nuclear() || (ord.is_number() && std::abs(ord.number()) == 2);
}

OperatorRow matrix_norm_row(const NormOrder& ord) {
  return {.name = concat("linalg::norm(", ord, ")"),
          .function = [ord](const Tensor& x) { return linalg::norm(distinct(x), {.ord = ord}); },
          .shapes = {{{3, 3}}, {{4, 2}}, {{2, 4}}},
          .expected =
              [ord](std::span<const Tensor> x) {
                return number_of_each(distinct(x[0]), [ord](const Mat& a) { return norm_of(a, ord); });
              },
          .propagates_nan = !reads_singular_values(ord),
          .rtol = 1e-10,
          .rtol32 = 2e-4};
}

OperatorRow vector_norm_row(double p) {
  return {.name = concat("linalg::norm(vector, ", p, ")"),
          .function = [p](const Tensor& x) { return linalg::norm(x, {.ord = p, .axes = 1}); },
          .inputs = {{.avoid = {0}}},
          .shapes = {{{2, 3, 4}}, {{3, 3}}},
          .expected =
              [p](std::span<const Tensor> x) {
                return reduced(x[0], {1}, false, [p](const Numbers& e) { return norm_of(e, p); });
              }};
}

OperatorRow cond_row(const NormOrder& ord) {
  return {.name = concat("linalg::cond(order ", ord, ")"),
          .function = [ord](const Tensor& x) { return linalg::cond(distinct(x), ord); },
          .shapes = {{{3, 3}}, {{2, 2, 2}}},
          .expected =
              [ord](std::span<const Tensor> x) {
                return number_of_each(distinct(x[0]),
                                      [ord](const Mat& a) { return norm_of(a, ord) * norm_of(inverse_of(a), ord); });
              },
          .propagates_nan = !reads_singular_values(ord),
          .rtol = 1e-9,
          .rtol32 = 5e-4};
}

/// The matrices that two axes of a tensor of three make, one for each place of the third.
std::vector<Mat> matrices_along(const Tensor& x, int rows, int columns) {
  const Elements of(x);
  const int other = 3 - rows - columns;
  std::vector<Mat> matrices(
      static_cast<std::size_t>(x.size(other)),
      zeros_of(static_cast<std::size_t>(x.size(rows)), static_cast<std::size_t>(x.size(columns))));
  by_place(x.shape(), [&](const Place& at) {
    auto along = [&](int axis) { return static_cast<std::size_t>(at[static_cast<std::size_t>(axis)]); };
    return matrices[along(other)][along(rows)][along(columns)] = of(at);
  });
  return matrices;
}
TensorFunction norms_along(int rows, int columns, Shape shape, NormOrder ord) {
  return [=](std::span<const Tensor> x) {
    Numbers norms;
    for (const Mat& matrix : matrices_along(x[0], rows, columns)) norms.push_back(norm_of(matrix, ord));
    return from_vector(norms, shape);
  };
}

Rows norms() {
  Rows rows = {
      {.name = "linalg::matrix_norm(axes)",
       .function =
           [](const Tensor& x) {
             return linalg::matrix_norm(x, {.ord = 1, .axes = {2, 0}});
           },
       .inputs = {{.avoid = {0}}},
       .shapes = {{{3, 2, 3}}},
       .expected = norms_along(2, 0, {2}, 1)},
      {.name = "linalg::matrix_norm(axes, keepdims)",
       .function =
           [](const Tensor& x) {
             return linalg::matrix_norm(x, {.ord = kInfinity, .axes = {0, 1}, .keepdims = true});
           },
       .inputs = {{.avoid = {0}}},
       .shapes = {{{3, 3, 2}}},
       .expected = norms_along(0, 1, {1, 1, 2}, kInfinity)},
      {.name = "linalg::matrix_norm(dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = linalg::matrix_norm(x, {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{3, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return number_of_each(x[0], [](const Mat& a) { return norm_of(a, "fro"); });
           }},
      {.name = "linalg::norm(axes)",
       .function =
           [](const Tensor& x) {
             return linalg::norm(x, {.ord = -1, .axes = {2, 0}, .keepdims = true});
           },
       .inputs = {{.avoid = {0}}},
       .shapes = {{{3, 2, 3}}},
       .expected = norms_along(2, 0, {1, 2, 1}, -1)},
      {.name = "linalg::norm(all)",
       .function = [](const Tensor& x) { return linalg::norm(x); },
       .shapes = kAnyShape,
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], [](const Numbers& e) { return norm_of(e, 2.0); }); }},
      {.name = "linalg::norm(dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = linalg::norm(x, {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{3, 2}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], [](const Numbers& e) { return norm_of(e, 2.0); }); }},
  };
  for (const NormOrder& ord : {NormOrder("fro"), NormOrder("nuc"), NormOrder(2), NormOrder(-2), NormOrder(1),
                               NormOrder(-1), NormOrder(kInfinity), NormOrder(-kInfinity)}) {
    rows.push_back(matrix_norm_row(ord));
    if (!ord.is_number() || ord.number() != 2) rows.push_back(cond_row(ord));
  }
  for (double p : {2.0, 1.0, 3.0, -2.0, kInfinity, -kInfinity}) rows.push_back(vector_norm_row(p));
  return rows;
}

/// The pseudoinverse of a matrix of whose singular values those count that are above `bound` times the largest.
Mat pseudoinverse_of(const Mat& a, double bound) {
  const Mat t = transposed(a), all = eigen_of(times(t, a));  // values, ascending, above vectors
  const double largest = std::sqrt(all[0].back());
  Mat inverse = zeros_of(t.size(), t.size());
  for (std::size_t k = 0; k < t.size(); ++k)
    if (std::sqrt(std::max(0.0, all[0][k])) > bound * largest)
      for (std::size_t i = 0; i < t.size(); ++i)
        for (std::size_t j = 0; j < t.size(); ++j) inverse[i][j] += all[i + 1][k] * all[j + 1][k] / all[0][k];
  return times(inverse, t);
}
double rank_of(const Mat& a, double bound) {
  const Numbers values = singular_values_of(a);
  return static_cast<double>(
      std::count_if(values.begin(), values.end(), [&](double v) { return v > bound * values[0]; }));
}

OperatorRow lstsq_row(const std::string& driver, std::optional<double> rcond) {
  return {.name = "linalg::lstsq(" + driver + (rcond ? ", rcond)" : ")"),
          .function =
              [=](const Tensor& a, const Tensor& b) {
                return linalg::lstsq(distinct(a), b, {.rcond = rcond, .driver = driver}).solution;
              },
          .inputs = {{}, {}},
          .shapes = {{{4, 2}, {4, 3}}, {{2, 3, 2}, {2, 3, 1}}},
          .expected =
              [=](std::span<const Tensor> x) {
                return of_each(distinct(x[0]), x[1], [=](const Mat& a, const Mat& b) {
                  return times(pseudoinverse_of(a, rcond.value_or(1e-6)), b);
                });
              },
          .propagates_nan = false,
          .order = rcond ? 0 : 2,  // values that are left out are taken for constant 0
          .rtol = 1e-9,
          .rtol32 = 5e-4};
}

/// A row of another result of lstsq, whose drivers differ in what they answer with.
OperatorRow lstsq_result(const std::string& name, linalg::LstsqOptions options, Tensor linalg::Lstsq::*result,
                         const Function<Tensor(const Tensor& a, const Tensor& b)>& expected) {
  return {.name = "linalg::lstsq(" + name + ")",
          .function = [=](const Tensor& a, const Tensor& b) { return linalg::lstsq(distinct(a), b, options).*result; },
          .inputs = {{}, {}},
          .shapes = {{{4, 2}, {4, 3}}, {{2, 3, 2}, {2, 3, 1}}},
          .expected = [=](std::span<const Tensor> x) { return expected(distinct(x[0]), x[1]); },
          .propagates_nan = false,
          .rtol = 1e-9,
          .rtol32 = 5e-4};
}

Tensor residuals_of(const Tensor& a, const Tensor& b) {
  const Tensor squares = of_each(a, b, [](const Mat& a, const Mat& b) {
    const Mat product = times(a, times(pseudoinverse_of(a, 1e-6), b));
    Mat sums = zeros_of(1, b[0].size());
    for (std::size_t i = 0; i < b.size(); ++i)
      for (std::size_t j = 0; j < b[0].size(); ++j) sums[0][j] += (product[i][j] - b[i][j]) * (product[i][j] - b[i][j]);
    return sums;
  });
  Shape shape = squares.shape();
  shape.erase(shape.ndim() - 2);
  return reshaped(squares, shape);
}
Tensor values_of(const Tensor& a, const Tensor&) {
  const Tensor values = of_each(a, [](const Mat& a) { return Mat{singular_values_of(a)}; });
  Shape shape = values.shape();
  shape.erase(shape.ndim() - 2);
  return reshaped(values, shape);
}

Rows least_squares() {
  Rows rows;
  for (const char* driver : {"gels", "gelsd", "gelss"}) rows.push_back(lstsq_row(driver, {}));
  for (const char* driver : {"gelsd", "gelss"}) rows.push_back(lstsq_row(driver, 0.75));
  for (const char* driver : {"gels", "gelsd", "gelss"})
    rows.push_back(lstsq_result(std::string("residuals of ") + driver, {.driver = driver}, &linalg::Lstsq::residuals,
                                residuals_of));
  rows.push_back(lstsq_result("singular values", {.driver = "gelsd"}, &linalg::Lstsq::singular_values, values_of));
  rows.back().order = 0;
  for (const char* driver : {"gelsy", "gelsd"}) {
    const double bound = driver == std::string("gelsd") ? 0.75 : 1e-6;
    rows.push_back(lstsq_result(std::string("rank of ") + driver, {.rcond = bound, .driver = driver},
                                &linalg::Lstsq::rank, [bound](const Tensor& a, const Tensor&) {
                                  return number_of_each(a, [bound](const Mat& a) { return rank_of(a, bound); });
                                }));
    rows.back().output_dtype = DType::int64;
    rows.back().order = 0;
  }
  return rows;
}

/// Of b by the factors of a, whose rows are swapped.
OperatorRow lu_solve_row(const std::string& name, linalg::LuSolveOptions options) {
  return {.name = "linalg::lu_solve(" + name + ")",
          .function =
              [options](const Tensor& a, const Tensor& b) {
                if (!are_square(a)) return linalg::lu_solve(a, Tensor(), b, options);
                const linalg::LuFactors factors = linalg::lu_factor(with_rolled_rows(regular(a)));
                return linalg::lu_solve(factors.lu, factors.pivots, b, options);
              },
          .inputs = {{}, {}},
          .shapes = {{{3, 3}, {3, 3}}, {{2, 2, 2}, {2, 2, 2}}},
          .expected =
              [options](std::span<const Tensor> x) {
                return of_each(regular(x[0]), x[1], [options](const Mat& a, const Mat& b) {
                  Mat inverse = inverse_of(rolled(a));
                  if (options.adjoint) inverse = transposed(inverse);
                  return options.left ? times(inverse, b) : times(b, inverse);
                });
              },
          .rtol = 1e-10,
          .rtol32 = 2e-4};
}

/// With which row, counted from 1, an elimination with pivots swaps each row.
Numbers pivots_of(Mat a) {
  Numbers pivots;
  for (std::size_t k = 0; k < std::min(a.size(), a[0].size()); ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < a.size(); ++i)
      if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
    std::swap(a[k], a[pivot]);
    pivots.push_back(static_cast<double>(pivot + 1));
    for (std::size_t i = k + 1; i < a.size(); ++i)
      for (std::size_t j = a[0].size(); j-- > k;) a[i][j] -= a[i][k] / a[k][k] * a[k][j];
  }
  return pivots;
}

/// The upper or the lower triangle, zeros elsewhere.
Mat half_of(Mat a, bool upper) {
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a.size(); ++j)
      if (upper ? j < i : j > i) a[i][j] = 0;
  return a;
}

/// A square matrix of ones on the diagonal beside another one.
Mat beside_identity(const Mat& a, std::size_t n) {
  Mat all = a;
  const Mat ones = identity_of(n);
  for (std::size_t i = 0; i < a.size(); ++i) all[i].insert(all[i].end(), ones[i].begin(), ones[i].end());
  return all;
}
TensorFunction itself_beside_identity() {
  return [](std::span<const Tensor> x) {
    return of_each(distinct(x[0]), [](const Mat& a) { return beside_identity(a, a.size()); });
  };
}

Rows decompositions() {
  return {
      lu_solve_row("left", {}),
      lu_solve_row("right", {.left = false}),
      lu_solve_row("right, adjoint", {.left = false, .adjoint = true}),
      {.name = "linalg::lu_factor(pivots)",
       .function = [](const Tensor& x) { return linalg::lu_factor(with_rolled_rows(distinct(x))).pivots; },
       .shapes = {{{3, 3}}, {{5, 5}}, {{4, 2}}, {{2, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return from_vector(pivots_of(rolled(matrices_of(distinct(x[0]))[0]))); },
       .output_dtype = DType::int64,
       .propagates_nan = false,
       .order = 0},
      {.name = "linalg::qr(complete, more rows)",
       .function =
           [](const Tensor& x) {
             const linalg::Qr parts = linalg::qr(distinct(x), linalg::QrMode::complete);
             return cat({matmul(parts.q, parts.r), matmul(transpose(parts.q), parts.q)}, -1);
           },
       .shapes = {{{4, 2}}, {{3, 1}}},
       .expected = itself_beside_identity(),
       .propagates_nan = false,
       .order = 0,
       .rtol = 1e-9,
       .rtol32 = 5e-4},
      {.name = "linalg::qr(R alone)",
       .function =
           [](const Tensor& x) {
             const Tensor r = linalg::qr(distinct(x), linalg::QrMode::r).r;
             return r * unsqueeze(sign(diagonal(r, {.axis1 = -2, .axis2 = -1})), -1);
           },
       .shapes = {{{3, 3}}, {{4, 2}}, {{2, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return of_each(distinct(x[0]), [](const Mat& a) {
               const std::size_t k = std::min(a.size(), a[0].size());
               Mat r = qr_of(a);
               r.resize(k);
               for (auto& row : r) row.erase(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(k));
               return r;
             });
           },
       .propagates_nan = false,
       .order = 0,
       .rtol = 1e-9,
       .rtol32 = 5e-4},
      {.name = "linalg::svd(full, product)",
       .function =
           [](const Tensor& x) {
             const linalg::Svd parts = linalg::svd(distinct(x));
             const std::int64_t k = parts.s.size(-1);
             return matmul(narrow(parts.u, -1, 0, k) * unsqueeze(parts.s, -2), narrow(parts.vh, -2, 0, k));
           },
       .shapes = {{{3, 3}}, {{4, 2}}, {{2, 4}}},
       .expected = [](std::span<const Tensor> x) { return distinct(x[0]); },
       .propagates_nan = false,
       .rtol = 1e-9,
       .rtol32 = 5e-4},
      {.name = "linalg::svd(full, orthogonal)",
       .function =
           [](const Tensor& x) {
             const linalg::Svd parts = linalg::svd(distinct(x));
             // As many rows as Q has, the columns of both products side by side.
             return cat({matmul(parts.u, transpose(parts.u)),
                         pad(matmul(parts.vh, transpose(parts.vh)), {0, 0, 0, x.size(-2) - x.size(-1)})},
                        -1);
           },
       .shapes = {{{4, 2}}, {{3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return by_place({x[0].size(0), x[0].size(0) + x[0].size(1)},
                             [&](const Place& at) { return double(at[0] == at[1] || at[0] + x[0].size(0) == at[1]); });
           },
       .propagates_nan = false,
       .order = 0,
       .rtol = 1e-9,
       .rtol32 = 5e-4},
      {.name = "linalg::cholesky_solve(lower)",
       .function = [](const Tensor& b, const Tensor& factor) { return linalg::cholesky_solve(b, regular(factor)); },
       .inputs = {{}, {}},
       .shapes = {{{3, 2}, {3, 3}}, {{2, 2, 1}, {2, 2, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return of_each(regular(x[1]), x[0], [](const Mat& a, const Mat& b) {
               const Mat l = half_of(a, false);
               return times(inverse_of(times(l, transposed(l))), b);
             });
           },
       .propagates_nan = false,
       .rtol = 1e-10,
       .rtol32 = 2e-4},
      {.name = "linalg::cholesky_inverse(upper)",
       .function = [](const Tensor& factor) { return linalg::cholesky_inverse(regular(factor), {.upper = true}); },
       .shapes = {{{3, 3}}, {{2, 2, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return of_each(regular(x[0]), [](const Mat& a) {
               const Mat u = half_of(a, true);
               return inverse_of(times(transposed(u), u));
             });
           },
       .propagates_nan = false,
       .rtol = 1e-10,
       .rtol32 = 5e-4},
  };
}

Rows axes() {
  return {
      {.name = "linalg::vecdot(axis)",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::vecdot(a, b, 1); },
       .inputs = {{}, {}},
       .shapes = {{{3, 3, 3}, {3, 3, 3}}, {{2, 3, 4}, {2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             return by_place({x[0].size(0), x[0].size(2)}, [&](const Place& at) {
               double sum = 0;
               for (std::int64_t k = 0; k < x[0].size(1); ++k) sum += a({at[0], k, at[1]}) * b({at[0], k, at[1]});
               return sum;
             });
           }},
      {.name = "linalg::cross(axis)",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::cross(a, b, 0); },
       .inputs = {{}, {}},
       .shapes = {{{3, 3}, {3, 3}}, {{3, 2, 3}, {3, 1, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             return by_place(x[0].shape(), [&](const Place& at) {
               auto element = [&](const Elements& of, std::int64_t k) {
                 Place place = at;
                 place[0] = (at[0] + k) % 3;
                 if (of.shape()[1] == 1) place[1] = 0;
                 return of(place);
               };
               return element(a, 1) * element(b, 2) - element(a, 2) * element(b, 1);
             });
           }},
      {.name = "linalg::multi_dot(row, column)",
       .function = [](std::span<const Tensor> x) { return linalg::multi_dot(x); },
       .inputs = {{}, {}, {}},
       .shapes = {{{2}, {2, 3}, {3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]), c(x[2]);
             double sum = 0;
             for (std::int64_t i = 0; i < 2; ++i)
               for (std::int64_t j = 0; j < 3; ++j) sum += a({i}) * b({i, j}) * c({j});
             return f64(sum);
           }},
      {.name = "linalg::tensorsolve(axes)",
       .function =
           [](const Tensor& a, const Tensor& b) {
             if (!a.defined() || a.ndim() != 3 || a.numel() != 36) return linalg::tensorsolve(a, b, 1);
             const Tensor square = reshape(regular(reshape(a, {6, 6})), {2, 3, 6});
             return linalg::tensorsolve(transpose(square, 1, 2), b, 1);
           },
       .inputs = {{}, {}},
       .shapes = {{{2, 3, 6}, {2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Mat a = matrices_of(regular(reshaped(x[0], {6, 6})))[0];
             const Mat b = matrices_of(reshaped(x[1], {6, 1}))[0];
             return stacked({transposed(times(inverse_of(a), b))}, {}, 1, 6)[0];
           },
       .rtol = 1e-10,
       .rtol32 = 2e-4},
      {.name = "linalg::tensorinv(two axes)",
       .function =
           [](const Tensor& x) {
             if (!x.defined() || x.ndim() != 3 || x.numel() != 36) return linalg::tensorinv(x);
             return linalg::tensorinv(reshape(regular(reshape(x, {6, 6})), x.shape()));
           },
       .shapes = {{{2, 3, 6}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Tensor inverse =
                 of_each(regular(reshaped(x[0], {6, 6})), [](const Mat& a) { return inverse_of(a); });
             return reshaped(inverse, {6, 2, 3});
           },
       .rtol = 1e-10,
       .rtol32 = 2e-4},
      {.name = "linalg::vander(square)",
       .function = [](const Tensor& x) { return linalg::vander(x); },
       .shapes = {{{3}}, {{2, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = x[0].shape();
             shape.push_back(shape.back());
             Elements element(x[0]);
             return by_place(shape, [&](const Place& at) {
               return std::pow(element(Place(at.begin(), at.end() - 1)), static_cast<double>(at.back()));
             });
           }},
  };
}

Rows ranks() {
  const std::vector<std::vector<Shape>> tall = {{{3, 3}}, {{4, 2}}, {{2, 3, 2}}};
  return {
      {.name = "linalg::pinv(rtol)",
       .function = [](const Tensor& x) { return linalg::pinv(distinct(x), {.rtol = 0.75}); },
       .shapes = tall,
       .expected =
           [](std::span<const Tensor> x) {
             return of_each(distinct(x[0]), [](const Mat& a) { return pseudoinverse_of(a, 0.75); });
           },
       .propagates_nan = false,
       .order = 0,  // as lstsq's
       .rtol = 1e-9,
       .rtol32 = 5e-4},
      {.name = "linalg::pinv(atol)",
       .function = [](const Tensor& x) { return linalg::pinv(distinct(x), {.atol = 6.0}); },
       .shapes = tall,
       .expected =
           [](std::span<const Tensor> x) {
             return of_each(distinct(x[0]),
                            [](const Mat& a) { return pseudoinverse_of(a, 6 / singular_values_of(a)[0]); });
           },
       .propagates_nan = false,
       .order = 0,  // as lstsq's
       .rtol = 1e-9,
       .rtol32 = 5e-4},
      {.name = "linalg::matrix_rank(full)",
       .function = [](const Tensor& x) { return linalg::matrix_rank(distinct(x)); },
       .shapes = {{{3, 3}}, {{4, 2}}, {{2, 3, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             return number_of_each(x[0],
                                   [](const Mat& a) { return static_cast<double>(std::min(a.size(), a[0].size())); });
           },
       .output_dtype = DType::int64,
       .propagates_nan = false,
       .order = 0},
      {.name = "linalg::matrix_rank(rtol)",
       .function = [](const Tensor& x) { return linalg::matrix_rank(distinct(x), {.rtol = 0.75}); },
       .shapes = tall,
       .expected =
           [](std::span<const Tensor> x) {
             return number_of_each(distinct(x[0]), [](const Mat& a) { return rank_of(a, 0.75); });
           },
       .output_dtype = DType::int64,
       .propagates_nan = false,
       .order = 0},
      {.name = "linalg::matrix_rank(hermitian)",
       .function = [](const Tensor& x) { return linalg::matrix_rank(spread(x), {.atol = 1.5, .hermitian = true}); },
       .shapes = {{{3, 3}}, {{2, 4, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return number_of_each(spread(x[0]), [](const Mat& a) {
               double rank = 0;
               const Mat all = eigen_of(a);
               for (double value : all[0]) rank += std::abs(value) > 1.5;
               return rank;
             });
           },
       .output_dtype = DType::int64,
       .propagates_nan = false,
       .order = 0},
  };
}

Rows rows() {
  Rows all = norms();
  append(all, least_squares());
  append(all, decompositions());
  append(all, axes());
  append(all, ranks());
  return all;
}

const Family kFamily("linalg options", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Options of linear algebra keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("linalg options");
}
