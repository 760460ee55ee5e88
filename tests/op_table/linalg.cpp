#include <algorithm>
#include <cmath>

#include "matrices.hpp"
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// The product of matrices, one after the other, by the definition.
Tensor product_of(std::span<const Tensor> x) {
  Tensor product = x[0];
  for (std::size_t i = 1; i < x.size(); ++i) {
    Elements a(product), b(x[i]);
    const std::int64_t inner = product.size(1);
    product = by_place({product.size(0), x[i].size(1)}, [&](const Place& at) {
      double sum = 0;
      for (std::int64_t k = 0; k < inner; ++k) sum += a({at[0], k}) * b({k, at[1]});
      return sum;
    });
  }
  return product;
}

Rows product_rows() {
  return {
      {.name = "trace",
       .function = [](const Tensor& x) { return trace(x); },
       .shapes = {{{3, 3}}, {{2, 5}}, {{4, 1}}, {{0, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements element(x[0]);
             double sum = 0;
             for (std::int64_t i = 0; i < std::min(x[0].size(0), x[0].size(1)); ++i) sum += element({i, i});
             return full({}, sum, {.dtype = DType::float64});
           },
       .refused = {[](const Tensor& x) { return trace(x[0]); }},
       .propagates_nan = false},
      {.name = "linalg::multi_dot",
       .function = [](std::span<const Tensor> x) { return linalg::multi_dot(x); },
       .inputs = {{}, {}, {}, {}},
       .shapes = {{{2, 4}, {4, 3}, {3, 5}, {5, 2}}, {{4, 1}, {1, 5}, {5, 1}, {1, 3}}},
       .expected = product_of,
       .refused = {[](std::span<const Tensor> x) { return linalg::multi_dot(x.subspan(0, 0)); }}},
      {.name = "linalg::multi_dot(braces)",
       .function =
           [](const Tensor& a, const Tensor& b) {
             return linalg::multi_dot({a, b});
           },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {3, 2}}},
       .expected = product_of},
      {.name = "linalg::vecdot",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::vecdot(a, b, -1); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {3}}, {{2, 3}, {3}}, {{2, 1, 4}, {3, 4}}, {{2, 0}, {2, 0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             Shape shape = broadcast_shapes("vecdot", x[0].shape(), x[1].shape(), {});
             const std::int64_t length = shape.back();
             shape.erase(shape.ndim() - 1);
             auto element = [](const Elements& of, Place at) {
               at.erase(at.begin(), at.end() - of.shape().ndim());
               for (int axis = 0; axis < of.shape().ndim(); ++axis)
                 if (of.shape()[axis] == 1) at[static_cast<std::size_t>(axis)] = 0;
               return of(at);
             };
             return by_place(shape, [&](Place at) {
               double sum = 0;
               at.push_back(0);
               for (at.back() = 0; at.back() < length; ++at.back()) sum += element(a, at) * element(b, at);
               return sum;
             });
           },
       .refused = {[](const Tensor& a, const Tensor& b) { return linalg::vecdot(a, b, 7); }}},
      {.name = "linalg::cross",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::cross(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {3}}, {{5, 3}, {1, 3}}, {{0, 3}, {0, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             return by_place(broadcast_shapes("cross", x[0].shape(), x[1].shape(), {}), [&](const Place& at) {
               auto element = [&](const Elements& of, std::int64_t k) {
                 Place place = at;
                 place.back() = k % 3;
                 if (of.shape()[0] == 1) place[0] = 0;
                 return of(place);
               };
               return element(a, at.back() + 1) * element(b, at.back() + 2) -
                      element(a, at.back() + 2) * element(b, at.back() + 1);
             });
           },
       .refused = {[](const Tensor& a, const Tensor& b) { return linalg::cross(a, b, 3); }}},
  };
}

using linalg::NormOrder;

const std::vector<std::vector<Shape>> kSquare = {{{3, 3}},       {{1, 1}}, {{2, 2, 2}},
                                                 {{2, 1, 3, 3}}, {{0, 0}}, {{0, 2, 2}}};
const std::vector<std::vector<Shape>> kLargeSquare = {{{40, 40}}, {{700, 3, 3}}};
const std::vector<std::vector<Shape>> kMatrices = {{{3, 3}}, {{4, 2}}, {{2, 4}}, {{1, 1}}, {{2, 3, 2}}};
const std::vector<std::vector<Shape>> kLargeMatrices = {{{40, 30}}, {{500, 3, 4}}};

/// A row of square matrices, each changed alike by the operator and for the reference.
OperatorRow square_row(const std::string& name, Tensor (*change)(const Tensor&), Tensor (*function)(const Tensor&),
                       Function<Tensor(const Tensor&)> expected) {
  return {.name = name,
          .function = [change, function](const Tensor& x) { return function(change(x)); },
          .shapes = kSquare,
          .large = kLargeSquare,
          .expected = [change, expected](std::span<const Tensor> x) { return expected(change(x[0])); },
          .refused = {[function](const Tensor& x) { return function(narrow(x, -1, 0, 0)); },
                      [function](const Tensor& x) { return function(cast(x, DType::int64)[ellipsis]); }},
          .rtol = 1e-10,
          .rtol32 = 2e-4};
}

/// The solution of a x = b by the inverse; b is a matrix for each of a's.
Tensor solution_of(const Tensor& a, const Tensor& b) {
  return of_each(a, b, [](const Mat& a, const Mat& b) { return times(inverse_of(a), b); });
}
Tensor triangle_of(const Tensor& x, bool upper, bool unit) {
  return of_each(x, [=](Mat a) {
    for (std::size_t i = 0; i < a.size(); ++i)
      for (std::size_t j = 0; j < a.size(); ++j)
        if (i == j ? unit : (i < j) != upper) a[i][j] = i == j;
    return a;
  });
}

OperatorRow triangular_row(const std::string& name, linalg::SolveTriangularOptions options) {
  return {
      .name = "linalg::solve_triangular(" + name + ")",
      .function = [options](const Tensor& a,
                            const Tensor& b) { return linalg::solve_triangular(regular(a), b, options); },
      .inputs = {{}, {}},
      .shapes = {{{3, 3}, {3, 3}}, {{2, 2, 2}, {2, 2, 2}}, {{0, 0}, {0, 0}}},
      .large = {{{40, 40}, {40, 40}}, {{500, 4, 4}, {500, 4, 4}}},
      .expected =
          [options](std::span<const Tensor> x) {
            const Tensor a = triangle_of(regular(x[0]), options.upper, options.unitriangular);
            if (options.left) return solution_of(a, x[1]);
            return of_each(a, x[1], [](const Mat& a, const Mat& b) { return times(b, inverse_of(a)); });
          },
      .refused = {[](const Tensor& a, const Tensor& b) { return linalg::solve_triangular(narrow(a, -1, 0, 1), b); }},
      .propagates_nan = false,
      .rtol = 1e-10,
      .rtol32 = 2e-4};
}

Rows solver_rows() {
  return {
      square_row(
          "linalg::inv", regular, [](const Tensor& x) { return linalg::inv(x); },
          [](const Tensor& x) { return of_each(x, [](const Mat& a) { return inverse_of(a); }); }),
      square_row(
          "linalg::det",
          [](const Tensor& x) { return x.defined() && x.ndim() > 1 && x.size(-1) > 3 ? regular(x) * 0.01 : x; },
          [](const Tensor& x) { return linalg::det(x); },
          [](const Tensor& x) {
            return number_of_each(x, [](const Mat& a) {
              if (a.size() < 5) return determinant_of(a);
              const Mat lu = lu_of(a);
              double product = determinant_of({{1}});
              for (std::size_t i = 0; i < a.size(); ++i) product *= lu[i][2 * a.size() + i];
              return product;  // no rows are swapped: the diagonal is the largest
            });
          }),
      square_row(
          "linalg::slogdet(negative)", [](const Tensor& x) { return are_square(x) ? -regular(x) : x; },
          [](const Tensor& x) { return linalg::slogdet(x).sign; },
          [](const Tensor& x) {
            return number_of_each(x, [](const Mat& a) { return a.size() % 2 == 0 ? 1.0 : -1.0; });
          }),
      square_row(
          "linalg::slogdet", regular,
          [](const Tensor& x) {
            const linalg::SignAndLog parts = linalg::slogdet(x);
            return 3 * parts.sign + parts.log;
          },
          [](const Tensor& x) {
            return number_of_each(x, [](const Mat& a) {
              double sum = 0;
              for (std::size_t i = 0; i < a.size(); ++i) sum += std::log(lu_of(a)[i][2 * a.size() + i]);
              return 3 + sum;
            });
          }),
      square_row(
          "linalg::logdet", positive, [](const Tensor& x) { return linalg::logdet(x); },
          [](const Tensor& x) {
            return number_of_each(x, [](const Mat& a) {
              double sum = 0;
              for (std::size_t i = 0; i < a.size(); ++i) sum += std::log(lu_of(a)[i][2 * a.size() + i]);
              return sum;
            });
          }),
      {.name = "linalg::solve",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::solve(regular(a), b); },
       .inputs = {{}, {}},
       .shapes = {{{3, 3}, {3, 2}}, {{1, 1}, {1, 3}}, {{2, 2, 2}, {2, 2, 1}}, {{0, 0}, {0, 2}}, {{0, 2, 2}, {0, 2, 3}}},
       .large = {{{40, 40}, {40, 7}}, {{500, 4, 4}, {500, 4, 2}}},
       .expected = [](std::span<const Tensor> x) { return solution_of(regular(x[0]), x[1]); },
       .refused = {[](const Tensor& a, const Tensor& b) { return linalg::solve(narrow(a, -1, 0, 0), b); },
                   [](const Tensor& a, const Tensor& b) { return linalg::solve(0 * a, b); }},
       .rtol = 1e-10,
       .rtol32 = 2e-4},
      {.name = "linalg::solve(vectors)",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::solve(regular(a), b); },
       .inputs = {{}, {}},
       .shapes = {{{3, 3}, {3}}, {{2, 3, 3}, {2, 3}}, {{2, 2, 2}, {2}}},
       .large = {{{40, 40}, {40}}, {{500, 4, 4}, {500, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = x[0].shape();
             shape.erase(shape.ndim() - 1);
             return squeeze(solution_of(regular(x[0]), unsqueeze(expand(x[1], shape), -1)), -1);
           },
       .rtol = 1e-10,
       .rtol32 = 2e-4},
      {.name = "linalg::solve(broadcast, right)",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::solve(regular(a), b, {.left = false}); },
       .inputs = {{}, {}},
       .shapes = {{{2, 1, 3, 3}, {4, 2, 3}}, {{3, 3}, {2, 4, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Tensor a = regular(x[0]);
             const bool is_lone = a.ndim() == 2;
             const Tensor left = is_lone ? expand(a, {2, 3, 3}) : expand(a, {2, 4, 3, 3});
             const Tensor right = is_lone ? x[1] : expand(x[1], {2, 4, 2, 3});
             return of_each(left, right, [](const Mat& a, const Mat& b) { return times(b, inverse_of(a)); });
           },
       .rtol = 1e-10,
       .rtol32 = 2e-4},
      triangular_row("lower", {}),
      triangular_row("upper, unit", {.upper = true, .unitriangular = true}),
      triangular_row("upper, right", {.upper = true, .left = false}),
      triangular_row("lower, right, unit", {.left = false, .unitriangular = true}),
      {.name = "linalg::lstsq",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::lstsq(distinct(a), b).solution; },
       .inputs = {{}, {}},
       .shapes = {{{4, 2}, {4, 3}}, {{3, 3}, {3, 1}}, {{2, 3, 2}, {2, 3}}, {{2, 4}, {2, 3}}},
       .large = {{{40, 20}, {40, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             const bool vectors = x[1].ndim() < x[0].ndim();
             const Tensor y =
                 of_each(distinct(x[0]), vectors ? unsqueeze(x[1], -1) : x[1], [](const Mat& a, const Mat& b) {
                   const Mat t = transposed(a);
                   if (a.size() < t.size()) return times(t, times(inverse_of(times(a, t)), b));
                   return times(inverse_of(times(t, a)), times(t, b));
                 });
             return vectors ? squeeze(y, -1) : y;
           },
       .refused = {[](const Tensor& a, const Tensor& b) { return linalg::lstsq(a, b, {.driver = "qr"}).solution; },
                   [](const Tensor& a, const Tensor& b) { return linalg::lstsq(a * (0.0 / 0.0), b).solution; }},
       .propagates_nan = false,
       .rtol = 1e-9,
       .rtol32 = 2e-4},
      {.name = "linalg::tensorsolve",
       .function =
           [](const Tensor& a, const Tensor& b) {
             return linalg::tensorsolve(
                 a.defined() && a.ndim() == 3 ? reshape(regular(reshape(a, {6, -1})), a.shape()) : a, b);
           },
       .inputs = {{}, {}},
       .shapes = {{{2, 3, 6}, {2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reshape(solution_of(regular(reshape(x[0], {6, 6})), reshape(x[1], {6, 1})), {6});
           },
       .refused = {[](const Tensor& a, const Tensor& b) {
                     return linalg::tensorsolve(a, b, {0, 0});
                   },
                   [](const Tensor&, const Tensor& b) { return linalg::tensorsolve(b, b); }},
       .rtol = 1e-10,
       .rtol32 = 2e-4},
      {.name = "linalg::tensorinv",
       .function =
           [](const Tensor& x) {
             return linalg::tensorinv(
                 x.defined() && x.ndim() == 3 && x.numel() == 36 ? reshape(regular(reshape(x, {6, 6})), x.shape()) : x,
                 1);
           },
       .shapes = {{{6, 2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Tensor inverse = of_each(regular(reshape(x[0], {6, 6})), [](const Mat& a) { return inverse_of(a); });
             return reshape(inverse, {2, 3, 6});
           },
       .refused = {[](const Tensor& x) { return linalg::tensorinv(x, 0); },
                   [](const Tensor& x) { return linalg::tensorinv(x, 2); }},
       .rtol = 1e-10,
       .rtol32 = 2e-4},
  };
}

/// Each column of Q and row of R with the sign that makes R's diagonal positive; side by side, R with rows of zeros
/// below.
Tensor qr_side_by_side(const Tensor& x, linalg::QrMode mode) {
  const linalg::Qr parts = linalg::qr(x, mode);
  const std::int64_t k = std::min(parts.r.size(-2), parts.r.size(-1));
  const Tensor square = narrow(narrow(parts.r, -1, 0, k), -2, 0, k);
  const Tensor signs = sign(sum(square * eye(k, {.dtype = x.dtype()}), -1));
  const Tensor q = narrow(parts.q, -1, 0, k) * unsqueeze(signs, -2);
  Tensor r = narrow(parts.r, -2, 0, k) * unsqueeze(signs, -1);
  Shape below = r.shape();
  below[-2] = x.size(-2) - k;
  if (below[-2] > 0) r = cat({r, zeros(below, {.dtype = x.dtype()})}, -2);
  return cat({q, r}, -1);
}

/// P, L and U side by side, U with rows of zeros below.
Tensor lu_side_by_side(const Tensor& x) {
  const linalg::Lu parts = linalg::lu(x);
  Tensor u = parts.u;
  Shape below = u.shape();
  below[-2] = x.size(-2) - u.size(-2);
  if (below[-2] > 0) u = cat({u, zeros(below, {.dtype = x.dtype()})}, -2);
  return cat({parts.p, parts.l, u}, -1);
}

/// Values above the squares of the vectors' elements, in which signs do not show.
Tensor eigh_with_squares(const Tensor& x, linalg::EighOptions options = {}) {
  const linalg::Eigh parts = linalg::eigh(x, options);
  return cat({unsqueeze(parts.values, -2), parts.vectors * parts.vectors}, -2);
}
Mat eigen_with_squares(const Mat& a) {
  Mat all = eigen_of(a);
  for (std::size_t i = 1; i < all.size(); ++i)
    for (double& x : all[i]) x *= x;
  return all;
}

OperatorRow matrix_row(const std::string& name, Tensor (*function)(const Tensor&), Mat (*expected)(const Mat&)) {
  return {.name = name,
          .function = [function](const Tensor& x) { return function(distinct(x)); },
          .shapes = kMatrices,
          .large = kLargeMatrices,
          .expected =
              [expected](std::span<const Tensor> x) {
                return of_each(distinct(x[0]), [expected](const Mat& a) { return expected(a); });
              },
          .refused = {[function](const Tensor& x) { return function(reshape(x, {-1})); }},
          .propagates_nan = false,
          .rtol = 1e-9,
          .rtol32 = 5e-4};
}

Mat row_of_values(const Mat& a) { return {singular_values_of(a)}; }

/// Squares of U, the values, squares of V^T: of each k columns or rows.
Tensor svd_with_squares(const Tensor& x, bool full) {
  const linalg::Svd parts = linalg::svd(x, {.full_matrices = full});
  const std::int64_t k = parts.s.size(-1);
  const Tensor u = narrow(parts.u, -1, 0, k), v = transpose(narrow(parts.vh, -2, 0, k));
  return cat({u * u, unsqueeze(parts.s, -2), v * v}, -2);
}
Mat singular_with_squares(const Mat& a) {
  const std::vector<double> values = singular_values_of(a);
  const std::size_t k = values.size();
  const Mat left = eigen_of(times(a, transposed(a))), right = eigen_of(times(transposed(a), a));
  Mat all;
  auto add_squares = [&](const Mat& vectors) {  // the last k, from the last on
    for (std::size_t i = 1; i < vectors.size(); ++i) {
      std::vector<double> row;
      for (std::size_t j = 0; j < k; ++j) row.push_back(std::pow(vectors[i][vectors[0].size() - 1 - j], 2));
      all.push_back(row);
    }
  };
  add_squares(left);
  all.push_back(values);
  add_squares(right);
  return all;
}

Mat pseudoinverse_of(const Mat& a) {
  const Mat t = transposed(a);
  if (a.size() < t.size()) return times(t, inverse_of(times(a, t)));
  return times(inverse_of(times(t, a)), t);
}

/// L L^T = a, by its definition.
Mat factor_of(const Mat& a) {
  Mat l = zeros_of(a.size(), a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
      l[i][j] = i == j ? std::sqrt(sum) : sum / l[j][j];
    }
  return l;
}

Rows decomposition_rows() {
  Rows list = {
      square_row(
          "linalg::cholesky", positive, [](const Tensor& x) { return linalg::cholesky(with_other_half(x, false)); },
          [](const Tensor& x) { return of_each(x, factor_of); }),
      square_row(
          "linalg::cholesky(upper)", positive,
          [](const Tensor& x) { return linalg::cholesky(with_other_half(x, true), {.upper = true}); },
          [](const Tensor& x) { return of_each(x, [](const Mat& a) { return transposed(factor_of(a)); }); }),
      square_row(
          "linalg::cholesky_inverse", regular, [](const Tensor& x) { return linalg::cholesky_inverse(x); },
          [](const Tensor& x) {
            return of_each(triangle_of(x, false, false),
                           [](const Mat& l) { return inverse_of(times(l, transposed(l))); });
          }),
      {.name = "linalg::cholesky_solve",
       .function = [](const Tensor& b,
                      const Tensor& factor) { return linalg::cholesky_solve(b, regular(factor), {.upper = true}); },
       .inputs = {{}, {}},
       .shapes = {{{3, 2}, {3, 3}}, {{2, 2, 1}, {2, 2, 2}}, {{0, 1}, {0, 0}}},
       .expected =
           [](std::span<const Tensor> x) {
             return of_each(triangle_of(regular(x[1]), true, false), x[0],
                            [](const Mat& u, const Mat& b) { return times(inverse_of(times(transposed(u), u)), b); });
           },
       .refused = {[](const Tensor& b, const Tensor& factor) {
         return linalg::cholesky_solve(b, narrow(factor, -1, 0, 0));
       }},
       .propagates_nan = false,
       .rtol = 1e-10,
       .rtol32 = 2e-4},
      matrix_row("linalg::lu", lu_side_by_side, lu_of),
      matrix_row(
          "linalg::lu(swapped rows)", [](const Tensor& x) { return lu_side_by_side(with_rolled_rows(x)); },
          [](const Mat& a) { return lu_of(rolled(a)); }),
      matrix_row(
          "linalg::lu_factor", [](const Tensor& x) { return linalg::lu_factor(x).lu; },
          [](const Mat& a) {
            const Mat all = lu_of(a);
            const std::size_t m = a.size(), n = a[0].size(), k = std::min(m, n);
            Mat packed = zeros_of(m, n);
            for (std::size_t i = 0; i < m; ++i)
              for (std::size_t j = 0; j < n; ++j) packed[i][j] = i > j ? all[i][m + j] : all[i][m + k + j];
            return packed;
          }),
      {.name = "linalg::lu_solve",
       .function =
           [](const Tensor& a, const Tensor& b) {
             const linalg::LuFactors factors = linalg::lu_factor(regular(a));
             return linalg::lu_solve(factors.lu, factors.pivots, b, {.adjoint = true});
           },
       .inputs = {{}, {}},
       .shapes = {{{3, 3}, {3, 2}}, {{2, 2, 2}, {2, 2, 1}}},
       .expected = [](std::span<const Tensor> x) { return solution_of(transpose(regular(x[0])), x[1]); },
       .refused = {[](const Tensor& a, const Tensor& b) { return linalg::lu_solve(a, a, b); }},
       .rtol = 1e-10,
       .rtol32 = 2e-4},
      matrix_row(
          "linalg::qr", [](const Tensor& x) { return qr_side_by_side(x, linalg::QrMode::reduced); }, qr_of),
      {.name = "linalg::qr(complete)",
       .function = [](const Tensor& x) { return qr_side_by_side(distinct(x), linalg::QrMode::complete); },
       .shapes = {{{3, 3}}, {{2, 4}}, {{2, 1, 1}}},
       .expected = [](std::span<const Tensor> x) { return of_each(distinct(x[0]), qr_of); },
       .rtol = 1e-9,
       .rtol32 = 5e-4},
      {.name = "linalg::householder_product",
       .function = [](const Tensor& x, const Tensor& tau) { return linalg::householder_product(x, tau); },
       .inputs = {{}, {}},
       .shapes = {{{3, 3}, {3}}, {{4, 2}, {1}}, {{2, 3, 2}, {2, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return of_each(unsqueeze(x[1], -1), x[0], [](const Mat& tau, const Mat& a) {
               const std::size_t m = a.size();
               Mat product = identity_of(m);
               for (std::size_t k = 0; k < tau.size(); ++k) {
                 Mat reflection = identity_of(m), v = zeros_of(m, 1);
                 for (std::size_t i = k; i < m; ++i) v[i][0] = i == k ? 1 : a[i][k];
                 for (std::size_t i = 0; i < m; ++i)
                   for (std::size_t j = 0; j < m; ++j) reflection[i][j] -= tau[k][0] * v[i][0] * v[j][0];
                 product = times(product, reflection);
               }
               for (auto& row : product) row.resize(a[0].size());
               return product;
             });
           },
       .refused = {[](const Tensor& x, const Tensor& tau) {
         return linalg::householder_product(transpose(cat({x, x}, -2)), tau);
       }},
       .propagates_nan = false},
      matrix_row(
          "linalg::svd", [](const Tensor& x) { return svd_with_squares(x, false); }, singular_with_squares),
      matrix_row(
          "linalg::svd(full)", [](const Tensor& x) { return svd_with_squares(x, true); }, singular_with_squares),
      matrix_row(
          "linalg::svdvals", [](const Tensor& x) { return unsqueeze(linalg::svdvals(x), -2); }, row_of_values),
      square_row(
          "linalg::eigh", spread, [](const Tensor& x) { return eigh_with_squares(x); },
          [](const Tensor& x) { return of_each(x, eigen_with_squares); }),
      square_row(
          "linalg::eigh(lower)", spread, [](const Tensor& x) { return eigh_with_squares(with_other_half(x, false)); },
          [](const Tensor& x) { return of_each(x, eigen_with_squares); }),
      square_row(
          "linalg::eigh(upper)", spread,
          [](const Tensor& x) { return eigh_with_squares(with_other_half(x, true), {.upper = true}); },
          [](const Tensor& x) { return of_each(x, eigen_with_squares); }),
      // Squares do not tell how the vectors belong together: these products do.
      square_row(
          "linalg::eigh(product)", spread,
          [](const Tensor& x) {
            const linalg::Eigh parts = linalg::eigh(x);
            return matmul(parts.vectors * unsqueeze(parts.values, -2), transpose(parts.vectors));
          },
          [](const Tensor& x) { return x; }),
      matrix_row(
          "linalg::svd(product)",
          [](const Tensor& x) {
            const linalg::Svd parts = linalg::svd(x, {.full_matrices = false});
            return matmul(parts.u * unsqueeze(parts.s, -2), parts.vh);
          },
          [](const Mat& a) { return a; }),
      square_row(
          "linalg::eigvalsh(upper)", spread,
          [](const Tensor& x) { return unsqueeze(linalg::eigvalsh(with_other_half(x, true), {.upper = true}), -2); },
          [](const Tensor& x) { return of_each(x, [](const Mat& a) { return Mat{eigen_of(a)[0]}; }); }),
      square_row(
          "linalg::eigvalsh", spread,
          [](const Tensor& x) { return unsqueeze(linalg::eigvalsh(with_other_half(x, false)), -2); },
          [](const Tensor& x) { return of_each(x, [](const Mat& a) { return Mat{eigen_of(a)[0]}; }); }),
  };
  for (OperatorRow& row : list)
    if (row.name.starts_with("linalg::eig") || row.name == "linalg::cholesky_inverse") {
      row.shapes = {{{3, 3}}, {{1, 1}}, {{2, 2, 2}}};
      row.rtol32 = 5e-4;
      row.propagates_nan = false;  // of one triangle
    } else if (row.name.starts_with("linalg::cholesky")) {
      row.propagates_nan = false;
    }
  return list;
}

Tensor matrix_power_3(const Tensor& x) { return linalg::matrix_power(x, 3); }

OperatorRow norm_row(const NormOrder& ord, double (*expected)(const Mat&)) {
  return {.name = concat("linalg::matrix_norm(", ord, ")"),
          .function = [ord](const Tensor& x) { return linalg::matrix_norm(distinct(x), {.ord = ord}); },
          .shapes = kMatrices,
          .expected = [expected](std::span<const Tensor> x) { return number_of_each(distinct(x[0]), expected); },
          .refused = {[](const Tensor& x) { return linalg::matrix_norm(x, {.ord = 3}); },
                      [](const Tensor& x) { return linalg::matrix_norm(x, {.axes = 0}); },
                      [](const Tensor& x) {
                        return linalg::matrix_norm(x, {.axes = {0, 0}});
                      }},
          .propagates_nan = !ord.is_nuclear() && !(ord.is_number() && std::abs(ord.number()) == 2),
          .rtol = 1e-10,
          .rtol32 = 2e-4};
}

double root_of_squares(const Mat& a) {
  double sum = 0;
  for (const auto& row : a)
    for (double x : row) sum += x * x;
  return std::sqrt(sum);
}
std::vector<double> sums_of_rows(const Mat& a) {
  std::vector<double> sums;
  for (const auto& row : a) {
    double sum = 0;
    for (double x : row) sum += std::abs(x);
    sums.push_back(sum);
  }
  return sums;
}
double most(const std::vector<double>& x) { return *std::max_element(x.begin(), x.end()); }
double least(const std::vector<double>& x) { return *std::min_element(x.begin(), x.end()); }

Rows function_rows() {
  const double inf = INFINITY;
  Rows list = {
      square_row(
          "linalg::matrix_power", [](const Tensor& x) { return x; }, matrix_power_3,
          [](const Tensor& x) { return of_each(x, [](const Mat& a) { return times(a, times(a, a)); }); }),
      square_row(
          "linalg::matrix_power(negative)", regular, [](const Tensor& x) { return linalg::matrix_power(x, -2); },
          [](const Tensor& x) { return of_each(x, [](const Mat& a) { return inverse_of(times(a, a)); }); }),
      square_row(
          "linalg::matrix_exp",
          [](const Tensor& x) { return x.defined() && x.ndim() > 1 && x.size(-1) > 9 ? 0.1 * x : x; },
          [](const Tensor& x) { return linalg::matrix_exp(x); },
          [](const Tensor& x) { return of_each(x, exponential_of); }),
      {.name = "linalg::vander",
       .function = [](const Tensor& x) { return linalg::vander(x, 4); },
       .shapes = {{{3}}, {{}}, {{2, 3}}, {{0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = x[0].ndim() == 0 ? Shape{1} : x[0].shape();
             shape.push_back(4);
             Elements element(x[0]);
             return by_place(shape, [&](const Place& at) {
               Place place(at.begin(), at.end() - 1);
               if (x[0].ndim() == 0) place.clear();
               return std::pow(element(place), static_cast<double>(at.back()));
             });
           },
       .refused = {[](const Tensor& x) { return linalg::vander(x, 1); }}},
      matrix_row(
          "linalg::pinv", [](const Tensor& x) { return linalg::pinv(x); }, pseudoinverse_of),
      {.name = "linalg::pinv(hermitian)",
       .function = [](const Tensor& x) { return linalg::pinv(positive(x), {.hermitian = true}); },
       .shapes = {{{3, 3}}, {{2, 2, 2}}, {{0, 0}}},
       .expected =
           [](std::span<const Tensor> x) {
             return of_each(positive(x[0]), [](const Mat& a) { return inverse_of(a); });
           },
       .refused = {[](const Tensor& x) { return linalg::pinv(narrow(x, -1, 0, 0), {.hermitian = true}); },
                   [](const Tensor& x) {
                     return linalg::pinv(stack({x, x}), {.rtol = ones({7})});
                   }},
       .propagates_nan = false,
       .rtol = 1e-9,
       .rtol32 = 5e-4},
      {.name = "linalg::matrix_rank",
       .function = [](const Tensor& x) { return linalg::matrix_rank(x, {.atol = 1.0}); },
       .shapes = kMatrices,
       .expected =
           [](std::span<const Tensor> x) {
             return number_of_each(x[0], [](const Mat& a) {
               double rank = 0;
               for (double value : singular_values_of(a)) rank += value > 1;
               return rank;
             });
           },
       .output_dtype = DType::int64,
       .refused = {[](const Tensor& x) { return linalg::matrix_rank(reshape(x, {-1})); }},
       .propagates_nan = false,
       .order = 0},
      norm_row("fro", root_of_squares),
      norm_row("nuc", [](const Mat& a) { return sum_of(singular_values_of(a)); }),
      norm_row(2, [](const Mat& a) { return most(singular_values_of(a)); }),
      norm_row(-2, [](const Mat& a) { return least(singular_values_of(a)); }),
      norm_row(1, [](const Mat& a) { return most(sums_of_rows(transposed(a))); }),
      norm_row(-1, [](const Mat& a) { return least(sums_of_rows(transposed(a))); }),
      norm_row(inf, [](const Mat& a) { return most(sums_of_rows(a)); }),
      norm_row(-inf, [](const Mat& a) { return least(sums_of_rows(a)); }),
      {.name = "linalg::norm",
       .function =
           [](const Tensor& x) {
             return linalg::norm(distinct(x), {.ord = "nuc", .axes = Axes{-2, -1}, .keepdims = true});
           },
       .shapes = kMatrices,
       .expected =
           [](std::span<const Tensor> x) {
             return of_each(distinct(x[0]), [](const Mat& a) { return Mat{{sum_of(singular_values_of(a))}}; });
           },
       .refused = {[](const Tensor& x) { return linalg::norm(x, {.ord = "nuc", .axes = 0}); },
                   [](const Tensor& x) {
                     return linalg::norm(stack({x, x, x}), {.ord = 2});
                   }},
       .propagates_nan = false,
       .rtol = 1e-10,
       .rtol32 = 2e-4},
      matrix_row(
          "linalg::cond", [](const Tensor& x) { return unsqueeze(unsqueeze(linalg::cond(x), -1), -1); },
          [](const Mat& a) {
            const std::vector<double> values = singular_values_of(a);
            return Mat{{values.front() / values.back()}};
          }),
      {.name = "linalg::cond(1)",
       .function = [](const Tensor& x) { return linalg::cond(regular(x), 1); },
       .shapes = {{{3, 3}}, {{2, 2, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return number_of_each(regular(x[0]), [](const Mat& a) {
               return most(sums_of_rows(transposed(a))) * most(sums_of_rows(transposed(inverse_of(a))));
             });
           },
       .refused = {[](const Tensor& x) { return linalg::cond(x, 3); },
                   [](const Tensor& x) { return linalg::cond(narrow(x, -1, 0, 1), 1); }},
       .rtol = 1e-10,
       .rtol32 = 2e-4},
  };
  list[0].refused = {
      [](const Tensor& x) { return linalg::matrix_power(narrow(x, -1, 0, 0), 3); }};  // it takes integers
  return list;
}

Rows rows() {
  Rows all = product_rows();
  append(all, solver_rows());
  append(all, decomposition_rows());
  append(all, function_rows());
  return all;
}

const Family kFamily("linalg", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Linear algebra keeps its contract", "[op_table]") { xgrad::testing::expect_family_holds("linalg"); }
