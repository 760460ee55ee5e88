// How alike, or how far apart, two vectors are, as layers.
#pragma once

#include "../../autograd/ops/similarity.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// CosineSimilarity is xgrad::cosine_similarity() as a layer: the cosine of the angle between vectors along an axis.
/// Shapes: a and b broadcast to `[..., n, ...] -> [..., ...]` without the axis.
/// Throws: when it is called, what the operator throws.
class CosineSimilarity final : public Module {
 public:
  explicit CosineSimilarity(CosineSimilarityOptions options = {});

  Tensor operator()(const Operand& a, const Tensor& b) const;

 private:
  CosineSimilarityOptions options_;
};

/// PairwiseDistance is xgrad::pairwise_distance() as a layer: the norm of a - b + eps along the last axis.
/// Shapes: a and b broadcast to `[..., n] -> [...]`.
/// Throws: when it is called, what the operator throws.
class PairwiseDistance final : public Module {
 public:
  explicit PairwiseDistance(PairwiseDistanceOptions options = {});

  Tensor operator()(const Operand& a, const Tensor& b) const;

 private:
  PairwiseDistanceOptions options_;
};

}  // namespace nn
}  // namespace xgrad
