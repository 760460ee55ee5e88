// Losses: how far a model's answer is from what it should have been. All are functions of the answer first,
// the target second.
#pragma once

#include <cstdint>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// What becomes of the elements' (or samples') losses.
enum class Reduction : std::uint8_t { mean, sum, none };

// ---- Of numbers. x and target have one shape; others throw std::invalid_argument, none broadcasts ----

/// Squared error: (x - target)^2. Its sum over the batch: `mse(x, target, Reduction::sum)`.
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Derivative: 2 g (x - target).
/// Throws: std::invalid_argument where the shapes differ.
Tensor mse(const Operand& x, const Operand& target, Reduction reduction = Reduction::mean);
/// Absolute error: |x - target|.
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Derivative: g sign(x - target), 0 where they are equal.
/// Throws: std::invalid_argument where the shapes differ.
Tensor mae(const Operand& x, const Operand& target, Reduction reduction = Reduction::mean);
/// Root of the mean squared error: sqrt(mean((x - target)^2)). Neither overflows nor underflows where it is representable.
/// Shapes: `x [...], target [...] -> []`.
/// Derivative: g (x - target) / (n y); 0 at a perfect fit, in every order.
/// Throws: std::invalid_argument where the shapes differ.
Tensor rmse(const Operand& x, const Operand& target);

// ---- Of yes and no. Targets are probabilities, mostly 0 or 1. ----

/// Options of binary_cross_entropy.
struct BinaryCrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};  ///< factors, broadcast to x
};
/// Cross entropy of probabilities x of yes: -(t log x + (1 - t) log(1 - x)), the logarithms cut at -100. From logits,
/// binary_cross_entropy_with_logits is more accurate.
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Derivative: g (x - t) / (x (1 - x)), the denominator at least 1e-12.
/// Throws: std::invalid_argument for an x outside [0, 1], and where the shapes differ.
Tensor binary_cross_entropy(const Operand& x, const Operand& target, BinaryCrossEntropyOptions options = {});

/// Options of binary_cross_entropy_with_logits.
struct BinaryCrossEntropyWithLogitsOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};      ///< factors, broadcast to x
  Tensor pos_weight = {};  ///< factors p of the positive part, broadcast to x: above 1 for more recall
};
/// Cross entropy of the logit x of yes: -(p t log sigmoid(x) + (1 - t) log sigmoid(-x)), without overflow at either end. At
/// an infinite logit it is the limit: 0 where the target agrees, inf where it does not. A weight, a pos_weight or a part of
/// the target that is 0 silences what it multiplies, infinite or not.
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Derivative: for p = 1 g (sigmoid(x) - t), accurate to the last bits also where sigmoid(x) is nearly t.
/// Throws: std::invalid_argument where the shapes differ, or a weight does not broadcast to x's.
Tensor binary_cross_entropy_with_logits(const Operand& x, const Operand& target,
                                        BinaryCrossEntropyWithLogitsOptions options = {});

// ---- Of classes ----

/// Options of cross_entropy.
struct CrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};                ///< [C]: a factor for each class; a constant
  std::int64_t ignore_index = -100;  ///< samples with this label count for nothing
  double label_smoothing = 0;        ///< in [0, 1]: this much of the target is spread evenly over the classes
};
/// Cross entropy of a sample's logits: -log softmax(logits)[label].
/// Shapes: `logits [N, C], target [N] -> []`; `[N, C, d1 ...]` with `[N, d1 ...]`; `[C]` with `[]`.
///
/// An int64 target holds labels, in the logits' shape without the class axis. A floating target of the
/// logits' own shape holds probabilities (or a one-hot code); the loss is -sum(target log_softmax(logits))
/// over the classes. With Reduction::none the result has the shape without the class axis. The mean divides
/// by the sum of the weights of the labels that are not ignored (all ignored: nan, with gradient 0), for
/// probabilities by the number of samples. Smoothing by s, y the label:
/// (1 - s) weight[y] nll + s / C sum_c weight[c] (-log p_c).
///
/// What the logits of an ignored label are, nan even, reaches neither loss nor gradient; nor what those of a label of weight
/// 0 are. A class of probability 0 (a logit of -inf) whose target or weight is 0 costs nothing and has gradient 0.
///
/// With labels it is a primitive, for speed: one pass over the logits forward, one over the softmax back.
/// Derivative: g (softmax - onehot) for each sample, accurate to the last bits also where the label's probability is nearly 1.
/// Throws: std::invalid_argument for other shapes and dtypes and for a smoothing outside [0, 1], std::out_of_range for a
/// label outside [0, C) that is not ignore_index.
/// Example: `cross_entropy(model(x), labels)`.
Tensor cross_entropy(const Operand& logits, const Tensor& target, CrossEntropyOptions options = {});

/// Options of nll_loss.
struct NllLossOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};                ///< [C]: a factor for each class; a constant
  std::int64_t ignore_index = -100;  ///< samples with this label count for nothing
};
/// Negative log-likelihood -x[label] of the labels, x the log-probabilities: cross_entropy after a log_softmax of one's own.
/// What is ignored, and the mean, are as in cross_entropy with labels.
/// Shapes: `x [N, C], labels [N] -> []`; `[N, C, d1 ...]` with `[N, d1 ...]`; `[C]` with `[]`.
/// Derivative: -g weight[label] at the label, 0 elsewhere.
/// Throws: as cross_entropy with labels.
Tensor nll_loss(const Operand& x, const Tensor& labels, NllLossOptions options = {});

}  // namespace xgrad
