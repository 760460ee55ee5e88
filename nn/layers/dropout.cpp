#include "dropout.hpp"

#include "../../autograd/ops.hpp"

namespace xgrad::nn {

Tensor dropout(const Operand& x, double p, Generator& generator) {
  const Tensor& input = x.tensor("dropout");
  check(p >= 0 && p <= 1, x.where(), "dropout: p must be in [0, 1], but it is ", p, ".");
  check(is_floating(input.dtype()), x.where(), "dropout: x must be floating, but it is ", input.dtype(), ".");
  CallSite site(x.where());
  Tensor is_kept = bernoulli(input.shape(), 1 - p, generator);
  // where(), not a product: an infinity that is dropped gives 0, and the mask takes one byte an element.
  return where(is_kept, input * (p < 1 ? 1 / (1 - p) : 0.0), 0);
}

Dropout::Dropout(double p, SourceLocation where) : p_(p) {
  check(p >= 0 && p <= 1, where, "Dropout: p must be in [0, 1], but it is ", p, ".");
}

Dropout::Dropout(double p, Generator& generator, SourceLocation where) : Dropout(p, where) { generator_ = &generator; }

Tensor Dropout::operator()(const Operand& x) const {
  return call(x, [&]() -> Tensor {
    const Tensor& input = x.tensor("Dropout");
    if (!is_training() || p_ == 0) return input;
    check(is_floating(input.dtype()), x.where(), "x must be floating, but it is ", input.dtype(), ".");
    return dropout(x, p_, generator_ != nullptr ? *generator_ : default_generator());
  });
}

}  // namespace xgrad::nn
