#include "dataset.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/choose.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/index.hpp"
#include "../autograd/ops/movement.hpp"
#include "../autograd/ops/random.hpp"
#include "../autograd/ops/reduce.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

/// Whole points of a share of them, rounded up; a share that is meant to be
/// whole and is not by rounding (0.07 of 100 is 7.000000000000001) is
/// whole.
std::int64_t points_of(std::int64_t size, double share) {
  const double exact = static_cast<double>(size) * share, whole = std::round(exact);
  const double rounding = 4 * std::numeric_limits<double>::epsilon() * exact;
  return static_cast<std::int64_t>(std::abs(exact - whole) <= rounding ? whole : std::ceil(exact));
}

/// How many points of each class are test data: the exact shares rounded by largest remainder, so that they add up.
/// Among equal remainders the generator chooses: a rule would always take the same classes.
std::vector<std::int64_t> test_counts(const std::vector<std::int64_t>& class_sizes, std::int64_t size,
                                      std::int64_t test_size, Generator& generator) {
  const auto classes = static_cast<std::int64_t>(class_sizes.size());
  std::vector<std::int64_t> counts(classes), remainders(classes);
  std::int64_t left = test_size;
  for (std::int64_t c = 0; c < classes; ++c) {
    counts[c] = class_sizes[c] * test_size / size;
    remainders[c] = class_sizes[c] * test_size % size;
    left -= counts[c];
  }
  std::vector<std::int64_t> order = permutation(classes, generator).to_vector<std::int64_t>();
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return remainders[a] > remainders[b]; });
  for (std::int64_t i = 0; i < left; ++i) ++counts[order[i]];
  return counts;
}

/// The labels numbered 0, 1 ... in ascending order, and how many points each has.
struct Classes {
  std::vector<std::int64_t> number_of_point, sizes;
};
Classes classes_of(const Tensor& labels) {
  const std::vector<std::int64_t> values = labels.to_vector<std::int64_t>();
  std::vector<std::int64_t> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  Classes classes{{}, std::vector<std::int64_t>(sorted.size())};
  classes.number_of_point.reserve(values.size());
  for (std::int64_t value : values) {
    const auto number = std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
    classes.number_of_point.push_back(number);
    ++classes.sizes[number];
  }
  return classes;
}

/// Throws std::invalid_argument unless each number is an integer, and none of which the dtype no longer tells it from
/// its neighbours: 16777217 in a float32 table has become 16777216.
void check_labels(const Tensor& target, int column, SourceLocation where) {
  const bool narrow = target.dtype() == DType::float32;
  const double limit = std::ldexp(1.0, narrow ? 24 : 53);
  const std::vector<double> values = target.to_vector<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    check(values[i] == std::floor(values[i]) && std::isfinite(values[i]), where,
          "separate_target: class labels must be integers, but in column ", column, " point ", i, " has ", values[i],
          ". For numbers to predict pass {.dtype = DType::float32}.");
    check(
        std::abs(values[i]) < limit, where, "separate_target: class labels of ", target.dtype(), " must be below ",
        static_cast<std::int64_t>(limit), ", where it holds every integer, but in column ", column, " point ", i,
        " has ",
        [&] {
          return std::abs(values[i]) < 1e15 ? std::to_string(static_cast<std::int64_t>(values[i])) : concat(values[i]);
        },
        ". Read the table with {.dtype = DType::", narrow ? "float64" : "int64", "}.");
  }
}

}  // namespace

std::int64_t Dataset::size(SourceLocation where) const {
  check(inputs.defined() && targets.defined(), where,
        "Dataset: inputs and targets must be defined, but they are not both.");
  check(inputs.ndim() > 0 && targets.ndim() > 0 && inputs.shape()[0] == targets.shape()[0], where,
        "Dataset: inputs and targets must have the same number of points along their first axis, but they are ",
        inputs.shape(), " and ", targets.shape(), '.');
  return inputs.shape()[0];
}

Dataset separate_target(const Tensor& values, TargetOptions options, SourceLocation where) {
  check(
      values.defined() && values.ndim() == 2, where,
      "separate_target: values must be a table [n, columns], but they are ",
      [&] { return values.defined() ? to_string(values.shape()) : "undefined"; }, '.');
  CallSite site(where);
  const auto columns = values.shape()[1];
  const int column = normalize_axis("separate_target: column", options.column, static_cast<int>(columns), where);
  const Tensor target = contiguous(narrow(values, 1, column, 1));
  if (!is_floating(options.dtype) && is_floating(values.dtype())) check_labels(target, column, where);
  return {cat({narrow(values, 1, 0, column), narrow(values, 1, column + 1, columns - column - 1)}, 1),
          cast(reshape(target, {-1}), options.dtype)};
}

Dataset subset(const Dataset& dataset, const Tensor& positions, SourceLocation where) {
  CallSite site(where);
  const std::int64_t size = dataset.size(where);
  check(
      positions.defined() && positions.dtype() == DType::int64 && positions.ndim() == 1, where,
      "subset: positions must be int64 [m], but they are ",
      [&] { return positions.defined() ? concat(positions.dtype(), ' ', positions.shape()) : "undefined"; }, '.');
  if (positions.numel() > 0) {
    const std::int64_t lowest = min(positions).item<std::int64_t>(), highest = max(positions).item<std::int64_t>();
    check<std::out_of_range>(lowest >= 0 && highest < size, where, "subset: positions must be at least 0 and below ",
                             size, ", but one is ", lowest < 0 ? lowest : highest, '.');
  }
  return {index_select(dataset.inputs, 0, positions), index_select(dataset.targets, 0, positions)};
}

Split split(const Dataset& dataset, SplitOptions options, SourceLocation where) {
  const std::int64_t size = dataset.size(where);
  check(options.test_points >= 0, where, "split: test_points must be at least 0, but it is ", options.test_points, '.');
  check(options.test_points > 0 || (options.test_fraction > 0 && options.test_fraction < 1), where,
        "split: test_fraction must be above 0 and below 1, but it is ", options.test_fraction, '.');
  const std::int64_t test_size = options.test_points > 0 ? options.test_points : points_of(size, options.test_fraction);
  check(test_size > 0 && test_size < size, where, "split: both parts must have a point, but of ", size, " points ",
        test_size, " would be test data.");
  CallSite site(where);

  Generator generator(options.seed);
  std::vector<std::int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  if (options.shuffle) order = permutation(size, generator).to_vector<std::int64_t>();

  if (options.stratify) {
    check(dataset.targets.dtype() == DType::int64 && dataset.targets.ndim() == 1, where,
          "split: to stratify, targets must be class labels, int64 [n], but they are ", dataset.targets.dtype(), ' ',
          dataset.targets.shape(), '.');
    const Classes classes = classes_of(dataset.targets);
    std::vector<std::int64_t> test_left = test_counts(classes.sizes, size, test_size, generator);
    // From the back, so that without shuffling each class gives its last points.
    std::vector<bool> is_test(size);
    for (std::int64_t i = size - 1; i >= 0; --i) is_test[order[i]] = test_left[classes.number_of_point[order[i]]]-- > 0;
    std::stable_partition(order.begin(), order.end(), [&](std::int64_t i) { return !is_test[i]; });
  }

  const Tensor positions = from_vector(order);
  return {subset(dataset, narrow(positions, 0, 0, size - test_size), where),
          subset(dataset, narrow(positions, 0, size - test_size, test_size), where)};
}

}  // namespace data
}  // namespace xgrad
