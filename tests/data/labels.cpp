#include <xgrad/data/labels.hpp>

#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::encode_labels;

TEST_CASE("strings become labels in ascending order", "[data][labels]") {
  auto [indices, classes] = encode_labels({"setosa", "virginica", "setosa", "ant"});
  CHECK(indices.dtype() == DType::int64);
  CHECK(indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 2, 1, 0});
  CHECK(classes == std::vector<std::string>{"ant", "setosa", "virginica"});
}

TEST_CASE("integers of any value become labels", "[data][labels]") {
  auto [indices, classes] = encode_labels(tensor({30, -7, 1000000007, 30}));
  CHECK(indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 0, 2, 1});
  CHECK(classes == std::vector<std::int64_t>{-7, 30, 1000000007});
}

TEST_CASE("given classes keep their order", "[data][labels]") {
  std::vector<std::string> classes = {"no", "yes", "maybe"};
  auto labels = encode_labels({"maybe", "no"}, classes);
  CHECK(labels.indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 0});
  CHECK(labels.classes == classes);
  CHECK_THROWS_WITH(encode_labels({"no", "never"}, classes),
                    Contains("each label must be among the 3 classes, but 'never' of point 1 is not."));
  CHECK_THROWS_WITH(encode_labels({"no"}, {"no", "no"}), Contains("'no' is named twice"));
  CHECK_THROWS_WITH(encode_labels(tensor({4}), {1, 2}), Contains("but '4' of point 0 is not."));
}

TEST_CASE("no labels, no classes", "[data][labels]") {
  auto labels = encode_labels(std::vector<std::string>{});
  CHECK(labels.indices.shape() == Shape{0});
  CHECK(labels.classes.empty());
}

TEST_CASE("labels must be int64 [n]", "[data][labels]") {
  CHECK_THROWS_WITH(encode_labels(zeros({3})), Contains("but they are float32 [3]."));
  CHECK_THROWS_AS(encode_labels(Tensor()), std::invalid_argument);
}

TEST_CASE("one-hot targets are floating", "[data][labels]") {
  Tensor targets = data::one_hot(tensor({2, 0}), 3);
  CHECK(targets.dtype() == DType::float32);
  CHECK(targets.shape() == Shape{2, 3});
  CHECK(targets.to_vector<double>() == std::vector<double>{0, 0, 1, 1, 0, 0});
  CHECK(data::one_hot(tensor({1}), -1, DType::float64).shape() == Shape{1, 2});
  CHECK_THROWS_AS(data::one_hot(tensor({3}), 3), std::out_of_range);
}
