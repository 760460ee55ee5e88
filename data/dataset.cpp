#include "dataset.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "../autograd/ops/create.hpp"
#include "../autograd/ops/elementwise.hpp"
#include "../autograd/ops/index.hpp"
#include "../autograd/ops/movement.hpp"
#include "../autograd/ops/random.hpp"
#include "../autograd/ops/reduce.hpp"

namespace xgrad::data {
namespace {

/// How many points of each class are test data: the exact shares rounded by largest remainder, so that they
/// add up.
std::map<std::int64_t, std::int64_t> test_counts(const std::vector<std::int64_t>& labels, std::int64_t test_size) {
  std::map<std::int64_t, std::int64_t> sizes;
  for (std::int64_t label : labels) ++sizes[label];

  struct Share {
    std::int64_t label;
    double remainder;
  };
  std::map<std::int64_t, std::int64_t> counts;
  std::vector<Share> shares;
  std::int64_t left = test_size;
  for (auto [label, size] : sizes) {
    const double exact =
        static_cast<double>(size) * static_cast<double>(test_size) / static_cast<double>(labels.size());
    counts[label] = static_cast<std::int64_t>(exact);
    left -= counts[label];
    shares.push_back({label, exact - std::floor(exact)});
  }
  std::stable_sort(shares.begin(), shares.end(), [](Share a, Share b) { return a.remainder > b.remainder; });
  for (std::int64_t i = 0; i < left; ++i) ++counts[shares[i].label];
  return counts;
}

}  // namespace

std::int64_t Dataset::size(SourceLocation where) const {
  check(inputs.defined() && targets.defined(), where, "Dataset: inputs and targets must be defined");
  check(inputs.ndim() > 0 && targets.ndim() > 0 && inputs.shape()[0] == targets.shape()[0], where,
        "Dataset: inputs and targets must have the same number of points along their first axis, but are ",
        inputs.shape(), " and ", targets.shape());
  return inputs.shape()[0];
}

Dataset separate_target(const Tensor& values, TargetOptions options, SourceLocation where) {
  check(values.defined() && values.ndim() == 2, where, "separate_target: values must be a table [n, columns]",
        values.defined() ? concat(", but are ", values.shape()) : ", but are undefined");
  CallSite site(where);
  const auto columns = values.shape()[1];
  const int column = normalize_axis("separate_target: column", options.column, static_cast<int>(columns), where);
  const Tensor target = contiguous(narrow(values, 1, column, 1));
  check(is_floating(options.dtype) || all(equal(target, floor(target))).item<bool>(), where,
        "separate_target: class labels must be integers, but column ", column,
        " has other numbers; for numbers to predict pass {.dtype = DType::float32}");
  return {cat({narrow(values, 1, 0, column), narrow(values, 1, column + 1, columns - column - 1)}, 1),
          cast(reshape(target, {-1}), options.dtype)};
}

Dataset subset(const Dataset& dataset, const Tensor& positions, SourceLocation where) {
  CallSite site(where);
  dataset.size(where);
  return {index_select(dataset.inputs, 0, positions), index_select(dataset.targets, 0, positions)};
}

Split split(const Dataset& dataset, SplitOptions options, SourceLocation where) {
  check(options.test_fraction > 0 && options.test_fraction < 1, where,
        "split: test_fraction must be above 0 and below 1, but is ", options.test_fraction);
  const std::int64_t size = dataset.size(where);
  const auto test_size = static_cast<std::int64_t>(std::ceil(static_cast<double>(size) * options.test_fraction));
  check(test_size > 0 && test_size < size, where, "split: both parts need a point, but of ", size, ' ', test_size,
        " would be test data");
  CallSite site(where);

  std::vector<std::int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  if (options.shuffle) {
    Generator generator(options.seed);
    order = permutation(size, generator).to_vector<std::int64_t>();
  }

  if (options.stratify) {
    check(dataset.targets.dtype() == DType::int64 && dataset.targets.ndim() == 1, where,
          "split: to stratify, targets must be class labels, int64 [n], but are ", dataset.targets.dtype(), ' ',
          dataset.targets.shape());
    const auto labels = dataset.targets.to_vector<std::int64_t>();
    auto test_left = test_counts(labels, test_size);
    // From the back, so that without shuffling each class gives its last points.
    std::vector<bool> is_test(size);
    for (std::int64_t i = size - 1; i >= 0; --i) is_test[order[i]] = test_left[labels[order[i]]]-- > 0;
    std::stable_partition(order.begin(), order.end(), [&](std::int64_t i) { return !is_test[i]; });
  }

  const Tensor positions = from_vector(order);
  return {subset(dataset, narrow(positions, 0, 0, size - test_size), where),
          subset(dataset, narrow(positions, 0, size - test_size, test_size), where)};
}

}  // namespace xgrad::data
