// How alike, or how far apart, two vectors are.
#pragma once

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Options of cosine_similarity.
struct CosineSimilarityOptions {
  int axis = 1;       ///< the axis that the vectors lie along
  double eps = 1e-8;  ///< the least length that is divided by
};
/// Cosine of the angle between vectors: sum(a b) / (max(|a|, eps) max(|b|, eps)). Neither overflows nor underflows
/// where it is representable.
/// Shapes: a and b broadcast to `[..., n, ...] -> [..., ...]` without the axis.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: for a g (b / |b| - y a / |a|) / |a|; at lengths below eps that of the product.
/// Throws: std::invalid_argument where a and b do not broadcast; std::out_of_range for an axis that they do not have.
/// Example: `cosine_similarity(a, b, {.axis = -1})`
Tensor cosine_similarity(const Operand& a, const Operand& b, CosineSimilarityOptions options = {});

/// Options of pairwise_distance.
struct PairwiseDistanceOptions {
  double p = 2;           ///< the order of the norm
  double eps = 1e-6;      ///< added to each difference
  bool keepdims = false;  ///< keep the last axis, with extent 1
};
/// Distance between vectors along the last axis: norm(a - b + eps) of order p.
/// Shapes: a and b broadcast to `[..., n] -> [...]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: that of norm.
/// Throws: std::invalid_argument where a and b do not broadcast, for scalars, for p = nan, and for vectors of no
/// elements with p < 0 or infinite.
Tensor pairwise_distance(const Operand& a, const Operand& b, PairwiseDistanceOptions options = {});

/// Bilinear forms: y[..., k] = sum_ij a[..., i] weight[k, i, j] b[..., j] + bias[k]. An undefined bias is none.
/// Shapes: `a [..., m], b [..., n], weight [out, m, n], bias [out] -> [..., out]`.
/// Dtype: the common one; integers stay, booleans throw.
/// Derivative: g weight b for a, g weight a for b, the products g a b for weight, the sum of g over the rows for bias.
/// Throws: std::invalid_argument for other shapes.
Tensor bilinear(const Operand& a, const Operand& b, const Tensor& weight, const Tensor& bias = {});

}  // namespace xgrad
