// Moving elements to and from places that indices or a mask name. Bytes are moved: only their number counts, not their
// type.
#pragma once

#include <cstdint>
#include <vector>

#include "../tensor_impl.hpp"

namespace xgrad::internal {

// ---- Indices ----

/// to[o, i, k] = from[o, index[i], k], where `index` counts the elements of axes [axis, axis + axes) of `from`
/// row-major and is checked. `to` is contiguous, `from` of any layout.
void pick_places(const Tensor& to, const Tensor& from, int axis, int axes, const std::int64_t* index,
                 std::int64_t count);

/// to[o, index[i], k] = from[o, i, k], in the order of i. `to` is contiguous, `from` of the shape [o, i ..., k ...] and
/// of any layout that can be seen as [outer, count, inner].
void put_places(const Tensor& to, int axis, int axes, const std::int64_t* index, std::int64_t count,
                const Tensor& from);

/// is_last[i]: whether no later index is the same. `owner` has room for an int64 for each place.
/// Answers whether all are.
bool find_last(bool* is_last, const std::int64_t* index, std::int64_t count, std::int64_t* owner);

// ---- Masks ----

/// A mask in pieces of one size, and how many of its elements are true before each: so that threads can share the work.
class MaskParts {
 public:
  MaskParts(const bool* mask, std::int64_t size);
  std::int64_t count() const { return before_.back(); }
  const bool* mask() const { return mask_; }
  std::int64_t size() const { return size_; }
  std::int64_t parts() const { return static_cast<std::int64_t>(before_.size()) - 1; }
  const std::int64_t* before() const { return before_.data(); }

 private:
  const bool* mask_;
  std::int64_t size_;
  std::vector<std::int64_t> before_;
};

/// to[k] = the position of the k-th true.
void true_positions(std::int64_t* to, const MaskParts& mask);
/// to[k] = from[the position of the k-th true]. Both contiguous.
void pick_masked(const Tensor& to, const Tensor& from, const MaskParts& mask);
/// to[position of the k-th true] = from[k]; the others stay. Both contiguous.
void put_masked(const Tensor& to, const Tensor& from, const MaskParts& mask);
/// The same with 0 for the others.
void spread_masked(const Tensor& to, const Tensor& from, const MaskParts& mask);
/// to[position of the k-th true] += from[k], of floating tensors. Both contiguous.
void add_masked(const Tensor& to, const Tensor& from, const MaskParts& mask);

}  // namespace xgrad::internal
