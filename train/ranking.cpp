#include "ranking.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "../autograd/ops/create.hpp"
#include "detail/points.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

/// What is predicted as positive at a threshold, from the largest score down.
struct Step {
  double threshold;
  double right, wrong;  // of those with this score or a larger one
};

std::vector<Step> steps_of(const std::vector<double>& scores, const std::vector<bool>& positive) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<Step> steps;
  double right = 0, wrong = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    (positive[order[i]] ? right : wrong) += 1;
    const bool ends = i + 1 == order.size() || scores[order[i + 1]] != scores[order[i]];
    if (ends) steps.push_back({scores[order[i]], right, wrong});
  }
  return steps;
}

double area_of(const std::vector<Step>& steps) {
  double area = 0;
  Step before{0, 0, 0};
  for (const Step& step : steps) {
    area += (step.wrong - before.wrong) * (step.right + before.right) / 2;
    before = step;
  }
  return area / (before.right * before.wrong);
}

double precision_of(const std::vector<Step>& steps) {
  double sum = 0, before = 0;
  for (const Step& step : steps) {
    sum += (step.right - before) * step.right / (step.right + step.wrong);
    before = step.right;
  }
  return sum / before;
}

/// The column of one class, and which points are of it.
std::vector<Step> one_class(const detail::Scores& scores, const std::vector<std::int64_t>& labels, std::int64_t c) {
  std::vector<double> column;
  std::vector<bool> positive;
  const std::int64_t width = std::max<std::int64_t>(scores.classes, 1);
  for (std::int64_t i = 0; i < scores.points; ++i) {
    column.push_back(scores.values[i * width + (scores.classes == 0 ? 0 : c)]);
    positive.push_back(labels[i] == c);
  }
  return steps_of(column, positive);
}

/// Throws where a class has no point or, unless `all_may`, all.
void check_class(const char* metric, const std::vector<Step>& steps, std::int64_t c, bool all_may,
                 SourceLocation where) {
  const std::string_view name = metric;
  check(steps.back().right > 0, where, name, ": targets must have each class, but none is of class ", c, '.');
  check(all_may || steps.back().wrong > 0, where, name, ": targets must have each class, but all are of class ", c,
        '.');
}

double over_classes(const char* metric, const Tensor& scores, const Tensor& targets, OneVersusRestOptions options,
                    double (*area)(const std::vector<Step>&), bool all_may, SourceLocation where) {
  const std::string_view name = metric;
  check(options.average == Average::macro || options.average == Average::weighted, where, name,
        ": average must be macro or weighted, but it is ", options.average == Average::micro ? "micro" : "binary",
        ". Two classes have scores [n], that of class 1.");
  std::vector<std::int64_t> labels;
  const detail::Scores given = detail::scores_of(metric, "scores", scores, targets, labels, where);
  double sum = 0, weights = 0;
  for (std::int64_t c = given.classes == 0 ? 1 : 0; c < std::max<std::int64_t>(given.classes, 2); ++c) {
    const std::vector<Step> steps = one_class(given, labels, c);
    check_class(metric, steps, c, all_may, where);
    const double weight = options.average == Average::weighted ? steps.back().right : 1;
    sum += weight * area(steps);
    weights += weight;
  }
  return sum / weights;
}

std::vector<Step> two_classes(const char* metric, const Tensor& scores, const Tensor& targets, bool all_may,
                              SourceLocation where) {
  std::vector<std::int64_t> labels;
  const detail::Scores given = detail::scores_of(metric, "scores", scores, targets, labels, where);
  check(given.classes == 0, where, std::string_view(metric), ": scores must be [n], of class 1, but they are ",
        scores.shape(), '.');
  std::vector<Step> steps = one_class(given, labels, 1);
  check_class(metric, steps, 1, all_may, where);
  return steps;
}

}  // namespace

double roc_auc(const Tensor& scores, const Tensor& targets, OneVersusRestOptions options, SourceLocation where) {
  return over_classes("roc_auc", scores, targets, options, area_of, false, where);
}

double average_precision(const Tensor& scores, const Tensor& targets, OneVersusRestOptions options,
                         SourceLocation where) {
  return over_classes("average_precision", scores, targets, options, precision_of, true, where);
}

RocCurve roc_curve(const Tensor& scores, const Tensor& targets, SourceLocation where) {
  const std::vector<Step> steps = two_classes("roc_curve", scores, targets, false, where);
  std::vector<double> wrong = {0}, right = {0}, thresholds = {std::numeric_limits<double>::infinity()};
  for (const Step& step : steps) {
    wrong.push_back(step.wrong / steps.back().wrong);
    right.push_back(step.right / steps.back().right);
    thresholds.push_back(step.threshold);
  }
  return {from_vector(wrong), from_vector(right), from_vector(thresholds)};
}

PrecisionRecallCurve precision_recall_curve(const Tensor& scores, const Tensor& targets, SourceLocation where) {
  const std::vector<Step> steps = two_classes("precision_recall_curve", scores, targets, true, where);
  std::vector<double> precision, recall, thresholds;
  for (const Step& step : steps) {
    precision.push_back(step.right / (step.right + step.wrong));
    recall.push_back(step.right / steps.back().right);
    thresholds.push_back(step.threshold);
  }
  return {from_vector(precision), from_vector(recall), from_vector(thresholds)};
}

}  // namespace train
}  // namespace xgrad
