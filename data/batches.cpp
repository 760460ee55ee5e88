#include "batches.hpp"

#include <algorithm>

#include "../autograd/ops/index.hpp"

namespace xgrad XGRAD_API {
namespace data {

Dataset Batches::Iterator::operator*() const {
  const std::int64_t length = std::min(size_, end_ - at_);
  // Noted as handed out before the caller works with it: what he saves after that work is to go on with the next one.
  if (position_ != nullptr) position_->points = at_ + length;
  if (!order_.defined()) return {narrow(dataset_.inputs, 0, at_, length), narrow(dataset_.targets, 0, at_, length)};
  const Tensor positions = narrow(order_, 0, at_, length);
  return {index_select(dataset_.inputs, 0, positions), index_select(dataset_.targets, 0, positions)};
}

Batches::Iterator& Batches::Iterator::operator++() {
  at_ += size_;
  note_end();
  return *this;
}

void Batches::Iterator::note_end() const {
  if (position_ == nullptr || at_ < end_) return;
  *position_ = {.passes = position_->passes + 1};
}

Batches::Batches(Dataset dataset, BatchOptions options, SourceLocation where)
    : dataset_(std::move(dataset)), options_(options), points_(dataset_.size(where)), where_(where) {
  check(options.size >= 0, where, "batches: size must be at least 0 (0 for all points in one batch), but it is ",
        options.size, '.');
  batch_size_ = options.size == 0 ? points_ : std::min(options.size, points_);
  end_ = options.drop_last && batch_size_ > 0 ? points_ / batch_size_ * batch_size_ : points_;
}

Batches::Iterator Batches::begin() const {
  BatchPosition* position = options_.position;
  const bool has_order = options_.shuffle && batch_size_ < points_;
  if (position != nullptr && position->points != 0) {
    const Tensor& order = position->order;
    check(
        position->points > 0 && position->points <= end_ &&
            (position->points % batch_size_ == 0 || position->points == end_) && order.defined() == has_order &&
            (!has_order || (order.dtype() == DType::int64 && order.shape() == Shape{points_})),
        where_, "batches: the position must be one of this data set and these options, but it is after ",
        position->points, " of ", end_, " points",
        [&] { return order.defined() ? concat(", in an order of ", order.dtype(), ' ', order.shape()) : ""; }, '.');
    Iterator iterator(dataset_, order, position->points, batch_size_, end_, position);
    iterator.note_end();
    return iterator;
  }
  Tensor order;
  if (has_order)
    order = permutation(points_, options_.generator != nullptr ? *options_.generator : default_generator());
  if (position != nullptr) position->order = order;
  return {dataset_, std::move(order), 0, batch_size_, end_, position};
}

Batches batches(const Dataset& dataset, BatchOptions options, SourceLocation where) {
  return {dataset, options, where};
}

}  // namespace data
}  // namespace xgrad
