#include "op_table.hpp"
#include "references.hpp"

#include <cmath>

namespace xgrad::testing {
namespace {

/// Each element by whether the generator's bernoulli numbers keep it; tests/ops/random.cpp checks those. `by_channel`:
/// one number for axes 0 and 1.
TensorFunction reference(bool by_channel, double (*kept)(double), double dropped) {
  return [by_channel, kept, dropped](std::span<const Tensor> x) {
    Generator generator(5);
    Shape shape = x[0].shape();
    for (int axis = 2; by_channel && axis < shape.ndim(); ++axis) shape[axis] = 1;
    const std::vector<bool> is_kept = bernoulli(shape, 1 - 0.3, generator).to_vector<bool>();
    const Elements elements(x[0]);
    return by_place(x[0].shape(), [&](const Place& place) {
      std::int64_t position = 0;
      for (int axis = 0; axis < shape.ndim(); ++axis)
        position = position * shape[axis] + (shape[axis] == 1 ? 0 : place[static_cast<std::size_t>(axis)]);
      return is_kept[static_cast<std::size_t>(position)] ? kept(elements(place)) : dropped;
    });
  };
}

// alpha_dropout's: what keeps mean 0 and variance 1 of elements that are -1.7581 with probability 0.3.
const double kLeast = -1.0507009873554805 * 1.6732632423543772;
const double kScale = 1 / std::sqrt(0.7 * (1 + 0.3 * kLeast * kLeast));
double alpha_of(double x) { return kScale * (x - 0.3 * kLeast); }

double scaled(double x) { return x / (1 - 0.3); }

using Dropout = Tensor (*)(const Operand&, double, Generator&);

OperatorRow row(const char* name, Dropout function, bool by_channel, double (*kept)(double), double dropped) {
  const std::vector<std::vector<Shape>> channels = {{{2, 3}}, {{3, 5, 7}}, {{2, 0, 3}}, {{4, 3, 2, 5}}};
  return {
      .name = name,
      .function =
          [function](const Tensor& x) {
            Generator generator(5);
            return function(x, 0.3, generator);
          },
      .shapes = by_channel ? channels : kAnyShapeOrEmpty,
      .large = {{{301, 703}}},
      .expected = reference(by_channel, kept, dropped),
      .refused = {[function](const Tensor& x) { return function(x, 1.5, default_generator()); },
                  [function](const Tensor& x) { return function(x, -1, default_generator()); },
                  [function](const Tensor& x) { return function(cast(x, DType::int64), 0.5, default_generator()); }},
      .propagates_nan = false};
}

Rows rows() {
  return {
      row("dropout", dropout, false, scaled, 0),
      row("feature_dropout", feature_dropout, true, scaled, 0),
      row("alpha_dropout", alpha_dropout, false, alpha_of, alpha_of(kLeast)),
      row("feature_alpha_dropout", feature_alpha_dropout, true, alpha_of, alpha_of(kLeast)),
      {.name = "rrelu",
       .function =
           [](const Tensor& x) {
             Generator generator(5);
             return rrelu(x, 0.25, 0.5, generator);
           },
       .inputs = {{.avoid = {0}}},
       .shapes = kAnyShapeOrEmpty,
       .expected =
           [](std::span<const Tensor> x) {
             Generator generator(5);
             const Tensor parts = uniform(x[0].shape(), 0, 1, {.dtype = DType::float32}, generator);
             std::vector<double> part = parts.to_vector<double>(), numbers = x[0].to_vector<double>();
             for (std::size_t i = 0; i < numbers.size(); ++i)
               if (numbers[i] < 0) numbers[i] *= 0.25 + 0.25 * part[i];
             return from_vector(numbers, x[0].shape());
           },
       .refused = {[](const Tensor& x) { return rrelu(x, 0.5, 0.25); },
                   [](const Tensor& x) { return rrelu(cast(x, DType::int64)); }}},
  };
}

const Family kFamily("dropout", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Operators that drop elements keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("dropout");
}
