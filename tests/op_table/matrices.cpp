#include "matrices.hpp"

#include <algorithm>
#include <cmath>

#include <xgrad/autograd/ops.hpp>

namespace xgrad::testing {

Mat zeros_of(std::size_t rows, std::size_t columns) { return Mat(rows, std::vector<double>(columns, 0)); }

Mat identity_of(std::size_t n) {
  Mat a = zeros_of(n, n);
  for (std::size_t i = 0; i < n; ++i) a[i][i] = 1;
  return a;
}

Mat transposed(const Mat& a) {
  if (a.empty()) return {};
  Mat b = zeros_of(a[0].size(), a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a[0].size(); ++j) b[j][i] = a[i][j];
  return b;
}

Mat times(const Mat& a, const Mat& b) {
  Mat c = zeros_of(a.size(), b.empty() ? 0 : b[0].size());
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t k = 0; k < b.size(); ++k)
      for (std::size_t j = 0; j < b[0].size(); ++j) c[i][j] += a[i][k] * b[k][j];
  return c;
}

Mat inverse_of(Mat a) {
  const std::size_t n = a.size();
  Mat b = identity_of(n);
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < n; ++i)
      if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
    std::swap(a[k], a[pivot]);
    std::swap(b[k], b[pivot]);
    const double by = a[k][k];
    for (std::size_t j = 0; j < n; ++j) {
      a[k][j] /= by;
      b[k][j] /= by;
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const double factor = a[i][k];
      for (std::size_t j = 0; j < n; ++j) {
        a[i][j] -= factor * a[k][j];
        b[i][j] -= factor * b[k][j];
      }
    }
  }
  return b;
}

double determinant_of(const Mat& a) {
  if (a.empty()) return 1;
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    Mat minor;
    for (std::size_t i = 1; i < a.size(); ++i) {
      minor.push_back(a[i]);
      minor.back().erase(minor.back().begin() + static_cast<std::ptrdiff_t>(k));
    }
    sum += (k % 2 == 0 ? 1 : -1) * a[0][k] * determinant_of(minor);
  }
  return sum;
}

Mat lu_of(const Mat& given) {
  const std::size_t m = given.size(), n = given[0].size(), least = std::min(m, n);
  Mat a = given, p = identity_of(m);
  for (std::size_t k = 0; k < least; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < m; ++i)
      if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
    std::swap(a[k], a[pivot]);
    std::swap(p[k], p[pivot]);
    for (std::size_t i = k + 1; i < m; ++i) {
      a[i][k] /= a[k][k];
      for (std::size_t j = k + 1; j < n; ++j) a[i][j] -= a[i][k] * a[k][j];
    }
  }
  p = transposed(p);
  // One matrix of max(m, least) rows: p, l and u, padded with zeros.
  Mat all = zeros_of(std::max(m, least), m + least + n);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < m; ++j) all[i][j] = p[i][j];
    for (std::size_t j = 0; j < least; ++j) all[i][m + j] = i == j ? 1 : i > j ? a[i][j] : 0;
    if (i < least)
      for (std::size_t j = i; j < n; ++j) all[i][m + least + j] = a[i][j];
  }
  return all;
}

Mat qr_of(const Mat& a) {
  const std::size_t m = a.size(), n = a[0].size(), least = std::min(m, n);
  Mat q = zeros_of(m, least), r = zeros_of(least, n);
  for (std::size_t j = 0; j < n; ++j) {
    std::vector<double> v(m);
    for (std::size_t i = 0; i < m; ++i) v[i] = a[i][j];
    for (int round = 0; round < 2; ++round)  // the second removes what rounding left
      for (std::size_t k = 0; k < std::min(j, least); ++k) {
        double along = 0;
        for (std::size_t i = 0; i < m; ++i) along += q[i][k] * v[i];
        r[k][j] += along;
        for (std::size_t i = 0; i < m; ++i) v[i] -= along * q[i][k];
      }
    if (j >= least) continue;
    double length = 0;
    for (double x : v) length += x * x;
    r[j][j] = std::sqrt(length);
    for (std::size_t i = 0; i < m; ++i) q[i][j] = v[i] / r[j][j];
  }
  Mat all = zeros_of(m, least + n);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < least; ++j) all[i][j] = q[i][j];
    if (i < least)
      for (std::size_t j = 0; j < n; ++j) all[i][least + j] = r[i][j];
  }
  return all;
}

Mat eigen_of(Mat a) {
  const std::size_t n = a.size();
  Mat v = identity_of(n);
  for (int sweep = 0; sweep < 60; ++sweep)
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        if (a[p][q] == 0) continue;
        const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const double t = std::copysign(1, theta) / (std::abs(theta) + std::hypot(theta, 1));
        const double c = 1 / std::hypot(t, 1), s = t * c;
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[k][p], y = a[k][q];
          a[k][p] = c * x - s * y;
          a[k][q] = s * x + c * y;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[p][k], y = a[q][k];
          a[p][k] = c * x - s * y;
          a[q][k] = s * x + c * y;
          const double vx = v[k][p], vy = v[k][q];
          v[k][p] = c * vx - s * vy;
          v[k][q] = s * vx + c * vy;
        }
      }
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return a[i][i] < a[j][j]; });
  Mat all = zeros_of(n + 1, n);
  for (std::size_t j = 0; j < n; ++j) {
    all[0][j] = a[order[j]][order[j]];
    for (std::size_t i = 0; i < n; ++i) all[i + 1][j] = v[i][order[j]];
  }
  return all;
}

std::vector<double> singular_values_of(const Mat& a) {
  if (a.empty() || a[0].empty()) return {};
  const Mat squares = a.size() < a[0].size() ? times(a, transposed(a)) : times(transposed(a), a);
  std::vector<double> values = eigen_of(squares)[0];
  std::reverse(values.begin(), values.end());
  for (double& value : values) value = std::sqrt(std::max(0.0, value));
  return values;
}

Mat exponential_of(const Mat& a) {
  const std::size_t n = a.size();
  const int halvings = 8;
  Mat small = a;
  for (auto& row : small)
    for (double& x : row) x = std::ldexp(x, -halvings);
  Mat sum = identity_of(n), term = identity_of(n);
  for (int k = 1; k < 30; ++k) {
    term = times(term, small);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) sum[i][j] += term[i][j] /= k;
  }
  for (int k = 0; k < halvings; ++k) sum = times(sum, sum);
  return sum;
}

std::vector<Mat> matrices_of(const Tensor& x) {
  const std::vector<double> all = x.to_vector();
  const std::size_t m = static_cast<std::size_t>(x.size(-2)), n = static_cast<std::size_t>(x.size(-1));
  std::size_t count = 1;
  for (int axis = 0; axis < x.ndim() - 2; ++axis) count *= static_cast<std::size_t>(x.size(axis));
  std::vector<Mat> matrices(count, zeros_of(m, n));
  std::size_t at = 0;
  for (Mat& matrix : matrices)
    for (auto& row : matrix)
      for (double& element : row) element = all[at++];
  return matrices;
}

Tensor stacked(const std::vector<Mat>& matrices, const Shape& lead, std::int64_t rows, std::int64_t columns) {
  std::vector<double> all;
  for (const Mat& matrix : matrices)
    for (const auto& row : matrix) all.insert(all.end(), row.begin(), row.end());
  Shape shape = lead;
  shape.push_back(rows);
  shape.push_back(columns);
  return from_vector(all, shape);
}

namespace {

Shape lead_of(const Tensor& x) { return Shape(std::span(x.shape().begin(), static_cast<std::size_t>(x.ndim() - 2))); }

Tensor stacked_like(const std::vector<Mat>& results, const Tensor& x) {
  if (results.empty() || results[0].empty()) return stacked(results, lead_of(x), x.size(-2), x.size(-1));
  return stacked(results, lead_of(x), static_cast<std::int64_t>(results[0].size()),
                 static_cast<std::int64_t>(results[0][0].size()));
}

}  // namespace

Tensor of_each(const Tensor& x, const Function<Mat(const Mat&)>& f) {
  std::vector<Mat> results;
  for (const Mat& matrix : matrices_of(x)) results.push_back(f(matrix));
  return stacked_like(results, x);
}

Tensor of_each(const Tensor& a, const Tensor& b, const Function<Mat(const Mat&, const Mat&)>& f) {
  const std::vector<Mat> left = matrices_of(a), right = matrices_of(b);
  std::vector<Mat> results;
  for (std::size_t i = 0; i < left.size(); ++i) results.push_back(f(left[i], right[i]));
  return stacked_like(results, b);
}

Tensor number_of_each(const Tensor& x, const Function<double(const Mat&)>& f) {
  std::vector<double> numbers;
  for (const Mat& matrix : matrices_of(x)) numbers.push_back(f(matrix));
  return from_vector(numbers, lead_of(x));
}

bool are_square(const Tensor& x) {
  return x.defined() && is_floating(x.dtype()) && x.ndim() >= 2 && x.size(-1) == x.size(-2);
}
Tensor regular(const Tensor& x) {
  return are_square(x) ? x + 4 * static_cast<double>(x.size(-1)) * eye(x.size(-1), {.dtype = x.dtype()}) : x;
}
Tensor positive(const Tensor& x) { return are_square(x) ? regular(x + transpose(x)) : x; }
Tensor spread(const Tensor& x) {
  if (!are_square(x)) return x;
  const Tensor places = cast(arange(x.size(-1)), x.dtype());
  return 0.25 * (x + transpose(x)) + where(unsqueeze(places, 1) == places, 3 * places, 0);
}
Tensor distinct(const Tensor& x) {
  if (!x.defined() || !is_floating(x.dtype()) || x.ndim() < 2) return x;
  const Tensor rows = unsqueeze(cast(arange(x.size(-2)), x.dtype()), 1), columns = cast(arange(x.size(-1)), x.dtype());
  return 0.3 * x + where(rows == columns, 4 + 4 * rows, 0);
}

Tensor with_other_half(const Tensor& x, bool upper) {
  if (!are_square(x)) return x;
  const Tensor fives = full_like(x, 5);
  return x + (upper ? tril(fives, -1) : triu(fives, 1));
}
Tensor with_rolled_rows(const Tensor& x) { return x.defined() && x.ndim() > 1 ? roll(x, 1, -2) : x; }
Mat rolled(Mat a) {
  std::rotate(a.begin(), a.end() - 1, a.end());
  return a;
}

}  // namespace xgrad::testing
