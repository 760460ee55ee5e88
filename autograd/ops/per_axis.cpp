#include "per_axis.hpp"

namespace xgrad XGRAD_API {

namespace {

int checked_count(std::size_t count, SourceLocation where) {
  check(count <= kMaxDims, where, "window: there must be at most ", kMaxDims,
        " numbers, one for each axis, but there are ", count, ".");
  return static_cast<int>(count);
}

}  // namespace

PerAxis::PerAxis(std::initializer_list<Extent> each, SourceLocation where) : count_(checked_count(each.size(), where)) {
  int axis = 0;
  for (Extent extent : each) numbers_[axis++] = extent.value;
}

PerAxis::PerAxis(const std::vector<std::int64_t>& each, SourceLocation where)
    : count_(checked_count(each.size(), where)) {
  int axis = 0;
  for (std::int64_t number : each) numbers_[axis++] = number;
}

Shape PerAxis::given() const {
  return Shape(std::span<const std::int64_t>(numbers_.data(), static_cast<std::size_t>(count_)));
}

void PerAxis::require(const char* operation, const char* option, int axes, std::int64_t least,
                      SourceLocation where) const {
  check(count_ == axes || count_ == 1, where, operation, ": ", option, " must be one number, or ", axes, ", but it is ",
        given(), ".");
  for (int axis = 0; axis < axes; ++axis)
    check((*this)[axis] >= least, where, operation, ": ", option, " must be at least ", least, ", but it is ", given(),
          ".");
}

}  // namespace xgrad
