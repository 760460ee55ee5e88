// Losses: how far a model's answer is from what it should have been. All are functions of the answer first,
// the target second.
#pragma once

#include <cstdint>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// What becomes of the elements' (or samples') losses.
enum class Reduction : std::uint8_t { mean, sum, none };

// ---- Of numbers. x and target have one shape; others throw std::invalid_argument, none broadcasts ----

/// Squared error (x - target)^2. Gradient 2 g (x - target).
/// Its sum over the batch: `mse(x, target, Reduction::sum)`.
Tensor mse(const Operand& x, const Operand& target, Reduction reduction = Reduction::mean);
/// Absolute error |x - target|. Gradient g sign(x - target), 0 where they are equal.
Tensor mae(const Operand& x, const Operand& target, Reduction reduction = Reduction::mean);
/// sqrt(mean((x - target)^2)). Gradient g (x - target) / (n y); 0 at a perfect fit, in every order.
Tensor rmse(const Operand& x, const Operand& target);

// ---- Of yes and no. Targets are probabilities, mostly 0 or 1. ----

struct BinaryCrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};  ///< factors, broadcast to x
};
/// -(t log x + (1 - t) log(1 - x)) for probabilities x, the logarithms cut at -100.
/// Gradient g (x - t) / (x (1 - x)), the denominator at least 1e-12. Throws std::invalid_argument for an x
/// outside [0, 1]. From logits, the next function is more accurate.
Tensor binary_cross_entropy(const Operand& x, const Operand& target, BinaryCrossEntropyOptions options = {});

struct BinaryCrossEntropyWithLogitsOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};      ///< factors, broadcast to x
  Tensor pos_weight = {};  ///< factors p of the positive part, broadcast to x: above 1 for more recall
};
/// -(p t log sigmoid(x) + (1 - t) log sigmoid(-x)), without overflow at either end.
/// Gradient for p = 1: g (sigmoid(x) - t).
Tensor binary_cross_entropy_with_logits(const Operand& x, const Operand& target,
                                        BinaryCrossEntropyWithLogitsOptions options = {});

// ---- Of classes ----

struct CrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};                ///< [C]: a factor for each class; a constant
  std::int64_t ignore_index = -100;  ///< samples with this label count for nothing
  double label_smoothing = 0;        ///< in [0, 1]: this much of the target is spread evenly over the classes
};
/// -log softmax(logits)[label]. Logits are [N, C] or [N, C, d1 ...], or [C] for a single sample.
///
/// An int64 target holds labels, in the logits' shape without the class axis. A floating target of the
/// logits' own shape holds probabilities (or a one-hot code); the loss is -sum(target log_softmax(logits))
/// over the classes. With Reduction::none the result has the shape without the class axis. The mean divides
/// by the sum of the weights of the labels that are not ignored (all ignored: nan, with gradient 0), for
/// probabilities by the number of samples. Smoothing by s, y the label:
/// (1 - s) weight[y] nll + s / C sum_c weight[c] (-log p_c).
///
/// What the logits of an ignored label are, nan even, reaches neither loss nor gradient. A class of probability 0 (a logit
/// of -inf) whose target or weight is 0 costs nothing and has gradient 0.
///
/// Gradient g (softmax - onehot) for each sample. With labels it is a node of its own: one pass over the
/// logits forward, one over the softmax back. Throws std::invalid_argument for other shapes and dtypes and
/// for a smoothing outside [0, 1], std::out_of_range for a label outside [0, C) that is not ignore_index.
Tensor cross_entropy(const Operand& logits, const Tensor& target, CrossEntropyOptions options = {});

struct NllLossOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};                ///< [C]: a factor for each class; a constant
  std::int64_t ignore_index = -100;  ///< samples with this label count for nothing
};
/// -x[label], x the log-probabilities: cross_entropy after a log_softmax of one's own. Shapes, mean and
/// errors are those of cross_entropy with labels. Gradient -g weight[label] at the label.
Tensor nll_loss(const Operand& x, const Tensor& labels, NllLossOptions options = {});

}  // namespace xgrad
