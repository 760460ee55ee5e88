#include "large.hpp"

#include <cmath>
#include <limits>

#include "../../ops.hpp"
#include "../numbers.hpp"
#include "derivative.hpp"
#include "value.hpp"

namespace xgrad::internal {
namespace {

/// Steps of the differences: a short one crosses few kinks and bends little, at a long one rounding counts less.
constexpr double kSteps[] = {1e-4, 1e-6, 1e-8};
/// Of a derivative along one direction, beside the sum of what all elements add to it.
constexpr double kTolerance = 1e-6;
/// Rounding of a term of order 1 in float32.
constexpr double kTermError32 = 1.5 * 0x1p-23;

/// The inputs, each floating one moved by `step` times its direction.
Tensors moved(const Tensors& inputs, const Tensors& directions, double step) {
  Tensors all = inputs;
  std::size_t next = 0;
  for (Tensor& input : all)
    if (is_floating(input.dtype())) input = input + step * directions[next++];
  return all;
}

/// Which way to move an input so that no part of its gradient cancels another: a wrong element among a million shows.
Tensor uphill(const Tensor& gradient, Generator& generator) {
  Tensor size = uniform(gradient.shape(), 0.5, 1.5, {.dtype = gradient.dtype()}, generator);
  return where(gradient < 0, -size, size);
}

/// <cotangent, value>, summed in float64.
double weighed(const Tensor& value, const Tensor& cotangent) {
  std::vector<double> x = value.to_vector<double>(), u = cotangent.to_vector<double>();
  double total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) total += x[i] * u[i];
  return total;
}

/// Along one direction, the rule's derivative is the value's.
void check_direction(Trial& trial, const Tensors& inputs, const Tensor& cotangent) {
  Tensors gradients = trial.pull_back(inputs, cotangent), directions;
  double along_rule = 0, size = 0;
  for (const Tensor& gradient : gradients) {
    directions.push_back(uphill(gradient, trial.generator));
    std::vector<double> g = gradient.to_vector<double>(), v = directions.back().to_vector<double>();
    for (std::size_t i = 0; i < g.size(); ++i) {
      along_rule += g[i] * v[i];
      size += std::abs(g[i] * v[i]);
    }
  }
  double closest = std::numeric_limits<double>::infinity();
  const double tolerance = kTolerance * size;
  for (double step : kSteps) {
    if (std::abs(closest - along_rule) <= tolerance) break;
    // The differences of each element, not that of two large sums.
    Tensor change = trial.call(moved(inputs, directions, step)) - trial.call(moved(inputs, directions, -step));
    double along_value = weighed(change, cotangent) / (2 * step);
    if (!(std::abs(along_value - along_rule) >= std::abs(closest - along_rule))) closest = along_value;
  }
  trial.expect(
      std::abs(closest - along_rule) <= tolerance, inputs, "gradient along a direction",
      concat("it must be ", digits(closest), " by differences of the value, but the rule gives ", digits(along_rule)));
}

/// Of an elementwise operator: each row of the value and of the gradients is what that row of the inputs gives by
/// itself, and of the first row and the last the value is the reference's, which can be too slow for all of them.
void check_rows(Trial& trial, const Tensors& inputs, const Tensor& value, const Tensor& cotangent) {
  const OperatorRow& row = trial.row;
  const std::int64_t rows = value.shape()[0];
  auto row_of = [&](const Tensor& x, std::int64_t i) { return x.ndim() < value.ndim() ? x : narrow(x, 0, i, 1); };
  Tensors gradients;
  if (cotangent.defined()) gradients = trial.pull_back(inputs, cotangent);
  std::vector<Tensors> pieces(1 + gradients.size());
  for (std::int64_t i = 0; i < rows; ++i) {
    Tensors piece;
    for (const Tensor& input : inputs) piece.push_back(row_of(input, i));
    pieces[0].push_back(trial.call(piece));
    if (i == 0 || i + 1 == rows) check_value(trial, piece, pieces[0].back());
    if (!cotangent.defined()) continue;
    Tensors of_piece = trial.pull_back(piece, row_of(cotangent, i));
    for (std::size_t k = 0; k < of_piece.size(); ++k) pieces[k + 1].push_back(of_piece[k]);
  }
  const Closeness closeness{.rtol = row.rtol, .of_largest = 1e-3 * row.rtol};
  trial.expect_same(inputs, "beside the rows one by one", value, cat(pieces[0], 0), closeness);
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    // That of an operand that broadcasts is the sum over the rows.
    const bool is_summed = gradients[k].ndim() < value.ndim();
    trial.expect_same(inputs, "gradient beside the rows one by one", gradients[k],
                      is_summed ? sum(stack(pieces[k + 1]), 0) : cat(pieces[k + 1], 0),
                      {.rtol = row.rtol, .of_largest = row.rtol});
  }
}

}  // namespace

void check_large(Trial& trial, const Tensors& inputs) {
  const OperatorRow& row = trial.row;
  Tensor value = trial.call(inputs), cotangent;
  if (is_floating(value.dtype()) && row.order > 0 && takes_floating(inputs)) cotangent = trial.random_cotangent(value);
  if (row.shapes.empty()) {
    check_rows(trial, inputs, value, cotangent);
  } else {
    check_value(trial, inputs, value);
  }
  check_float32(trial, inputs, kTermError32);
  if (cotangent.defined()) check_direction(trial, inputs, cotangent);
  check_threads(trial, inputs);
  if (takes_floating(inputs)) check_threads(trial, map_all(inputs, to_float32));
}

}  // namespace xgrad::internal
