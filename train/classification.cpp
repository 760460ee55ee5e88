#include "classification.hpp"

#include <algorithm>
#include <cstdio>
#include <ostream>

#include "../autograd/ops/create.hpp"
#include "../data/detail/columns.hpp"
#include "detail/points.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

double ratio(double part, double whole, double undefined) { return whole > 0 ? part / whole : undefined; }

/// What precision and recall are made of.
struct Counts {
  double right = 0, predicted = 0, targets = 0;
};

Counts counts_of(const ConfusionMatrix& matrix, std::int64_t c) {
  Counts counts;
  counts.right = static_cast<double>(matrix.count(c, c));
  for (std::int64_t other = 0; other < matrix.classes(); ++other) {
    counts.predicted += static_cast<double>(matrix.count(other, c));
    counts.targets += static_cast<double>(matrix.count(c, other));
  }
  return counts;
}

double precision_of(const Counts& counts, const F1Options& options) {
  return ratio(counts.right, counts.predicted, options.undefined);
}
double recall_of(const Counts& counts, const F1Options& options) {
  return ratio(counts.right, counts.targets, options.undefined);
}
double f1_of(const Counts& counts, const F1Options& options) {
  // Of the counts, rather than of two ratios that may be 0 / 0.
  // The share of the predicted in the weighted mean of both; 0 for a beta whose square is infinite.
  const double share = 1 / (1 + options.beta * options.beta);
  return ratio(counts.right, (1 - share) * counts.targets + share * counts.predicted, options.undefined);
}

using Score = double (*)(const Counts&, const F1Options&);

double averaged(const char* metric, const ConfusionMatrix& matrix, const F1Options& options, Score score,
                SourceLocation where) {
  const std::string_view name = metric;
  check(options.beta > 0, where, name, ": beta must be above 0, but it is ", options.beta, '.');
  check(matrix.total() > 0, where, name, ": there must be at least one point, but there is none.");
  if (options.average == Average::binary) {
    check(matrix.classes() <= 2, where, name, ": there must be two classes, but there are ", matrix.classes(),
          ". Say how theirs become one: {.average = Average::macro}, micro or weighted.");
    check(options.positive == 0 || options.positive == 1, where, name, ": positive must be 0 or 1, but it is ",
          options.positive, '.');
    return options.positive < matrix.classes() ? score(counts_of(matrix, options.positive), options)
                                               : options.undefined;
  }
  Counts all;
  double sum = 0, weights = 0;
  for (std::int64_t c = 0; c < matrix.classes(); ++c) {
    const Counts counts = counts_of(matrix, c);
    all.right += counts.right;
    all.predicted += counts.predicted;
    all.targets += counts.targets;
    if (counts.predicted + counts.targets == 0) continue;
    const double weight = options.average == Average::weighted ? counts.targets : 1;
    sum += weight * score(counts, options);
    weights += weight;
  }
  return options.average == Average::micro ? score(all, options) : sum / weights;
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

}  // namespace

double accuracy(const Tensor& predictions, const Tensor& targets, SourceLocation where) {
  const std::vector<std::int64_t> predicted = detail::classes_of("accuracy", predictions, targets, where);
  const std::vector<std::int64_t> labels = targets.to_vector<std::int64_t>();
  if (predictions.ndim() == targets.ndim() + 1)  // scores: a label of no class would never be right
    for (std::size_t i = 0; i < labels.size(); ++i)
      check(labels[i] >= 0 && labels[i] < predictions.size(1), where, "accuracy: targets must be at least 0 and below ",
            predictions.size(1), ", but that of point ", i, " is ", labels[i], '.');
  std::int64_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += predicted[i] == labels[i];
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

double top_k_accuracy(const Tensor& scores, const Tensor& targets, std::int64_t k, SourceLocation where) {
  std::vector<std::int64_t> labels;
  const detail::Scores given = detail::scores_of("top_k_accuracy", "scores", scores, targets, labels, where);
  check(given.classes > 0, where, "top_k_accuracy: scores must be [n, C], but they are ", scores.shape(), '.');
  check(k >= 1 && k <= given.classes, where, "top_k_accuracy: k must be at least 1 and at most ", given.classes,
        ", but it is ", k, '.');
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < given.points; ++i) {
    const double* row = given.values.data() + i * given.classes;
    std::int64_t before = 0;
    for (std::int64_t c = 0; c < given.classes; ++c)
      before += row[c] > row[labels[i]] || (row[c] == row[labels[i]] && c < labels[i]);
    right += before < k;
  }
  return static_cast<double>(right) / static_cast<double>(given.points);
}

ConfusionMatrix::ConfusionMatrix(std::int64_t classes, std::vector<std::string> names, SourceLocation where)
    : classes_(classes), names_(std::move(names)) {
  constexpr std::int64_t kMost = 1 << 14;  // 2 GB of counts
  check(classes >= 1 && classes <= kMost, where, "ConfusionMatrix: there must be at least 1 class and at most ", kMost,
        ", but there are ", classes, '.');
  check(names_.empty() || static_cast<std::int64_t>(names_.size()) == classes, where,
        "ConfusionMatrix: names must be one for each of ", classes, " classes, but there are ", names_.size(), '.');
  counts_.resize(static_cast<std::size_t>(classes * classes));
}

void ConfusionMatrix::add(const Tensor& predictions, const Tensor& targets, SourceLocation where) {
  if (targets.defined() && targets.ndim() > 0 && targets.numel() == 0) return;
  const std::vector<std::int64_t> predicted = detail::classes_of("ConfusionMatrix", predictions, targets, where);
  const std::vector<std::int64_t> labels = targets.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    check<std::out_of_range>(labels[i] >= 0 && labels[i] < classes_, where,
                             "ConfusionMatrix: targets must be at least 0 and below ", classes_, ", but that of point ",
                             i, " is ", labels[i], '.');
    check<std::out_of_range>(predicted[i] >= 0 && predicted[i] < classes_, where,
                             "ConfusionMatrix: predictions must be at least 0 and below ", classes_,
                             ", but that of point ", i, " is ", predicted[i], '.');
  }
  for (std::size_t i = 0; i < labels.size(); ++i) ++counts_[labels[i] * classes_ + predicted[i]];
}

std::int64_t ConfusionMatrix::total() const {
  std::int64_t sum = 0;
  for (std::int64_t count : counts_) sum += count;
  return sum;
}

std::int64_t ConfusionMatrix::count(std::int64_t target, std::int64_t predicted, SourceLocation where) const {
  check<std::out_of_range>(target >= 0 && target < classes_ && predicted >= 0 && predicted < classes_, where,
                           "ConfusionMatrix: classes must be at least 0 and below ", classes_, ", but they are ",
                           target, " and ", predicted, '.');
  return counts_[target * classes_ + predicted];
}

Tensor ConfusionMatrix::counts() const { return from_data(counts_.data(), {classes_, classes_}); }

std::string ConfusionMatrix::name(std::int64_t index) const {
  const auto at = static_cast<std::size_t>(index);
  return at < names_.size() ? names_[at] : std::to_string(index);
}

double ConfusionMatrix::accuracy(SourceLocation where) const {
  const std::int64_t points = total();
  check<std::logic_error>(points > 0, where,
                          "ConfusionMatrix: there must be a point before there is an accuracy, but there is none.");
  std::int64_t right = 0;
  for (std::int64_t c = 0; c < classes_; ++c) right += count(c, c);
  return static_cast<double>(right) / static_cast<double>(points);
}

ConfusionMatrix confusion_matrix(const Tensor& predictions, const Tensor& targets, std::int64_t classes,
                                 SourceLocation where) {
  if (classes < 0) {
    const std::vector<std::int64_t> predicted = detail::classes_of("confusion_matrix", predictions, targets, where);
    const std::vector<std::int64_t> labels = targets.to_vector<std::int64_t>();
    classes = std::max(*std::max_element(predicted.begin(), predicted.end()),
                       *std::max_element(labels.begin(), labels.end())) +
              1;
    if (is_floating(predictions.dtype())) classes = std::max(classes, predictions.size(1));
    classes = std::max<std::int64_t>(classes, 1);  // negative labels are refused below
  }
  ConfusionMatrix matrix(classes, {}, where);
  matrix.add(predictions, targets, where);
  return matrix;
}

std::string to_string(const ConfusionMatrix& matrix) {
  const std::int64_t n = matrix.classes();
  std::vector<std::vector<std::string>> lines(1, {"target \\ predicted"});
  for (std::int64_t c = 0; c < n; ++c) lines[0].push_back(matrix.name(c));
  lines[0].push_back("recall");
  std::vector<std::string> precisions = {"precision"};
  for (std::int64_t target = 0; target < n; ++target) {
    lines.push_back({matrix.name(target)});
    for (std::int64_t predicted = 0; predicted < n; ++predicted)
      lines.back().push_back(std::to_string(matrix.count(target, predicted)));
    const Counts counts = counts_of(matrix, target);
    lines.back().push_back(counts.targets > 0 ? percent(counts.right / counts.targets) : "-");
    precisions.push_back(counts.predicted > 0 ? percent(counts.right / counts.predicted) : "-");
  }
  precisions.push_back(matrix.total() > 0 ? percent(matrix.accuracy()) : "-");
  lines.push_back(std::move(precisions));

  return data::detail::in_columns(lines, std::vector<bool>(lines[0].size(), true));
}

std::ostream& operator<<(std::ostream& out, const ConfusionMatrix& matrix) { return out << to_string(matrix); }

double precision(const ConfusionMatrix& matrix, F1Options options, SourceLocation where) {
  return averaged("precision", matrix, options, precision_of, where);
}
double precision(const Tensor& predictions, const Tensor& targets, F1Options options, SourceLocation where) {
  return precision(confusion_matrix(predictions, targets, -1, where), options, where);
}
double recall(const ConfusionMatrix& matrix, F1Options options, SourceLocation where) {
  return averaged("recall", matrix, options, recall_of, where);
}
double recall(const Tensor& predictions, const Tensor& targets, F1Options options, SourceLocation where) {
  return recall(confusion_matrix(predictions, targets, -1, where), options, where);
}
double f1(const ConfusionMatrix& matrix, F1Options options, SourceLocation where) {
  return averaged("f1", matrix, options, f1_of, where);
}
double f1(const Tensor& predictions, const Tensor& targets, F1Options options, SourceLocation where) {
  return f1(confusion_matrix(predictions, targets, -1, where), options, where);
}

}  // namespace train
}  // namespace xgrad
