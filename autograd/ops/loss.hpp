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
/// Dtype: the common one; integers become the default dtype.
/// Derivative: 2 g (x - target).
/// Throws: std::invalid_argument where the shapes differ.
/// NumPy: -
/// PyTorch: `nn.functional.mse_loss`, which broadcasts with a warning
Tensor mse(const Operand& x, const Operand& target, Reduction reduction = Reduction::mean);
/// Absolute error: |x - target|.
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: g sign(x - target), 0 where they are equal.
/// Throws: std::invalid_argument where the shapes differ.
/// NumPy: -
/// PyTorch: `nn.functional.l1_loss`, which broadcasts with a warning
Tensor mae(const Operand& x, const Operand& target, Reduction reduction = Reduction::mean);
/// Root of the mean squared error: sqrt(mean((x - target)^2)). Neither overflows nor underflows where it is
/// representable.
/// Shapes: `x [...], target [...] -> []`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: g (x - target) / (n y); 0 at a perfect fit, in every order.
/// Throws: std::invalid_argument where the shapes differ.
/// NumPy: -
/// PyTorch: -
Tensor rmse(const Operand& x, const Operand& target);

/// Options of huber_loss.
struct HuberLossOptions {
  Reduction reduction = Reduction::mean;
  double delta = 1;  ///< above 0: from this distance on the loss is linear
};
/// Huber loss: (x - target)^2 / 2 where |x - target| < delta, else delta (|x - target| - delta / 2).
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: g (x - target), limited to [-delta, delta].
/// Throws: std::invalid_argument where the shapes differ, and unless delta > 0.
/// Source: Huber, Robust estimation of a location parameter, 1964.
/// NumPy: -
/// PyTorch: `nn.functional.huber_loss`, which broadcasts with a warning
Tensor huber_loss(const Operand& x, const Operand& target, HuberLossOptions options = {});

/// Options of smooth_l1_loss.
struct SmoothL1LossOptions {
  Reduction reduction = Reduction::mean;
  double beta = 1;  ///< from this distance on the loss is linear; 0: everywhere
};
/// Smooth absolute error, huber_loss with delta = beta divided by beta: (x - target)^2 / (2 beta) where |x - target| <
/// beta, else |x - target| - beta / 2. With beta = 0 it is mae.
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: g (x - target) / beta, limited to [-1, 1]; with beta = 0 g sign(x - target), 0 where they are equal.
/// Throws: std::invalid_argument where the shapes differ, and unless beta >= 0.
/// Source: Girshick, Fast R-CNN, 2015.
/// NumPy: -
/// PyTorch: `nn.functional.smooth_l1_loss`, which broadcasts with a warning
Tensor smooth_l1_loss(const Operand& x, const Operand& target, SmoothL1LossOptions options = {});

// ---- Of distributions ----

/// What becomes of the elements' losses in kl_div.
enum class KlDivReduction : std::uint8_t {
  mean,       ///< of the elements: PyTorch's default
  batchmean,  ///< the sum divided by the number of samples: the divergence as mathematics has it
  sum,
  none
};
/// Options of kl_div.
struct KlDivOptions {
  KlDivReduction reduction = KlDivReduction::mean;
  bool log_target = false;  ///< the target is given by its logarithms
};
/// Kullback-Leibler divergence of a distribution from the target: target (log target - x), x the logarithms of the
/// probabilities. A target of 0 contributes 0, to the gradient too.
/// Shapes: `x [...], target [...] -> []`; KlDivReduction::none: `[...]`. The samples are along the first axis.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: -g target for x, g (log target - x + 1) for target; exp(target) times that where it is given by
/// logarithms.
/// Throws: std::invalid_argument where the shapes differ.
/// Example: `kl_div(log_softmax(x), softmax(x), {.reduction = KlDivReduction::batchmean})`
Tensor kl_div(const Operand& x, const Operand& target, KlDivOptions options = {});

/// Options of poisson_nll_loss.
struct PoissonNllLossOptions {
  Reduction reduction = Reduction::mean;
  bool log_input = true;  ///< x is the logarithm of the rate, else the rate itself
  bool full = false;      ///< add Stirling's approximation of log(target!), where target > 1
  double eps = 1e-8;      ///< keeps log(x + eps) finite where x is the rate
};
/// Negative log-likelihood of counts under a Poisson distribution: exp(x) - target x, or x - target log(x + eps) where
/// x is the rate itself.
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: g (exp(x) - target) for x, or g (1 - target / (x + eps)).
/// Throws: std::invalid_argument where the shapes differ.
Tensor poisson_nll_loss(const Operand& x, const Operand& target, PoissonNllLossOptions options = {});

/// Options of gaussian_nll_loss.
struct GaussianNllLossOptions {
  Reduction reduction = Reduction::mean;
  bool full = false;  ///< add the constant log(2 pi) / 2
  double eps = 1e-6;  ///< above 0: the least variance
};
/// Negative log-likelihood of the target under normal distributions with these means and variances:
/// (log v + (x - target)^2 / v) / 2 with v = max(variance, eps).
/// Shapes: `x [..., n], target` that broadcasts with it, `variance [..., n]`, `[..., 1]` or `[...] -> []`;
/// Reduction::none: what x and target broadcast to.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: g (x - target) / v for x; for variance g (1 - (x - target)^2 / v) / (2 v), and 0 below eps.
/// Throws: std::invalid_argument for other shapes, a negative variance, and unless eps > 0.
/// Source: Nix, Weigend, Estimating the mean and variance of the target probability distribution, 1994.
Tensor gaussian_nll_loss(const Operand& x, const Operand& target, const Operand& variance,
                         GaussianNllLossOptions options = {});

// ---- Of yes and no. Targets are probabilities, mostly 0 or 1. ----

/// Options of binary_cross_entropy.
struct BinaryCrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};  ///< factors, broadcast to x
};
/// Cross entropy of probabilities x of yes: -(t log x + (1 - t) log(1 - x)), the logarithms cut at -100. From logits,
/// binary_cross_entropy_with_logits is more accurate.
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: g (x - t) / (x (1 - x)), the denominator at least 1e-12.
/// Throws: std::invalid_argument for an x outside [0, 1], and where the shapes differ.
Tensor binary_cross_entropy(const Operand& x, const Operand& target, BinaryCrossEntropyOptions options = {});

/// Options of binary_cross_entropy_with_logits.
struct BinaryCrossEntropyWithLogitsOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};      ///< factors, broadcast to x
  Tensor pos_weight = {};  ///< factors p of the positive part, broadcast to x: above 1 for more recall
};
/// Cross entropy of the logit x of yes: -(p t log sigmoid(x) + (1 - t) log sigmoid(-x)), without overflow at either
/// end. At an infinite logit it is the limit: 0 where the target agrees, inf where it does not. A weight, a pos_weight
/// or a part of the target that is 0 silences what it multiplies, infinite or not.
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: for p = 1 g (sigmoid(x) - t), accurate to the last bits also where sigmoid(x) is nearly t.
/// Throws: std::invalid_argument where the shapes differ, or a weight does not broadcast to x's.
Tensor binary_cross_entropy_with_logits(const Operand& x, const Operand& target,
                                        BinaryCrossEntropyWithLogitsOptions options = {});

/// Options of multilabel_soft_margin_loss.
struct MultilabelSoftMarginLossOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};  ///< factors, broadcast to x: mostly [C], one for each class
};
/// Mean over the classes of binary_cross_entropy_with_logits: each class of a sample is there or not.
/// Shapes: `x [..., C], target [..., C] -> []`; Reduction::none: `[...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: g weight (sigmoid(x) - target) / C.
/// Throws: std::invalid_argument where the shapes differ, for scalars, and where a weight does not broadcast to x's
/// shape.
Tensor multilabel_soft_margin_loss(const Operand& x, const Operand& target,
                                   MultilabelSoftMarginLossOptions options = {});

/// Logistic loss log(1 + exp(-target x)) of targets that are -1 or 1; neither end overflows.
/// Shapes: `x [...], target [...] -> []`; Reduction::none: `[...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: -g target sigmoid(-target x).
/// Throws: std::invalid_argument where the shapes differ.
Tensor soft_margin_loss(const Operand& x, const Operand& target, Reduction reduction = Reduction::mean);

// ---- Of distances and margins. A loss that a margin ends is max(0, ...): its derivative at the end is that of the
// side above, as clamp has it. ----

/// Options of hinge_embedding_loss.
struct HingeEmbeddingLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;  ///< the distance from which on unlike pairs cost nothing
};
/// Loss of distances x: x where the target is 1 (alike), max(0, margin - x) where it is -1 (unlike). Any other target
/// adds both, as in PyTorch.
/// Shapes: x and target broadcast `-> []`; Reduction::none: to the result's shape.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: g where alike, -g where unlike and x <= margin; none for target.
/// Throws: std::invalid_argument where the shapes do not broadcast, or have not as many axes.
Tensor hinge_embedding_loss(const Operand& x, const Operand& target, HingeEmbeddingLossOptions options = {});

/// Options of cosine_embedding_loss.
struct CosineEmbeddingLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 0;  ///< the cosine up to which unlike pairs cost nothing
};
/// Loss of the cosine between vectors: 1 - cos where the target is 1, max(0, cos - margin) where it is -1, 0 for any
/// other target. 1e-12 is added to each squared length, so that the zero vector has a cosine.
/// Shapes: `a [N, D], b [N, D], target [N] -> []`; `[D]`, `[D]` with `[]`; Reduction::none: target's.
/// Dtype: the common one of a and b; integers become the default dtype.
/// Derivative: that of the cosine; none for target.
/// Throws: std::invalid_argument for other shapes.
Tensor cosine_embedding_loss(const Operand& a, const Operand& b, const Operand& target,
                             CosineEmbeddingLossOptions options = {});

/// Options of margin_ranking_loss.
struct MarginRankingLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 0;  ///< by how much one must rank above the other to cost nothing
};
/// Loss of a ranking: max(0, -target (a - b) + margin). A target of 1 wants a above b, -1 wants b above a.
/// Shapes: a, b and target have as many axes, and broadcast `-> []`; Reduction::none: what they broadcast to.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: -g target for a, g target for b, -g (a - b) for target where the loss is not 0 or just becomes so.
/// Throws: std::invalid_argument for other shapes.
Tensor margin_ranking_loss(const Operand& a, const Operand& b, const Operand& target,
                           MarginRankingLossOptions options = {});

/// Options of triplet_margin_loss.
struct TripletMarginLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;  ///< by how much the negative must be further away than the positive to cost nothing
  double p = 2;       ///< the order of the distance
  double eps = 1e-6;  ///< added to each difference
  bool swap = false;  ///< take the positive's distance from the negative where that is smaller than the anchor's
};
/// Loss of triplets: max(0, margin + d(anchor, positive) - d(anchor, negative)), d the norm of the difference along the
/// last axis (pairwise_distance).
/// Shapes: three of `[..., D]` with as many axes that broadcast `-> []`; Reduction::none: `[...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: that of the distances.
/// Throws: std::invalid_argument for other shapes, for scalars and for p = nan.
/// Source: Balntas, Riba, Ponsa, Mikolajczyk, Learning local feature descriptors with triplets, 2016.
Tensor triplet_margin_loss(const Operand& anchor, const Operand& positive, const Operand& negative,
                           TripletMarginLossOptions options = {});

/// Options of triplet_margin_with_distance_loss.
struct TripletMarginWithDistanceLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;  ///< by how much the negative must be further away than the positive to cost nothing
  bool swap = false;  ///< take the positive's distance from the negative where that is smaller than the anchor's
  /// Distance of two tensors, one number for each triplet; none: pairwise_distance.
  Function<Tensor(const Tensor& a, const Tensor& b)> distance = {};
};
/// Loss of triplets by any distance: max(0, margin + d(anchor, positive) - d(anchor, negative)).
/// Shapes: what the distance takes `-> []`; Reduction::none: what it answers with.
/// Dtype: what the distance answers with, floating.
/// Derivative: that of the distances.
/// Throws: std::invalid_argument for distances that are undefined, not floating or do not broadcast; what the distance
/// throws.
/// Source: Balntas, Riba, Ponsa, Mikolajczyk, Learning local feature descriptors with triplets, 2016.
/// PyTorch: `nn.functional.triplet_margin_with_distance_loss`
Tensor triplet_margin_with_distance_loss(const Operand& anchor, const Operand& positive, const Operand& negative,
                                         TripletMarginWithDistanceLossOptions options = {});

// ---- Of classes ----

/// Options of cross_entropy.
struct CrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};                ///< [C]: a factor for each class; beside labels a constant
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
/// What the logits of an ignored label are, nan even, reaches neither loss nor gradient; nor what those of a label of
/// weight 0 are. A class of probability 0 (a logit of -inf) whose target or weight is 0 costs nothing and has gradient
/// 0.
///
/// With labels it is a primitive, for speed: one pass over the logits forward, one over the softmax back.
/// Dtype: x's, integers become the default dtype; labels are int64.
/// Derivative: g (softmax - onehot) for each sample, accurate to the last bits also where the label's probability is
/// nearly 1. Probabilities and, beside them, the weight have theirs too.
/// Throws: std::invalid_argument for other shapes and dtypes, for a smoothing outside [0, 1], and for a weight beside
/// labels that requires a gradient, std::out_of_range for a label outside [0, C) that is not ignore_index.
/// Example: `cross_entropy(x, tensor({2, 0}))`.
Tensor cross_entropy(const Operand& logits, const Tensor& target, CrossEntropyOptions options = {});

/// Options of nll_loss.
struct NllLossOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};                ///< [C]: a factor for each class; a constant
  std::int64_t ignore_index = -100;  ///< samples with this label count for nothing
};
/// Negative log-likelihood -x[label] of the labels, x the log-probabilities: cross_entropy after a log_softmax of one's
/// own. What is ignored, and the mean, are as in cross_entropy with labels.
/// Shapes: `x [N, C], labels [N] -> []`; `[N, C, d1 ...]` with `[N, d1 ...]`; `[C]` with `[]`.
/// Dtype: x's, integers become the default dtype; labels are int64.
/// Derivative: -g weight[label] at the label, 0 elsewhere.
/// Throws: as cross_entropy with labels.
Tensor nll_loss(const Operand& x, const Tensor& labels, NllLossOptions options = {});

/// Options of multi_margin_loss.
struct MultiMarginLossOptions {
  Reduction reduction = Reduction::mean;
  int p = 1;           ///< 1 or 2: the power of each violation
  double margin = 1;   ///< by how much the label's score must be above the others'
  Tensor weight = {};  ///< [C]: a factor for each class; a constant
};
/// Multi-class hinge loss: the mean over the classes of max(0, margin - x[label] + x[c])^p, without the label's own.
/// Shapes: `x [N, C], labels [N] -> []`; `x [C], labels []` or `[1]`; `x [], labels []`; Reduction::none: the labels'.
/// Dtype: x's, integers become the default dtype; labels int64.
/// Derivative: to each class that violates the margin p max(0, ...)^(p - 1) weight[label] g / C, to the label minus
/// their sum.
/// Throws: std::invalid_argument for other shapes and dtypes, no classes and another p; std::out_of_range for a label
/// outside [0, C).
Tensor multi_margin_loss(const Operand& x, const Tensor& labels, MultiMarginLossOptions options = {});

/// Hinge loss of samples with several labels: the sum of max(0, 1 - x[label] + x[c]) over the labels and the classes c
/// that are none of them, divided by the number of classes. The labels of a sample are those before the first -1. A
/// primitive: a sample takes no memory for its pairs.
/// Shapes: `x [N, C], labels [N, C] -> []`; `[C]` with `[C]`; `[]` with `[]`; Reduction::none: `[N]`, or `[]`.
/// Dtype: x's, integers become the default dtype; labels int64.
/// Derivative: for each pair above 0 g / C to c and -g / C to the label.
/// Throws: std::invalid_argument for other shapes and dtypes; std::out_of_range for a label outside [-1, C).
Tensor multilabel_margin_loss(const Operand& x, const Tensor& labels, Reduction reduction = Reduction::mean);

// ---- Of sequences ----

/// Options of ctc_loss.
struct CtcLossOptions {
  Reduction reduction = Reduction::mean;
  std::int64_t blank = 0;      ///< the class that stands for no label
  bool zero_infinity = false;  ///< a loss that is infinite, as no alignment exists, counts 0, in the gradient too
};
/// Connectionist temporal classification: -log of the probability that a sequence of T distributions over C classes
/// spells the target, summed over all alignments. The mean divides each loss by its target's length (at least 1), and
/// then by N. A primitive, for speed.
/// Shapes: `log_probabilities [T, N, C], targets [N, S]` padded, or `[sum of target_lengths]` one after the other,
/// `input_lengths [N], target_lengths [N] -> []`; without N: `[T, C]`, `[S]`, `[]`, `[]`; Reduction::none: `[N]`, or
/// `[]`.
/// Dtype: log_probabilities', floating; the others int64.
/// Derivative: -g times the probability that an alignment of the target is in class c at time t. (PyTorch's adds exp of
/// the log-probability, which log_softmax's rule takes away again: through log_softmax both are the same.) Not
/// differentiable again: a second derivative throws.
/// Throws: std::invalid_argument for other shapes and dtypes; std::out_of_range for a target outside [0, C) or equal to
/// blank, a blank outside [0, C), and a length outside of what is there.
/// Source: Graves, Fernandez, Gomez, Schmidhuber, Connectionist temporal classification, 2006.
Tensor ctc_loss(const Operand& log_probabilities, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, CtcLossOptions options = {});

}  // namespace xgrad
