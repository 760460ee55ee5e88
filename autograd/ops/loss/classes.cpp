// The losses of classes: cross_entropy and nll_loss.
//
// Logits of any layout become a matrix of samples and classes. With labels, cross_entropy is one node with
// two outputs, the loss and the softmax; the user sees the first alone. The rule needs no more than the
// softmax, and because that is an output of the node rather than a hidden value, derivatives of every order
// pass through it.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "../../extend.hpp"
#include "../../base/parallel.hpp"
#include "../../simd/math.hpp"
#include "../../tensor_impl.hpp"
#include "../create.hpp"
#include "../elementwise.hpp"
#include "../movement.hpp"
#include "../reduce.hpp"
#include "../loss.hpp"

namespace xgrad {
namespace {

using namespace internal;

/// Elements of a block of rows that stays in the first-level cache.
constexpr std::int64_t kBlock = 4096;
/// Elements from which a second thread pays; exp() makes them dearer than those of a sum.
constexpr std::int64_t kGrain = 16384;

// ---- Labels ----

/// The labels of one call: which sample counts how much. Weights are null or one for each class.
template <class T>
struct Labels {
  const std::int64_t* labels;
  const T* weights;
  std::int64_t ignore_index;

  Labels(const Tensor& labels, const Tensor& weight, std::int64_t ignore_index)
      : labels(data_of<std::int64_t>(labels)),
        weights(weight.defined() ? data_of<T>(weight) : nullptr),
        ignore_index(ignore_index) {}

  bool is_ignored(std::int64_t i) const { return labels[i] == ignore_index; }
  bool any_ignored(std::int64_t count) const {
    return std::find(labels, labels + count, ignore_index) != labels + count;
  }
  /// Of a sample that is not ignored.
  T weight(std::int64_t i) const { return weights != nullptr ? weights[labels[i]] : T(1); }
};

/// What the samples' losses are divided by. Throws std::out_of_range for a label that is no class.
template <class T>
double check_labels(const char* name, const Labels<T>& samples, const Tensor& labels, std::int64_t classes,
                    Reduction reduction, SourceLocation where) {
  double total = 0;
  for (std::int64_t i = 0; i < labels.numel(); ++i) {
    if (samples.is_ignored(i)) continue;
    std::int64_t label = samples.labels[i];
    check<std::out_of_range>(0 <= label && label < classes, where, name, ": labels must be in [0, ", classes,
                             ") or ignore_index ", samples.ignore_index, ", but element ", i, " is ", label, ".");
    total += samples.weight(i);
  }
  return reduction == Reduction::mean ? total : 1;
}

/// Sum of f(i), in blocks: accurate for millions of samples.
template <class F>
double blocked_sum(std::int64_t count, F&& f) {
  constexpr std::int64_t kStep = 256;
  double total = 0;
  for (std::int64_t begin = 0; begin < count; begin += kStep) {
    double part = 0;
    for (std::int64_t i = begin; i < std::min(begin + kStep, count); ++i) part += f(i);
    total += part;
  }
  return total;
}

/// One number for each sample, or their sum, divided.
template <class T, class F>
Tensor reduce_samples(std::int64_t count, Reduction reduction, double divisor, F&& loss) {
  if (reduction != Reduction::none) {
    Tensor result = new_tensor(Shape{}, dtype_of<T>);
    *data_of<T>(result) = static_cast<T>(blocked_sum(count, loss) / divisor);
    return result;
  }
  Tensor result = new_tensor({count}, dtype_of<T>);
  T* out = data_of<T>(result);
  for (std::int64_t i = 0; i < count; ++i) out[i] = loss(i);
  return result;
}

/// weight / divisor for each sample [N, 1], and the same at the label's place of [N, C]: what the derivative
/// of a loss is made of when it is written with operators.
struct Factors {
  Tensor of_sample;
  Tensor at_label;
};
template <class T>
Factors make_factors(const Labels<T>& samples, std::int64_t count, std::int64_t classes, double divisor) {
  Factors factors{zeros({count, 1}, {.dtype = dtype_of<T>}), zeros({count, classes}, {.dtype = dtype_of<T>})};
  for (std::int64_t i = 0; i < count; ++i) {
    if (samples.is_ignored(i)) continue;
    T factor = static_cast<T>(samples.weight(i) / divisor);
    data_of<T>(factors.of_sample)[i] = factor;
    data_of<T>(factors.at_label)[i * classes + samples.labels[i]] = factor;
  }
  return factors;
}

/// The cotangent of the loss as it multiplies rows: a scalar, or [N, 1].
Tensor as_column(const Tensor& g) { return g.ndim() == 0 ? g : unsqueeze(g, 1); }

/// The same as numbers.
template <class T>
struct Column {
  const T* first;
  std::int64_t step;
  explicit Column(const Tensor& g) : first(data_of<T>(g)), step(g.ndim() == 0 ? 0 : g.strides()[0]) {}
  T operator[](std::int64_t i) const { return first[i * step]; }
};

// ---- Rows of logits ----

/// Folds [0, n) with four batches side by side, so that one step need not wait for the one before.
template <class T, class F>
T fold(const T* x, std::int64_t n, T start, const F& combine) {
  using B = Batch<T>;
  T result = start;
  std::int64_t j = 0;
  if (n >= B::kSize) {
    B part[4] = {start, start, start, start};
    for (; j + 4 * B::kSize <= n; j += 4 * B::kSize)
      for (int k = 0; k < 4; ++k) part[k] = combine(part[k], B::load(x + j + k * B::kSize));
    for (; j + B::kSize <= n; j += B::kSize) part[0] = combine(part[0], B::load(x + j));
    alignas(64) T lane[B::kSize];
    combine(combine(part[0], part[1]), combine(part[2], part[3])).store(lane);
    for (T value : lane) result = combine(result, value);
  }
  for (; j < n; ++j) result = combine(result, x[j]);
  return result;
}

/// NaN is left to the sum, which it reaches in any case.
template <class T>
T largest(const T* x, std::int64_t n) {
  return fold(x, n, -std::numeric_limits<T>::infinity(), [](auto a, auto b) { return where(a < b, b, a); });
}

/// In parts of kBlock, so that a row of any length is summed accurately.
template <class T>
double total(const T* x, std::int64_t n) {
  double result = 0;
  for (std::int64_t begin = 0; begin < n; begin += kBlock)
    result += fold(x + begin, std::min(kBlock, n - begin), T(0), [](auto a, auto b) { return a + b; });
  return result;
}

template <class T>
void exponentiate(T* x, std::int64_t n) {
  using B = Batch<T>;
  std::int64_t j = 0;
  for (; j + B::kSize <= n; j += B::kSize) exp(B::load(x + j)).store(x + j);
  if (j == n) return;
  T padded[B::kSize] = {};
  std::copy(x + j, x + n, padded);
  exp(B::load(padded)).store(padded);
  std::copy(padded, padded + (n - j), x + j);
}

/// p = exp(x - m), and the sum of them.
template <class T>
double exponentiate_row(const T* x, T m, std::int64_t n, T* p) {
  using B = Batch<T>;
  double result = 0;
  std::int64_t j = 0;
  while (n - j >= B::kSize) {
    B part[2] = {0, 0};
    std::int64_t end = std::min(j + kBlock, n);
    auto step = [&](B& sum) {
      B y = exp(B::load(x + j) - m);
      y.store(p + j);
      sum += y;
      j += B::kSize;
    };
    while (j + 2 * B::kSize <= end) {
      step(part[0]);
      step(part[1]);
    }
    if (j + B::kSize <= end) step(part[0]);
    result += reduce_sum(part[0] + part[1]);
  }
  if (j < n) {
    std::copy(x + j, x + n, p + j);
    for (std::int64_t k = j; k < n; ++k) p[k] -= m;
    exponentiate(p + j, n - j);
    result += total(p + j, n - j);
  }
  return result;
}

/// The softmax of each row, and each row's log(sum(exp(x - max))) + max.
template <class T>
void softmax_rows(const T* logits, std::int64_t rows, std::int64_t classes, T* softmax, T* maxima, T* log_sums) {
  // A long row is gone through while it is in the first-level cache. For short rows exp() runs over whole blocks of
  // them, so that they cost no more.
  bool is_long = classes >= 4 * Batch<T>::kSize;
  for (std::int64_t i = 0; i < rows && !is_long; ++i) {
    const T* x = logits + i * classes;
    T* p = softmax + i * classes;
    T m = maxima[i] = largest(x, classes);
    for (std::int64_t j = 0; j < classes; ++j) p[j] = x[j] - m;
  }
  if (!is_long) exponentiate(softmax, rows * classes);
  for (std::int64_t i = 0; i < rows; ++i) {
    const T* x = logits + i * classes;
    T* p = softmax + i * classes;
    if (is_long) maxima[i] = largest(x, classes);
    double sum = is_long ? exponentiate_row(x, maxima[i], classes, p) : total(p, classes);
    log_sums[i] = static_cast<T>(std::log(sum));
    T scale = static_cast<T>(1 / sum);
    for (std::int64_t j = 0; j < classes; ++j) p[j] *= scale;
  }
}

// ---- cross_entropy with labels ----

/// The loss of each sample, before weights: -log softmax[label]. `softmax` is filled where it is not null.
template <class T>
void negative_log_likelihoods(const T* logits, const Labels<T>& samples, std::int64_t count, std::int64_t classes,
                              T* softmax, T* losses) {
  std::int64_t block = std::max<std::int64_t>(1, kBlock / std::max<std::int64_t>(classes, 1));
  std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(classes, 1));
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> room(softmax == nullptr ? block * classes : 0);
    T maxima[kBlock];
    for (; begin < end; begin += block) {
      std::int64_t rows = std::min(block, end - begin);
      T* p = softmax == nullptr ? room.data() : softmax + begin * classes;
      softmax_rows(logits + begin * classes, rows, classes, p, maxima, losses + begin);
      for (std::int64_t i = begin; i < begin + rows; ++i)
        losses[i] =
            samples.is_ignored(i) ? T(0) : losses[i] - (logits[i * classes + samples.labels[i]] - maxima[i - begin]);
    }
  });
}

/// (softmax - onehot) * g * weight / divisor, in one pass; over the softmax where nobody else has its elements.
template <class T>
Tensor logits_cotangent(const Tensor& g, Tensor softmax, const Labels<T>& samples, double divisor) {
  std::int64_t count = softmax.shape()[0];
  std::int64_t classes = softmax.shape()[1];
  Tensor result = owns_elements(softmax) ? softmax : new_tensor(softmax.shape(), softmax.dtype());
  Column<T> column(g);
  const T* p = data_of<T>(softmax);
  T* out = data_of<T>(result);
  std::int64_t grain = std::max<std::int64_t>(1, 2 * kGrain / std::max<std::int64_t>(classes, 1));
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* from = p + i * classes;
      T* to = out + i * classes;
      if (samples.is_ignored(i)) {
        std::fill(to, to + classes, T(0));
        continue;
      }
      T factor = static_cast<T>(column[i] * (samples.weight(i) / divisor));
      for (std::int64_t j = 0; j < classes; ++j) to[j] = from[j] * factor;
      to[samples.labels[i]] -= factor;
    }
  });
  return result;
}

/// logits [N, C] and labels [N], both contiguous; weight [C] or undefined.
template <class T>
Tensor cross_entropy_of_labels(const Tensor& logits, const Tensor& labels, const Tensor& weight,
                               const CrossEntropyOptions& options, SourceLocation where) {
  std::int64_t count = logits.shape()[0];
  std::int64_t classes = logits.shape()[1];
  Labels<T> samples(labels, weight, options.ignore_index);
  double divisor = check_labels("cross_entropy", samples, labels, classes, options.reduction, where);

  bool is_recorded = is_recording({logits});
  Tensor softmax;
  if (is_recorded) softmax = new_tensor(logits.shape(), logits.dtype());
  Tensor losses = new_tensor({count}, logits.dtype());
  T* loss = data_of<T>(losses);
  negative_log_likelihoods(data_of<T>(logits), samples, count, classes, is_recorded ? data_of<T>(softmax) : nullptr,
                           loss);
  Tensor result = reduce_samples<T>(count, options.reduction, divisor, [&](std::int64_t i) {
    return samples.is_ignored(i) ? T(0) : loss[i] * samples.weight(i);
  });
  if (!is_recorded) return result;

  auto rule = [divisor, ignore_index = options.ignore_index, weighted = weight.defined()](Vjp& vjp) {
    Labels<T> samples(vjp.input(1), weighted ? vjp.input(2) : Tensor(), ignore_index);
    if (!vjp.has(1) && !vjp.creates_graph())
      return vjp.give(0, logits_cotangent(vjp.g(0), vjp.take_output(1), samples, divisor));
    Tensor softmax = vjp.output(1);
    const std::int64_t count = softmax.shape()[0];
    if (samples.any_ignored(count))  // their logits may be nan
      softmax = xgrad::where(unsqueeze(vjp.input(1) == ignore_index, 1), 0, softmax);
    Tensor gx;
    if (vjp.has(0)) {
      Factors factors = make_factors(samples, count, softmax.shape()[1], divisor);
      gx = as_column(vjp.g(0)) * (softmax * factors.of_sample - factors.at_label);
    }
    if (vjp.has(1)) {  // a higher derivative, through the softmax
      Tensor through = softmax * (vjp.g(1) - sum(vjp.g(1) * softmax, 1, {.keepdims = true}));
      gx = gx.defined() ? gx + through : through;
    }
    vjp.give(0, gx);
  };
  Uses uses = Uses::input(1) | Uses::output(1);
  if (!weight.defined())
    return record("cross_entropy", where, {logits, labels}, std::vector{result, softmax}, {uses}, rule)[0];
  return record("cross_entropy", where, {logits, labels, weight}, std::vector{result, softmax}, {uses | Uses::input(2)},
                rule)[0];
}

// ---- The shapes that users pass ----

/// Samples as the rows of a matrix.
struct Samples {
  Tensor x;       // [N, C], contiguous
  Tensor labels;  // [N], contiguous
  Tensor weight;  // [C], contiguous, in x's dtype; or undefined
  Shape reduced;  // the shape of the losses that are not reduced
};

void check_logits(const char* name, const Operand& operand) {
  const Tensor& x = operand.tensor(name);
  check(is_floating(x.dtype()), operand.where(), name, ": x must be floating, but it is ", x.dtype(), ".");
  check(x.ndim() > 0, operand.where(), name, ": x must be [C], [N, C] or [N, C, d1 ...], but it is a scalar.");
}

int class_axis(const Tensor& x) { return x.ndim() == 1 ? 0 : 1; }

Tensor constant_weight(const char* name, const Tensor& weight, const Tensor& x, SourceLocation where) {
  if (!weight.defined()) return {};
  std::int64_t classes = x.shape()[class_axis(x)];
  check(weight.shape() == Shape{classes}, where, name, ": weight must be [", classes,
        "], one for each class, but it is ", weight.shape(), ".");
  return contiguous(cast(weight.detach(), x.dtype()));
}

Samples as_rows(const char* name, const Tensor& x, const Tensor& labels, const Tensor& weight, SourceLocation where) {
  check(labels.defined(), where, name, ": the target must be a tensor, but it is undefined.");
  Shape reduced = x.shape();
  reduced.erase(class_axis(x));
  check(labels.dtype() == DType::int64 && labels.shape() == reduced, where, name, ": the target of logits ", x.shape(),
        " must be int64 labels ", reduced, ", but it is ", labels.dtype(), " ", labels.shape(), ".");
  Samples samples{x, labels, constant_weight(name, weight, x, where), reduced};
  if (x.ndim() > 2) {
    std::vector<int> classes_last(x.ndim() - 1);
    for (int axis = 0; axis < x.ndim() - 1; ++axis) classes_last[axis] = axis == 0 ? 0 : axis + 1;
    classes_last.push_back(1);
    samples.x = permute(x, classes_last);
  }
  if (x.ndim() != 2) {
    samples.x = reshape(samples.x, {labels.numel(), x.shape()[class_axis(x)]});
    samples.labels = reshape(labels, {labels.numel()});
  }
  if (!samples.x.is_contiguous()) samples.x = contiguous(samples.x);
  if (!samples.labels.is_contiguous()) samples.labels = contiguous(samples.labels);
  return samples;
}

/// The losses of the rows in the shape of the labels; a reduced loss as it is.
Tensor as_given(const Tensor& losses, const Samples& samples, Reduction reduction) {
  return reduction == Reduction::none && samples.reduced.ndim() != 1 ? reshape(losses, samples.reduced) : losses;
}

// ---- Smoothed labels, and probabilities ----

/// log_softmax with 0 in place of -inf where the target is 0: a class that is impossible and not expected costs nothing.
Tensor no_infinity_at_zero(const Tensor& log_softmax, const Tensor& target) {
  const Tensor value = log_softmax.detach();
  if (value.numel() == 0 || std::isfinite(amin(value).item())) return log_softmax;
  return where(logical_and(isinf(value), target.detach() == 0), 0, log_softmax);
}

/// Smoothing makes of each label a distribution over the classes; the weights go into it.
template <class T>
Tensor cross_entropy_smoothed(const Samples& s, const CrossEntropyOptions& options, SourceLocation where) {
  std::int64_t count = s.x.shape()[0];
  std::int64_t classes = s.x.shape()[1];
  Labels<T> samples(s.labels, s.weight, options.ignore_index);
  double divisor = check_labels("cross_entropy", samples, s.labels, classes, options.reduction, where);
  Tensor target = zeros(s.x.shape(), {.dtype = s.x.dtype()});
  for (std::int64_t i = 0; i < count; ++i) {
    if (samples.is_ignored(i)) continue;
    T* row = data_of<T>(target) + i * classes;
    for (std::int64_t c = 0; c < classes; ++c)
      row[c] = static_cast<T>(options.label_smoothing / classes * (s.weight.defined() ? samples.weights[c] : T(1)));
    row[samples.labels[i]] += static_cast<T>((1 - options.label_smoothing) * samples.weight(i));
  }
  // What an ignored sample's logits are must reach neither the loss nor the gradient.
  Tensor x = s.x;
  if (samples.any_ignored(count)) x = xgrad::where(unsqueeze(s.labels == options.ignore_index, 1), 0, x);
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
  if (Tensor weight = constant_weight("cross_entropy", options.weight, x, where); weight.defined()) {
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

}  // namespace

Tensor cross_entropy(const Operand& logits, const Tensor& target, CrossEntropyOptions options) {
  SourceLocation where = logits.where();
  CallSite site(where);
  check_logits("cross_entropy", logits);
  check(options.label_smoothing >= 0 && options.label_smoothing <= 1, where,
        "cross_entropy: label_smoothing must be in [0, 1], but it is ", options.label_smoothing, ".");
  const Tensor& x = logits.tensor("cross_entropy");
  if (target.defined() && is_floating(target.dtype())) return cross_entropy_of_probabilities(x, target, options, where);

  Samples samples = as_rows("cross_entropy", x, target, options.weight, where);
  Tensor loss = dispatch_floating(x.dtype(), [&]<class T>(T) {
    if (options.label_smoothing > 0) return cross_entropy_smoothed<T>(samples, options, where);
    return cross_entropy_of_labels<T>(samples.x, samples.labels, samples.weight, options, where);
  });
  return as_given(loss, samples, options.reduction);
}

Tensor nll_loss(const Operand& operand, const Tensor& labels, NllLossOptions options) {
  SourceLocation where = operand.where();
  CallSite site(where);
  check_logits("nll_loss", operand);
  Samples s = as_rows("nll_loss", operand.tensor("nll_loss"), labels, options.weight, where);
  std::int64_t count = s.x.shape()[0];
  std::int64_t classes = s.x.shape()[1];
  Tensor loss = dispatch_floating(s.x.dtype(), [&]<class T>(T) {
    Labels<T> samples(s.labels, s.weight, options.ignore_index);
    double divisor = check_labels("nll_loss", samples, s.labels, classes, options.reduction, where);
    const T* x = data_of<T>(s.x);
    Tensor result = reduce_samples<T>(count, options.reduction, divisor, [&](std::int64_t i) {
      return samples.is_ignored(i) ? T(0) : -x[i * classes + samples.labels[i]] * samples.weight(i);
    });
    auto rule = [divisor, ignore_index = options.ignore_index, weighted = s.weight.defined()](Vjp& vjp) {
      Labels<T> samples(vjp.input(1), weighted ? vjp.input(2) : Tensor(), ignore_index);
      const Shape& shape = vjp.shape(0);
      vjp.give(0, -as_column(vjp.g()) * make_factors(samples, shape[0], shape[1], divisor).at_label);
    };
    if (!s.weight.defined()) return record("nll_loss", where, {s.x, s.labels}, result, {Uses::input(1)}, rule);
    return record("nll_loss", where, {s.x, s.labels, s.weight}, result, {Uses::input(1) | Uses::input(2)}, rule);
  });
  return as_given(loss, s, options.reduction);
}

}  // namespace xgrad
