// How near predicted numbers are.
#pragma once

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// Mean of |prediction - target| over all elements, in float64.
///
/// Shapes: predictions and targets alike, [n, ...]: [n] with [n, 1] is refused, which would broadcast to [n, n].
/// Dtype: floating or int64.
/// Throws: std::invalid_argument for different shapes, no element, and one that is nan.
double mean_absolute_error(const Tensor& predictions, const Tensor& targets,
                           SourceLocation where = SourceLocation::current());
/// Mean of (prediction - target)^2 over all elements, in float64.
/// Throws: as mean_absolute_error().
double mean_squared_error(const Tensor& predictions, const Tensor& targets,
                          SourceLocation where = SourceLocation::current());
/// Square root of mean_squared_error().
/// Throws: as mean_absolute_error().
double root_mean_squared_error(const Tensor& predictions, const Tensor& targets,
                               SourceLocation where = SourceLocation::current());
/// R^2, the share of the targets' variance that the predictions explain: 1 - sum (y - p)^2 / sum (y - mean y)^2. Of
/// several columns [n, k] the mean of theirs. It is 0 for the mean, 1 where all is right, and has no lower bound.
///
/// Throws: std::invalid_argument as mean_absolute_error(), and for targets that are all equal, or fewer than two: they
/// have no variance.
double r2(const Tensor& predictions, const Tensor& targets, SourceLocation where = SourceLocation::current());

}  // namespace train
}  // namespace xgrad
