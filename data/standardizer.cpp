#include "standardizer.hpp"

#include "../autograd/grad.hpp"
#include "../autograd/ops/elementwise.hpp"
#include "../autograd/ops/reduce.hpp"

namespace xgrad::data {

Standardizer Standardizer::fit(const Tensor& x, SourceLocation where) {
  check(x.defined() && is_floating(x.dtype()) && x.ndim() > 0 && x.shape()[0] > 0, where,
        "Standardizer::fit: x must be floating [n, ...] with n > 0",
        x.defined() ? concat(", but is ", x.dtype(), ' ', x.shape()) : ", but is undefined");
  CallSite site(where);
  NoGrad no_grad;
  const Tensor wide = cast(x, DType::float64);
  // By its extremes: the standard deviation of equal numbers can round to something just above 0.
  const Tensor lowest = amin(wide, 0);
  const Tensor constant = equal(lowest, amax(wide, 0));
  return {xgrad::where(constant, lowest, xgrad::mean(wide, 0)),
          xgrad::where(constant, 1.0, xgrad::std(wide, 0, {.correction = 0}))};
}

Tensor Standardizer::transform(const Tensor& x, SourceLocation where) const {
  check_features("Standardizer::transform", x, where);
  CallSite site(where);
  return (x - cast(mean_, x.dtype())) / cast(scale_, x.dtype());
}

Tensor Standardizer::inverse(const Tensor& y, SourceLocation where) const {
  check_features("Standardizer::inverse", y, where);
  CallSite site(where);
  return y * cast(scale_, y.dtype()) + cast(mean_, y.dtype());
}

void Standardizer::check_features(const char* operation, const Tensor& x, SourceLocation where) const {
  const std::string_view name = operation;
  check(x.defined() && is_floating(x.dtype()), where, name, ": a floating tensor is needed",
        x.defined() ? concat(", but ", x.dtype(), " came") : ", but an undefined one came");
  const Shape& features = mean_.shape();
  const Shape& shape = x.shape();
  check(shape.ndim() >= features.ndim() && std::equal(features.begin(), features.end(), shape.end() - features.ndim()),
        where, name, ": the last axes must be the features fitted, ", features, ", but x is ", shape);
}

}  // namespace xgrad::data
