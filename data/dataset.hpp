// A data set: inputs and the targets that belong to them, taken apart in training and test data.
#pragma once

#include <cstdint>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Data set: points and what a model should answer for them, one along the first axis of each tensor. A mini-batch is
/// one too: `for (auto [x, y] : batches(train, {.size = 32}))`.
struct Dataset {
  Tensor inputs;   ///< [n, ...]
  Tensor targets;  ///< [n, ...]

  /// Number of points, n. Throws std::invalid_argument unless both tensors have a first axis, and the same.
  std::int64_t size(SourceLocation where = SourceLocation::current()) const;
};

/// Options of separate_target().
struct TargetOptions {
  int column = -1;             ///< which column of the values is the target; negative ones count from the last
  DType dtype = DType::int64;  ///< int64 for class labels, floating for numbers to predict
};

/// Takes one column of a table as targets, the others as inputs.
///
/// Shapes: values [n, columns] -> inputs [n, columns - 1], targets [n].
/// Dtype: inputs as the values; targets by option.
/// Throws: std::out_of_range for a column that is not there. std::invalid_argument for a class label that is no
/// integer, or so large that the table's dtype does not hold every integer there (from 2^24 in float32, 2^53 in
/// float64).
Dataset separate_target(const Tensor& values, TargetOptions options = {},
                        SourceLocation where = SourceLocation::current());

/// Takes the points at the given positions, which may repeat.
///
/// Shapes: positions [m], 0 ... n - 1.
/// Dtype: positions int64.
/// Throws: std::out_of_range for other positions.
Dataset subset(const Dataset& dataset, const Tensor& positions, SourceLocation where = SourceLocation::current());

/// Options of split().
struct SplitOptions {
  double test_fraction = 0.25;   ///< share of the test data, above 0 and below 1; rounded up to whole points
  std::int64_t test_points = 0;  ///< number of points of the test data; 0: by test_fraction
  bool shuffle = true;           ///< otherwise the last points are the test data
  bool stratify = false;   ///< the same share of each class (int64 targets [n]) in both parts, as near as whole points
                           ///< allow; which classes are rounded up where that is a tie, the seed decides
  std::uint64_t seed = 0;  ///< the same seed, the same split
};

/// Two parts of a data set.
struct Split {
  Dataset train, test;
};

/// Splits a data set in training and test data. Throws std::invalid_argument when test_fraction or test_points is
/// outside its range, a part would be empty, or the targets of a stratified split are no class labels.
Split split(const Dataset& dataset, SplitOptions options = {}, SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
