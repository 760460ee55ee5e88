#include "similarity.hpp"

namespace xgrad XGRAD_API {
namespace nn {

Tensor CosineSimilarity::operator()(const Operand& a, const Tensor& b) const {
  return call(a, [&] { return cosine_similarity(a, {b, a.where()}, options_); });
}
Tensor PairwiseDistance::operator()(const Operand& a, const Tensor& b) const {
  return call(a, [&] { return pairwise_distance(a, {b, a.where()}, options_); });
}

}  // namespace nn
}  // namespace xgrad
