#include "normalization.hpp"

#include "../../autograd/ops.hpp"
#include "../detail/start.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace {

/// A weight that starts as 1 or a bias that starts as 0, unless the options say otherwise.
Tensor started(const char* layer, const char* option, const Initializer& given, const Shape& shape, DType dtype,
               SourceLocation where) {
  const bool is_weight = option[0] == 'w';
  return detail::Start{layer, dtype, nullptr, where}(option, given, is_weight ? init::ones() : init::zeros(), shape);
}

void check_eps(const char* layer, double eps, SourceLocation where) {
  check(eps >= 0, where, layer, ": eps must be at least 0, but it is ", eps, ".");
}

}  // namespace

// ---- With running statistics ----

RunningNorm::RunningNorm(const char* name, std::int64_t features, const BatchNormLayerOptions& options,
                         SourceLocation where)
    : features_((check(features >= 0, where, name, ": features must be at least 0, but they are ", features, "."),
                 check_eps(name, options.eps, where), features)),
      eps_(options.eps),
      momentum_(options.momentum),
      weight_(options.affine
                  ? param("weight", started(name, "weight_init", options.weight_init, {features}, options.dtype, where),
                          where)
                  : Parameter()),
      bias_(options.affine
                ? param("bias", started(name, "bias_init", options.bias_init, {features}, options.dtype, where), where)
                : Parameter()),
      running_mean_(
          options.track_running_stats
              ? buffer("running_mean", started(name, "bias_init", {}, {features}, options.dtype, where), where)
              : Buffer()),
      running_var_(
          options.track_running_stats
              ? buffer("running_var", started(name, "weight_init", {}, {features}, options.dtype, where), where)
              : Buffer()),
      num_batches_tracked_(options.track_running_stats
                               ? buffer("num_batches_tracked", zeros({}, {.dtype = DType::int64}), where)
                               : Buffer()) {}

void RunningNorm::check_input(const Operand& x, int least, int most, int channel_axis) const {
  const Shape& shape = x.tensor("normalization").shape();
  check(
      least <= shape.ndim() && shape.ndim() <= most, x.where(), "x must have ", least,
      [&] { return least == most ? std::string() : concat(" or ", most); }, " axes, but it is ", shape, ".");
  // Without parameters and statistics the number of channels is nobody's, as in PyTorch.
  const bool is_bound = weight_.defined() || running_mean_.defined();
  check(!is_bound || shape[channel_axis] == features_, x.where(), "x must have ", features_, " channels in axis ",
        channel_axis, ", but it is ", shape, ".");
}

BatchNorm::BatchNorm(const char* name, int least, int most, std::int64_t features, const BatchNormLayerOptions& options,
                     SourceLocation where)
    : RunningNorm(name, features, options, where), least_(least), most_(most) {}
Tensor BatchNorm::operator()(const Operand& x) const {
  return call(x, [&] {
    check_input(x, least_, most_, 1);
    const bool has_statistics = running_mean_.defined(), counts = is_training() && has_statistics;
    BatchNormOptions options{.training = is_training() || !has_statistics, .eps = eps_};
    const std::int64_t count = counts ? num_batches_tracked_.item<std::int64_t>() + 1 : 0;
    if (momentum_)
      options.momentum = *momentum_;
    else
      options.momentum = counts ? 1 / static_cast<double>(count) : 0;
    const Tensor counted = counts ? full({}, count, {.dtype = DType::int64}) : Tensor();
    Tensor y = batch_norm(x, running_mean_, running_var_, weight_, bias_, options);
    // After it, and made before it: a call that is refused, or for which memory runs out, changes nothing.
    if (counts) Tensor(num_batches_tracked_).assign(counted, x.where());
    return y;
  });
}

InstanceNorm::InstanceNorm(const char* name, int axes, std::int64_t features, const InstanceNormLayerOptions& options,
                           SourceLocation where)
    : RunningNorm((check(options.momentum || !options.track_running_stats, where, name,
                         ": with track_running_stats momentum must be a number, as the mean of all batches is "
                         "BatchNorm's alone, but it is nullopt."),
                   name),
                  features,
                  {.eps = options.eps,
                   .momentum = options.momentum,
                   .affine = options.affine,
                   .track_running_stats = options.track_running_stats,
                   .weight_init = options.weight_init,
                   .bias_init = options.bias_init,
                   .dtype = options.dtype},
                  where),
      axes_(axes) {}

Tensor InstanceNorm::operator()(const Operand& x) const {
  return call(x, [&] {
    const Tensor& input = x.tensor("normalization");
    const bool is_one_sample = input.ndim() == axes_ + 1;
    check_input(x, axes_ + 1, axes_ + 2, is_one_sample ? 0 : 1);
    InstanceNormOptions options{
        .use_input_stats = is_training() || !running_mean_.defined(), .momentum = momentum_.value_or(0), .eps = eps_};
    if (!is_one_sample) return instance_norm(x, running_mean_, running_var_, weight_, bias_, options);
    Tensor batch = unsqueeze(x, 0);
    Tensor y = instance_norm({batch, x.where()}, running_mean_, running_var_, weight_, bias_, options);
    return squeeze({y, x.where()}, 0);
  });
}

// ---- Without ----

namespace {

const Shape& checked_shape(const char* layer, const Shape& shape, double eps, SourceLocation where) {
  check(shape.ndim() > 0, where, layer, ": the normalized shape must have an axis, but it is ", shape, ".");
  for (int axis = 0; axis < shape.ndim(); ++axis)
    check(shape[axis] >= 0, where, layer, ": extents must be at least 0, but the normalized shape is ", shape, ".");
  check_eps(layer, eps, where);
  return shape;
}

}  // namespace

LayerNorm::LayerNorm(const Shape& normalized_shape, LayerNormOptions options, SourceLocation where)
    : shape_(checked_shape("LayerNorm", normalized_shape, options.eps, where)),
      eps_(options.eps),
      weight_(options.elementwise_affine
                  ? param("weight",
                          started("LayerNorm", "weight_init", options.weight_init, shape_, options.dtype, where), where)
                  : Parameter()),
      bias_(
          options.elementwise_affine && options.bias
              ? param("bias", started("LayerNorm", "bias_init", options.bias_init, shape_, options.dtype, where), where)
              : Parameter()) {}

LayerNorm::LayerNorm(std::int64_t features, LayerNormOptions options, SourceLocation where)
    : LayerNorm(Shape{features}, std::move(options), where) {}

Tensor LayerNorm::operator()(const Operand& x) const {
  return call(x, [&] { return layer_norm(x, shape_, weight_, bias_, eps_); });
}

RMSNorm::RMSNorm(const Shape& normalized_shape, RMSNormOptions options, SourceLocation where)
    : shape_(checked_shape("RMSNorm", normalized_shape, options.eps.value_or(0), where)),
      eps_(options.eps),
      weight_(options.elementwise_affine
                  ? param("weight",
                          started("RMSNorm", "weight_init", options.weight_init, shape_, options.dtype, where), where)
                  : Parameter()) {}

RMSNorm::RMSNorm(std::int64_t features, RMSNormOptions options, SourceLocation where)
    : RMSNorm(Shape{features}, std::move(options), where) {}

Tensor RMSNorm::operator()(const Operand& x) const {
  return call(x, [&] { return rms_norm(x, shape_, weight_, eps_); });
}

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, GroupNormOptions options, SourceLocation where)
    : groups_((check(groups >= 1 && channels >= 1, where,
                     "GroupNorm: groups and channels must be at least 1, but they "
                     "are ",
                     groups, " and ", channels, "."),
               check(channels % groups == 0, where, "GroupNorm: channels must be a multiple of groups, but they are ",
                     channels, " and ", groups, "."),
               check_eps("GroupNorm", options.eps, where), groups)),
      channels_(channels),
      eps_(options.eps),
      weight_(options.affine
                  ? param("weight",
                          started("GroupNorm", "weight_init", options.weight_init, {channels}, options.dtype, where),
                          where)
                  : Parameter()),
      bias_(options.affine
                ? param("bias", started("GroupNorm", "bias_init", options.bias_init, {channels}, options.dtype, where),
                        where)
                : Parameter()) {}

Tensor GroupNorm::operator()(const Operand& x) const {
  return call(x, [&] {
    const Shape& shape = x.tensor("GroupNorm").shape();
    check(shape.ndim() >= 2 && (shape[1] == channels_ || !weight_.defined()), x.where(), "x must be [N, ", channels_,
          ", ...], but it is ", shape, ".");
    return group_norm(x, groups_, weight_, bias_, eps_);
  });
}

LocalResponseNorm::LocalResponseNorm(std::int64_t size, LocalResponseNormOptions options)
    : size_(size), options_(options) {}
Tensor LocalResponseNorm::operator()(const Operand& x) const {
  return call(x, [&] { return local_response_norm(x, size_, options_); });
}

BatchNorm1d::BatchNorm1d(std::int64_t features, BatchNorm1dOptions options, SourceLocation where)
    : BatchNorm("BatchNorm1d", 2, 3, features, options, where) {}
BatchNorm2d::BatchNorm2d(std::int64_t features, BatchNorm2dOptions options, SourceLocation where)
    : BatchNorm("BatchNorm2d", 4, 4, features, options, where) {}
BatchNorm3d::BatchNorm3d(std::int64_t features, BatchNorm3dOptions options, SourceLocation where)
    : BatchNorm("BatchNorm3d", 5, 5, features, options, where) {}
InstanceNorm1d::InstanceNorm1d(std::int64_t features, InstanceNorm1dOptions options, SourceLocation where)
    : InstanceNorm("InstanceNorm1d", 1, features, options, where) {}
InstanceNorm2d::InstanceNorm2d(std::int64_t features, InstanceNorm2dOptions options, SourceLocation where)
    : InstanceNorm("InstanceNorm2d", 2, features, options, where) {}
InstanceNorm3d::InstanceNorm3d(std::int64_t features, InstanceNorm3dOptions options, SourceLocation where)
    : InstanceNorm("InstanceNorm3d", 3, features, options, where) {}

}  // namespace nn
}  // namespace xgrad
