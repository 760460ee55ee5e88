#include "points.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "../../autograd/grad_mode.hpp"
#include "../../autograd/ops/reduce.hpp"

namespace xgrad {
namespace train {
namespace detail {
namespace {

std::string described(const Tensor& tensor) {
  return tensor.defined() ? concat(tensor.dtype(), ' ', tensor.shape()) : "undefined";
}

bool is_label(const Tensor& tensor) {
  return tensor.defined() && (tensor.dtype() == DType::int64 || tensor.dtype() == DType::boolean);
}

/// Throws where an element is nan.
void check_not_nan(std::string_view metric, const char* what, const std::vector<double>& values, const Shape& shape,
                   SourceLocation where) {
  const auto nan = std::find_if(values.begin(), values.end(), [](double value) { return std::isnan(value); });
  if (nan == values.end()) return;
  const std::int64_t row = (nan - values.begin()) / (shape.numel() / shape[0]);
  fail<std::invalid_argument>(where, concat(metric, ": ", what, " must not be nan, but one of point ", row, " is."));
}

}  // namespace

std::vector<std::int64_t> labels_of(const char* metric, const char* what, const Tensor& labels, SourceLocation where) {
  const std::string_view name = metric;
  check(
      is_label(labels), where, name, ": ", std::string_view(what),
      " must be class labels, int64 or boolean, but they are ", [&] { return described(labels); }, '.');
  return labels.to_vector<std::int64_t>();
}

std::vector<std::int64_t> classes_of(const char* metric, const Tensor& predictions, const Tensor& targets,
                                     SourceLocation where) {
  const std::string_view name = metric;
  check(
      is_label(targets), where, name, ": targets must be class labels, int64 or boolean, but they are ",
      [&] { return described(targets); }, '.');
  check(
      predictions.defined() && targets.ndim() > 0, where, name,
      ": predictions and targets must have points, but they are ", [&] { return described(predictions); }, " and ",
      [&] { return described(targets); }, '.');
  check(targets.numel() > 0, where, name, ": there must be at least one point, but there is none.");
  if (!is_floating(predictions.dtype())) {
    check(predictions.shape() == targets.shape(), where, name,
          ": predicted classes and targets must have the same shape, but they are ", predictions.shape(), " and ",
          targets.shape(), '.');
    return predictions.to_vector<std::int64_t>();
  }
  check(predictions.shape() != targets.shape(), where, name,
        ": predictions of the targets' shape must be classes, but they are ", predictions.dtype(), ' ',
        predictions.shape(), ". Compare scores with a threshold first: scores > 0.");
  Shape without = predictions.shape();
  if (without.ndim() >= 2) without.erase(1);
  check(predictions.ndim() >= 2 && without == targets.shape() && predictions.size(1) > 0, where, name,
        ": scores must be [n, C, ...] for targets [n, ...], but they are ", predictions.shape(), " and ",
        targets.shape(), '.');
  check(predictions.size(1) > 1, where, name, ": scores must be of at least two classes, but they are ",
        predictions.shape(), ". Compare those of one column with a threshold: reshape(scores, {-1}) > 0.");
  NoGrad no_grad;
  const Tensor scores = predictions.detach();
  check_not_nan(name, "scores", scores.to_vector<double>(), scores.shape(), where);
  return argmax(scores, 1).to_vector<std::int64_t>();
}

Scores scores_of(const char* metric, const char* what, const Tensor& scores, const Tensor& targets,
                 std::vector<std::int64_t>& labels, SourceLocation where) {
  const std::string_view name = metric;
  check(
      scores.defined() && is_floating(scores.dtype()) && (scores.ndim() == 1 || scores.ndim() == 2), where, name, ": ",
      std::string_view(what), " must be floating [n] or [n, C], but they are ", [&] { return described(scores); }, '.');
  labels = labels_of(metric, "targets", targets, where);
  check(targets.ndim() == 1 && targets.size(0) == scores.size(0), where, name, ": ", std::string_view(what),
        " and targets must be of the same points, [n] or [n, C] with [n], but they are ", scores.shape(), " and ",
        targets.shape(), '.');
  check(!labels.empty(), where, name, ": there must be at least one point, but there is none.");
  check(scores.ndim() == 1 || scores.size(1) >= 2, where, name, ": ", std::string_view(what),
        " must be of at least two classes, but they are ", scores.shape(),
        ". Make one column [n]: reshape(scores, {-1}).");
  Scores result{scores.to_vector<double>(), scores.size(0), scores.ndim() == 1 ? 0 : scores.size(1)};
  check_not_nan(name, what, result.values, scores.shape(), where);
  const std::int64_t classes = std::max<std::int64_t>(result.classes, 2);
  for (std::size_t i = 0; i < labels.size(); ++i)
    check<std::out_of_range>(labels[i] >= 0 && labels[i] < classes, where, name,
                             ": targets must be at least 0 and below ", classes, ", but that of point ", i, " is ",
                             labels[i], '.');
  return result;
}

Scores probabilities_of(const char* metric, const Tensor& probabilities, const Tensor& targets,
                        std::vector<std::int64_t>& labels, SourceLocation where) {
  const std::string_view name = metric;
  Scores result = scores_of(metric, "probabilities", probabilities, targets, labels, where);
  const std::int64_t width = std::max<std::int64_t>(result.classes, 1);
  constexpr double kTolerance = 1e-3;  // float32, and a softmax of many classes
  for (std::int64_t i = 0; i < result.points; ++i) {
    double sum = 0;
    for (std::int64_t c = 0; c < width; ++c) {
      const double p = result.values[i * width + c];
      check(p >= -1e-6 && p <= 1 + 1e-6, where, name, ": probabilities must be in [0, 1], but one of point ", i, " is ",
            p, width == 1 ? ". Of logits take sigmoid(logits)." : ". Of logits take softmax(logits, 1).");
      sum += p;
    }
    check(width == 1 || std::abs(sum - 1) <= kTolerance, where, name,
          ": the probabilities of a point must add up to 1, but those of point ", i, " make ", sum,
          ". Of logits take softmax(logits, 1).");
  }
  return result;
}

}  // namespace detail
}  // namespace train
}  // namespace xgrad
