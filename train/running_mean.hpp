// Averages over the batches of an epoch.
#pragma once

#include <cstdint>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// RunningMean: the mean of what batches tell, each weighted by its number of points. A smaller last batch then counts
/// for as much as it holds.
///
/// Example:
///
///     train::RunningMean loss;
///     for (auto [x, y] : batches) loss.add(step(x, y), x.size(0));
///     std::printf("%.4f\n", loss.mean());
class RunningMean {
 public:
  /// Adds a value that `weight` points had on average.
  /// Throws: std::invalid_argument for a weight below 0 or not finite.
  void add(double value, double weight = 1, SourceLocation where = SourceLocation::current());
  /// Adds a tensor of one element, as a batch's loss is.
  void add(const Tensor& value, double weight = 1, SourceLocation where = SourceLocation::current());
  /// Adds what another one has seen.
  void add(const RunningMean& other);

  /// The mean of all that was added since reset().
  /// Throws: std::logic_error where nothing was, or nothing with a weight above 0.
  double mean(SourceLocation where = SourceLocation::current()) const;
  double weight() const { return weight_; }                 ///< the sum of the weights
  std::int64_t count() const { return count_; }             ///< how many values were added
  bool empty() const { return !(weight_ > 0); }             ///< whether there is no mean
  void reset() { sum_ = lost_ = weight_ = 0, count_ = 0; }  ///< forgets everything

 private:
  double sum_ = 0, lost_ = 0;  // Neumaier's sum: a million small terms keep their digits
  double weight_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace train
}  // namespace xgrad
