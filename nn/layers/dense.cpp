#include "dense.hpp"

#include <cmath>

#include "../../autograd/ops.hpp"

namespace xgrad XGRAD_API {
namespace nn {
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

Tensor start_of_weight(std::int64_t in, std::int64_t out, const DenseOptions& options, SourceLocation where) {
  check(in >= 0 && out >= 0, where, "Dense: its sizes must be at least 0, but in is ", in, " and out is ", out, ".");
  check(is_floating(options.dtype), where, "Dense: its dtype must be floating, but it is ", options.dtype, ".");
  return start("weight_init", options.weight_init ? options.weight_init : init::uniform_fan_in(), {out, in}, options,
               where);
}

Tensor start_of_bias(std::int64_t in, std::int64_t out, const DenseOptions& options, SourceLocation where) {
  double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
  return start("bias_init", options.bias_init ? options.bias_init : init::uniform(-bound, bound), {out}, options,
               where);
}

}  // namespace

Dense::Dense(std::int64_t in, std::int64_t out, DenseOptions options, SourceLocation where)
    : weight_(param("weight", start_of_weight(in, out, options, where), where)),
      bias_(options.bias ? param("bias", start_of_bias(in, out, options, where), where) : Parameter()) {}

Tensor Dense::operator()(const Operand& x) const {
  return call(x, [&] {
    const Shape& shape = x.tensor("Dense").shape();
    check(shape.ndim() > 0 && shape.back() == in(), x.where(), "last axis of x must be ", in(), ", but x is ", shape,
          ".");
    return affine(x, weight_, bias_);
  });
}

}  // namespace nn
}  // namespace xgrad
