// What windows are told by axis: their sizes, strides and the like.
#pragma once

#include <array>
#include <concepts>
#include <initializer_list>
#include <vector>

#include "../shape.hpp"

namespace xgrad XGRAD_API {

/// One number for each axis that a window moves along, or one for all of them: `.stride = 2`, `.stride = {2, 1}`.
class PerAxis {
 public:
  template <std::integral T>
  requires(!std::same_as<T, bool>) PerAxis(T all) : numbers_{internal::saturated(all)}, count_(1) {}
  PerAxis(std::initializer_list<Extent> each, SourceLocation where = SourceLocation::current());
  /// Numbers that the program computes.
  explicit PerAxis(const std::vector<std::int64_t>& each, SourceLocation where = SourceLocation::current());
  /// No numbers: where that is allowed, the option says what is used in their place.
  PerAxis() = default;

  bool empty() const { return count_ == 0; }
  int count() const { return count_; }
  /// The number of an axis.
  std::int64_t operator[](int axis) const { return numbers_[count_ == 1 ? 0 : axis]; }
  /// As many numbers as were given.
  Shape given() const;
  /// Checks an operation's option: one number, or one for each of its axes, and none below `least`.
  /// Throws: std::invalid_argument, naming operation and option.
  void require(const char* operation, const char* option, int axes, std::int64_t least, SourceLocation where) const;

 private:
  std::array<std::int64_t, kMaxDims> numbers_{};  // more than there can be windows' axes: operators refuse them by name
  int count_ = 0;
};

}  // namespace xgrad
