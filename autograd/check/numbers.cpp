#include "numbers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace xgrad::internal {

double largest_of(std::span<const double> numbers) {
  double largest = 0;
  for (double number : numbers)
    if (std::isfinite(number)) largest = std::max(largest, std::abs(number));
  return largest;
}

std::vector<std::int64_t> index_of(std::int64_t position, const Shape& shape) {
  std::vector<std::int64_t> index(shape.ndim());
  for (int axis = shape.ndim() - 1; axis >= 0; --axis) {
    index[axis] = position % shape[axis];
    position /= shape[axis];
  }
  return index;
}

Place place_of(std::int64_t position, std::span<const Shape> shapes) {
  int tensor = 0;
  while (position >= shapes[tensor].numel()) position -= shapes[tensor++].numel();
  return {tensor, index_of(position, shapes[tensor])};
}

std::string index_text(const std::vector<std::int64_t>& index) { return to_string(Shape(std::span(index))); }

std::string digits(double value) {
  if (std::isnan(value)) return "nan";  // never "-nan"
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string digits(double value, int significant) {
  if (std::isnan(value)) return "nan";
  char text[40];
  std::snprintf(text, sizeof text, "%.*g", significant, value);
  return text;
}

}  // namespace xgrad::internal
