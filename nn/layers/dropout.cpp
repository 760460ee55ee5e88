#include "dropout.hpp"

#include "../../autograd/ops/movement.hpp"

namespace xgrad XGRAD_API {
namespace nn {

DropoutLayer::DropoutLayer(const char* name, double p, DropoutOptions options, SourceLocation where)
    : p_(p), generator_(options.generator) {
  check(p >= 0 && p <= 1, where, name, ": p must be in [0, 1], but it is ", p, ".");
}

Tensor DropoutLayer::dropped(const Operand& x, Operator drop) const {
  return call(x, [&]() -> Tensor {
    const Tensor& input = x.tensor("dropout");
    if (!is_training() || p_ == 0) return input;
    check(is_floating(input.dtype()), x.where(), "x must be floating, but it is ", input.dtype(), ".");
    return drop(x, p_, generator_ != nullptr ? *generator_ : default_generator());
  });
}

namespace {

void check_axes(const Operand& operand, const char* shapes, int least, int most) {
  const Shape& shape = operand.tensor("dropout").shape();
  check(least <= shape.ndim() && shape.ndim() <= most, operand.where(), "x must be ", shapes, ", but it is ", shape,
        ".");
}

/// Of a batch, or of one sample, which has an axis less.
Tensor of_channels(const Operand& x, double p, Generator& generator, int batch_axes) {
  if (x.tensor("dropout").ndim() == batch_axes) return feature_dropout(x, p, generator);
  Tensor batch = unsqueeze(x, 0);
  return squeeze({feature_dropout({batch, x.where()}, p, generator), x.where()}, 0);
}

Tensor of_sequences(const Operand& x, double p, Generator& generator) {
  check_axes(x, "[N, C, L] or [C, L]", 2, 3);
  return of_channels(x, p, generator, 3);
}
Tensor of_images(const Operand& x, double p, Generator& generator) {
  check_axes(x, "[N, C, H, W] or [N, C, L]", 3, 4);
  return feature_dropout(x, p, generator);
}
Tensor of_volumes(const Operand& x, double p, Generator& generator) {
  check_axes(x, "[N, C, D, H, W] or [C, D, H, W]", 4, 5);
  return of_channels(x, p, generator, 5);
}

}  // namespace

Dropout::Dropout(double p, DropoutOptions options, SourceLocation where) : DropoutLayer("Dropout", p, options, where) {}
Tensor Dropout::operator()(const Operand& x) const { return dropped(x, dropout); }
Dropout1d::Dropout1d(double p, DropoutOptions options, SourceLocation where)
    : DropoutLayer("Dropout1d", p, options, where) {}
Tensor Dropout1d::operator()(const Operand& x) const { return dropped(x, of_sequences); }
Dropout2d::Dropout2d(double p, DropoutOptions options, SourceLocation where)
    : DropoutLayer("Dropout2d", p, options, where) {}
Tensor Dropout2d::operator()(const Operand& x) const { return dropped(x, of_images); }
Dropout3d::Dropout3d(double p, DropoutOptions options, SourceLocation where)
    : DropoutLayer("Dropout3d", p, options, where) {}
Tensor Dropout3d::operator()(const Operand& x) const { return dropped(x, of_volumes); }
AlphaDropout::AlphaDropout(double p, DropoutOptions options, SourceLocation where)
    : DropoutLayer("AlphaDropout", p, options, where) {}
Tensor AlphaDropout::operator()(const Operand& x) const { return dropped(x, alpha_dropout); }
FeatureAlphaDropout::FeatureAlphaDropout(double p, DropoutOptions options, SourceLocation where)
    : DropoutLayer("FeatureAlphaDropout", p, options, where) {}
Tensor FeatureAlphaDropout::operator()(const Operand& x) const { return dropped(x, feature_alpha_dropout); }

}  // namespace nn
}  // namespace xgrad
