// What metrics are given, checked and as plain lists.
#pragma once

#include <cstdint>
#include <vector>

#include "../../autograd/tensor.hpp"

namespace xgrad {
namespace train {
namespace detail {

/// Class labels: int64 or boolean, of any shape, in row-major order.
std::vector<std::int64_t> labels_of(const char* metric, const char* what, const Tensor& labels, SourceLocation where);

/// The class of each point: predictions as they are, or the place of the largest score along axis 1.
std::vector<std::int64_t> classes_of(const char* metric, const Tensor& predictions, const Tensor& targets,
                                     SourceLocation where);

/// Scores or probabilities of classes, [n, C] row by row, or [n] where there is one column (C = 0).
struct Scores {
  std::vector<double> values;
  std::int64_t points = 0, classes = 0;
};
/// Throws std::invalid_argument unless scores are floating [n] or [n, C] without nan, and targets int64 or boolean [n],
/// n > 0; std::out_of_range for a target outside of [0, C), [0, 2).
Scores scores_of(const char* metric, const char* what, const Tensor& scores, const Tensor& targets,
                 std::vector<std::int64_t>& labels, SourceLocation where);
/// The same of probabilities: in [0, 1], and rows that add up to 1.
Scores probabilities_of(const char* metric, const Tensor& probabilities, const Tensor& targets,
                        std::vector<std::int64_t>& labels, SourceLocation where);

}  // namespace detail
}  // namespace train
}  // namespace xgrad
