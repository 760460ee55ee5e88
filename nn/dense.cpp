#include "dense.hpp"

#include <cmath>

#include "../autograd/ops/linalg.hpp"
#include "detail/input.hpp"

namespace xgrad::nn {
namespace {

/// What the initialiser makes, which may be the user's own.
Tensor start(const char* option, const Initializer& initializer, const Shape& shape, const DenseOptions& options,
             SourceLocation where) {
  Generator& generator = options.generator != nullptr ? *options.generator : default_generator();
  Tensor value = initializer(shape, {.dtype = options.dtype}, generator, where);
  check(value.defined(), where, "Dense: ", option, " must give a tensor, but it gave an undefined one.");
  check(value.shape() == shape && value.dtype() == options.dtype, where, "Dense: ", option, " must give ",
        options.dtype, ' ', shape, ", but it gave ", value.dtype(), ' ', value.shape(), ".");
  return value;
}

}  // namespace

Dense::Dense(std::int64_t in, std::int64_t out, DenseOptions options, SourceLocation where) {
  check(in >= 0 && out >= 0, where, "Dense: its sizes must be at least 0, but in is ", in, " and out is ", out, ".");
  check(is_floating(options.dtype), where, "Dense: its dtype must be floating, but it is ", options.dtype, ".");
  if (!options.weight_init) options.weight_init = init::uniform_fan_in();
  weight_ = param("weight", start("weight_init", options.weight_init, {out, in}, options, where), where);
  if (!options.bias) return;
  if (!options.bias_init) {
    double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
    options.bias_init = init::uniform(-bound, bound);
  }
  bias_ = param("bias", start("bias_init", options.bias_init, {out}, options, where), where);
}

Tensor Dense::operator()(const Operand& x) const {
  const Shape& shape = input_of(*this, x).shape();
  check(shape.ndim() > 0 && shape.back() == in(), x.where(), *this, ": last axis of x must be ", in(), ", but x is ",
        shape, ".");
  return affine(x, weight_, bias_);
}

}  // namespace xgrad::nn
