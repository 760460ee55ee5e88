#include "folds.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <new>
#include <numeric>

#include "../autograd/base/allocator.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/random.hpp"
#include "detail/points.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

/// More have no list, whatever the memory.
constexpr std::int64_t kMostPoints =
    std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(sizeof(std::int64_t));

void check_folds(const char* operation, std::int64_t folds, std::int64_t most, const char* of_what,
                 SourceLocation where) {
  check(folds >= 2 && folds <= most, where, std::string_view(operation), ": folds must be at least 2 and at most the ",
        most, ' ', std::string_view(of_what), ", but they are ", folds, '.');
}

/// The folds where fold_of[i] is the one that validates on point i.
std::vector<FoldPositions> folds_of(const std::vector<std::int64_t>& fold_of, std::int64_t folds) {
  std::vector<FoldPositions> result;
  for (std::int64_t fold = 0; fold < folds; ++fold) {
    std::vector<std::int64_t> train, validation;
    for (std::size_t i = 0; i < fold_of.size(); ++i)
      (fold_of[i] == fold ? validation : train).push_back(static_cast<std::int64_t>(i));
    result.push_back({from_vector(train), from_vector(validation)});
  }
  return result;
}

void shuffle(std::vector<std::int64_t>& values, Generator& generator) {
  const std::vector<std::int64_t> order =
      permutation(static_cast<std::int64_t>(values.size()), generator).to_vector<std::int64_t>();
  std::vector<std::int64_t> shuffled;
  for (std::int64_t i : order) shuffled.push_back(values[i]);
  values = std::move(shuffled);
}

/// How many points each fold validates on, of `points`.
std::vector<std::int64_t> in_turn(std::int64_t points, std::int64_t folds) {
  std::vector<std::int64_t> fold_of;
  for (std::int64_t fold = 0; fold < folds; ++fold)
    fold_of.insert(fold_of.end(), static_cast<std::size_t>(points / folds + (fold < points % folds ? 1 : 0)), fold);
  return fold_of;
}

std::vector<std::int64_t> list_of(const char* operation, const char* what, const Tensor& labels, SourceLocation where) {
  check(
      labels.defined() && labels.ndim() == 1, where, std::string_view(operation), ": ", std::string_view(what),
      " must be [n], but they are ",
      [&] { return labels.defined() ? to_string(labels.shape()) : std::string("undefined"); }, '.');
  return detail::labels_of(operation, what, labels, where);
}

}  // namespace

std::vector<FoldPositions> k_fold(std::int64_t points, FoldOptions options, SourceLocation where) {
  check_folds("k_fold", options.folds, points, "points", where);
  auto out_of_memory = [&](std::int64_t bytes) {
    return internal::OutOfMemory("k_fold", concat("the folds of ", points, " points"), static_cast<std::size_t>(bytes),
                                 where);
  };
  if (points > kMostPoints) throw out_of_memory(0);
  try {
    std::vector<std::int64_t> fold_of = in_turn(points, options.folds);
    if (options.shuffle) {
      Generator generator(options.seed);
      shuffle(fold_of, generator);
    }
    return folds_of(fold_of, options.folds);
  } catch (const std::bad_alloc&) {
    throw out_of_memory(points * static_cast<std::int64_t>(sizeof(std::int64_t)));
  }
}

std::vector<FoldPositions> stratified_k_fold(const Tensor& classes, FoldOptions options, SourceLocation where) {
  const std::vector<std::int64_t> labels = list_of("stratified_k_fold", "classes", classes, where);
  check_folds("stratified_k_fold", options.folds, static_cast<std::int64_t>(labels.size()), "points", where);
  // Classes by their first point, for their names should not matter.
  std::map<std::int64_t, std::int64_t> numbers;
  std::vector<std::vector<std::int64_t>> members;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto [at, is_new] = numbers.emplace(labels[i], static_cast<std::int64_t>(members.size()));
    if (is_new) members.emplace_back();
    members[at->second].push_back(static_cast<std::int64_t>(i));
  }
  std::int64_t largest = 0;
  for (const auto& each : members) largest = std::max(largest, static_cast<std::int64_t>(each.size()));
  check_folds("stratified_k_fold", options.folds, largest, "points of the largest class", where);

  // The points in the order of their classes, dealt out to the folds one after the other: so the folds' sizes differ by
  // one at most, too.
  Generator generator(options.seed);
  std::vector<std::int64_t> fold_of(labels.size());
  std::int64_t next = 0;
  for (const auto& points : members) {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(options.folds));
    for (std::size_t i = 0; i < points.size(); ++i) ++counts[next++ % options.folds];
    std::vector<std::int64_t> folds;
    for (std::int64_t fold = 0; fold < options.folds; ++fold)
      folds.insert(folds.end(), static_cast<std::size_t>(counts[fold]), fold);
    if (options.shuffle) shuffle(folds, generator);
    for (std::size_t i = 0; i < points.size(); ++i) fold_of[points[i]] = folds[i];
  }
  return folds_of(fold_of, options.folds);
}

std::vector<FoldPositions> group_k_fold(const Tensor& groups, FoldOptions options, SourceLocation where) {
  const std::vector<std::int64_t> labels = list_of("group_k_fold", "groups", groups, where);
  std::map<std::int64_t, std::int64_t> sizes;
  for (std::int64_t label : labels) ++sizes[label];
  check_folds("group_k_fold", options.folds, static_cast<std::int64_t>(sizes.size()), "groups", where);
  std::vector<std::int64_t> order;
  for (const auto& [label, size] : sizes) order.push_back(label);
  if (options.shuffle) {
    Generator generator(options.seed);
    shuffle(order, generator);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return sizes[a] > sizes[b]; });
  std::vector<std::int64_t> points(static_cast<std::size_t>(options.folds));
  std::map<std::int64_t, std::int64_t> fold_of_group;
  for (std::int64_t label : order) {
    const auto lightest = std::min_element(points.begin(), points.end());
    fold_of_group[label] = lightest - points.begin();
    *lightest += sizes[label];
  }
  std::vector<std::int64_t> fold_of;
  for (std::int64_t label : labels) fold_of.push_back(fold_of_group[label]);
  return folds_of(fold_of, options.folds);
}

data::Split take(const data::Dataset& dataset, const FoldPositions& fold, SourceLocation where) {
  return {data::subset(dataset, fold.train, where), data::subset(dataset, fold.validation, where)};
}

}  // namespace train
}  // namespace xgrad
