#include <xgrad/train/running_mean.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <xgrad/autograd/ops/create.hpp>
#include "../catch.hpp"
#include "../support.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using train::RunningMean;

TEST_CASE("a running mean weighs each batch by its points", "[train]") {
  RunningMean mean;
  mean.add(1.0, 32);
  mean.add(tensor({4.0}), 16);
  CHECK(mean.mean() == (32 + 64) / 48.0);
  CHECK(mean.weight() == 48);
  CHECK(mean.count() == 2);
  RunningMean other;
  other.add(7, 48);
  mean.add(other);
  CHECK(mean.mean() == 4.5);
  mean.reset();
  CHECK(mean.empty());
  mean.add(3);
  CHECK(mean.mean() == 3);
}

TEST_CASE("a running mean keeps the digits of many small terms", "[train]") {
  RunningMean mean;
  mean.add(1e16);
  for (int i = 0; i < 1000; ++i) mean.add(1.0);
  mean.add(-1e16);
  CHECK(mean.mean() == 1000.0 / 1002);
}

TEST_CASE("what a running mean says of nan, infinity and nothing", "[train]") {
  RunningMean mean;
  CHECK_THROWS_AS(mean.mean(), std::logic_error);
  mean.add(std::nan(""), 0);  // an empty batch
  CHECK_THROWS_WITH(mean.mean(), Contains("a value must have been added before there is a mean, but none was."));
  mean.add(2, 1);
  CHECK(mean.mean() == 2);
  mean.add(std::numeric_limits<double>::infinity());
  CHECK(std::isinf(mean.mean()));
  mean.add(std::nan(""));
  CHECK(std::isnan(mean.mean()));
  CHECK_THROWS_WITH(mean.add(1, -2), Contains("a weight must be finite and at least 0, but it is -2"));
  CHECK_THROWS_WITH(mean.add(tensor({1., 2.})), Contains("a value must be one number, but it is of shape [2]."));
  CHECK_THROWS_WITH(mean.add(Tensor()), Contains("but it is undefined."));
}
