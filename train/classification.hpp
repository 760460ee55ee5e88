// How well classes are told: accuracy, top-k, the confusion matrix, and precision, recall and F1 of it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// Share of points whose class is right. Predictions are classes, or scores of which the largest tells the class (the
/// first among equals).
///
/// Shapes: classes [n, ...] with targets [n, ...], or scores [n, C, ...] with targets [n, ...].
/// Dtype: classes int64 or boolean, scores floating; targets int64 or boolean.
/// Throws: std::invalid_argument for other shapes and dtypes, no point at all, a score that is nan. Scores of one
/// column say no class until they are compared: `accuracy(logits > 0, targets)`.
/// Example: `double right = train::accuracy(model(x), y);`
double accuracy(const Tensor& predictions, const Tensor& targets, SourceLocation where = SourceLocation::current());

/// Share of points whose class is among the k of the largest scores; of equal scores the first ones count as larger.
///
/// Shapes: scores [n, C], targets [n].
/// Throws: std::invalid_argument as accuracy(), and for k below 1 or above C; std::out_of_range for a target outside of
/// [0, C).
double top_k_accuracy(const Tensor& scores, const Tensor& targets, std::int64_t k,
                      SourceLocation where = SourceLocation::current());

/// ConfusionMatrix: how many points of each class were taken for each other one. It can be filled batch by batch.
///
/// Example:
///
///     train::ConfusionMatrix matrix(3, {"setosa", "versicolor", "virginica"});
///     for (auto [x, y] : batches) matrix.add(model(x), y);
///     std::cout << matrix;
class ConfusionMatrix {
 public:
  /// A matrix of zeros, with names of the classes or without.
  /// Throws: std::invalid_argument for fewer than one class, or names that are not one for each.
  explicit ConfusionMatrix(std::int64_t classes, std::vector<std::string> names = {},
                           SourceLocation where = SourceLocation::current());

  /// Counts points, as accuracy() takes them.
  /// Throws: std::out_of_range for a class outside of [0, classes()), std::invalid_argument as accuracy(). Nothing is
  /// counted then.
  void add(const Tensor& predictions, const Tensor& targets, SourceLocation where = SourceLocation::current());

  std::int64_t classes() const { return classes_; }  ///< number of classes
  std::int64_t total() const;                        ///< number of points
  /// Points of class `target` that were taken for class `predicted`.
  /// Throws: std::out_of_range for classes that are not there.
  std::int64_t count(std::int64_t target, std::int64_t predicted,
                     SourceLocation where = SourceLocation::current()) const;
  /// All counts.
  /// Shapes: -> [classes, classes], a row for each target, a column for each prediction.
  /// Dtype: -> int64.
  Tensor counts() const;
  /// Name of a class; its number where it has none.
  std::string name(std::int64_t index) const;
  /// Share of points on the diagonal.
  /// Throws: std::logic_error where there is no point.
  double accuracy(SourceLocation where = SourceLocation::current()) const;

 private:
  std::int64_t classes_;
  std::vector<std::string> names_;
  std::vector<std::int64_t> counts_;
};

/// The confusion matrix of predictions, as accuracy() takes them. classes = -1: the largest of both + 1, or as many as
/// there are scores.
ConfusionMatrix confusion_matrix(const Tensor& predictions, const Tensor& targets, std::int64_t classes = -1,
                                 SourceLocation where = SourceLocation::current());

/// The matrix for people: a row for each target with its recall, the precision of each prediction below.
std::string to_string(const ConfusionMatrix& matrix);
std::ostream& operator<<(std::ostream& out, const ConfusionMatrix& matrix);

/// How the scores of several classes become one.
enum class Average : std::uint8_t {
  binary,    ///< no average: those of the class `positive`, of two
  micro,     ///< all points together: of single labels it is the accuracy
  macro,     ///< each class for the same, of those that occur among targets or predictions
  weighted,  ///< each class by its share of the targets
};

/// Options of precision(), recall() and f1().
struct F1Options {
  Average average = Average::binary;
  std::int64_t positive = 1;  ///< the class that is looked for, of Average::binary
  double beta = 1;            ///< of f1(): how many times as much recall counts as precision
  double undefined = 0;       ///< what 0 / 0 is: the precision of a class that was never predicted, the recall of none
};

/// Share of those taken for a class that are of it.
/// Throws: std::invalid_argument as accuracy(), and under Average::binary for more than two classes.
double precision(const Tensor& predictions, const Tensor& targets, F1Options options = {},
                 SourceLocation where = SourceLocation::current());
double precision(const ConfusionMatrix& matrix, F1Options options = {},
                 SourceLocation where = SourceLocation::current());
/// Share of those of a class that were taken for it.
/// Throws: as precision().
double recall(const Tensor& predictions, const Tensor& targets, F1Options options = {},
              SourceLocation where = SourceLocation::current());
double recall(const ConfusionMatrix& matrix, F1Options options = {}, SourceLocation where = SourceLocation::current());
/// The harmonic mean of precision and recall, (1 + beta^2) P R / (beta^2 P + R).
/// Throws: as precision().
double f1(const Tensor& predictions, const Tensor& targets, F1Options options = {},
          SourceLocation where = SourceLocation::current());
double f1(const ConfusionMatrix& matrix, F1Options options = {}, SourceLocation where = SourceLocation::current());

}  // namespace train
}  // namespace xgrad
