#include "references.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include <xgrad/autograd/ops/arithmetic.hpp>
#include <xgrad/autograd/ops/choose.hpp>
#include <xgrad/autograd/ops/compare.hpp>
#include <xgrad/autograd/ops/create.hpp>
#include <xgrad/autograd/ops/movement.hpp>

namespace xgrad::testing {
namespace {

/// Calls `visit` with each index of the shape in row-major order.
template <class F>
void for_each_place(const Shape& shape, F&& visit) {
  Place place(shape.ndim(), 0);
  for (std::int64_t left = shape.numel(); left > 0; --left) {
    visit(static_cast<const Place&>(place));
    for (int axis = shape.ndim() - 1; axis >= 0 && ++place[axis] == shape[axis]; --axis) place[axis] = 0;
  }
}

bool contains(const std::vector<int>& axes, int axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

}  // namespace

Elements::Elements(const Tensor& x) : shape_(x.shape()), numbers_(x.to_vector<double>()) {}

std::size_t Elements::position(const Place& place) const {
  std::int64_t position = 0;
  for (int axis = 0; axis < shape_.ndim(); ++axis) position = position * shape_[axis] + place.at(axis);
  return static_cast<std::size_t>(position);
}

Tensor by_place(const Shape& shape, const Function<double(const Place&)>& element) {
  std::vector<double> numbers;
  for_each_place(shape, [&](const Place& place) { numbers.push_back(element(place)); });
  return from_data(numbers.data(), shape);
}

Tensor reduced(const Tensor& x, const std::vector<int>& axes, bool keepdims,
               const Function<double(const std::vector<double>&)>& fold) {
  Elements elements(x);
  Shape kept, over;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    bool is_reduced = contains(axes, axis);
    if (is_reduced) over.push_back(x.shape()[axis]);
    if (!is_reduced || keepdims) kept.push_back(is_reduced ? 1 : x.shape()[axis]);
  }
  return by_place(kept, [&](const Place& outer) {
    std::vector<double> list;
    for_each_place(over, [&](const Place& inner) {
      Place place;
      for (int axis = 0, o = 0, i = 0; axis < x.ndim(); ++axis) {
        bool is_reduced = contains(axes, axis);
        place.push_back(is_reduced ? inner[i++] : outer[o]);
        if (!is_reduced || keepdims) ++o;
      }
      list.push_back(elements(place));
    });
    return fold(list);
  });
}

Tensor reduced(const Tensor& x, const Function<double(const std::vector<double>&)>& fold) {
  double result = fold(x.to_vector<double>());
  return from_data(&result, {});
}

Tensor along(const Tensor& x, int axis, const Function<std::vector<double>(const std::vector<double>&)>& change) {
  Elements elements(x);
  std::map<Place, std::vector<double>> changed;  // by the place of a list's first element: each is computed once
  return by_place(x.shape(), [&](const Place& place) {
    Place other = place;
    other[axis] = 0;
    std::vector<double>& results = changed[other];
    if (place[axis] == 0) {
      std::vector<double> list;
      for (; other[axis] < x.shape()[axis]; ++other[axis]) list.push_back(elements(other));
      results = change(list);
    }
    return results[static_cast<std::size_t>(place[axis])];
  });
}

Tensor reshaped(const Tensor& x, const Shape& shape) {
  std::vector<double> numbers = x.to_vector<double>();
  return from_data(numbers.data(), shape);
}

Tensor numbered(const std::vector<Tensor>& pieces, int axis) {
  if (pieces.empty()) return zeros({0});
  std::vector<Tensor> multiplied;
  for (const Tensor& piece : pieces) multiplied.push_back(static_cast<int>(multiplied.size() + 1) * piece);
  return cat(multiplied, axis);
}

Tensor numbered_at(const Tensor& x, int axis, const std::vector<std::int64_t>& bounds) {
  const Elements elements(x);
  return by_place(x.shape(), [&](const Place& place) {
    double number = 1;
    for (std::int64_t bound : bounds) number += place[static_cast<std::size_t>(axis)] >= bound;
    return number * elements(place);
  });
}

Tensor with_holes(const Tensor& x) { return where(x > 1, std::nan(""), x); }

std::vector<double> without_holes(const std::vector<double>& elements) {
  std::vector<double> left;
  for (double element : elements)
    if (!(element > 1)) left.push_back(element);
  return left;
}

double sum_of(const std::vector<double>& elements) {
  double total = 0;
  for (double element : elements) total += element;
  return total;
}

double mean_of(const std::vector<double>& elements) { return sum_of(elements) / static_cast<double>(elements.size()); }

double variance_of(const std::vector<double>& elements, double correction) {
  double mean = mean_of(elements), total = 0;
  for (double element : elements) total += (element - mean) * (element - mean);
  return total / (static_cast<double>(elements.size()) - correction);
}

double largest_of(const std::vector<double>& elements) { return *std::max_element(elements.begin(), elements.end()); }
double smallest_of(const std::vector<double>& elements) { return *std::min_element(elements.begin(), elements.end()); }

double argmax_of(const std::vector<double>& elements) {
  return static_cast<double>(std::max_element(elements.begin(), elements.end()) - elements.begin());
}
double argmin_of(const std::vector<double>& elements) {
  return static_cast<double>(std::min_element(elements.begin(), elements.end()) - elements.begin());
}

double logsumexp_of(const std::vector<double>& elements) {
  double total = 0;
  for (double element : elements) total += std::exp(element);
  return std::log(total);
}

double norm_of(const std::vector<double>& elements, double p) {
  double total = 0;
  for (double element : elements) total += std::pow(std::abs(element), p);
  return std::pow(total, 1 / p);
}

double sigmoid_of(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double softplus_of(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double normal_distribution_of(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

}  // namespace xgrad::testing
