#include "nn/dense.hpp"

#include <cmath>

#include "autograd/ops/linalg.hpp"

namespace xgrad::nn {

Dense::Dense(std::int64_t in, std::int64_t out, DenseOptions options, SourceLocation where) {
  check(in >= 0 && out >= 0, where, "Dense: its sizes must be at least 0, but in is ", in, " and out is ",
        out, ".");
  check(is_floating(options.dtype), where, "Dense: its dtype must be floating, but it is ", options.dtype,
        ".");
  CallSite site(where);
  Generator& generator = options.generator != nullptr ? *options.generator : default_generator();
  weight_ = param("weight", options.weight_init(Shape{out, in}, {.dtype = options.dtype}, generator));
  if (!options.bias) return;
  if (!options.bias_init) {
    double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
    options.bias_init = init::uniform(-bound, bound);
  }
  bias_ = param("bias", options.bias_init(Shape{out}, {.dtype = options.dtype}, generator));
}

Tensor Dense::operator()(const Operand& x) const {
  const Shape& shape = x.tensor("Dense").shape();
  check(shape.ndim() > 0 && shape.back() == in(), x.where(), *this, ": last axis of x must be ", in(),
        ", but x is ", shape, ".");
  return affine(x, weight_, bias_);
}

}  // namespace xgrad::nn
