#include <xgrad/train/folds.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using train::FoldPositions;

namespace {

using Positions = std::vector<std::int64_t>;

Positions list(const Tensor& positions) { return positions.to_vector<std::int64_t>(); }

/// Each point is validation data once, and training data in all other folds.
void check_cover(const std::vector<FoldPositions>& folds, std::int64_t points) {
  std::vector<int> seen(static_cast<std::size_t>(points));
  for (const FoldPositions& fold : folds) {
    CHECK(fold.train.dtype() == DType::int64);
    CHECK(fold.train.size(0) + fold.validation.size(0) == points);
    std::set<std::int64_t> both;
    for (std::int64_t i : list(fold.validation)) {
      ++seen[static_cast<std::size_t>(i)];
      both.insert(i);
    }
    for (std::int64_t i : list(fold.train)) both.insert(i);
    CHECK(static_cast<std::int64_t>(both.size()) == points);
    CHECK(std::is_sorted(both.begin(), both.end()));
  }
  CHECK(std::all_of(seen.begin(), seen.end(), [](int count) { return count == 1; }));
}

}  // namespace

TEST_CASE("folds in order and shuffled", "[train][folds]") {
  const auto folds = train::k_fold(7, {.folds = 3});
  CHECK(list(folds[0].validation) == Positions{0, 1, 2});
  CHECK(list(folds[1].validation) == Positions{3, 4});
  CHECK(list(folds[2].train) == Positions{0, 1, 2, 3, 4});
  check_cover(folds, 7);
  const auto shuffled = train::k_fold(50, {.shuffle = true, .seed = 1}),
             again = train::k_fold(50, {.shuffle = true, .seed = 1});
  check_cover(shuffled, 50);
  for (int i = 0; i < 5; ++i) {
    CHECK(shuffled[i].validation.size(0) == 10);
    CHECK(list(shuffled[i].validation) == list(again[i].validation));
  }
  CHECK(list(shuffled[0].validation) != list(train::k_fold(50, {.shuffle = true, .seed = 2})[0].validation));
  check_cover(train::k_fold(2, {.folds = 2}), 2);
  CHECK_THROWS_WITH(train::k_fold(3, {.folds = 4}),
                    Contains("folds must be at least 2 and at most the 3 points, but they are 4."));
  CHECK_THROWS_AS(train::k_fold(3, {.folds = 1}), std::invalid_argument);
  CHECK_THROWS_AS(train::k_fold(0), std::invalid_argument);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // whose operator new ends the program
  const std::vector<int> powers = {60, 62};
#else
  const std::vector<int> powers = {50, 59, 60, 62};
#endif
  for (int power : powers)
    CHECK_THROWS_WITH(train::k_fold(std::int64_t{1} << power),
                      Contains("k_fold: there must be memory for the folds of ") && Contains(" points, but") &&
                          Contains("folds.cpp:"));
}

TEST_CASE("stratified folds share out each class", "[train][folds]") {
  const auto small = train::stratified_k_fold(tensor({0, 0, 1, 1}), {.folds = 2});
  CHECK(list(small[0].validation) == Positions{0, 2});
  CHECK(list(small[1].validation) == Positions{1, 3});
  Generator generator(3);
  const Tensor classes = randint(0, 4, {101}, generator) * 7 - 3;
  for (bool shuffle : {false, true}) {
    const auto folds = train::stratified_k_fold(classes, {.folds = 5, .shuffle = shuffle, .seed = 9});
    check_cover(folds, 101);
    std::map<std::int64_t, std::vector<std::int64_t>> counts;
    const Positions labels = list(classes);
    for (std::size_t f = 0; f < folds.size(); ++f) {
      CHECK((folds[f].validation.size(0) == 20 || folds[f].validation.size(0) == 21));
      for (auto& [label, by_fold] : counts) by_fold.resize(f + 1);
      for (std::int64_t i : list(folds[f].validation)) {
        counts[labels[i]].resize(f + 1);
        ++counts[labels[i]][f];
      }
    }
    CHECK(counts.size() == 4);
    for (auto& [label, by_fold] : counts) {
      by_fold.resize(folds.size());
      const auto [least, most] = std::minmax_element(by_fold.begin(), by_fold.end());
      CHECK(*most - *least <= 1);
    }
  }
  check_cover(train::stratified_k_fold(tensor({0, 0, 0, 1, 1}) == 1, {.folds = 3}),
              5);  // a class with fewer points than folds
  CHECK_THROWS_WITH(train::stratified_k_fold(tensor({0, 1, 2, 3}), {.folds = 2}),
                    Contains("at most the 1 points of the largest class, but they are 2."));
  CHECK_THROWS_WITH(train::stratified_k_fold(tensor({0., 1.}), {.folds = 2}), Contains("classes must be class labels"));
  CHECK_THROWS_WITH(train::stratified_k_fold(zeros({2, 2}, {.dtype = DType::int64})),
                    Contains("classes must be [n], but they are [2, 2]."));
}

TEST_CASE("no group is in training and validation data", "[train][folds]") {
  const Tensor groups = tensor({1, 1, 1, 1, 5, 5, 9, 9, 2, 3, 3, 3});
  for (bool shuffle : {false, true}) {
    const auto folds = train::group_k_fold(groups, {.folds = 3, .shuffle = shuffle, .seed = 4});
    check_cover(folds, 12);
    for (const FoldPositions& fold : folds) {
      CHECK(fold.validation.size(0) == 4);  // 4, 3 + 1, 2 + 2
      std::set<std::int64_t> learned;
      for (std::int64_t i : list(fold.train)) learned.insert(list(groups)[i]);
      for (std::int64_t i : list(fold.validation)) CHECK(learned.count(list(groups)[i]) == 0);
    }
  }
  CHECK_THROWS_WITH(train::group_k_fold(tensor({1, 1, 2}), {.folds = 3}),
                    Contains("at most the 2 groups, but they are 3."));
}

TEST_CASE("the data of a fold", "[train][folds]") {
  const data::Dataset dataset{reshape(arange(8), {4, 2}), arange(4)};
  const auto [train, validation] = train::take(dataset, train::k_fold(4, {.folds = 4})[1]);
  CHECK(list(train.targets) == Positions{0, 2, 3});
  CHECK(list(validation.inputs) == Positions{2, 3});
}
