// How well scores put points in order: ROC and precision-recall curves, and the areas below.
#pragma once

#include "../autograd/tensor.hpp"
#include "classification.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// Options of roc_auc() and average_precision() for several classes, each against the rest.
struct OneVersusRestOptions {
  Average average = Average::macro;  ///< macro, or weighted by each class's share of the targets
};

/// Area below the ROC curve: the probability that a point of the class has a larger score than one that is not; equal
/// scores count half.
///
/// Shapes: scores [n] of class 1 with targets [n] of 0 and 1; or scores [n, C] with targets [n] of 0 ... C - 1.
/// Dtype: scores floating; targets int64 or boolean.
/// Throws: std::invalid_argument for other shapes and dtypes, a score that is nan, and where a class has no point, or
/// all: there is nothing to compare then.
/// Source: Hanley, McNeil, The meaning and use of the area under a receiver operating characteristic curve, 1982.
double roc_auc(const Tensor& scores, const Tensor& targets, OneVersusRestOptions options = {},
               SourceLocation where = SourceLocation::current());

/// Average precision: the sum over thresholds of (recall gained) times precision, without interpolation; points of
/// equal score are taken together.
///
/// Shapes: as roc_auc().
/// Throws: as roc_auc(), but all points may be of the class.
double average_precision(const Tensor& scores, const Tensor& targets, OneVersusRestOptions options = {},
                         SourceLocation where = SourceLocation::current());

/// RocCurve: rates by threshold, from nothing predicted (threshold inf) to everything. float64, [thresholds].
struct RocCurve {
  Tensor false_positive_rate, true_positive_rate, thresholds;
};
/// The ROC curve of two classes, a point for each different score.
/// Shapes: scores [n], targets [n].
/// Throws: as roc_auc().
RocCurve roc_curve(const Tensor& scores, const Tensor& targets, SourceLocation where = SourceLocation::current());

/// PrecisionRecallCurve: by threshold, from the largest score down. float64, [thresholds].
struct PrecisionRecallCurve {
  Tensor precision, recall, thresholds;
};
/// The precision-recall curve of two classes, a point for each different score.
/// Shapes: scores [n], targets [n].
/// Throws: as average_precision().
PrecisionRecallCurve precision_recall_curve(const Tensor& scores, const Tensor& targets,
                                            SourceLocation where = SourceLocation::current());

}  // namespace train
}  // namespace xgrad
