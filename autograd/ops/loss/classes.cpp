// The losses of classes: cross_entropy and nll_loss.
//
// Logits of any layout become a matrix of samples and classes. With labels, cross_entropy is one node with
// two outputs, the loss and the softmax; the user sees the first alone. The rule needs no more than the
// softmax, and because that is an output of the node rather than a hidden value, derivatives of every order
// pass through it.
#include <cmath>

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/result.hpp"
#include "../movement.hpp"
#include "../reduce.hpp"
#include "../softmax.hpp"
#include "../softmax/cotangent.hpp"
#include "samples.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

// ---- What rules are made of ----

// Elements from which a loop over samples is worth a second thread.
constexpr std::int64_t kSampleGrain = 32768;

/// to[i] = weight / divisor, 0 for a sample that counts for nothing.
template <class T>
struct FactorsOfSamples {
  Labels<T> samples;
  double divisor;
  T* to;

  static void run(const FactorsOfSamples& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      a.to[i] = a.samples.is_silent(i) ? T(0) : static_cast<T>(a.samples.weight(i) / a.divisor);
  }
};

/// True at each label's place, into falses. Over samples.
template <class T>
struct MarkLabels {
  Labels<T> samples;
  std::int64_t classes;
  bool* to;

  static void run(const MarkLabels& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      if (!a.samples.is_ignored(i)) a.to[i * a.classes + a.samples.labels[i]] = true;
  }
};

/// weight / divisor for each sample [N, 1], 0 for those that count for nothing.
template <class T>
Tensor factors_of_samples(const Labels<T>& samples, std::int64_t count, double divisor) {
  Tensor factors = new_tensor({count, 1}, dtype_of<T>);
  launch(FactorsOfSamples<T>{samples, divisor, data_of<T>(factors)}, count, kSampleGrain);
  return factors;
}

/// [N, C], boolean: the label of each sample that is not ignored.
template <class T>
Tensor label_mask(const Labels<T>& samples, std::int64_t count, std::int64_t classes) {
  Tensor mask = zeros({count, classes}, {.dtype = DType::boolean});
  launch(MarkLabels<T>{samples, classes, data_of<bool>(mask)}, count, kSampleGrain);
  return mask;
}

/// The cotangent of the loss as it multiplies rows: a scalar, or [N, 1].
Tensor as_column(const Tensor& g) { return g.ndim() == 0 ? g : unsqueeze(g, 1); }

// ---- cross_entropy with labels ----

/// (softmax - onehot) g weight / divisor, in one pass; over the softmax where nobody else has its elements.
template <class T>
Tensor logits_cotangent(const Tensor& g, const Tensor& softmax, const Labels<T>& samples, double divisor) {
  const bool is_ours = owns_elements(softmax);
  Tensor result = is_ours ? softmax : new_tensor(softmax.shape(), softmax.dtype());
  cross_entropy_cotangent_rows(data_of<T>(softmax), samples, data_of<T>(g), g.ndim() == 0 ? 0 : g.strides()[0], divisor,
                               data_of<T>(result), softmax.shape()[0], softmax.shape()[1]);
  return result;
}

/// The same of operators, and what comes through the softmax where a higher derivative reads it.
template <class T>
Tensor logits_cotangent_of_operators(Vjp& vjp, const Labels<T>& samples, double divisor) {
  Tensor softmax = vjp.output(1);
  const std::int64_t count = softmax.shape()[0];
  if (Tensor silent = silent_samples(samples, count); silent.defined()) softmax = where(silent, 0, softmax);
  Tensor gx;
  if (vjp.has(0)) {
    // softmax - 1 at the label is what the other classes have: as they add up to 1, every derivative is the same.
    Tensor is_label = label_mask(samples, count, softmax.shape()[1]);
    Tensor rest = sum(where(is_label, 0, softmax), 1, {.keepdims = true});
    gx = as_column(vjp.g(0)) * (where(is_label, -rest, softmax) * factors_of_samples(samples, count, divisor));
  }
  if (vjp.has(1)) {
    Tensor through = softmax_cotangent_of_operators(vjp.g(1), softmax, 1);
    gx = gx.defined() ? gx + through : through;
  }
  return gx;
}

template <class T>
Tensor cross_entropy_of_labels(const LabeledRows& s, const CrossEntropyOptions& options, SourceLocation where) {
  Labels<T> samples = labels_of<T>(s.labels, s.weight, options.ignore_index);
  double divisor = check_labels("cross_entropy", samples, s.labels, s.classes(), options.reduction, where);

  bool is_recorded = is_recording({s.x});
  Tensor softmax;
  if (is_recorded) softmax = new_tensor(s.x.shape(), s.x.dtype());
  Tensor losses = new_tensor({s.count()}, s.x.dtype());
  cross_entropy_rows(data_of<T>(s.x), samples, s.count(), s.classes(), is_recorded ? data_of<T>(softmax) : nullptr,
                     data_of<T>(losses));
  Tensor result = reduce_samples(data_of<T>(losses), samples, s.count(), options.reduction, divisor);
  if (!is_recorded) return result;

  auto rule = [divisor, ignore_index = options.ignore_index, weighted = s.weight.defined()](Vjp& vjp) {
    Labels<T> samples = labels_of<T>(vjp.input(1), weighted ? vjp.input(2) : Tensor(), ignore_index);
    if (!vjp.has(1) && !vjp.creates_graph())
      return vjp.give(0, logits_cotangent(vjp.g(0), vjp.take_output(1), samples, divisor));
    vjp.give(0, logits_cotangent_of_operators(vjp, samples, divisor));
  };
  Uses uses = Uses::input(1) | Uses::output(1);
  if (!s.weight.defined())
    return record("cross_entropy", where, {s.x, s.labels}, std::vector{result, softmax}, {uses}, rule)[0];
  return record("cross_entropy", where, {s.x, s.labels, s.weight}, std::vector{result, softmax},
                {uses | Uses::input(2)}, rule)[0];
}

// ---- Smoothed labels, and probabilities ----

/// log_softmax with 0 in place of -inf where the target is 0: a class that is impossible and not expected costs
/// nothing.
Tensor no_infinity_at_zero(const Tensor& log_softmax, const Tensor& target) {
  const Tensor value = log_softmax.detach();
  if (value.numel() == 0 || std::isfinite(amin(value).item())) return log_softmax;
  return where(logical_and(isinf(value), target.detach() == 0), 0, log_softmax);
}

/// A row of zeros for a sample that is ignored, else its label's distribution times the weights. Over samples.
template <class T>
struct SmoothLabels {
  Labels<T> samples;
  std::int64_t classes;
  double smoothing;
  T* to;

  static void run(const SmoothLabels& a, std::int64_t begin, std::int64_t end) {
    const T* weights = a.samples.weights;
    for (std::int64_t i = begin; i < end; ++i) {
      T* row = a.to + i * a.classes;
      const bool is_ignored = a.samples.is_ignored(i);
      for (std::int64_t c = 0; c < a.classes; ++c)
        row[c] = is_ignored ? T(0)
                            : static_cast<T>(a.smoothing / static_cast<double>(a.classes) *
                                             (weights != nullptr ? weights[c] : T(1)));
      if (!is_ignored) row[a.samples.labels[i]] += static_cast<T>((1 - a.smoothing) * a.samples.weight(i));
    }
  }
};

/// Smoothing makes of each label a distribution over the classes; the weights go into it.
template <class T>
Tensor smoothed_target(const LabeledRows& s, const Labels<T>& samples, double smoothing, SourceLocation where) {
  const std::int64_t classes = s.classes();
  Tensor target = new_result("cross_entropy", s.x.shape(), s.x.dtype(), where);
  launch(SmoothLabels<T>{samples, classes, smoothing, data_of<T>(target)}, s.count(), kSampleGrain / (classes + 1) + 1);
  return target;
}

template <class T>
Tensor cross_entropy_smoothed(const LabeledRows& s, const CrossEntropyOptions& options, SourceLocation where) {
  Labels<T> samples = labels_of<T>(s.labels, s.weight, options.ignore_index);
  double divisor = check_labels("cross_entropy", samples, s.labels, s.classes(), options.reduction, where);
  Tensor target = smoothed_target(s, samples, options.label_smoothing, where);
  // What an ignored sample's logits are must reach neither the loss nor the gradient.
  samples.weights = nullptr;
  Tensor x = s.x;
  if (Tensor silent = silent_samples(samples, s.count()); silent.defined()) x = xgrad::where(silent, 0, x);
  Tensor losses = -sum(target * no_infinity_at_zero(log_softmax(x, 1), target), 1);
  if (options.reduction == Reduction::none) return losses;
  return sum(losses) / divisor;
}

Tensor cross_entropy_of_probabilities(const Tensor& x, Tensor target, const CrossEntropyOptions& options,
                                      SourceLocation where) {
  check(target.shape() == x.shape(), where, "cross_entropy: a floating target must have the logits' shape ", x.shape(),
        ", but it is ", target.shape(), ". Labels must be int64.");
  check(options.ignore_index < 0, where, "cross_entropy: ignore_index is for labels, but the target is ",
        target.dtype(), " probabilities and ignore_index is ", options.ignore_index, ".");
  int axis = class_axis(x);
  std::int64_t classes = x.shape()[axis];
  if (options.label_smoothing > 0)
    target = target * (1 - options.label_smoothing) + options.label_smoothing / static_cast<double>(classes);
  if (Tensor weight = class_weight("cross_entropy", options.weight, x, where); weight.defined()) {
    Shape along_classes = Shape::filled(x.ndim(), 1);
    along_classes[axis] = classes;
    target = target * reshape(weight, along_classes);
  }
  Tensor terms = target * no_infinity_at_zero(log_softmax(x, axis), target);
  if (options.reduction == Reduction::none) return -sum(terms, axis);
  if (options.reduction == Reduction::sum) return -sum(terms);
  double count = static_cast<double>(x.numel()) / static_cast<double>(classes);
  return sum(terms) / -count;
}

// ---- nll_loss ----

/// to[i] = -x[label of i], 0 for a silent sample.
template <class T>
struct NllLosses {
  const T* x;
  Labels<T> samples;
  std::int64_t classes;
  T* to;

  static void run(const NllLosses& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      a.to[i] = a.samples.is_silent(i) ? T(0) : -a.x[i * a.classes + a.samples.labels[i]];
  }
};

template <class T>
Tensor nll_of_labels(const LabeledRows& s, const NllLossOptions& options, SourceLocation where) {
  Labels<T> samples = labels_of<T>(s.labels, s.weight, options.ignore_index);
  double divisor = check_labels("nll_loss", samples, s.labels, s.classes(), options.reduction, where);
  Tensor losses = new_tensor({s.count()}, s.x.dtype());
  launch(NllLosses<T>{data_of<T>(s.x), samples, s.classes(), data_of<T>(losses)}, s.count(), kSampleGrain);
  Tensor result = reduce_samples(data_of<T>(losses), samples, s.count(), options.reduction, divisor);
  auto rule = [divisor, ignore_index = options.ignore_index, weighted = s.weight.defined()](Vjp& vjp) {
    Labels<T> samples = labels_of<T>(vjp.input(1), weighted ? vjp.input(2) : Tensor(), ignore_index);
    const Shape& shape = vjp.shape(0);
    Tensor at_label =
        xgrad::where(label_mask(samples, shape[0], shape[1]), factors_of_samples(samples, shape[0], divisor), 0);
    vjp.give(0, -as_column(vjp.g()) * at_label);
  };
  if (!s.weight.defined()) return record("nll_loss", where, {s.x, s.labels}, result, {Uses::input(1)}, rule);
  return record("nll_loss", where, {s.x, s.labels, s.weight}, result, {Uses::input(1) | Uses::input(2)}, rule);
}

}  // namespace

Tensor cross_entropy(const Operand& logits, const Tensor& target, CrossEntropyOptions options) {
  SourceLocation where = logits.where();
  CallSite site(where);
  check_logits("cross_entropy", logits);
  check(options.label_smoothing >= 0 && options.label_smoothing <= 1, where,
        "cross_entropy: label_smoothing must be in [0, 1], but it is ", options.label_smoothing, ".");
  const Tensor& x = logits.tensor("cross_entropy");
  if (target.defined() && is_floating(target.dtype())) return cross_entropy_of_probabilities(x, target, options, where);

  LabeledRows samples = as_rows("cross_entropy", x, target, options.weight, where);
  Tensor loss = dispatch_floating(x.dtype(), [&]<class T>(T) {
    if (options.label_smoothing > 0) return cross_entropy_smoothed<T>(samples, options, where);
    return cross_entropy_of_labels<T>(samples, options, where);
  });
  return as_given(loss, samples, options.reduction);
}

Tensor nll_loss(const Operand& operand, const Tensor& labels, NllLossOptions options) {
  SourceLocation where = operand.where();
  CallSite site(where);
  check_logits("nll_loss", operand);
  LabeledRows samples = as_rows("nll_loss", operand.tensor("nll_loss"), labels, options.weight, where);
  Tensor loss =
      dispatch_floating(samples.x.dtype(), [&]<class T>(T) { return nll_of_labels<T>(samples, options, where); });
  return as_given(loss, samples, options.reduction);
}

}  // namespace xgrad
