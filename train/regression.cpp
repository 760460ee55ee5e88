#include "regression.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

namespace xgrad XGRAD_API {
namespace train {
namespace {

struct Pairs {
  std::vector<double> predictions, targets;
};

Pairs pairs_of(const char* metric, const Tensor& predictions, const Tensor& targets, SourceLocation where) {
  const std::string_view name = metric;
  auto is_numeric = [](const Tensor& tensor) { return tensor.defined() && tensor.dtype() != DType::boolean; };
  check(is_numeric(predictions) && is_numeric(targets), where, name,
        ": predictions and targets must be numbers, but they are not both.");
  check(predictions.shape() == targets.shape(), where, name,
        ": predictions and targets must have the same shape, but they are ", predictions.shape(), " and ",
        targets.shape(), '.');
  check(predictions.numel() > 0, where, name, ": there must be at least one point, but there is none.");
  Pairs pairs{predictions.to_vector<double>(), targets.to_vector<double>()};
  for (std::size_t i = 0; i < pairs.targets.size(); ++i)
    check(!std::isnan(pairs.predictions[i]) && !std::isnan(pairs.targets[i]), where, name,
          ": predictions and targets must not be nan, but element ", i, " of the ",
          std::isnan(pairs.targets[i]) ? "targets" : "predictions", " is.");
  return pairs;
}

/// The sum of the squares of numbers, in units of 4^exponent: a power of 2 keeps all digits, and the squares within the
/// range.
struct SumOfSquares {
  double sum = 0;
  int exponent = 0;

  explicit SumOfSquares(const std::vector<double>& numbers) {
    double largest = 0;
    for (double number : numbers) largest = std::max(largest, std::abs(number));
    if (largest > 0 && std::isfinite(largest)) exponent = std::ilogb(largest);
    for (double number : numbers) {
      const double scaled = std::scalbn(number, -exponent);
      sum += scaled * scaled;
    }
  }
};

}  // namespace

double mean_absolute_error(const Tensor& predictions, const Tensor& targets, SourceLocation where) {
  const Pairs pairs = pairs_of("mean_absolute_error", predictions, targets, where);
  double sum = 0;
  for (std::size_t i = 0; i < pairs.targets.size(); ++i) sum += std::abs(pairs.predictions[i] - pairs.targets[i]);
  return sum / static_cast<double>(pairs.targets.size());
}

double mean_squared_error(const Tensor& predictions, const Tensor& targets, SourceLocation where) {
  const Pairs pairs = pairs_of("mean_squared_error", predictions, targets, where);
  double sum = 0;
  for (std::size_t i = 0; i < pairs.targets.size(); ++i) {
    const double error = pairs.predictions[i] - pairs.targets[i];
    sum += error * error;
  }
  return sum / static_cast<double>(pairs.targets.size());
}

double root_mean_squared_error(const Tensor& predictions, const Tensor& targets, SourceLocation where) {
  Pairs pairs = pairs_of("root_mean_squared_error", predictions, targets, where);
  for (std::size_t i = 0; i < pairs.targets.size(); ++i) pairs.predictions[i] -= pairs.targets[i];
  const SumOfSquares squares(pairs.predictions);
  return std::scalbn(std::sqrt(squares.sum / static_cast<double>(pairs.targets.size())), squares.exponent);
}

double r2(const Tensor& predictions, const Tensor& targets, SourceLocation where) {
  const Pairs pairs = pairs_of("r2", predictions, targets, where);
  const std::size_t points = static_cast<std::size_t>(targets.ndim() == 0 ? 1 : targets.size(0));
  const std::size_t columns = pairs.targets.size() / points;
  double sum = 0;
  for (std::size_t c = 0; c < columns; ++c) {
    double mean = 0;
    bool differ = false;
    for (std::size_t i = 0; i < points; ++i) {
      mean += pairs.targets[i * columns + c] / static_cast<double>(points);
      differ = differ || pairs.targets[i * columns + c] != pairs.targets[c];
    }
    check(differ, where, "r2: targets must differ, or they have no variance to explain, but ",
          columns == 1 ? std::string("all of them") : concat("all of column ", c), " are ", pairs.targets[c], '.');
    std::vector<double> errors, distances;
    for (std::size_t i = 0; i < points; ++i) {
      const double target = pairs.targets[i * columns + c];
      errors.push_back(pairs.predictions[i * columns + c] - target);
      distances.push_back(target - mean);
    }
    const SumOfSquares left(errors), all(distances);
    sum += 1 - std::scalbn(left.sum / all.sum, 2 * (left.exponent - all.exponent));
  }
  return sum / static_cast<double>(columns);
}

}  // namespace train
}  // namespace xgrad
