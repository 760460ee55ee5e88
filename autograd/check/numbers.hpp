// Lists of numbers, places in tensors, and how messages write them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "../shape.hpp"

namespace xgrad::internal {

using Numbers = std::vector<double>;

/// The largest finite magnitude; 0 where there is none.
double largest_of(std::span<const double> numbers);

/// The index of a position in row-major order.
std::vector<std::int64_t> index_of(std::int64_t position, const Shape& shape);

/// A tensor of a list, and an index in it.
struct Place {
  int tensor = 0;
  std::vector<std::int64_t> index;
};
/// The place of a position among the elements of all tensors of these shapes, one after the other.
Place place_of(std::int64_t position, std::span<const Shape> shapes);

/// An index as messages write it: "[0, 2]".
std::string index_text(const std::vector<std::int64_t>& index);

/// As many digits as tell the number from every other double: 0.1, 1e+300, inf, nan.
std::string digits(double value);
/// So many significant digits.
std::string digits(double value, int significant);

}  // namespace xgrad::internal
