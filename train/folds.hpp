// Cross-validation: the same data taken apart several times, so that each point is validation data once.
#pragma once

#include <cstdint>
#include <vector>

#include "../autograd/tensor.hpp"
#include "../data/dataset.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// FoldPositions: positions of the points to learn from and of those to validate on, int64, each ascending.
struct FoldPositions {
  Tensor train, validation;
};

/// Options of k_fold(), stratified_k_fold() and group_k_fold().
struct FoldOptions {
  int folds = 5;           ///< at least 2, at most the number of points
  bool shuffle = false;    ///< which points go together is random; otherwise their order decides
  std::uint64_t seed = 0;  ///< the same seed, the same folds
};

/// Folds of nearly equal size; the first ones have one point more where they do not come out even.
///
/// Throws: std::invalid_argument for fewer than two folds, or more than points.
/// Example: `for (const auto& [train, validation] : train::k_fold(table.rows(), {.shuffle = true})) { ... }`
std::vector<FoldPositions> k_fold(std::int64_t points, FoldOptions options = {},
                                  SourceLocation where = SourceLocation::current());

/// Folds in which each class has the same share, as near as whole points allow: the points of a class in two folds
/// differ by one at most.
///
/// Shapes: classes [n].
/// Dtype: classes int64 or boolean.
/// Throws: std::invalid_argument for another tensor, fewer than two folds, and more folds than every class has points.
std::vector<FoldPositions> stratified_k_fold(const Tensor& classes, FoldOptions options = {},
                                             SourceLocation where = SourceLocation::current());

/// Folds between which no group is shared out: the points of one patient, say, are all learned from or all validated
/// on. The largest group goes first, each to the fold that has the fewest points.
///
/// Shapes: groups [n].
/// Dtype: groups int64.
/// Throws: std::invalid_argument for another tensor, fewer than two folds, and more folds than groups.
std::vector<FoldPositions> group_k_fold(const Tensor& groups, FoldOptions options = {},
                                        SourceLocation where = SourceLocation::current());

/// The data of a fold: training data, and validation data as `test`.
/// Throws: as data::subset().
data::Split take(const data::Dataset& dataset, const FoldPositions& fold,
                 SourceLocation where = SourceLocation::current());

}  // namespace train
}  // namespace xgrad
