// Losses of yes and no: binary_cross_entropy, of probabilities and of logits, multilabel_soft_margin_loss and
// soft_margin_loss.
#include "../../kernels/reduce.hpp"
#include "../activation.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../detail/reduction.hpp"
#include "../exponential.hpp"
#include "../reduce.hpp"
#include "common.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// exp(-100): below it binary_cross_entropy cuts the logarithm.
constexpr double kSmallest = 3.7200759760208356e-44;

struct Silenced {
  static constexpr Reads a_reads = reads_b, b_reads = reads_a;
  static auto value(auto w, auto loss) { return where(w == 0, 0, w * loss); }
  static auto slope_a(auto loss) { return loss; }
  static auto slope_b(auto w) { return w; }
};
/// weight losses, 0 where the weight is 0 whatever the loss is.
Tensor silenced(const Operand& weight, const Operand& losses) { return binary("mul", weight, losses, Silenced{}); }

/// sigmoid(x) - t, from the end of [0, 1] that sigmoid(x) is nearer to: its distance from 1 is not lost in rounding it.
template <class V>
V distance_from_target(const V& x, const V& t) {
  if constexpr (IsBatch<V>) {
    V near = sigmoid(-abs(x));
    return where(x > 0, (1 - t) - near, near - t);
  } else {
    return where(x > 0, (1 - t) - sigmoid(-x), sigmoid(x) - t);
  }
}

/// The derivative of the cross entropy of probabilities, and what stands for its own where x (1 - x) is cut: that of the
/// quotient as it stands would be 1e12 at an end that the target agrees with.
struct SlopeOfProbabilities {
  static constexpr Reads a_reads = reads_a | reads_b, b_reads = reads_a;
  static auto divisor(auto x) {
    auto variance = x * (1 - x);
    return where(variance > 1e-12, variance, 1e-12);
  }
  static auto value(auto x, auto t) { return (x - t) / divisor(x); }
  static auto slope_a(auto x, auto t) {
    auto by = divisor(x);
    return (x * x - 2 * x * t + t) / by / by;
  }
  static auto pull_b(auto g, auto x) { return -g / divisor(x); }
};
/// The inner where() keeps 0 * inf out of the second derivative.
struct OfProbabilities {
  static constexpr Reads a_reads = reads_a | reads_b, b_reads = reads_a;
  static auto log_x(auto x) { return where(x > kSmallest, log(where(x > kSmallest, x, 1)), -100); }
  static auto log_rest(auto x) { return where(x < 1, log1p(-where(x < 1, x, 0)), -100); }
  static auto value(auto x, auto t) { return (t - 1) * log_rest(x) - t * log_x(x); }
  static auto pull_a(auto g, auto x, auto t) {
    if constexpr (std::is_same_v<decltype(x), Tensor>)
      return g * binary("binary_cross_entropy", x, t, SlopeOfProbabilities{});
    else
      return g * SlopeOfProbabilities::value(x, t);
  }
  static auto slope_b(auto x) { return log_rest(x) - log_x(x); }
};
struct OfLogits {
  static constexpr Reads a_reads = reads_a | reads_b, b_reads = reads_a;
  static auto value(auto x, auto t) {
    auto far = where(x > 0, 1 - t, t);
    return where(far == 0, 0, abs(x) * far) + log1p(exp(-abs(x)));
  }
  static auto slope_a(auto x, auto t) { return distance_from_target(x, t); }
  static auto pull_b(auto g, auto x) { return -g * x; }
};
/// log(1 + exp(-t x)).
struct SoftMargin {
  static constexpr Reads a_reads = reads_a | reads_b, b_reads = reads_a | reads_b;
  static auto value(auto x, auto t) {
    auto z = -t * x;
    return max(z, 0) + log1p(exp(-abs(z)));
  }
  static auto slope_a(auto x, auto t) { return -t * sigmoid(-t * x); }
  static auto slope_b(auto x, auto t) { return -x * sigmoid(-t * x); }
};

}  // namespace

Tensor binary_cross_entropy(const Operand& x, const Operand& target, BinaryCrossEntropyOptions options) {
  constexpr const char* kName = "binary_cross_entropy";
  check_same_shape(kName, x, target);
  check_weight(kName, "weight", options.weight, x);
  CallSite site(x.where());
  const Tensor& probabilities = x.tensor(kName);
  if (probabilities.numel() > 0) {
    double low = amin(probabilities.detach()).item();
    double high = amax(probabilities.detach()).item();
    check(low >= 0 && high <= 1, x.where(), kName, ": x must be in [0, 1], but its smallest element is ", low,
          " and its largest ", high, ". Pass logits to binary_cross_entropy_with_logits.");
  }

  Tensor losses = binary(kName, x, target, OfProbabilities{});
  if (options.weight.defined()) losses = silenced(options.weight, losses);
  return reduce_losses(losses, options.reduction);
}

Tensor binary_cross_entropy_with_logits(const Operand& x, const Operand& target,
                                        BinaryCrossEntropyWithLogitsOptions options) {
  constexpr const char* kName = "binary_cross_entropy_with_logits";
  check_same_shape(kName, x, target);
  check_weight(kName, "weight", options.weight, x);
  check_weight(kName, "pos_weight", options.pos_weight, x);
  CallSite site(x.where());
  Tensor losses;
  if (options.pos_weight.defined()) {
    const Tensor logits = floating_operand(kName, x);
    losses = silenced(1 - target, neg(log_sigmoid(neg(logits)))) +
             silenced(options.pos_weight * target, neg(log_sigmoid(logits)));
  } else {
    // An infinite logit costs nothing where the target agrees: its |x| counts by how far the target is from that end.
    losses = binary(kName, x, target, OfLogits{});
  }
  if (options.weight.defined()) losses = silenced(options.weight, losses);
  return reduce_losses(losses, options.reduction);
}

Tensor multilabel_soft_margin_loss(const Operand& x, const Operand& target, MultilabelSoftMarginLossOptions options) {
  constexpr const char* kName = "multilabel_soft_margin_loss";
  check_same_shape(kName, x, target);
  check(x.tensor(kName).ndim() > 0, x.where(), kName, ": x must be [..., C], but it is a scalar.");
  check_weight(kName, "weight", options.weight, x);
  CallSite site(x.where());
  Tensor losses = binary(kName, x, target, OfLogits{});
  if (options.weight.defined()) losses = silenced(options.weight, losses);
  return reduce_losses(mean(losses, -1), options.reduction);
}

Tensor soft_margin_loss(const Operand& x, const Operand& target, Reduction reduction) {
  check_same_shape("soft_margin_loss", x, target);
  CallSite site(x.where());
  return reduce_losses(binary("soft_margin_loss", x, target, SoftMargin{}), reduction);
}

}  // namespace xgrad
