#include "similarity.hpp"

namespace xgrad XGRAD_API {
namespace nn {

CosineSimilarity::CosineSimilarity(CosineSimilarityOptions options) : options_(options) {}
Tensor CosineSimilarity::operator()(const Operand& a, const Tensor& b) const {
  return call(a, [&] { return cosine_similarity(a, {b, a.where()}, options_); });
}
PairwiseDistance::PairwiseDistance(PairwiseDistanceOptions options) : options_(options) {}
Tensor PairwiseDistance::operator()(const Operand& a, const Tensor& b) const {
  return call(a, [&] { return pairwise_distance(a, {b, a.where()}, options_); });
}

}  // namespace nn
}  // namespace xgrad
