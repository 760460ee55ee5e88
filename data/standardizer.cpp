#include "standardizer.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "../autograd/base/launch.hpp"
#include "../autograd/grad.hpp"
#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/choose.hpp"
#include "../autograd/ops/compare.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/index.hpp"
#include "../autograd/ops/movement.hpp"
#include "../autograd/ops/reduce.hpp"
#include "../autograd/tensor_impl.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

/// Throws std::invalid_argument, naming the first element that is nan or infinite.
[[noreturn]] void fail_as_not_finite(const Tensor& x, SourceLocation where) {
  const Tensor finite = isfinite(x);
  const std::int64_t at = argmin(cast(reshape(finite, {-1}), DType::int64)).item<std::int64_t>();
  const std::int64_t features = x.numel() / x.shape()[0];
  fail<std::invalid_argument>(
      where, concat("Standardizer::fit: x must be finite, but feature ", at % features, " of point ", at / features,
                    " is ", reshape(x, {-1})[at].item(), ". Replace or drop such points first."));
}

/// A power of 2 for each feature that brings numbers of this size to where neither their sum nor the squares of their
/// differences leave float64's range.
Tensor safe_factors(const Tensor& largest) {
  std::vector<double> factors = largest.to_vector<double>();
  for (double& factor : factors) factor = factor > 1e140 ? 0x1p-600 : factor < 1e-100 ? 0x1p600 : 1;
  return from_vector(factors, largest.shape());
}

struct Forward {
  static double of(double x, double mean, double scale) { return (x - mean) / scale; }
};
struct Backward {
  static double of(double y, double mean, double scale) { return y * scale + mean; }
};

/// One pass over points of which each has `features` elements, in float64 without an array of it.
template <class Formula, class T>
struct Apply {
  const T* x;
  T* y;
  const double* mean;
  const double* scale;
  std::int64_t features;

  static void run(const Apply& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t point = begin; point < end; ++point) {
      const T* x = a.x + point * a.features;
      T* y = a.y + point * a.features;
      for (std::int64_t i = 0; i < a.features; ++i) y[i] = static_cast<T>(Formula::of(x[i], a.mean[i], a.scale[i]));
    }
  }
};

/// The formula for all elements of x, not recorded.
template <class Formula>
Tensor applied(const Tensor& x, const Tensor& mean, const Tensor& scale) {
  NoGrad no_grad;
  const Tensor from = contiguous(x);
  Tensor to = internal::new_tensor(x.shape(), x.dtype());
  const std::int64_t features = mean.numel();
  if (from.numel() == 0) return to;
  internal::dispatch_floating(x.dtype(), [&]<class T>(T) {
    constexpr std::int64_t kGrain = 16 * 1024;  // elements
    internal::launch(Apply<Formula, T>{internal::data_of<T>(from), internal::data_of<T>(to), mean.data<double>(),
                                       scale.data<double>(), features},
                     from.numel() / features, std::max<std::int64_t>(1, kGrain / features));
  });
  return to;
}

}  // namespace

Standardizer::Standardizer(Tensor mean, Tensor scale) : mean_(std::move(mean)), scale_(std::move(scale)) {}
Standardizer Standardizer::fit(const Tensor& x, SourceLocation where) {
  check(
      x.defined() && is_floating(x.dtype()) && x.ndim() > 0 && x.shape()[0] > 0, where,
      "Standardizer::fit: x must be floating [n, ...] with n > 0, but it is ",
      [&] { return x.defined() ? concat(x.dtype(), ' ', x.shape()) : "undefined"; }, '.');
  CallSite site(where);
  NoGrad no_grad;
  Tensor wide = cast(x, DType::float64);
  // By its extremes: the standard deviation of equal numbers can round to something just above 0.
  const Tensor lowest = amin(wide, 0), highest = amax(wide, 0);
  if (!all(logical_and(isfinite(lowest), isfinite(highest))).item<bool>()) fail_as_not_finite(x, where);
  const Tensor constant = equal(lowest, highest);
  const Tensor factors = safe_factors(maximum(abs(lowest), abs(highest)));
  const bool is_plain = all(equal(factors, 1)).item<bool>();
  if (!is_plain) wide = wide * factors;
  Tensor mean = xgrad::mean(wide, 0), scale = xgrad::std(wide, 0, {.correction = 0});
  if (!is_plain) {
    mean = mean / factors;
    scale = maximum(scale / factors, std::numeric_limits<double>::denorm_min());  // 0 would divide by 0
  }
  return {xgrad::where(constant, lowest, mean), xgrad::where(constant, 1.0, scale)};
}

Tensor Standardizer::transform(const Tensor& x, SourceLocation where) const {
  check_features("Standardizer::transform", x, where);
  CallSite site(where);
  if (!x.requires_grad()) return applied<Forward>(x, mean_, scale_);
  return cast((cast(x, DType::float64) - mean_) / scale_, x.dtype());
}

Tensor Standardizer::inverse(const Tensor& y, SourceLocation where) const {
  check_features("Standardizer::inverse", y, where);
  CallSite site(where);
  if (!y.requires_grad()) return applied<Backward>(y, mean_, scale_);
  return cast(cast(y, DType::float64) * scale_ + mean_, y.dtype());
}

void Standardizer::check_features(const char* operation, const Tensor& x, SourceLocation where) const {
  const std::string_view name = operation;
  check(
      x.defined() && is_floating(x.dtype()), where, name, ": x must be floating, but it is ",
      [&] { return x.defined() ? concat(x.dtype()) : "undefined"; }, '.');
  const Shape& features = mean_.shape();
  const Shape& shape = x.shape();
  check(shape.ndim() >= features.ndim() && std::equal(features.begin(), features.end(), shape.end() - features.ndim()),
        where, name, ": the last axes of x must be the features fitted, ", features, ", but x is ", shape, '.');
}

}  // namespace data
}  // namespace xgrad
