#include "inputs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../../ops.hpp"
#include "../numbers.hpp"

namespace xgrad::internal {
namespace {

/// The same elements with the strides of the transposed tensor.
Tensor transposed(const Tensor& x) {
  std::vector<int> reversed;
  for (int axis = x.ndim() - 1; axis >= 0; --axis) reversed.push_back(axis);
  return permute(copy(permute(x, Axes(reversed))), Axes(reversed));
}

Tensor gap_like(const Tensor& x) {
  return full_like(x, is_floating(x.dtype()) ? std::numeric_limits<double>::quiet_NaN() : 0);
}

/// The same elements, each second one of a larger tensor, backwards; between them lies what must not be read.
Tensor backwards(const Tensor& x) {
  if (x.ndim() == 0) return x;
  int last = x.ndim() - 1;
  std::int64_t length = x.shape()[last];
  Shape wide = x.shape();
  wide[last] *= 2;
  // x[n-1], gap, x[n-2], gap ...
  Tensor pairs = reshape(stack({flip(x, last), gap_like(x)}, x.ndim()), wide);
  return narrow(pairs, last, std::max<std::int64_t>(2 * length - 2, 0), length, -2);
}

/// The same elements in the middle of a larger tensor.
Tensor offset(const Tensor& x) {
  Tensor gap = gap_like(x);
  return stack({gap, x, gap})[1];
}

/// Along one axis the first element only, stretched by stride 0.
Tensor expanded(const Tensor& x) {
  for (int axis = 0; axis < x.ndim(); ++axis)
    if (x.shape()[axis] > 1) return expand(narrow(x, axis, 0, 1), x.shape());
  return x;
}

}  // namespace

Tensor draw(const OperatorInput& input, const Shape& shape, Generator& generator) {
  Tensor uniform_numbers = uniform(shape, 0, 1, {.dtype = DType::float64}, generator);
  std::vector<double> numbers = uniform_numbers.to_vector<double>();
  double keep_away = (input.high - input.low) / 20;
  for (double& number : numbers) {
    number = input.low + (input.high - input.low) * number;
    if (!is_floating(input.dtype)) number = std::floor(number);
    for (double point : input.avoid)
      if (std::abs(number - point) < keep_away) number = point + std::copysign(keep_away, number - point);
  }
  return cast(from_data(numbers.data(), shape), input.dtype);
}

std::vector<std::vector<Shape>> elementwise_shapes(std::size_t operands) {
  std::vector<std::vector<Shape>> sets;
  for (const Shape& shape : {Shape{2, 3}, Shape{}, Shape{0}, Shape{3, 0, 2}, Shape{67}, Shape{3, 5, 7}})
    sets.push_back(std::vector<Shape>(operands, shape));
  if (operands < 2) return sets;
  const std::vector<std::vector<Shape>> kBroadcasts = {
      {{2, 3}, {}, {3}}, {{3, 1}, {1, 4}, {4}}, {{4}, {2, 3, 4}, {3, 1}}, {{2, 0}, {1, 1}, {}}, {{1}, {33}, {1, 1}}};
  for (const std::vector<Shape>& shapes : kBroadcasts)
    for (std::size_t turn = 0; turn < operands; ++turn) {
      std::vector<Shape> set;
      for (std::size_t i = 0; i < operands; ++i) set.push_back(shapes[(i + turn) % 3]);
      sets.push_back(set);
    }
  return sets;
}

std::vector<std::vector<Shape>> large_elementwise_shapes(std::size_t operands) {
  std::vector<Shape> shapes(operands, {301, 703});
  if (operands > 1) shapes.back() = {703};
  return {shapes};
}

std::span<const Layout> layouts() {
  static const Layout kLayouts[] = {{"transposed layout", transposed, false},
                                    {"backward strides", backwards, false},
                                    {"offset", offset, false},
                                    {"expanded by stride 0", expanded, true}};
  return kLayouts;
}

std::vector<Spoiled> spoiled(const OperatorRow& row, const Tensors& inputs, Generator& generator) {
  std::vector<Spoiled> list;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& x = inputs[i];
    auto add = [&](const std::string& how, Tensor other) {
      Tensors changed = inputs;
      changed[i] = std::move(other);
      list.push_back({concat("input ", i, " ", how), std::move(changed)});
    };
    auto add_shape = [&](const Shape& shape) {
      add("of shape " + to_string(shape), draw(row.inputs[i], shape, generator));
    };
    add("undefined", Tensor());
    add_shape({});
    Shape longer = x.shape();
    longer.insert(0, 2);
    add_shape(longer);
    add_shape(Shape::filled(kMaxDims, 1));
    if (x.ndim() > 1) add_shape(Shape(std::span(x.shape().begin(), x.shape().end() - 1)));
    for (int axis = 0; axis < x.ndim(); ++axis)
      for (std::int64_t extent : {x.shape()[axis] + 1, std::int64_t{0}}) {
        Shape shape = x.shape();
        shape[axis] = extent;
        add_shape(shape);
      }
    for (DType dtype : {DType::boolean, DType::int64, DType::float32, DType::float64})
      if (dtype != x.dtype()) add(concat("of dtype ", dtype), cast(x, dtype));
    if (x.dtype() == DType::int64)
      for (double number : {-1.0, 1e7, -0x1p63}) add("full of " + digits(number), full_like(x, number));
  }
  return list;
}

Tensors as_integers(const OperatorRow& row, const Tensors& inputs, DType dtype) {
  Tensors integers = inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!is_floating(inputs[i].dtype())) continue;
    const OperatorInput& range = row.inputs[i];
    std::vector<double> numbers = inputs[i].to_vector<double>();
    for (double& number : numbers) {
      number = dtype == DType::boolean
                   ? double(number > (range.low + range.high) / 2)
                   : std::min(std::max(std::nearbyint(number), std::ceil(range.low)), std::floor(range.high));
      for (double point : range.avoid)
        if (number == point) ++number;
    }
    integers[i] = cast(from_data(numbers.data(), inputs[i].shape()), dtype);
  }
  return integers;
}

Tensors map_all(const Tensors& tensors, Tensor (*f)(const Tensor&)) {
  Tensors results;
  for (const Tensor& tensor : tensors) results.push_back(f(tensor));
  return results;
}

Tensor to_float32(const Tensor& x) { return is_floating(x.dtype()) ? cast(x, DType::float32) : x; }
Tensor to_float64(const Tensor& x) { return is_floating(x.dtype()) ? cast(x, DType::float64) : x; }
Tensor plain_copy(const Tensor& x) { return copy(x); }

bool takes_floating(const Tensors& inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const Tensor& x) { return is_floating(x.dtype()); });
}

}  // namespace xgrad::internal
