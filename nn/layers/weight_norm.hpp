// WeightNorm and SpectralNorm: layers whose weight is made of other parameters at each call.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "../../autograd/random.hpp"
#include "../copy.hpp"

namespace xgrad XGRAD_API {
namespace nn {

class TransposedConvolution;

namespace detail {

/// v g / norm(v), the norm over all axes but one.
Tensor with_length(const Operand& v, const Tensor& g, std::optional<int> axis);
/// The lengths of the parts of v: what g starts as.
Tensor lengths_of(const Tensor& v, std::optional<int> axis);

/// A weight's largest singular value, by vectors that are kept.
struct SpectralIteration {
  int axis;
  int iterations;
  double eps;

  /// A random vector of length 1.
  Tensor start(std::int64_t size, DType dtype, Generator* generator) const;
  /// How long the vectors are, the weight seen as a matrix.
  std::int64_t rows(const Tensor& weight) const { return weight.shape()[axis]; }
  std::int64_t columns(const Tensor& weight) const { return rows(weight) == 0 ? 0 : weight.numel() / rows(weight); }
  /// Improves the vectors in place.
  void improve(const Tensor& weight, Tensor u, Tensor v) const;
  /// weight / (u^T weight v), the vectors as constants.
  Tensor normalized(const Operand& weight, const Tensor& u, const Tensor& v) const;
};

int checked_axis(const char* wrapper, int axis, const Tensor& weight, SourceLocation where);
/// Checks the axis before the layer's parameter is renamed: a refused wrapper leaves the layer as it was.
void check_axis_of(const char* wrapper, const Module& layer, const std::string& name, std::optional<int> axis,
                   SourceLocation where);
void check_iteration(const char* wrapper, int iterations, double eps, SourceLocation where);

}  // namespace detail

/// Options of WeightNorm.
struct WeightNormOptions {
  std::string name = "weight";  ///< the parameter that is made of two
  std::optional<int> axis = 0;  ///< along which each part has a length of its own; nullopt: one length for all
};

/// WeightNorm is a layer whose weight has its direction and its length apart: weight = weight_g weight_v /
/// norm(weight_v). It is called as the layer is.
///
/// Parameters: the layer's own, under their own names, but weight_v and weight_g [n, 1 ...] in place of weight, as
/// PyTorch's weight_norm has them. The layer that was handed over is part of it from then on: calling it by itself
/// takes weight_v.
///
/// Throws: std::invalid_argument for a parameter that the layer does not have itself, and std::out_of_range for an axis
/// that it does not have.
/// Source: Salimans, Kingma, Weight normalization, 2016.
/// Example: `nn::WeightNorm conv(nn::Conv1d(16, 16, 3));`
template <std::derived_from<Module> M>
class WeightNorm final : public Module {
 public:
  explicit WeightNorm(M layer, WeightNormOptions options = {}, SourceLocation where = SourceLocation::current())
      : axis_(options.axis),
        layer_((detail::check_axis_of("WeightNorm", layer, options.name, options.axis, where),
                wrapped(std::move(layer), where))),
        direction_(rename_parameter(options.name, options.name + "_v", where)),
        length_(param(options.name + "_g", detail::lengths_of(direction_, options.axis), where)) {}

  Tensor operator()(const Operand& x) const requires std::is_invocable_r_v<Tensor, const M&, const Operand&> {
    return call(x, [&] { return on_weight(x.where())(x); });
  }
  /// The call of a layer that takes more than x, or answers with more than a tensor.
  template <class... Arguments>
  requires(std::is_invocable_v<const M&, const Tensor&, const Arguments&...> &&
           (sizeof...(Arguments) > 0 || !std::is_invocable_r_v<Tensor, const M&, const Operand&>)) auto
  operator()(const Tensor& x, const Arguments&... arguments) const {
    return call(x, [&] { return on_weight({})(x, arguments...); });
  }

  /// The weight that a call takes.
  Tensor weight() const { return detail::with_length(direction_, length_, axis_); }

 private:
  M on_weight(SourceLocation where) const {
    return detail::on_tensor(layer_, direction_, detail::with_length({direction_, where}, length_, axis_));
  }

  std::optional<int> axis_;
  M layer_;
  Parameter direction_;
  Parameter length_;
};

/// Options of SpectralNorm.
struct SpectralNormOptions {
  std::string name = "weight";     ///< the parameter that is divided
  int power_iterations = 1;        ///< at each call in training
  double eps = 1e-12;              ///< the least length that is divided by
  std::optional<int> axis = {};    ///< whose parts are the matrix's rows; nullopt: 0, of a transposed convolution 1
  Generator* generator = nullptr;  ///< of the vectors' start; null: the thread's default_generator()
};

/// SpectralNorm is a layer whose weight is divided by its largest singular value, which keeps the layer's slope below
/// 1. It is called as the layer is. The singular value comes of vectors that each call in training improves by power
/// iterations; the gradient takes them as constants.
///
/// Parameters: the layer's own, under their own names, but weight_orig in place of weight; buffers: weight_u and
/// weight_v; as PyTorch's spectral_norm has them. The layer that was handed over is part of it from then on: calling it
/// by itself takes weight_orig.
///
/// Throws: std::invalid_argument for a parameter that the layer does not have itself, and fewer than no iterations;
/// std::out_of_range for an axis that it does not have.
/// Source: Miyato, Kataoka, Koyama, Yoshida, Spectral normalization for generative adversarial networks, 2018.
/// Example: `nn::SpectralNorm critic(nn::Dense(64, 1));`
template <std::derived_from<Module> M>
class SpectralNorm final : public Module {
 public:
  explicit SpectralNorm(M layer, SpectralNormOptions options = {}, SourceLocation where = SourceLocation::current())
      : layer_((detail::check_iteration("SpectralNorm", options.power_iterations, options.eps, where),
                detail::check_axis_of("SpectralNorm", layer, options.name, axis_of(options), where),
                wrapped(std::move(layer), where))),
        original_(rename_parameter(options.name, options.name + "_orig", where)),
        iteration_{detail::checked_axis("SpectralNorm", axis_of(options), original_, where), options.power_iterations,
                   options.eps},
        u_(buffer(options.name + "_u",
                  iteration_.start(iteration_.rows(original_), original_.dtype(), options.generator), where)),
        v_(buffer(options.name + "_v",
                  iteration_.start(iteration_.columns(original_), original_.dtype(), options.generator), where)) {}

  Tensor operator()(const Operand& x) const requires std::is_invocable_r_v<Tensor, const M&, const Operand&> {
    return call(x, [&] { return on_weight(x.where())(x); });
  }
  /// The call of a layer that takes more than x, or answers with more than a tensor.
  template <class... Arguments>
  requires(std::is_invocable_v<const M&, const Tensor&, const Arguments&...> &&
           (sizeof...(Arguments) > 0 || !std::is_invocable_r_v<Tensor, const M&, const Operand&>)) auto
  operator()(const Tensor& x, const Arguments&... arguments) const {
    return call(x, [&] { return on_weight({})(x, arguments...); });
  }

  /// The weight that a call in evaluation takes.
  Tensor weight() const { return iteration_.normalized(original_, u_, v_); }

 private:
  static int axis_of(const SpectralNormOptions& options) {
    return options.axis.value_or(std::derived_from<M, TransposedConvolution> ? 1 : 0);
  }
  M on_weight(SourceLocation where) const {
    if (is_training()) iteration_.improve(original_, u_, v_);
    return detail::on_tensor(layer_, original_, iteration_.normalized({original_, where}, u_, v_));
  }

  M layer_;
  Parameter original_;
  detail::SpectralIteration iteration_;
  Buffer u_;
  Buffer v_;
};

}  // namespace nn
}  // namespace xgrad
