// Samples with labels: how the losses of classes see what users pass.
#pragma once

#include "../../kernels/softmax_rows.hpp"
#include "../loss.hpp"

namespace xgrad::internal {

/// Samples as the rows of a matrix.
struct LabeledRows {
  Tensor x;       // [N, C], contiguous
  Tensor labels;  // [N], contiguous
  Tensor weight;  // [C], contiguous, in x's dtype; or undefined
  Shape reduced;  // the shape of the losses that are not reduced

  std::int64_t count() const { return x.shape()[0]; }
  std::int64_t classes() const { return x.shape()[1]; }
};

/// Throws std::invalid_argument unless x is floating and has classes.
void check_logits(const char* name, const Operand& operand);

/// Which axis of x the classes are along.
int class_axis(const Tensor& x);

/// The weights of the classes in x's dtype; undefined where they are.
Tensor class_weight(const char* name, const Tensor& weight, const Tensor& x, SourceLocation where);

LabeledRows as_rows(const char* name, const Tensor& x, const Tensor& labels, const Tensor& weight,
                    SourceLocation where);

/// The losses of the rows in the shape of the labels; a reduced loss as it is.
Tensor as_given(const Tensor& losses, const LabeledRows& samples, Reduction reduction);

template <class T>
Labels<T> labels_of(const Tensor& labels, const Tensor& weight, std::int64_t ignore_index) {
  return {data_of<std::int64_t>(labels), weight.defined() ? data_of<T>(weight) : nullptr, ignore_index};
}

/// What the samples' losses are divided by. Throws std::out_of_range for a label that is no class.
template <class T>
double check_labels(const char* name, const Labels<T>& samples, const Tensor& labels, std::int64_t classes,
                    Reduction reduction, SourceLocation where);

/// Samples' losses [N], those of silent samples 0, times their weights: one number each, or their sum, divided.
template <class T>
Tensor reduce_samples(const T* losses, const Labels<T>& samples, std::int64_t count, Reduction reduction,
                      double divisor);

/// [N, 1], boolean: which samples count for nothing, so that their logits must reach neither loss nor gradient.
/// Undefined where all count.
template <class T>
Tensor silent_samples(const Labels<T>& samples, std::int64_t count);

}  // namespace xgrad::internal
