// Adding rows of elements at places that indices name, as accurately as a sum however often an index comes.
#pragma once

#include <cstdint>

#include "../tensor_impl.hpp"
#include "few_terms.hpp"

namespace xgrad::internal {

/// The numbers of a scatter: to [outer, extent, inner] and from [outer, count, inner], both without gaps.
struct RowsLayout {
  std::int64_t outer = 1, extent = 1, count = 0, inner = 1;
};

/// to[o, index[i], k] += from[o, i, k]. The indices are in [0, extent).
void add_rows(const Tensor& to, const std::int64_t* index, const Tensor& from, const RowsLayout& layout);

/// Counts how often places are used: exactly, or at least not too low, in a table that stays in the cache.
class UseCounts {
 public:
  /// For `count` uses of places in [0, extent).
  UseCounts(std::int64_t count, std::int64_t extent);
  void add(std::int64_t place) { ++table_[place & mask_]; }
  bool is_often(std::int64_t place) const { return table_[place & mask_] > kFewTerms; }
  bool any_often() const;
  const std::uint32_t* table() const { return table_; }
  std::int64_t mask() const { return mask_; }

 private:
  Tensor room_;
  std::uint32_t* table_;
  std::int64_t mask_;
};

}  // namespace xgrad::internal
