// A data set: inputs and the targets that belong to them, taken apart in training and test data.
#pragma once

#include <cstdint>

#include "../autograd/tensor.hpp"
#include "csv.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Points and what a model should answer for them, one along the first axis of each tensor. A mini-batch is
/// one too: `for (auto [x, y] : batches(train, {.size = 32}))`.
struct Dataset {
  Tensor inputs;   ///< [n, ...]
  Tensor targets;  ///< [n, ...]

  /// n. Throws std::invalid_argument unless both tensors have a first axis, and the same.
  std::int64_t size(SourceLocation where = SourceLocation::current()) const;
};

struct TargetOptions {
  int column = -1;             ///< which column of the values is the target; negative ones count from the last
  DType dtype = DType::int64;  ///< int64 for class labels, floating for numbers to predict
};

/// One column of a table [n, columns] as targets [n], the others as inputs [n, columns - 1]. Throws
/// std::out_of_range for a column that is not there, and std::invalid_argument for a label that is no
/// integer.
Dataset separate_target(const Tensor& values, TargetOptions options = {},
                        SourceLocation where = SourceLocation::current());

/// The points at these positions: int64 [m], 0 ... n - 1. Throws std::out_of_range beyond.
Dataset subset(const Dataset& dataset, const Tensor& positions, SourceLocation where = SourceLocation::current());

struct SplitOptions {
  double test_fraction = 0.25;  ///< above 0 and below 1; rounded up to whole points
  bool shuffle = true;          ///< otherwise the last points are the test data
  bool stratify = false;        ///< the same share of each class (int64 targets [n]) in both parts
  std::uint64_t seed = 0;       ///< the same seed, the same split
};

struct Split {
  Dataset train, test;
};

/// Takes a data set apart. Throws std::invalid_argument when test_fraction is outside its range, a part would
/// be empty, or the targets of a stratified split are no class labels.
Split split(const Dataset& dataset, SplitOptions options = {}, SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
