#include "dense.hpp"

#include "../../autograd/ops.hpp"
#include "../detail/start.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace {

detail::Start start_of(const char* layer, const DenseOptions& options, SourceLocation where) {
  return {layer, options.dtype, options.generator, where};
}

Tensor start_of_weight(const char* layer, const Shape& shape, const DenseOptions& options, SourceLocation where) {
  // PyTorch's Bilinear takes its first input for the fan, and no area.
  Initializer fallback = shape.ndim() == 2 ? init::uniform_fan_in() : detail::uniform_by_fan(shape[1]);
  return start_of(layer, options, where)("weight_init", options.weight_init, fallback, shape);
}

Tensor start_of_bias(const char* layer, const Shape& weight, const DenseOptions& options, SourceLocation where) {
  return start_of(layer, options, where)("bias_init", options.bias_init, detail::uniform_by_fan(weight[1]),
                                         {weight[0]});
}

/// The weight, checked before its extents are read.
const Tensor& checked_weight(const char* layer, const Tensor& weight, int ndim, SourceLocation where) {
  check(weight.defined(), where, layer, ": weight must be a tensor, but it is undefined.");
  check(weight.ndim() == ndim, where, layer, ": weight must be ", ndim == 2 ? "[out, in]" : "[out, in1, in2]",
        ", but it is ", weight.shape(), ".");
  return weight;
}

DenseOptions options_of(const Tensor& weight, const Tensor& bias) {
  DenseOptions options{.bias = bias.defined(), .weight_init = init::given(weight), .dtype = weight.dtype()};
  if (bias.defined()) options.bias_init = init::given(bias);
  return options;
}

}  // namespace

DenseOptions::~DenseOptions() = default;
Dense::Dense(const Dense&) = default;
Dense::~Dense() = default;

// ---- Dense ----

Dense::Dense(std::int64_t in, std::int64_t out, DenseOptions options, SourceLocation where)
    : weight_((check(in >= 0 && out >= 0, where, "Dense: its sizes must be at least 0, but in is ", in, " and out is ",
                     out, "."),
               param("weight", start_of_weight("Dense", {out, in}, options, where), where))),
      bias_(options.bias ? param("bias", start_of_bias("Dense", {out, in}, options, where), where) : Parameter()) {}

// In braces, what is handed on is made from left to right: the weight is checked before it is read.
Dense::Dense(const Tensor& weight, const Tensor& bias, SourceLocation where)
    : Dense{checked_weight("Dense", weight, 2, where).shape()[1], weight.shape()[0], options_of(weight, bias), where} {}

Tensor Dense::operator()(const Operand& x) const {
  return call(x, [&] {
    const Shape& shape = x.tensor("Dense").shape();
    check(shape.ndim() > 0 && shape.back() == in(), x.where(), "last axis of x must be ", in(), ", but x is ", shape,
          ".");
    return affine(x, weight_, bias_);
  });
}

// ---- Bilinear ----

Bilinear::Bilinear(std::int64_t in1, std::int64_t in2, std::int64_t out, BilinearOptions options, SourceLocation where)
    : weight_((check(in1 >= 0 && in2 >= 0 && out >= 0, where, "Bilinear: its sizes must be at least 0, but in1 is ",
                     in1, ", in2 is ", in2, " and out is ", out, "."),
               param("weight", start_of_weight("Bilinear", {out, in1, in2}, options, where), where))),
      bias_(options.bias ? param("bias", start_of_bias("Bilinear", {out, in1, in2}, options, where), where)
                         : Parameter()) {}

Bilinear::Bilinear(const Tensor& weight, const Tensor& bias, SourceLocation where)
    : Bilinear{checked_weight("Bilinear", weight, 3, where).shape()[1], weight.shape()[2], weight.shape()[0],
               options_of(weight, bias), where} {}

Tensor Bilinear::operator()(const Operand& a, const Tensor& b) const {
  return call(a, [&] { return bilinear(a, Operand(b, a.where()), weight_, bias_); });
}

}  // namespace nn
}  // namespace xgrad
