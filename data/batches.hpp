// A data set in mini-batches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../autograd/ops/random.hpp"
#include "../autograd/tensor.hpp"
#include "dataset.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Options of batches().
struct BatchOptions {
  std::int64_t size = 32;          ///< points in a batch; 0, or the number of points or more: all in one batch
  bool shuffle = false;            ///< a new random order in each pass
  bool drop_last = false;          ///< leave out a last batch that is smaller than the others
  Generator* generator = nullptr;  ///< where the orders come from; null: the thread's default generator
};

/// Range of the mini-batches of a data set. Each begin() starts another pass (an epoch), with a new order when shuffled.
class Batches {
 public:
  /// End of a pass.
  struct End {};
  /// Position in a pass. Each batch is made when it is asked for.
  class Iterator {
   public:
    using value_type = Dataset;
    using difference_type = std::ptrdiff_t;

    Dataset operator*() const;
    Iterator& operator++() {
      at_ += size_;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& i, End) { return i.at_ >= i.end_; }

   private:
    friend class Batches;
    Iterator(Dataset dataset, Tensor order, std::int64_t size, std::int64_t end)
        : dataset_(std::move(dataset)), order_(std::move(order)), size_(size), end_(end) {}

    Dataset dataset_;
    Tensor order_;  // undefined: in the order of the points
    std::int64_t at_ = 0, size_, end_;
  };

  /// Makes the range: see batches().
  Batches(Dataset dataset, BatchOptions options, SourceLocation where);

  /// Starts a pass.
  Iterator begin() const;
  /// Marks where each pass ends.
  End end() const { return {}; }
  /// Number of batches in one pass.
  std::int64_t count() const { return batch_size_ == 0 ? 0 : (end_ + batch_size_ - 1) / batch_size_; }

 private:
  Dataset dataset_;
  BatchOptions options_;
  std::int64_t points_, batch_size_;
  std::int64_t end_;  // points in all batches together
};

/// Divides a data set in mini-batches. In order they are views of the data set's tensors, shuffled ones copies. One batch of
/// all points is the data set itself, not shuffled. An empty data set has no batches.
///
/// Throws: std::invalid_argument for a size below 0 and for inputs and targets of different lengths.
/// Example: `for (auto [x, y] : data::batches(train, {.size = 32, .shuffle = true})) { ... }`
Batches batches(const Dataset& dataset, BatchOptions options = {}, SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
