// Losses of distances and margins.
#include <cmath>

#include "../../base/launch.hpp"
#include "../../grad_mode.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../detail/scaling.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "../reduce.hpp"
#include "../similarity.hpp"
#include "common.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

struct HingeEmbedding {
  static constexpr Reads a_reads = reads_a | reads_b, b_reads = reads_nothing;
  double margin;
  auto value(auto x, auto t) const { return where(t != 1, max(margin - x, 0), 0) + where(t != -1, x, 0); }
  auto pull_a(auto g, auto x, auto t) const {
    auto nothing = zeros_like(g);
    return where(t != -1, g, nothing) - where(logical_and(t != 1, x <= margin), g, nothing);
  }
  static auto pull_b(auto g) { return zeros_like(g); }
};

/// Vectors along the last axis. Large ones are multiplied by a power of two each that brings their largest element near
/// 1: so neither their squares overflow, nor is what derivatives make of these lost.
struct Vectors {
  explicit Vectors(const Tensor& given) : x(given) {
    constexpr double kLarge = 65536;
    const int last = given.ndim() - 1;
    Tensor by;
    {
      NoGrad no_grad;
      by = power_of_two_scales(given.detach(), 1u << last);
      by = where(by < 1 / kLarge, by, 1);
      if (by.numel() == 0 || min(by).item() == 1) return;
      factors = squeeze(by, last);
    }
    x = x * by;
  }
  /// The root of the sum of squares and eps, times the factors.
  Tensor lengths(double eps) const {
    Tensor sums = sum(square(x), -1);
    return sqrt(factors.defined() ? sums + eps * square(factors) : sums + eps);
  }

  Tensor x, factors;  // undefined: 1
};

/// max(x, 0); its derivative at 0 is 1.
Tensor above_zero(const Tensor& x) { return clamp(x, 0, std::nullopt); }

/// Rows of scores [N, C] with their labels, and the shape of the losses.
struct Scores {
  Tensor x;
  Tensor labels;  // contiguous
  Shape losses;
};

Tensor checked_label_tensor(const char* name, const Tensor& labels, SourceLocation where) {
  check(labels.defined(), where, name, ": the labels must be a tensor, but they are undefined.");
  check(labels.dtype() == DType::int64, where, name, ": the labels must be int64, but they are ", labels.dtype(), ".");
  return contiguous(labels);
}

void check_labels_in(const char* name, const Tensor& labels, std::int64_t low, std::int64_t classes,
                     SourceLocation where) {
  const auto* label = data_of<std::int64_t>(labels);
  for (std::int64_t i = 0; i < labels.numel(); ++i)
    check<std::out_of_range>(low <= label[i] && label[i] < classes, where, name, ": labels must be in [", low, ", ",
                             classes, "), but element ", i, " is ", label[i], ".");
}

// ---- multilabel_margin_loss ----

/// The pairs of a label and a class that is none, by rows. `is_label` is room for a mark of each class.
template <class T>
struct MultilabelRows {
  const T* x;
  const std::int64_t* labels;
  std::int64_t classes;
  bool* is_label;
  T* to;

  /// Calls use(label, class, 1 - x[label] + x[class]) for each pair of a row. A label named twice counts twice.
  template <class Use>
  void for_pairs(std::int64_t row, const Use& use) const {
    const T* score = x + row * classes;
    const std::int64_t* label = labels + row * classes;
    bool* marks = is_label + row * classes;
    for (std::int64_t i = 0; i < classes; ++i) marks[i] = false;
    std::int64_t count = 0;
    for (; count < classes && label[count] >= 0; ++count) marks[label[count]] = true;
    for (std::int64_t k = 0; k < count; ++k)
      for (std::int64_t i = 0; i < classes; ++i)
        if (!marks[i]) use(label[k], i, 1 - score[label[k]] + score[i]);
  }
};

/// to[row] = the loss of a row. A nan stays one.
template <class T>
struct MultilabelLosses {
  MultilabelRows<T> rows;
  static void run(const MultilabelLosses& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      double total = 0;
      a.rows.for_pairs(row,
                       [&](std::int64_t, std::int64_t, T violation) { total += violation <= 0 ? T(0) : violation; });
      a.rows.to[row] = static_cast<T>(total / static_cast<double>(a.rows.classes));
    }
  }
};

/// to[row, class] = the derivative of the row's loss.
template <class T>
struct MultilabelSlopes {
  MultilabelRows<T> rows;
  static void run(const MultilabelSlopes& a, std::int64_t begin, std::int64_t end) {
    const std::int64_t classes = a.rows.classes;
    for (std::int64_t row = begin; row < end; ++row) {
      T* to = a.rows.to + row * classes;
      for (std::int64_t i = 0; i < classes; ++i) to[i] = 0;
      a.rows.for_pairs(row, [&](std::int64_t label, std::int64_t other, T violation) {
        if (!(violation > 0)) return;
        to[label] -= 1;
        to[other] += 1;
      });
      for (std::int64_t i = 0; i < classes; ++i) to[i] /= static_cast<T>(classes);
    }
  }
};

/// Pairs that are worth a thread.
constexpr std::int64_t kPairsGrain = 16384;

template <template <class> class Kernel>
Tensor multilabel_rows(const Tensor& x, const Tensor& labels, const Shape& shape) {
  Tensor result = new_result("multilabel_margin_loss", shape, x.dtype(), {});
  Tensor marks = new_result("multilabel_margin_loss", x.shape(), DType::boolean, {});
  const std::int64_t classes = x.shape()[1];
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    launch(Kernel<T>{{data_of<T>(x), data_of<std::int64_t>(labels), classes, data_of<bool>(marks), data_of<T>(result)}},
           x.shape()[0], kPairsGrain / (classes * classes + 1) + 1);
  });
  return result;
}

}  // namespace

Tensor hinge_embedding_loss(const Operand& x, const Operand& target, HingeEmbeddingLossOptions options) {
  constexpr const char* kName = "hinge_embedding_loss";
  // [N, 1] beside [N] would be N * N losses.
  check(x.tensor(kName).ndim() == target.tensor(kName).ndim(), x.where(), kName,
        ": x and target must have as many axes, but x is ", x.tensor(kName).shape(), " and target is ",
        target.tensor(kName).shape(), ". Reshape one of them.");
  CallSite site(x.where());
  return reduce_losses(binary(kName, x, target, HingeEmbedding{options.margin}), options.reduction);
}

Tensor cosine_embedding_loss(const Operand& left, const Operand& right, const Operand& target,
                             CosineEmbeddingLossOptions options) {
  constexpr const char* kName = "cosine_embedding_loss";
  const Shape& shape = left.tensor(kName).shape();
  const Shape& targets = target.tensor(kName).shape();
  check(shape.ndim() == 1 || shape.ndim() == 2, left.where(), kName, ": a must be [N, D] or [D], but it is ", shape,
        ".");
  check(right.tensor(kName).shape() == shape, left.where(), kName, ": a and b must have one shape, but they are ",
        shape, " and ", right.tensor(kName).shape(), ".");
  check(targets == (shape.ndim() == 2 ? Shape{shape[0]} : Shape{}), left.where(), kName,
        ": target must have a's shape without the last axis, but a is ", shape, " and target is ", targets, ".");
  Promoted pair(kName, left, right, Integers::become_floating);
  CallSite site(left.where());
  constexpr double kLeast = 1e-12;
  const Vectors a(pair.a()), b(pair.b());
  Tensor cosine = sum(a.x * b.x, -1) / (a.lengths(kLeast) * b.lengths(kLeast));
  const Tensor& t = target.tensor(kName);
  Tensor losses = where(t == 1, 1 - cosine, where(t == -1, above_zero(cosine - options.margin), 0));
  return reduce_losses(losses, options.reduction);
}

Tensor margin_ranking_loss(const Operand& left, const Operand& right, const Operand& target,
                           MarginRankingLossOptions options) {
  constexpr const char* kName = "margin_ranking_loss";
  const Tensor &a = left.tensor(kName), &b = right.tensor(kName), &t = target.tensor(kName);
  check(a.ndim() == b.ndim() && a.ndim() == t.ndim(), left.where(), kName,
        ": a, b and target must have as many axes, but they are ", a.shape(), ", ", b.shape(), " and ", t.shape(), ".");
  broadcast_shapes(kName, broadcast_shapes(kName, a.shape(), b.shape(), left.where()), t.shape(), left.where());
  CallSite site(left.where());
  Tensor difference = floating_operand(kName, a) - floating_operand(kName, b);
  return reduce_losses(above_zero(options.margin - floating_operand(kName, t) * difference), options.reduction);
}

Tensor triplet_margin_loss(const Operand& anchor, const Operand& positive, const Operand& negative,
                           TripletMarginLossOptions options) {
  constexpr const char* kName = "triplet_margin_loss";
  const Tensor &a = anchor.tensor(kName), &p = positive.tensor(kName), &n = negative.tensor(kName);
  SourceLocation where = anchor.where();
  check(a.ndim() > 0 && a.ndim() == p.ndim() && a.ndim() == n.ndim(), where, kName,
        ": anchor, positive and negative must have as many axes, at least one, but they are ", a.shape(), ", ",
        p.shape(), " and ", n.shape(), ".");
  const Shape shape = broadcast_shapes(kName, broadcast_shapes(kName, a.shape(), p.shape(), where), n.shape(), where);
  check(!std::isnan(options.p), where, kName, ": p must be a number, but it is nan.");
  check(shape.back() > 0 || (options.p >= 0 && !std::isinf(options.p)), where, kName, ": with p = ", options.p,
        " vectors must have elements, but the common shape is ", shape, ".");
  CallSite site(where);
  const PairwiseDistanceOptions distance{.p = options.p, .eps = options.eps};
  Tensor near = pairwise_distance(a, p, distance), far = pairwise_distance(a, n, distance);
  if (options.swap) far = minimum(far, pairwise_distance(p, n, distance));
  return reduce_losses(above_zero(options.margin + near - far), options.reduction);
}

Tensor triplet_margin_with_distance_loss(const Operand& anchor, const Operand& positive, const Operand& negative,
                                         TripletMarginWithDistanceLossOptions options) {
  constexpr const char* kName = "triplet_margin_with_distance_loss";
  const Tensor &a = anchor.tensor(kName), &p = positive.tensor(kName), &n = negative.tensor(kName);
  SourceLocation where = anchor.where();
  // No CallSite: the distance is the user's code.
  auto distance = [&](const Tensor& left, const Tensor& right) {
    Tensor d = options.distance ? options.distance(left, right)
                                : pairwise_distance(Operand(left, where), Operand(right, where));
    check(
        d.defined() && is_floating(d.dtype()), where, kName, ": the distance must answer with a floating tensor, but ",
        [&] { return d.defined() ? concat("it is ", d.dtype()) : std::string("it is undefined"); }, ".");
    return d;
  };
  Tensor near = distance(a, p), far = distance(a, n);
  if (options.swap) {
    Tensor other = distance(p, n);
    broadcast_shapes(kName, far.shape(), other.shape(), where);
    far = minimum(Operand(far, where), Operand(other, where));
  }
  broadcast_shapes(kName, near.shape(), far.shape(), where);
  CallSite site(where);
  return reduce_losses(above_zero(options.margin + near - far), options.reduction);
}

Tensor multi_margin_loss(const Operand& operand, const Tensor& given_labels, MultiMarginLossOptions options) {
  constexpr const char* kName = "multi_margin_loss";
  SourceLocation where = operand.where();
  const Tensor& x = operand.tensor(kName);
  Tensor labels = checked_label_tensor(kName, given_labels, where);
  check(x.ndim() <= 2, where, kName, ": x must be [N, C], [C] or a scalar, but it is ", x.shape(), ".");
  const std::int64_t classes = x.ndim() == 0 ? 1 : x.shape().back(), count = x.ndim() == 2 ? x.shape()[0] : 1;
  check(classes > 0, where, kName, ": x must have classes, but it is ", x.shape(), ".");
  check(x.ndim() == 2 ? labels.shape() == Shape{count} : labels.ndim() <= 1 && labels.numel() == 1, where, kName,
        ": there must be one label for each sample of x ", x.shape(), ", but the labels are ", labels.shape(), ".");
  check(options.p == 1 || options.p == 2, where, kName, ": p must be 1 or 2, but it is ", options.p, ".");
  check_constant_weight(kName, options.weight, where);
  check(!options.weight.defined() || options.weight.shape() == Shape{classes}, where, kName, ": weight must be [",
        classes, "], one for each class, but it is ", options.weight.defined() ? options.weight.shape() : Shape{}, ".");
  check_labels_in(kName, labels, 0, classes, where);
  CallSite site(where);
  Tensor scores = reshape(floating_operand(kName, x), {count, classes}), column = reshape(labels, {count, 1});
  Tensor violations = options.margin - gather(scores, 1, column) + scores;
  Tensor is_nothing = logical_or(violations <= 0, arange(classes) == column), weight;
  if (options.weight.defined()) {
    weight = index_select(unsqueeze(cast(options.weight.detach(), scores.dtype()), 1), 0, reshape(labels, {count}));
    is_nothing = logical_or(is_nothing, weight == 0);  // whatever the loss is
  }
  violations = xgrad::where(is_nothing, 0, violations);
  if (options.p == 2) violations = square(violations);
  if (weight.defined()) violations = violations * weight;
  return reduce_losses(reshape(mean(violations, 1), labels.shape()), options.reduction);
}

Tensor multilabel_margin_loss(const Operand& operand, const Tensor& given_labels, Reduction reduction) {
  constexpr const char* kName = "multilabel_margin_loss";
  SourceLocation where = operand.where();
  const Tensor& x = operand.tensor(kName);
  Tensor labels = checked_label_tensor(kName, given_labels, where);
  check(x.ndim() <= 2, where, kName, ": x must be [N, C], [C] or a scalar, but it is ", x.shape(), ".");
  check(labels.shape() == x.shape(), where, kName, ": x and the labels must have one shape, but they are ", x.shape(),
        " and ", labels.shape(), ".");
  const std::int64_t classes = x.ndim() == 0 ? 1 : x.shape().back(), count = x.ndim() == 2 ? x.shape()[0] : 1;
  check(classes > 0, where, kName, ": x must have classes, but it is ", x.shape(), ".");
  check_labels_in(kName, labels, -1, classes, where);
  CallSite site(where);
  Tensor scores = contiguous(reshape(floating_operand(kName, x), {count, classes}));
  Tensor losses = record(kName, where, {scores, labels}, multilabel_rows<MultilabelLosses>(scores, labels, {count}),
                         {Uses::input(0) | Uses::input(1)}, [](Vjp& vjp) {
                           Tensor slopes = multilabel_rows<MultilabelSlopes>(vjp.input(0).detach(), vjp.input(1),
                                                                             vjp.input(0).shape());
                           vjp.give(0, unsqueeze(vjp.g(), 1) * slopes);
                         });
  return reduce_losses(x.ndim() == 2 ? losses : reshape(losses, {}), reduction);
}

}  // namespace xgrad
