// Normalisation: groups of elements shifted and scaled to mean 0 and variance 1. The variance is the biased one. What
// is done with the running statistics of a layer is said at batch_norm().
#pragma once

#include <optional>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Layer normalisation: (x - mean) / sqrt(variance + eps) weight + bias, mean and variance over the last axes, those of
/// `normalized_shape`. A primitive, for speed. An undefined weight is 1, an undefined bias 0.
/// Shapes: `x [..., normalized_shape], weight normalized_shape, bias normalized_shape -> [..., normalized_shape]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: for x scale (v - mean(v) - h mean(v h)), with v = g weight, h the normalised x and scale = 1 /
/// sqrt(variance + eps); the sums of g h for weight, and of g for bias.
/// Throws: std::invalid_argument for other shapes, and an empty normalized_shape.
/// Source: Ba, Kiros, Hinton, Layer normalization, 2016.
/// Example: `layer_norm(x, {x.size(-1)})`
Tensor layer_norm(const Operand& x, const Shape& normalized_shape, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

/// Root-mean-square normalisation: x / sqrt(mean(x^2) + eps) weight, the mean over the last axes, those of
/// `normalized_shape`. A primitive, for speed. An undefined weight is 1; without eps it is the distance from 1 to the
/// next number of x's dtype.
/// Shapes: `x [..., normalized_shape], weight normalized_shape -> [..., normalized_shape]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: for x scale (v - h mean(v h)), with v = g weight, h the normalised x and scale = 1 / sqrt(mean(x^2) +
/// eps).
/// Throws: std::invalid_argument for other shapes, and an empty normalized_shape.
/// Source: Zhang, Sennrich, Root mean square layer normalization, 2019.
/// NumPy: -
/// PyTorch: -
Tensor rms_norm(const Operand& x, const Shape& normalized_shape, const Tensor& weight = {},
                std::optional<double> eps = std::nullopt);

/// Group normalisation: the channels (axis 1) in so many groups of neighbours, and mean and variance of each sample's
/// groups over their channels and all places. A primitive, for speed. An undefined weight is 1, an undefined bias 0.
/// Shapes: `x [N, C, ...], weight [C], bias [C] -> [N, C, ...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: as layer_norm's, by group.
/// Throws: std::invalid_argument for other shapes, unless the groups divide the channels evenly, and for one sample
/// with groups of one element.
/// Source: Wu, He, Group normalization, 2018.
Tensor group_norm(const Operand& x, std::int64_t groups, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

/// Options of batch_norm.
struct BatchNormOptions {
  bool training = false;  ///< take the statistics of x, and update the running ones; else take the running ones
  double momentum = 0.1;  ///< the part of the new in the running statistics
  double eps = 1e-5;      ///< added to the variance
};
/// Batch normalisation: (x - mean) / sqrt(variance + eps) weight + bias by channel (axis 1). A primitive, for speed.
///
/// In training, mean and variance are those of x over all axes but 1, and the running statistics, where they are
/// defined, are written: running = (1 - momentum) running + momentum new, the new variance being the unbiased one. Else
/// they are the running ones, as constants. An undefined weight is 1, an undefined bias 0. An empty x changes no
/// statistics.
/// Shapes: `x [N, C, ...]`, the others `[C] -> [N, C, ...]`.
/// Dtype: the common one of x, weight and bias; integers become the default dtype. The running statistics are floating.
/// Derivative: as layer_norm's, by channel; without training g weight / sqrt(variance + eps) for x.
/// Throws: std::invalid_argument for other shapes, for one value a channel in training, and without training and
/// running statistics; std::logic_error where running statistics were made by an operation.
/// Source: Ioffe, Szegedy, Batch normalization, 2015.
/// NumPy: -
/// PyTorch: `nn.functional.batch_norm`
Tensor batch_norm(const Operand& x, const Tensor& running_mean, const Tensor& running_variance,
                  const Tensor& weight = {}, const Tensor& bias = {}, BatchNormOptions options = {});

/// Options of instance_norm.
struct InstanceNormOptions {
  bool use_input_stats = true;  ///< take the statistics of x, and update the running ones; else take the running ones
  double momentum = 0.1;        ///< the part of the new in the running statistics
  double eps = 1e-5;            ///< added to the variance
};
/// Instance normalisation: batch_norm of each sample by itself, mean and variance over all places of a channel. The
/// running statistics take the mean over the samples.
/// Shapes: `x [N, C, ...]` with at least one more axis, the others `[C] -> [N, C, ...]`.
/// Dtype: the common one of x, weight and bias; integers become the default dtype. The running statistics are floating.
/// Derivative: as layer_norm's, by sample and channel.
/// Throws: as batch_norm, and for one place in a channel.
/// Source: Ulyanov, Vedaldi, Lempitsky, Instance normalization, 2016.
Tensor instance_norm(const Operand& x, const Tensor& running_mean = {}, const Tensor& running_variance = {},
                     const Tensor& weight = {}, const Tensor& bias = {}, InstanceNormOptions options = {});

/// Options of local_response_norm.
struct LocalResponseNormOptions {
  double alpha = 1e-4;
  double beta = 0.75;
  double k = 1;
};
/// Local response normalisation: x / (k + alpha mean(x^2))^beta, the mean over `size` neighbouring channels: size / 2
/// before and (size - 1) / 2 after, with 0 beyond the ends.
/// Shapes: `x [N, C, d1, ...] -> [N, C, d1, ...]`.
/// Dtype: floating; integers become the default dtype.
/// Derivative: that of the quotient.
/// Throws: std::invalid_argument for fewer than three axes and a size below 1.
/// Source: Krizhevsky, Sutskever, Hinton, ImageNet classification with deep convolutional neural networks, 2012.
Tensor local_response_norm(const Operand& x, std::int64_t size, LocalResponseNormOptions options = {});

/// Options of normalize.
struct NormalizeOptions {
  double p = 2;        ///< the order of the norm
  Axes axes = 1;       ///< the axis that the vectors lie along, or several
  double eps = 1e-12;  ///< the least length that is divided by
};
/// Vectors divided by their lengths: x / max(norm(x), eps), the norm of order p along one axis or several.
/// Shapes: `x [...] -> [...]`.
/// Dtype: floating; integers become the default dtype.
/// Derivative: that of the quotient; where the norm is below eps g / eps.
/// Throws: std::out_of_range for an axis that x does not have; std::invalid_argument for p = nan, and for vectors of no
/// elements with p < 0 or infinite.
Tensor normalize(const Operand& x, NormalizeOptions options = {});

}  // namespace xgrad
