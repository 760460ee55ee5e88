// One node serves all: its kernels and its rule see x as [outer, period, channels, inner] (kernels/normalization.hpp).
// The node has a second output, the statistics, which the user does not see: the rule needs them again.
#include "normalization.hpp"

#include <cmath>
#include <limits>

#include "../base/launch.hpp"
#include "../extend.hpp"
#include "../grad_mode.hpp"
#include "../kernels/normalization.hpp"
#include "../tensor_impl.hpp"
#include "arithmetic.hpp"
#include "cast.hpp"
#include "choose.hpp"
#include "detail/promote.hpp"
#include "detail/reduction.hpp"
#include "detail/result.hpp"
#include "detail/scaling.hpp"
#include "movement.hpp"
#include "pooling.hpp"
#include "reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

// ---- The node ----

/// The rows of the statistics [4, groups].
template <class T>
NormStatistics<T> statistics_in(const Tensor& statistics) {
  const std::int64_t n = statistics.shape()[1];
  T* data = data_of<T>(statistics);
  return {data, data + n, data + 2 * n, data + 3 * n};
}

struct NormRule {
  NormLayout layout;
  NormKind kind;
  bool are_constants;        // the statistics
  std::int8_t weight, bias;  // which input each is; -1: none

  Shape elements() const { return {layout.outer, layout.period, layout.channels, layout.inner}; }
  Shape channels() const { return {layout.period, layout.channels, 1}; }

  void operator()(Vjp& vjp) const { vjp.creates_graph() ? by_operators(vjp) : by_kernel(vjp); }

  void by_kernel(Vjp& vjp) const {
    const Tensor &x = vjp.input(0), &statistics = vjp.output(1);
    Tensor g = contiguous(vjp.g(0));
    const bool wants_parts = vjp.needs(weight) || vjp.needs(bias), are_rows = layout.by_row && layout.inner == 1;
    Tensor gx, parts;
    if (vjp.needs(0)) gx = new_result("normalization", x.shape(), x.dtype(), vjp.where());
    if (wants_parts || !are_rows)
      parts =
          new_result("normalization", {norm_parts(layout), 2, layout.period * layout.channels}, x.dtype(), vjp.where());
    if (x.numel() > 0)
      dispatch_floating(x.dtype(), [&]<class T>(T) {
        norm_cotangents(layout, data_of<T>(g), data_of<T>(x), statistics_in<T>(statistics),
                        weight > 0 ? data_of<T>(vjp.input(weight)) : nullptr, kind, are_constants,
                        gx.defined() ? data_of<T>(gx) : nullptr, parts.defined() ? data_of<T>(parts) : nullptr);
      });
    if (gx.defined()) vjp.give(0, gx);
    if (!wants_parts) return;
    const Shape sums_shape{2, layout.period * layout.channels};
    Tensor sums = x.numel() == 0 ? new_zeros("normalization", sums_shape, x.dtype(), vjp.where())
                                 : sum_value(parts, 1, sums_shape);
    for (bool is_bias : {false, true}) {
      const int input = is_bias ? bias : weight;
      if (!vjp.needs(input)) continue;
      const Shape shape = vjp.shape(input);
      const auto size = static_cast<std::int64_t>(size_of(x.dtype()));
      char* first = data_of<char>(sums) + (is_bias ? sums_shape[1] * size : 0);
      vjp.give(input, new_view(sums, shape, row_major(shape), first));
    }
  }

  /// Powers of two that bring each group's deviations near 1, where their squares, or what the derivatives make of
  /// these, may leave the range; undefined where they do not. Beside an eps that is not 0 small ones do not count.
  Tensor safe_factors(const Tensor& given) const {
    constexpr double kSafe = 1e10;
    NoGrad no_grad;
    const Tensor deviation = given.detach();
    const unsigned mask = layout.by_row ? 0b1100 : 0b1001;
    if (deviation.numel() == 0) return {};
    Tensor factors = power_of_two_scales(deviation, mask);
    if (kind.eps != 0) factors = clamp(factors, std::nullopt, 1);
    const bool are_near = max(factors).item() <= kSafe && min(factors).item() >= 1 / kSafe;
    return are_near ? Tensor() : factors;
  }

  void by_operators(Vjp& vjp) const {
    Tensor x = reshape(vjp.input(0), elements()), g = reshape(vjp.g(0), elements());
    auto by_channel = [&](const Tensor& each) { return reshape(each, channels()); };
    // Means over a group, and numbers for each group as they multiply elements.
    const Axes axes = layout.by_row ? Axes(2, 3) : Axes(0, 3);
    const Shape group = layout.by_row ? Shape{layout.outer, layout.period, 1, 1} : Shape{1, layout.period, 1, 1};
    auto over_group = [&](const Tensor& each) { return mean(each, axes, {.keepdims = true}); };
    Tensor h, scale, factor;
    if (are_constants) {
      const Tensor statistics = vjp.output(1).detach();
      auto row = [&](int i) {
        const auto size = static_cast<std::int64_t>(size_of(x.dtype()));
        return new_view(statistics, group, row_major(group), data_of<char>(statistics) + i * group.numel() * size);
      };
      scale = row(2);
      h = (x - row(0)) * scale;
    } else {
      Tensor deviation = x;
      if (kind.centered && x.numel() > 0) {
        // Relative to an element of each group, as in the kernels.
        Tensor relative = x - copy(new_view(x.detach(), group, x.strides(), x.impl()->data));
        deviation = relative - over_group(relative);
      }
      factor = safe_factors(deviation);
      if (factor.defined()) deviation = deviation * factor;
      Tensor variance = over_group(square(deviation));
      if (!factor.defined())
        variance = variance + kind.eps;
      else if (kind.eps != 0)
        variance = variance + kind.eps * square(factor);
      scale = reciprocal(sqrt(variance));
      h = deviation * scale;
    }
    Tensor v = weight > 0 ? g * by_channel(vjp.input(weight)) : g;
    if (vjp.needs(0)) {
      Tensor gx = v * scale;
      if (!are_constants) {
        Tensor rest = v - h * over_group(v * h);
        gx = (kind.centered ? rest - over_group(v) : rest) * scale;
        if (factor.defined()) gx = gx * factor;
      }
      vjp.give(0, reshape(gx, vjp.shape(0)));
    }
    if (vjp.needs(weight)) vjp.give(weight, reshape(sum_to(g * h, channels()), vjp.shape(weight)));
    if (vjp.needs(bias)) vjp.give(bias, reshape(sum_to(g, channels()), vjp.shape(bias)));
  }
};

/// x, weight and bias in their common dtype, without gaps.
struct NormOperands {
  NormOperands(const char* name, const Operand& operand, const Tensor& given_weight, const Tensor& given_bias) {
    const Operand w(given_weight, operand.where()), b(given_bias, operand.where());
    DType dtype = operand.dtype(name);
    if (w.defined()) dtype = promote(dtype, w.dtype(name));
    if (b.defined()) dtype = promote(dtype, b.dtype(name));
    dtype = to_floating(dtype);
    x = contiguous(cast_for(name, operand, dtype));
    if (w.defined()) weight = contiguous(cast_for(name, w, dtype));
    if (b.defined()) bias = contiguous(cast_for(name, b, dtype));
  }

  Tensor x, weight, bias;
};

struct NormResult {
  Tensor y;
  Tensor statistics;  // [4, groups]: centers, shifts, scales, variances
};

/// The node. Where constants are given, they are [4, groups] with the statistics to take.
NormResult recorded_norm(const char* name, const NormOperands& operands, const NormLayout& layout, const NormKind& kind,
                         const Tensor& constants, SourceLocation where) {
  const Tensor &x = operands.x, &weight = operands.weight, &bias = operands.bias;
  Tensor y = new_result(name, x.shape(), x.dtype(), where);
  Tensor statistics = constants.defined() ? constants : new_result(name, {4, layout.groups()}, x.dtype(), where);
  if (x.numel() > 0)
    dispatch_floating(x.dtype(), [&]<class T>(T) {
      const NormStatistics<T> numbers = statistics_in<T>(statistics);
      if (!constants.defined()) norm_statistics(layout, data_of<T>(x), kind, numbers);
      normalize_elements(layout, data_of<T>(x), numbers, weight.defined() ? data_of<T>(weight) : nullptr,
                         bias.defined() ? data_of<T>(bias) : nullptr, data_of<T>(y));
    });
  NormRule rule{layout, kind, constants.defined(), -1, -1};
  std::vector<Tensor> inputs = {x};
  Uses uses = Uses::input(0) | Uses::output(1);
  if (weight.defined()) {
    rule.weight = static_cast<std::int8_t>(inputs.size());
    uses = uses | Uses::input(rule.weight);
    inputs.push_back(weight);
  }
  if (bias.defined()) {
    rule.bias = static_cast<std::int8_t>(inputs.size());
    inputs.push_back(bias);
  }
  if (!is_recording(inputs)) return {y, statistics};
  Tensor result = record(name, where, inputs, std::vector{y, statistics}, {uses}, rule)[0];
  return {result, statistics.detach()};
}

void check_channels(const char* name, const char* what, const Tensor& given, std::int64_t channels, const Shape& shape,
                    SourceLocation where) {
  check(!given.defined() || given.shape() == Shape{channels}, where, name, ": ", what, " must be [", channels,
        "], one for each channel of x ", shape, ", but it is ", given.defined() ? given.shape() : Shape{}, ".");
}

// ---- Over the last axes ----

Tensor norm_of_last_axes(const char* name, const Operand& operand, const Shape& normalized_shape, const Tensor& weight,
                         const Tensor& bias, bool centered, std::optional<double> given_eps) {
  SourceLocation where = operand.where();
  const Shape& shape = operand.tensor(name).shape();
  const int lead = shape.ndim() - normalized_shape.ndim();
  check(!normalized_shape.empty(), where, name, ": normalized_shape must have at least one axis, but it is [].");
  bool fits = lead >= 0;
  for (int axis = 0; fits && axis < normalized_shape.ndim(); ++axis)
    fits = shape[lead + axis] == normalized_shape[axis];
  check(fits, where, name, ": the last axes of x must be normalized_shape ", normalized_shape, ", but x is ", shape,
        ".");
  for (const auto& [what, given] : {std::pair<const char*, const Tensor&>("weight", weight), {"bias", bias}})
    check(!given.defined() || given.shape() == normalized_shape, where, name, ": ", what, " must be normalized_shape ",
          normalized_shape, ", but it is ", given.defined() ? given.shape() : Shape{}, ".");
  CallSite site(where);
  NormOperands operands(name, operand, weight, bias);
  const double eps = given_eps                              ? *given_eps
                     : operands.x.dtype() == DType::float32 ? std::numeric_limits<float>::epsilon()
                                                            : std::numeric_limits<double>::epsilon();
  Shape rows = shape;
  rows.resize(lead);
  const NormLayout layout{rows.numel(), 1, normalized_shape.numel(), 1, true};
  return recorded_norm(name, operands, layout, {eps, centered}, {}, where).y;
}

// ---- With running statistics ----

// Channels from which their constants are worth a second thread.
constexpr std::int64_t kChannelGrain = 16384;

/// The statistics of each channel from its running mean and variance.
template <class T>
struct ConstantStatistics {
  const T* means;
  const T* variances;
  NormStatistics<T> to;
  double eps;

  static void run(const ConstantStatistics& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c) {
      a.to.centers[c] = a.means[c];
      a.to.variances[c] = a.variances[c];
      a.to.scales[c] = static_cast<T>(1 / std::sqrt(static_cast<double>(a.variances[c]) + a.eps));
    }
  }
};

struct RunningStatistics {
  const char* name;
  Tensor mean, variance;  // either may be undefined
  std::int64_t channels;

  /// Throws unless those that are defined fit.
  void check_them(const Shape& shape, bool will_be_written, SourceLocation where) const {
    for (const auto& [what, given] :
         {std::pair<const char*, const Tensor&>("running_mean", mean), {"running_variance", variance}}) {
      if (!given.defined()) continue;
      check_channels(name, what, given, channels, shape, where);
      check(is_floating(given.dtype()), where, name, ": ", what, " must be floating, but it is ", given.dtype(), ".");
      if (!will_be_written) continue;
      check_writable(name, given, where);
      check<std::logic_error>(given.is_leaf(), where, name, ": ", what, " must be a leaf, as it is written, but ",
                              given.operation(), " made it.");
    }
  }

  /// running = (1 - momentum) running + momentum new. Both are made before one is written.
  void update(const Tensor& new_mean, const Tensor& new_variance, double momentum, SourceLocation where) const {
    NoGrad no_grad;
    const auto next = [&](const Tensor& running, const Tensor& update) {
      if (!running.defined()) return Tensor();
      // Without products with 0, which would make nan of an infinity in what does not count.
      if (momentum == 0) return running.detach();
      const Tensor other = cast(update, running.dtype());
      return momentum == 1 ? other : running * (1 - momentum) + other * momentum;
    };
    const Tensor next_mean = next(mean, new_mean), next_variance = next(variance, new_variance);
    if (mean.defined()) Tensor(mean).assign(next_mean, where);
    if (variance.defined()) Tensor(variance).assign(next_variance, where);
  }

  /// As recorded_norm() takes constants.
  Tensor as_constants(DType dtype, double eps, SourceLocation where) const {
    NoGrad no_grad;
    Tensor constants = new_zeros(name, {4, channels}, dtype, where);
    Tensor means = contiguous(cast(mean.detach(), dtype)), variances = contiguous(cast(variance.detach(), dtype));
    dispatch_floating(dtype, [&]<class T>(T) {
      launch(ConstantStatistics<T>{data_of<T>(means), data_of<T>(variances), statistics_in<T>(constants), eps},
             channels, kChannelGrain);
    });
    return constants;
  }
};

/// The means and the unbiased variances of groups [groups] that are `count` elements each.
std::pair<Tensor, Tensor> unbiased(const Tensor& statistics, std::int64_t count) {
  NoGrad no_grad;
  const std::vector<Tensor> rows = split(statistics, 1, 0);
  const double n = static_cast<double>(count);
  return {reshape(rows[0] + rows[1], {-1}), reshape(rows[3] * (n / (n - 1)), {-1})};
}

/// How many places each channel of a sample has.
std::int64_t places_of(const Shape& shape) {
  std::int64_t places = 1;
  for (int axis = 2; axis < shape.ndim(); ++axis) places *= shape[axis];
  return places;
}

}  // namespace

Tensor layer_norm(const Operand& x, const Shape& normalized_shape, const Tensor& weight, const Tensor& bias,
                  double eps) {
  return norm_of_last_axes("layer_norm", x, normalized_shape, weight, bias, true, eps);
}

Tensor rms_norm(const Operand& x, const Shape& normalized_shape, const Tensor& weight, std::optional<double> eps) {
  return norm_of_last_axes("rms_norm", x, normalized_shape, weight, {}, false, eps);
}

Tensor group_norm(const Operand& operand, std::int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  constexpr const char* kName = "group_norm";
  SourceLocation where = operand.where();
  const Shape shape = operand.tensor(kName).shape();
  check(shape.ndim() >= 2, where, kName, ": x must be [N, C, ...], but it is ", shape, ".");
  const std::int64_t channels = shape[1];
  check(groups > 0 && channels % groups == 0, where, kName, ": groups must divide the channels of x ", shape,
        " evenly, but there are ", groups, ".");
  check_channels(kName, "weight", weight, channels, shape, where);
  check_channels(kName, "bias", bias, channels, shape, where);
  const NormLayout layout{shape[0], groups, channels / groups, places_of(shape), true};
  check(layout.outer * layout.count() != 1, where, kName, ": the groups must have more than one value, but x is ",
        shape, " in ", groups, groups == 1 ? " group." : " groups.");
  CallSite site(where);
  return recorded_norm(kName, NormOperands(kName, operand, weight, bias), layout, {eps, true}, {}, where).y;
}

Tensor batch_norm(const Operand& operand, const Tensor& running_mean, const Tensor& running_variance,
                  const Tensor& weight, const Tensor& bias, BatchNormOptions options) {
  constexpr const char* kName = "batch_norm";
  SourceLocation where = operand.where();
  const Shape shape = operand.tensor(kName).shape();
  if (shape == Shape{0}) return mul({floating_operand(kName, operand), where}, 1);  // without channels, as in PyTorch
  check(shape.ndim() >= 2, where, kName, ": x must be [N, C, ...], but it is ", shape, ".");
  const NormLayout layout{shape[0], shape[1], 1, places_of(shape), false};
  const RunningStatistics running{kName, running_mean, running_variance, layout.period};
  check_channels(kName, "weight", weight, layout.period, shape, where);
  check_channels(kName, "bias", bias, layout.period, shape, where);
  running.check_them(shape, options.training, where);
  check(options.training || (running_mean.defined() && running_variance.defined()), where, kName,
        ": without training both running statistics must be defined, but one is not.");
  check(!options.training || layout.count() != 1, where, kName,
        ": each channel must have more than one value in training, but x is ", shape, ".");
  CallSite site(where);
  const NormOperands operands(kName, operand, weight, bias);
  const NormKind kind{options.eps, true};
  if (!options.training)
    return recorded_norm(kName, operands, layout, kind, running.as_constants(operands.x.dtype(), options.eps, where),
                         where)
        .y;
  auto [y, statistics] = recorded_norm(kName, operands, layout, kind, {}, where);
  if (y.numel() > 0 && (running_mean.defined() || running_variance.defined())) {
    auto [means, variances] = unbiased(statistics, layout.count());
    running.update(means, variances, options.momentum, where);
  }
  return y;
}

Tensor instance_norm(const Operand& operand, const Tensor& running_mean, const Tensor& running_variance,
                     const Tensor& weight, const Tensor& bias, InstanceNormOptions options) {
  constexpr const char* kName = "instance_norm";
  SourceLocation where = operand.where();
  const Shape shape = operand.tensor(kName).shape();
  check(shape.ndim() >= 3, where, kName, ": x must be [N, C, d1, ...], but it is ", shape, ".");
  const std::int64_t samples = shape[0], channels = shape[1], places = places_of(shape);
  const RunningStatistics running{kName, running_mean, running_variance, channels};
  check_channels(kName, "weight", weight, channels, shape, where);
  check_channels(kName, "bias", bias, channels, shape, where);
  running.check_them(shape, options.use_input_stats, where);
  check(options.use_input_stats || (running_mean.defined() && running_variance.defined()), where, kName,
        ": without use_input_stats both running statistics must be defined, but one is not.");
  check(!options.use_input_stats || places != 1, where, kName,
        ": each channel must have more than one place, but x is ", shape, ".");
  CallSite site(where);
  const NormOperands operands(kName, operand, weight, bias);
  const NormKind kind{options.eps, true};
  if (!options.use_input_stats)
    return recorded_norm(kName, operands, {samples, channels, 1, places, false}, kind,
                         running.as_constants(operands.x.dtype(), options.eps, where), where)
        .y;
  auto [y, statistics] = recorded_norm(kName, operands, {samples, channels, 1, places, true}, kind, {}, where);
  if (y.numel() > 0 && (running_mean.defined() || running_variance.defined())) {
    auto [means, variances] = unbiased(statistics, places);
    running.update(mean(reshape(means, {samples, channels}), 0), mean(reshape(variances, {samples, channels}), 0),
                   options.momentum, where);
  }
  return y;
}

Tensor local_response_norm(const Operand& operand, std::int64_t size, LocalResponseNormOptions options) {
  constexpr const char* kName = "local_response_norm";
  SourceLocation where = operand.where();
  const Shape shape = operand.tensor(kName).shape();
  check(shape.ndim() >= 3, where, kName, ": x must be [N, C, d1, ...], but it is ", shape, ".");
  check(size > 0, where, kName, ": size must be at least 1, but it is ", size, ".");
  const std::int64_t samples = shape[0], channels = shape[1], places = places_of(shape);
  std::int64_t padded;
  check(!__builtin_add_overflow(channels, size, &padded), where, kName,
        ": size must not be beyond all extents, but it is ", size, ".");
  CallSite site(where);
  Tensor x = floating_operand(kName, operand);
  if (x.numel() == 0) return mul(x, 1);
  Tensor squares = reshape(square(x), {samples, 1, channels, places});
  auto zeros_of = [&](std::int64_t count) { return new_zeros(kName, {samples, 1, count, places}, x.dtype(), where); };
  Tensor means = avg_pool2d(cat({zeros_of(size / 2), squares, zeros_of((size - 1) / 2)}, 2), {size, 1}, {.stride = 1});
  return x / pow(options.k + options.alpha * reshape(means, shape), options.beta);
}

Tensor normalize(const Operand& operand, NormalizeOptions options) {
  constexpr const char* kName = "normalize";
  Tensor x = floating_operand(kName, operand);
  const unsigned mask = axis_mask(kName, options.axes, x.ndim(), operand.where());
  check(!std::isnan(options.p), operand.where(), kName, ": p must be a number, but it is nan.");
  bool has_elements = true;
  for (int axis = 0; axis < x.ndim(); ++axis) has_elements &= (mask >> axis & 1) == 0 || x.shape()[axis] > 0;
  check(has_elements || (options.p >= 0 && !std::isinf(options.p)), operand.where(), kName, ": with p = ", options.p,
        " vectors must have elements, but x is ", x.shape(), ".");
  CallSite site(operand.where());
  return x / clamp(norm(x, options.axes, {.p = options.p, .keepdims = true}), options.eps, std::nullopt);
}

}  // namespace xgrad
