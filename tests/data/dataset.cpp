#include <xgrad/data/dataset.hpp>

#include <algorithm>
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
  CHECK_THROWS_WITH(data::separate_target(tensor({{1., 0.5}})), Contains("class labels must be integers"));
  CHECK_THROWS_WITH(data::separate_target(zeros({3})), Contains("but are [3]"));
}

TEST_CASE("a subset by positions", "[data][dataset]") {
  Dataset some = data::subset(counted(6), tensor({5, 0, 5}));
  CHECK(points_of(some) == std::vector<std::int64_t>{5, 0, 5});
  CHECK(some.targets.to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 0, 2});
  CHECK_THROWS_AS(data::subset(counted(6), tensor({6})), std::out_of_range);
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
  CHECK(class_sizes(data::split(small, {.test_fraction = 0.2, .stratify = true}).test) ==
        std::map<std::int64_t, int>{{0, 2}, {1, 1}});
}

TEST_CASE("a split without shuffling takes the last points", "[data][dataset]") {
  auto [train, test] = data::split(counted(10), {.test_fraction = 0.25, .shuffle = false});
  CHECK(points_of(train) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(points_of(test) == std::vector<std::int64_t>{7, 8, 9});
  auto stratified = data::split(counted(9), {.test_fraction = 1.0 / 3, .shuffle = false, .stratify = true});
  CHECK(points_of(stratified.test) == std::vector<std::int64_t>{6, 7, 8});
}

TEST_CASE("splits that cannot be", "[data][dataset]") {
  CHECK_THROWS_WITH(data::split(counted(10), {.test_fraction = 1.5}), Contains("but is 1.5"));
  CHECK_THROWS_WITH(data::split(counted(10), {.test_fraction = 0}), Contains("above 0 and below 1, but is 0"));
  CHECK_THROWS_WITH(data::split(counted(1), {}), Contains("both parts need a point"));
  CHECK_THROWS_WITH(data::split({zeros({4}), zeros({4})}, {.stratify = true}), Contains("but are float32 [4]"));
}
