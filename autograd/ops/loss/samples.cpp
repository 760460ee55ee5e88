#include "samples.hpp"

#include <algorithm>

#include "../../base/launch.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../movement.hpp"
#include "common.hpp"

namespace xgrad::internal {

void check_logits(const char* name, const Operand& operand) {
  const Tensor& x = operand.tensor(name);
  check(is_floating(x.dtype()), operand.where(), name, ": x must be floating, but it is ", x.dtype(), ".");
  check(x.ndim() > 0, operand.where(), name, ": x must be [C], [N, C] or [N, C, d1 ...], but it is a scalar.");
}

int class_axis(const Tensor& x) { return x.ndim() == 1 ? 0 : 1; }

Tensor class_weight(const char* name, const Tensor& weight, const Tensor& x, SourceLocation where) {
  if (!weight.defined()) return {};
  std::int64_t classes = x.shape()[class_axis(x)];
  check(weight.shape() == Shape{classes}, where, name, ": weight must be [", classes,
        "], one for each class, but it is ", weight.shape(), ".");
  return cast(weight, x.dtype());
}

LabeledRows as_rows(const char* name, const Tensor& x, const Tensor& labels, const Tensor& weight,
                    SourceLocation where) {
  check(labels.defined(), where, name, ": the target must be a tensor, but it is undefined.");
  Shape reduced = x.shape();
  reduced.erase(class_axis(x));
  check(labels.dtype() == DType::int64 && labels.shape() == reduced, where, name, ": the target of logits ", x.shape(),
        " must be int64 labels ", reduced, ", but it is ", labels.dtype(), " ", labels.shape(), ".");
  check_constant_weight(name, weight, where);
  LabeledRows samples{x, labels, class_weight(name, weight, x, where), reduced};
  if (weight.defined()) samples.weight = contiguous(samples.weight.detach());
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

Tensor as_given(const Tensor& losses, const LabeledRows& samples, Reduction reduction) {
  return reduction == Reduction::none && samples.reduced.ndim() != 1 ? reshape(losses, samples.reduced) : losses;
}

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

namespace {

/// Losses that are added up without a break, so that the sum is accurate for millions of samples.
constexpr std::int64_t kSumBlock = 256;

template <class T>
T weighted_loss(const T* losses, const Labels<T>& samples, std::int64_t i) {
  return samples.is_silent(i) ? T(0) : losses[i] * samples.weight(i);
}

/// to[i] = the loss times its weight.
template <class T>
struct WeightedLosses {
  const T* losses;
  Labels<T> samples;
  T* to;

  static void run(const WeightedLosses& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) a.to[i] = weighted_loss(a.losses, a.samples, i);
  }
};

/// The sum of the weighted losses, divided: one part, over [0, 1), so that it has one order.
template <class T>
struct SumOfLosses {
  const T* losses;
  Labels<T> samples;
  std::int64_t count;
  double divisor;
  T* to;

  static void run(const SumOfLosses& a, std::int64_t, std::int64_t) {
    double total = 0;
    for (std::int64_t begin = 0; begin < a.count; begin += kSumBlock) {
      double part = 0;
      for (std::int64_t i = begin; i < std::min(begin + kSumBlock, a.count); ++i)
        part += weighted_loss(a.losses, a.samples, i);
      total += part;
    }
    *a.to = static_cast<T>(total / a.divisor);
  }
};

/// to[i] = whether the sample counts for nothing.
template <class T>
struct MarkSilent {
  Labels<T> samples;
  bool* to;

  static void run(const MarkSilent& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) a.to[i] = a.samples.is_silent(i);
  }
};

// Samples from which a loop over them is worth a second thread.
constexpr std::int64_t kSampleGrain = 32768;

}  // namespace

template <class T>
Tensor reduce_samples(const T* losses, const Labels<T>& samples, std::int64_t count, Reduction reduction,
                      double divisor) {
  if (reduction == Reduction::none) {
    Tensor result = new_tensor({count}, dtype_of<T>);
    launch(WeightedLosses<T>{losses, samples, data_of<T>(result)}, count, kSampleGrain);
    return result;
  }
  Tensor result = new_tensor(Shape{}, dtype_of<T>);
  launch(SumOfLosses<T>{losses, samples, count, divisor, data_of<T>(result)}, 1, 1);
  return result;
}

template <class T>
Tensor silent_samples(const Labels<T>& samples, std::int64_t count) {
  std::int64_t counted = 0;  // in most batches all are: read here, as it decides whether a mask is needed
  while (counted < count && !samples.is_silent(counted)) ++counted;
  if (counted == count) return {};
  Tensor silent = new_tensor({count, 1}, DType::boolean);
  launch(MarkSilent<T>{samples, data_of<bool>(silent)}, count, kSampleGrain);
  return silent;
}

#define XGRAD_INSTANTIATE(T)                                                                                           \
  template double check_labels(const char*, const Labels<T>&, const Tensor&, std::int64_t, Reduction, SourceLocation); \
  template Tensor reduce_samples(const T*, const Labels<T>&, std::int64_t, Reduction, double);                         \
  template Tensor silent_samples(const Labels<T>&, std::int64_t);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
