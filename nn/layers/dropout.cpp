#include "dropout.hpp"

#include "../../autograd/ops.hpp"

namespace xgrad XGRAD_API {
namespace nn {

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

}  // namespace nn
}  // namespace xgrad
