// cov and corrcoef: of operators.
#include <algorithm>

#include "../../extend.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/promote.hpp"
#include "../detail/reduction.hpp"
#include "../detail/scaling.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "../statistics.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The variables as rows of observations.
Tensor variables(const char* name, const Operand& operand) {
  const Tensor& x = operand.tensor(name);
  check(x.dtype() != DType::boolean, operand.where(), name, ": x must hold numbers, but it is boolean.");
  check(x.ndim() <= 2, operand.where(), name, ": x must have at most two axes, but it is ", x.shape(), ".");
  return floating_operand(name, x.ndim() == 2 ? x : reshape(Operand(x, operand.where()), {1, x.numel()}));
}

/// A matrix of one row and column is one number.
Tensor scalar_of_one(const Tensor& matrix) { return matrix.numel() == 1 ? reshape(matrix, {}) : matrix; }

void check_weights(const char* what, const Tensor& weights, bool has_dtype, const char* dtypes, std::int64_t count,
                   SourceLocation where) {
  check(has_dtype, where, "cov: ", what, " must be ", dtypes, ", but they are ", weights.dtype(), ".");
  check(weights.shape() == Shape{count}, where, "cov: ", what, " must be one for each of ", count,
        " observations, but they are ", weights.shape(), ".");
  check(!any(weights.detach() < 0).item<bool>(), where, "cov: ", what, " must not be negative, but one is.");
}

/// sum(w (x - mean) (y - mean)) / divisor for all pairs of rows.
Tensor covariances(const Tensor& given, const CovOptions& options, SourceLocation where) {
  const std::int64_t count = given.shape()[1];
  const auto& [correction, frequencies, reliabilities] = options;
  DType dtype = given.dtype();
  if (frequencies.defined())
    check_weights("frequencies", frequencies, frequencies.dtype() == DType::int64, "int64", count, where);
  if (reliabilities.defined()) {
    check_weights("reliabilities", reliabilities, is_floating(reliabilities.dtype()), "floating", count, where);
    dtype = promote(dtype, reliabilities.dtype());
  }
  Tensor x = cast_for("cov", given, dtype);
  // Relative to the first observation: the mean's rounding is then that of a small number, and constants have
  // covariance 0.
  if (count > 0) x = x - narrow(x.detach(), 1, 0, 1);
  if (!frequencies.defined() && !reliabilities.defined()) {
    const Tensor deviations = x - mean(x, 1, {.keepdims = true});
    return matmul(deviations, transpose(deviations)) / std::max(0.0, static_cast<double>(count) - correction);
  }
  // Of the weights in their own dtype, as PyTorch has it.
  const Tensor& r = reliabilities;
  const Tensor w = !r.defined()            ? cast(frequencies, dtype)
                   : frequencies.defined() ? cast(frequencies, r.dtype()) * r
                                           : r;
  const Tensor total = sum(w);
  check(count == 0 || total.item() != 0, where, "cov: the weights must not add up to 0, but they do.");
  Tensor divisor = r.defined() && correction != 0 ? total - correction * sum(w * r) / total : total - correction;
  if (!(divisor.item() > 0)) divisor = zeros({}, {.dtype = dtype});
  const Tensor weights = cast(w, dtype);
  const Tensor deviations = x - sum(x * weights, 1, {.keepdims = true}) / total;
  return matmul(deviations, transpose(deviations * weights)) / divisor;
}

/// Whether the sums of squares on the diagonal have neither overflowed nor underflowed.
bool have_safe_diagonal(const Tensor& c) {
  return dispatch_floating(c.dtype(), [&]<class T>(T) {
    const std::int64_t n = c.size(0);
    for (std::int64_t i = 0; i < n; ++i)
      if (!is_safe_square_sum(data_of<T>(c)[i * n + i])) return false;
    return true;
  });
}

}  // namespace

Tensor cov(const Operand& x, const CovOptions& options) {
  const CallSite site(x.where());
  return scalar_of_one(covariances(variables("cov", x), options, x.where()));
}

Tensor corrcoef(const Operand& operand) {
  const CallSite site(operand.where());
  Tensor x = variables("corrcoef", operand);
  Tensor c = covariances(x, {}, operand.where());
  if (c.numel() == 0) return c;
  // What variances or their derivatives make of large or small elements may leave the range. Correlations are the same
  // of rows times powers of two, which bring the largest elements near 1.
  if (x.numel() > 0 && (is_recording({x}) || !have_safe_diagonal(c))) {
    x = x * power_of_two_scales(x.detach(), 0b10);
    c = covariances(x, {}, operand.where());
  }
  // The diagonal as a view.
  const Tensor variances = get(reshape(c, {c.numel()}), slice(0, {}, c.size(0) + 1));
  const Tensor deviations = sqrt(variances);
  return scalar_of_one(clamp(c / unsqueeze(deviations, 1) / deviations, -1, 1));
}

}  // namespace xgrad
