#include <xgrad/data/dataset.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::Dataset;

namespace {

/// Point i has the inputs (i, -i) and the target i % 3.
Dataset counted(std::int64_t size) {
  std::vector<float> inputs;
  std::vector<std::int64_t> targets;
  for (std::int64_t i = 0; i < size; ++i) {
    inputs.push_back(static_cast<float>(i));
    inputs.push_back(static_cast<float>(-i));
    targets.push_back(i % 3);
  }
  return {from_vector(inputs, {size, 2}), from_vector(targets)};
}

std::vector<std::int64_t> points_of(const Dataset& dataset) {
  return dataset.inputs[{slice(), 0}].to_vector<std::int64_t>();
}

std::map<std::int64_t, int> class_sizes(const Dataset& dataset) {
  std::map<std::int64_t, int> sizes;
  for (std::int64_t label : dataset.targets.to_vector<std::int64_t>()) ++sizes[label];
  return sizes;
}

}  // namespace

TEST_CASE("the size of a data set", "[data][dataset]") {
  CHECK(counted(5).size() == 5);
  CHECK_THROWS_WITH((Dataset{zeros({3, 2}), zeros({4})}.size()), Contains("[3, 2] and [4]"));
  CHECK_THROWS_AS(Dataset{}.size(), std::invalid_argument);
  CHECK_THROWS_AS((Dataset{zeros({}), zeros({})}.size()), std::invalid_argument);
}

TEST_CASE("a column of a table as target", "[data][dataset]") {
  Tensor values = tensor({{1., 2., 0.}, {3., 4., 1.}});
  Dataset last = data::separate_target(values);
  CHECK(last.targets.dtype() == DType::int64);
  CHECK(last.targets.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1});
  CHECK(last.inputs.to_vector<double>() == std::vector<double>{1, 2, 3, 4});
  CHECK(last.inputs.is_contiguous());

  Dataset middle = data::separate_target(values, {.column = 1, .dtype = DType::float32});
  CHECK(middle.targets.dtype() == DType::float32);
  CHECK(middle.targets.to_vector<double>() == std::vector<double>{2, 4});
  CHECK(middle.inputs.to_vector<double>() == std::vector<double>{1, 0, 3, 1});
}

TEST_CASE("a target column that is not there, or has no labels", "[data][dataset]") {
  CHECK_THROWS_AS(data::separate_target(zeros({2, 3}), {.column = 3}), std::out_of_range);
  CHECK_THROWS_WITH(data::separate_target(tensor({{1., 0.5}})),
                    Contains("class labels must be integers, but in column 1 point 0 has 0.5."));
  CHECK_THROWS_WITH(data::separate_target(zeros({3})), Contains("but they are [3]."));
}

TEST_CASE("a subset by positions", "[data][dataset]") {
  Dataset some = data::subset(counted(6), tensor({5, 0, 5}));
  CHECK(points_of(some) == std::vector<std::int64_t>{5, 0, 5});
  CHECK(some.targets.to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 0, 2});
  CHECK_THROWS_AS(data::subset(counted(6), tensor({6})), std::out_of_range);
  CHECK_THROWS_WITH(data::subset(counted(6), tensor({0, 6})),
                    Contains("subset: positions must be at least 0 and below 6, but one is 6. at dataset.cpp:"));
  CHECK_THROWS_WITH(data::subset(counted(6), tensor({-1, 2})), Contains("but one is -1."));
  CHECK_THROWS_WITH(data::subset(counted(6), tensor({1.})), Contains("must be int64 [m], but they are float32 [1]."));
  CHECK(data::subset(counted(6), zeros({0}, {.dtype = DType::int64})).size() == 0);
}

TEST_CASE("a split has every point once and keeps inputs with their targets", "[data][dataset]") {
  for (bool stratify : {false, true}) {
    auto [train, test] = data::split(counted(30), {.test_fraction = 1.0 / 3, .stratify = stratify, .seed = 7});
    CHECK(train.size() == 20);
    CHECK(test.size() == 10);
    std::vector<std::int64_t> points = points_of(train);
    for (std::int64_t point : points_of(test)) points.push_back(point);
    CHECK_FALSE(std::is_sorted(points.begin(), points.end()));
    std::sort(points.begin(), points.end());
    for (int i = 0; i < 30; ++i) CHECK(points[i] == i);
    std::vector<std::int64_t> test_points = points_of(test), test_labels = test.targets.to_vector<std::int64_t>();
    for (int i = 0; i < 10; ++i) CHECK(test_points[i] % 3 == test_labels[i]);
  }
}

TEST_CASE("the seed makes the split", "[data][dataset]") {
  auto test_points = [](std::uint64_t seed) { return points_of(data::split(counted(50), {.seed = seed}).test); };
  CHECK(test_points(1) == test_points(1));
  CHECK(test_points(1) != test_points(2));
}

TEST_CASE("a stratified split keeps the shares of the classes", "[data][dataset]") {
  std::vector<std::int64_t> labels;
  for (int i = 0; i < 100; ++i) labels.push_back(i < 70 ? 0 : i < 95 ? 1 : 2);
  Dataset dataset{zeros({100, 1}), from_vector(labels)};
  for (std::uint64_t seed : {0, 1, 2}) {
    auto [train, test] = data::split(dataset, {.test_fraction = 0.2, .stratify = true, .seed = seed});
    CHECK(class_sizes(test) == std::map<std::int64_t, int>{{0, 14}, {1, 5}, {2, 1}});
    CHECK(class_sizes(train) == std::map<std::int64_t, int>{{0, 56}, {1, 20}, {2, 4}});
  }
  // 1.4, 1.4 and 0.2 points: rounded so that they add up.
  Dataset small{zeros({15, 1}), tensor({0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2})};
  auto sizes = class_sizes(data::split(small, {.test_fraction = 0.2, .stratify = true}).test);
  CHECK((sizes[0] + sizes[1] == 3 && sizes[0] >= 1 && sizes[1] >= 1));
}

TEST_CASE("a split without shuffling takes the last points", "[data][dataset]") {
  auto [train, test] = data::split(counted(10), {.test_fraction = 0.25, .shuffle = false});
  CHECK(points_of(train) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(points_of(test) == std::vector<std::int64_t>{7, 8, 9});
  auto stratified = data::split(counted(9), {.test_fraction = 1.0 / 3, .shuffle = false, .stratify = true});
  CHECK(points_of(stratified.test) == std::vector<std::int64_t>{6, 7, 8});
}

TEST_CASE("splits that cannot be", "[data][dataset]") {
  CHECK_THROWS_WITH(data::split(counted(10), {.test_fraction = 1.5}), Contains("but it is 1.5."));
  CHECK_THROWS_WITH(data::split(counted(10), {.test_fraction = 0}), Contains("above 0 and below 1, but it is 0."));
  CHECK_THROWS_WITH(data::split(counted(1), {}),
                    Contains("both parts must have a point, but of 1 points 1 would be test data."));
  CHECK_THROWS_WITH(data::split({zeros({4}), zeros({4})}, {.stratify = true}), Contains("but they are float32 [4]."));
}

TEST_CASE("a fraction that is meant to be whole is whole", "[data][dataset]") {
  auto test_size = [](std::int64_t size, double fraction) {
    return data::split(counted(size), {.test_fraction = fraction}).test.size();
  };
  CHECK(test_size(100, 0.07) == 7);
  CHECK(test_size(25, 7.0 / 25) == 7);
  CHECK(test_size(100, 0.071) == 8);
  CHECK(test_size(10, 0.25) == 3);
  CHECK(test_size(1000, 0.001) == 1);
  CHECK(test_size(1000, 0.0001) == 1);
  for (std::int64_t size = 2; size < 200; size += size < 30 ? 1 : 13)
    for (std::int64_t part = 1; part < size; ++part)
      if (test_size(size, static_cast<double>(part) / static_cast<double>(size)) != part)
        FAIL_CHECK(part << " of " << size);
}

TEST_CASE("a split by a number of points", "[data][dataset]") {
  for (bool stratify : {false, true}) {
    auto [train, test] = data::split(counted(30), {.test_points = 7, .stratify = stratify});
    CHECK(train.size() == 23);
    CHECK(test.size() == 7);
  }
  CHECK(points_of(data::split(counted(5), {.test_points = 1, .shuffle = false}).test) == std::vector<std::int64_t>{4});
  CHECK_THROWS_WITH(data::split(counted(5), {.test_points = -1}),
                    Contains("split: test_points must be at least 0, but it is -1. at dataset.cpp:"));
  CHECK_THROWS_WITH(data::split(counted(5), {.test_points = 5}), Contains("but of 5 points 5 would be test data."));
}

TEST_CASE("ties of a stratified split are decided by its seed", "[data][dataset]") {
  std::vector<std::int64_t> labels;
  for (int i = 0; i < 20; ++i) labels.push_back(i / 2);
  Dataset dataset{zeros({20, 1}), from_vector(labels)};
  for (bool shuffle : {true, false}) {
    std::vector<int> times(10);
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      data::SplitOptions options{.test_fraction = 0.25, .shuffle = shuffle, .stratify = true, .seed = seed};
      auto sizes = class_sizes(data::split(dataset, options).test);
      CHECK(sizes.size() == 5);
      CHECK(sizes == class_sizes(data::split(dataset, options).test));
      for (auto [label, size] : sizes) {
        CHECK(size == 1);
        ++times[label];
      }
    }
    for (int count : times) CHECK((count > 60 && count < 140));  // 100 of 200, six deviations of 7
  }
}

TEST_CASE("a stratified split of as many classes as points", "[data][dataset]") {
  constexpr std::int64_t kPoints = 200000;
  Dataset dataset{zeros({kPoints, 1}), arange(kPoints)};
  CHECK(data::split(dataset, {.test_fraction = 0.5, .stratify = true}).test.size() == kPoints / 2);
}

TEST_CASE("labels that the table's dtype cannot tell apart are refused", "[data][dataset]") {
  Tensor table = reshape(tensor({0., 16777217.}), {1, 2});  // float32: the label is 16777216 by now
  CHECK_THROWS_WITH(data::separate_target(table),
                    Contains("separate_target: class labels of float32 must be below 16777216, where it holds every "
                             "integer, but in column 1 point 0 has 16777216. Read the table with {.dtype = "
                             "DType::float64}. at dataset.cpp:"));
  CHECK_THROWS_AS(data::separate_target(reshape(tensor({0., -16777217.}), {1, 2})), std::invalid_argument);
  CHECK(data::separate_target(reshape(tensor({0., 16777215.}), {1, 2})).targets.item<std::int64_t>() == 16777215);
  CHECK(data::separate_target(table, {.dtype = DType::float32}).targets.item() == 16777216);

  Tensor wide = reshape(tensor({0., 16777217.}, {.dtype = DType::float64}), {1, 2});
  CHECK(data::separate_target(wide).targets.item<std::int64_t>() == 16777217);
  CHECK_THROWS_WITH(data::separate_target(reshape(tensor({0., 0x1p53}, {.dtype = DType::float64}), {1, 2})),
                    Contains("must be below 9007199254740992") && Contains("{.dtype = DType::int64}"));
  Tensor whole = reshape(from_vector(std::vector<std::int64_t>{0, 9007199254740993}), {1, 2});
  CHECK(data::separate_target(whole).targets.item<std::int64_t>() == 9007199254740993);
  for (double bad : {std::nan(""), std::numeric_limits<double>::infinity()})
    CHECK_THROWS_WITH(data::separate_target(reshape(tensor({0., bad}), {1, 2})), Contains("must be integers"));
}
