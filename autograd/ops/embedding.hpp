// Rows of a table by their numbers, one by one and in bags.
#pragma once

#include <optional>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Options of embedding.
struct EmbeddingOptions {
  /// The row that stands for no entry: its gradient is 0. Negative: counted from the end.
  std::optional<std::int64_t> padding_index = {};
  bool scale_grad_by_freq = false;  ///< divide the gradient of a row by how often it is looked up
};
/// Rows of weight: y[..., :] = weight[indices[...], :].
/// Shapes: `indices [...], weight [rows, d] -> [..., d]`.
/// Dtype: weight's; indices int64.
/// Derivative: for weight the sum of the g of each row, as accurately as sum(); 0 for the padding row.
/// Throws: std::out_of_range for an index outside [0, rows), and a padding_index outside [-rows, rows);
/// std::invalid_argument for other shapes and dtypes.
/// Example: `embedding(tensor({2, 0, 1}), ones({3, 4}), {.padding_index = 0})`
Tensor embedding(const Tensor& indices, const Operand& weight, EmbeddingOptions options = {});

/// What becomes of the rows of a bag.
enum class BagMode : std::uint8_t { mean, sum, max };

/// Options of embedding_bag.
struct EmbeddingBagOptions {
  Tensor offsets = {};  ///< [B]: where each bag begins in indices [n]; none for indices [B, n], a bag in each row
  BagMode mode = BagMode::mean;
  Tensor per_sample_weights = {};    ///< indices' shape: a factor for each row that is looked up; for BagMode::sum
  bool include_last_offset = false;  ///< the last offset is the end of the last bag, not the start of another
  /// The row that no bag has: its entries do not count. Negative: counted from the end.
  std::optional<std::int64_t> padding_index = {};
  bool scale_grad_by_freq = false;  ///< divide the gradient of a row by how often it is looked up; not for BagMode::max
};
/// Sum, mean or largest elements of the rows of weight that each bag names; 0 for an empty bag. A primitive, for speed:
/// the rows are not copied.
/// Shapes: `indices [B, n]`, or `[n]` with offsets `[B]` (`[B + 1]` with include_last_offset),
/// `weight [rows, d] -> [B, d]`.
/// Dtype: weight's, floating, and that of per_sample_weights promote; indices and offsets int64.
/// Derivative: for weight the g of each bag at its rows (times their factors, divided by their number; for max at the
/// row that was taken, the first of equals); for per_sample_weights g times the row.
/// Throws: std::out_of_range for an index outside [0, rows), a padding_index outside [-rows, rows), and offsets that do
/// not begin with 0, decrease, or lie beyond the indices; std::invalid_argument for other shapes, dtypes and options.
Tensor embedding_bag(const Tensor& indices, const Operand& weight, EmbeddingBagOptions options = {});

}  // namespace xgrad
