#include "batches.hpp"

#include <algorithm>

#include "../autograd/ops/index.hpp"

namespace xgrad XGRAD_API {
namespace data {

Dataset Batches::Iterator::operator*() const {
  const std::int64_t length = std::min(size_, end_ - at_);
  if (!order_.defined()) return {narrow(dataset_.inputs, 0, at_, length), narrow(dataset_.targets, 0, at_, length)};
  const Tensor positions = narrow(order_, 0, at_, length);
  return {index_select(dataset_.inputs, 0, positions), index_select(dataset_.targets, 0, positions)};
}

Batches::Batches(Dataset dataset, BatchOptions options, SourceLocation where)
    : dataset_(std::move(dataset)), options_(options), points_(dataset_.size(where)) {
  check(options.size >= 0, where, "batches: size must be at least 0 (0 for all points in one batch), but it is ",
        options.size, '.');
  batch_size_ = options.size == 0 ? points_ : std::min(options.size, points_);
  end_ = options.drop_last && batch_size_ > 0 ? points_ / batch_size_ * batch_size_ : points_;
}

Batches::Iterator Batches::begin() const {
  Tensor order;
  if (options_.shuffle && batch_size_ < points_)
    order = permutation(points_, options_.generator != nullptr ? *options_.generator : default_generator());
  return {dataset_, std::move(order), batch_size_, end_};
}

Batches batches(const Dataset& dataset, BatchOptions options, SourceLocation where) {
  return {dataset, options, where};
}

}  // namespace data
}  // namespace xgrad
