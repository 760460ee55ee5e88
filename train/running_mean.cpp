#include "running_mean.hpp"

#include <cmath>

namespace xgrad XGRAD_API {
namespace train {

void RunningMean::add(double value, double weight, SourceLocation where) {
  check(weight >= 0 && std::isfinite(weight), where, "RunningMean: a weight must be finite and at least 0, but it is ",
        weight, '.');
  ++count_;
  if (weight == 0) return;  // an empty batch has no mean: its nan says nothing
  const double term = value * weight, sum = sum_ + term;
  if (std::isfinite(sum)) lost_ += std::abs(sum_) >= std::abs(term) ? (sum_ - sum) + term : (term - sum) + sum_;
  sum_ = sum;
  weight_ += weight;
}

void RunningMean::add(const Tensor& value, double weight, SourceLocation where) {
  check(
      value.defined() && value.numel() == 1, where, "RunningMean: a value must be one number, but it is ",
      [&] { return value.defined() ? concat("of shape ", value.shape()) : std::string("undefined"); }, '.');
  add(value.item(), weight, where);
}

void RunningMean::add(const RunningMean& other) {
  const std::int64_t count = count_ + other.count_;
  if (!other.empty()) add(other.mean(), other.weight_);
  count_ = count;
}

double RunningMean::mean(SourceLocation where) const {
  check<std::logic_error>(!empty(), where,
                          "RunningMean: a value must have been added before there is a mean, but none was.");
  return (sum_ + lost_) / weight_;
}

}  // namespace train
}  // namespace xgrad
