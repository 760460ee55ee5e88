// A data set in mini-batches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../autograd/ops/random.hpp"
#include "../autograd/tensor.hpp"
#include "dataset.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// How far a training run is with its data. A range of batches that is given one begins where it says, and keeps it up
/// to date: saved with the model (io::Checkpoint), it lets a later run go on with the batch that would have come next.
struct BatchPosition {
  std::int64_t passes = 0;  ///< passes that have ended
  std::int64_t points = 0;  ///< points of the current pass that have been handed out; 0: none has begun
  Tensor order = {};        ///< int64 [n]: the order of the current pass; undefined where it is that of the points
};

/// Options of batches().
struct BatchOptions {
  std::int64_t size = 32;          ///< points in a batch; 0, or the number of points or more: all in one batch
  bool shuffle = false;            ///< a new random order in each pass
  bool drop_last = false;          ///< leave out a last batch that is smaller than the others
  Generator* generator = nullptr;  ///< where the orders come from; null: the thread's default generator
  /// Where passes begin, and where they are noted; null: each begin() starts a pass. A loop that is left early is gone
  /// on with by the next begin(); `position = {}` starts anew.
  BatchPosition* position = nullptr;
};

/// Range of the mini-batches of a data set. Each begin() starts another pass (an epoch), with a new order when
/// shuffled.
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
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& i, End) { return i.at_ >= i.end_; }

   private:
    friend class Batches;
    Iterator(Dataset dataset, Tensor order, std::int64_t at, std::int64_t size, std::int64_t end,
             BatchPosition* position)
        : dataset_(std::move(dataset)),
          order_(std::move(order)),
          at_(at),
          size_(size),
          end_(end),
          position_(position) {}
    /// Notes the end of the pass, where it has come.
    void note_end() const;

    Dataset dataset_;
    Tensor order_;  // undefined: in the order of the points
    std::int64_t at_, size_, end_;
    BatchPosition* position_;
  };

  /// Makes the range: see batches().
  Batches(Dataset dataset, BatchOptions options, SourceLocation where);

  /// Starts a pass, or goes on with the one that the option `position` tells.
  /// Throws: std::invalid_argument for a position that is not one of this data set.
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
  SourceLocation where_;
};

/// Divides a data set in mini-batches. In order they are views of the data set's tensors, shuffled ones copies. One
/// batch of all points is the data set itself, not shuffled. An empty data set has no batches.
///
/// Throws: std::invalid_argument for a size below 0 and for inputs and targets of different lengths.
/// Example: `for (auto [x, y] : data::batches(train, {.size = 32, .shuffle = true})) { ... }`
Batches batches(const Dataset& dataset, BatchOptions options = {}, SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
