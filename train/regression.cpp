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
  const Pairs pairs = pairs_of("root_mean_squared_error", predictions, targets, where);
  double largest = 0, sum = 0;
  for (std::size_t i = 0; i < pairs.targets.size(); ++i)
    largest = std::max(largest, std::abs(pairs.predictions[i] - pairs.targets[i]));
  if (largest == 0 || std::isinf(largest)) return largest;
  // A power of 2 keeps all digits, and the squares within the range.
  const int exponent = std::ilogb(largest);
  for (std::size_t i = 0; i < pairs.targets.size(); ++i) {
    const double error = std::scalbn(pairs.predictions[i] - pairs.targets[i], -exponent);
    sum += error * error;
  }
  return std::scalbn(std::sqrt(sum / static_cast<double>(pairs.targets.size())), exponent);
}

double r2(const Tensor& predictions, const Tensor& targets, SourceLocation where) {
  const Pairs pairs = pairs_of("r2", predictions, targets, where);
  const std::size_t points = static_cast<std::size_t>(targets.ndim() == 0 ? 1 : targets.size(0));
  const std::size_t columns = pairs.targets.size() / points;
  double sum = 0;
  for (std::size_t c = 0; c < columns; ++c) {
    double mean = 0, left = 0, all = 0, largest = 0;
    bool differ = false;
    for (std::size_t i = 0; i < points; ++i) {
      mean += pairs.targets[i * columns + c] / static_cast<double>(points);
      differ = differ || pairs.targets[i * columns + c] != pairs.targets[c];
    }
    check(differ, where, "r2: targets must differ, or they have no variance to explain, but ",
          columns == 1 ? std::string("all of them") : concat("all of column ", c), " are ", pairs.targets[c], '.');
    for (std::size_t i = 0; i < points; ++i)
      largest = std::max(largest, std::abs(pairs.targets[i * columns + c] - mean));
    // In units of a power of 2, which keeps all digits and the squares within the range.
    const int exponent = largest > 0 && std::isfinite(largest) ? std::ilogb(largest) : 0;
    for (std::size_t i = 0; i < points; ++i) {
      const double target = pairs.targets[i * columns + c];
      const double error = std::scalbn(pairs.predictions[i * columns + c] - target, -exponent);
      const double distance = std::scalbn(target - mean, -exponent);
      left += error * error;
      all += distance * distance;
    }
    sum += 1 - left / all;
  }
  return sum / static_cast<double>(columns);
}

}  // namespace train
}  // namespace xgrad
