#include <xgrad/data/batches.hpp>

#include <algorithm>
#include <set>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::batches;
using data::BatchOptions;
using data::Dataset;

namespace {

/// Point i is i, and its target 10 i.
Dataset counted(std::int64_t size) {
  Tensor points = reshape(arange(0, static_cast<double>(size), 1, {.dtype = DType::float32}), {size, 1});
  return {points, cast(reshape(points * 10, {size}), DType::int64)};
}

/// The points of each batch, in one pass. Checks that the targets are those of the points.
std::vector<std::vector<std::int64_t>> pass(const data::Batches& range) {
  std::vector<std::vector<std::int64_t>> passed;
  for (auto [x, y] : range) {
    passed.push_back(x.to_vector<std::int64_t>());
    for (std::int64_t i = 0; i < x.shape()[0]; ++i) CHECK(10 * passed.back()[i] == y[i].item<std::int64_t>());
  }
  return passed;
}

std::vector<std::int64_t> joined(const std::vector<std::vector<std::int64_t>>& lists) {
  std::vector<std::int64_t> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

}  // namespace

TEST_CASE("batches in order are views", "[data][batches]") {
  Dataset dataset = counted(7);
  CHECK(pass(batches(dataset, {.size = 3})) == std::vector<std::vector<std::int64_t>>{{0, 1, 2}, {3, 4, 5}, {6}});
  const float* first = dataset.inputs.data<float>();
  for (auto [x, y] : batches(dataset, {.size = 3})) {
    CHECK(x.data<float>() == first);
    first += x.numel();
  }
}

TEST_CASE("a smaller last batch can be dropped", "[data][batches]") {
  CHECK(pass(batches(counted(7), {.size = 3, .drop_last = true})).size() == 2);
  CHECK(pass(batches(counted(6), {.size = 3, .drop_last = true})).size() == 2);
  CHECK(batches(counted(7), {.size = 3, .drop_last = true}).count() == 2);
  CHECK(batches(counted(7), {.size = 3}).count() == 3);
}

TEST_CASE("size 0, and sizes of n and above, give all data in one batch", "[data][batches]") {
  for (std::int64_t size : {0, 7, 100}) {
    for (bool drop_last : {false, true}) {
      auto passed = pass(batches(counted(7), {.size = size, .shuffle = true, .drop_last = drop_last}));
      REQUIRE(passed.size() == 1);
      CHECK(passed[0] == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6});
    }
  }
}

TEST_CASE("size 1 gives single points", "[data][batches]") {
  CHECK(pass(batches(counted(3), {.size = 1})) == std::vector<std::vector<std::int64_t>>{{0}, {1}, {2}});
}

TEST_CASE("shuffled batches have every point once, in a new order each pass", "[data][batches]") {
  Generator generator(3);
  data::Batches range = batches(counted(50), {.size = 8, .shuffle = true, .generator = &generator});
  std::vector<std::int64_t> first = joined(pass(range)), second = joined(pass(range));
  CHECK(first != second);
  for (std::vector<std::int64_t>* order : {&first, &second}) {
    CHECK_FALSE(std::is_sorted(order->begin(), order->end()));
    std::sort(order->begin(), order->end());
    for (int i = 0; i < 50; ++i) CHECK((*order)[i] == i);
  }
}

TEST_CASE("the generator makes the orders", "[data][batches]") {
  auto two_passes = [](std::uint64_t seed) {
    manual_seed(seed);
    std::vector<std::int64_t> points;
    for (int epoch = 0; epoch < 2; ++epoch)
      for (std::int64_t point : joined(pass(batches(counted(20), {.size = 4, .shuffle = true}))))
        points.push_back(point);
    return points;
  };
  CHECK(two_passes(5) == two_passes(5));
  CHECK(two_passes(5) != two_passes(6));
}

TEST_CASE("dropping the last of shuffled batches drops other points each time", "[data][batches]") {
  Generator generator(0);
  data::Batches range = batches(counted(10), {.size = 4, .shuffle = true, .drop_last = true, .generator = &generator});
  std::set<std::vector<std::int64_t>> passes;
  for (int i = 0; i < 3; ++i) {
    auto points = joined(pass(range));
    CHECK(points.size() == 8);
    std::sort(points.begin(), points.end());
    passes.insert(points);
  }
  CHECK(passes.size() > 1);
}

TEST_CASE("a range outlives the handles it was made from", "[data][batches]") {
  auto make = [] { return batches(counted(4), {.size = 2}); };
  CHECK(joined(pass(make())) == std::vector<std::int64_t>{0, 1, 2, 3});
}

TEST_CASE("an empty data set has no batches", "[data][batches]") {
  for (std::int64_t size : {0, 4}) CHECK(pass(batches(counted(0), {.size = size, .shuffle = true})).empty());
}

TEST_CASE("batches that cannot be", "[data][batches]") {
  CHECK_THROWS_WITH(batches(counted(3), {.size = -2}), Contains("size must be at least 0") && Contains("-2"));
  CHECK_THROWS_WITH(batches({zeros({3, 1}), zeros({2})}), Contains("[3, 1] and [2]"));
}

TEST_CASE("a position goes on with the batch that would have come next", "[data][batches]") {
  const Dataset dataset = counted(10);
  for (bool shuffle : {false, true})
    for (bool drop_last : {false, true}) {
      const BatchOptions options{.size = 3, .shuffle = shuffle, .drop_last = drop_last};
      // Three passes without a break; then the same after a break behind each batch.
      auto run = [&](int break_after, data::BatchPosition& position, Generator& generator) {
        BatchOptions own = options;
        own.position = &position;
        own.generator = &generator;
        std::vector<std::vector<std::int64_t>> seen;
        while (position.passes < 3) {
          bool stopped = false;
          for (auto [x, y] : batches(dataset, own)) {
            seen.push_back(x.to_vector<std::int64_t>());
            if (static_cast<int>(seen.size()) == break_after) {
              stopped = true;
              break;
            }
          }
          if (stopped) break;
        }
        return seen;
      };
      data::BatchPosition whole_position;
      Generator whole_generator(5);
      const auto whole = run(-1, whole_position, whole_generator);
      CHECK(whole.size() == (drop_last ? 9U : 12U));
      CHECK(whole_position.passes == 3);
      CHECK(whole_position.points == 0);
      CHECK_FALSE(whole_position.order.defined());
      for (int at = 1; at <= static_cast<int>(whole.size()); ++at) {
        data::BatchPosition position;
        Generator generator(5);
        auto seen = run(at, position, generator);
        data::BatchPosition kept = position;  // as a checkpoint would
        if (kept.order.defined()) kept.order = copy(kept.order);
        const auto rest = run(-1, kept, generator);
        seen.insert(seen.end(), rest.begin(), rest.end());
        CHECK(seen == whole);
      }
    }
}

TEST_CASE("a position of another data set is refused", "[data][batches]") {
  data::BatchPosition position;
  for (auto [x, y] : batches(counted(10), {.size = 3, .shuffle = true, .position = &position})) break;
  CHECK(position.points == 3);
  CHECK_THROWS_WITH(
      batches(counted(9), {.size = 3, .shuffle = true, .position = &position}).begin(),
      Contains("batches: the position must be one of this data set and these options, but it is after 3 of 9 "
               "points, in an order of int64 [10]. at batches.cpp:"));
  CHECK_THROWS_AS(batches(counted(10), {.size = 3, .position = &position}).begin(), std::invalid_argument);
  CHECK_THROWS_AS(batches(counted(10), {.size = 4, .shuffle = true, .position = &position}).begin(),
                  std::invalid_argument);
  position.points = -3;
  CHECK_THROWS_AS(batches(counted(10), {.size = 3, .shuffle = true, .position = &position}).begin(),
                  std::invalid_argument);
  position = {.points = 3};
  CHECK_THROWS_AS(batches(counted(0), {.size = 3, .position = &position}).begin(), std::invalid_argument);
  // An empty data set has no passes that could end.
  position = {};
  for (auto [x, y] : batches(counted(0), {.size = 3, .position = &position})) FAIL();
  CHECK(position.passes == 0);
}
