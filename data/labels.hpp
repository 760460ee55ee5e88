// Class labels as numbers.
#pragma once

#include <string>
#include <vector>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Labels as numbers 0 ... C - 1, and the classes that they stand for.
template <class T>
struct Labels {
  Tensor indices;          ///< int64 [n]
  std::vector<T> classes;  ///< the class of index 0, 1 ...
};

/// Numbers the classes of strings in ascending order, or in the order of `classes` where those of the training data are
/// given.
///
/// Throws: std::invalid_argument for a label that is not among `classes`, or a class that is named twice.
Labels<std::string> encode_labels(const std::vector<std::string>& labels, const std::vector<std::string>& classes = {},
                                  SourceLocation where = SourceLocation::current());
/// Numbers the classes of integers of any value, in ascending order or in that of `classes`.
///
/// Shapes: labels [n].
/// Dtype: labels int64.
/// Throws: std::invalid_argument for a label that is not among `classes`, or a class that is named twice.
Labels<std::int64_t> encode_labels(const Tensor& labels, const std::vector<std::int64_t>& classes = {},
                                   SourceLocation where = SourceLocation::current());

/// One-hot targets, with 1 at each label and 0 elsewhere: for losses that take probabilities. classes = -1: the largest
/// label + 1.
///
/// Shapes: labels [...] -> [..., classes].
/// Dtype: int64 -> the floating dtype given.
/// Throws: std::out_of_range for a label outside [0, classes).
Tensor one_hot(const Tensor& labels, std::int64_t classes = -1, DType dtype = DType::float32,
               SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
