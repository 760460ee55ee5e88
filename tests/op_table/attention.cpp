#include <cmath>
#include <limits>
#include <optional>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/attention.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// What is added to a score.
using Mask = Function<double(std::int64_t query, std::int64_t key)>;

constexpr double kNever = -std::numeric_limits<double>::infinity();

/// The weights of one query, 0 where it attends to nothing.
std::vector<double> weights_of(const Elements& q, const Elements& k, const Place& at, std::int64_t size,
                               std::int64_t keys, const Mask& mask, std::optional<double> scale = {}) {
  std::vector<double> scores;
  for (std::int64_t j = 0; j < keys; ++j) {
    Place query = at, key = at;
    query.back() = at[at.size() - 2];
    query.push_back(0);
    query.erase(query.end() - 2);
    query[query.size() - 2] = at[at.size() - 2];
    key[key.size() - 2] = j;
    double score = 0;
    for (std::int64_t e = 0; e < size; ++e) {
      query.back() = key.back() = e;
      score += q(query) * k(key);
    }
    scores.push_back(score * scale.value_or(1 / std::sqrt(static_cast<double>(size))) + mask(at[at.size() - 2], j));
  }
  double total = 0;
  for (double score : scores) total += std::exp(score);
  for (double& score : scores) score = total > 0 ? std::exp(score) / total : 0;
  return scores;
}

TensorFunction attention(Mask mask, std::optional<double> scale = {}) {
  return [=](std::span<const Tensor> x) {
    Elements q(x[0]), k(x[1]), v(x[2]);
    Shape shape = x[0].shape();
    shape[-1] = x[2].size(-1);
    return by_place(shape, [&](const Place& at) {
      const std::vector<double> weights = weights_of(q, k, at, x[0].size(-1), x[1].size(-2), mask, scale);
      double total = 0;
      Place value = at;
      for (std::size_t j = 0; j < weights.size(); ++j) {
        value[value.size() - 2] = static_cast<std::int64_t>(j);
        total += weights[j] * v(value);
      }
      return total;
    });
  };
}

Rows rows() {
  const OperatorInput any = {.low = -1, .high = 1};
  const std::vector<std::vector<Shape>> shapes = {
      {{3, 4}, {5, 4}, {5, 2}}, {{2, 3, 4}, {2, 3, 4}, {2, 3, 1}}, {{2, 1, 3, 2}, {2, 1, 2, 2}, {2, 1, 2, 3}}};
  const Mask none = [](std::int64_t, std::int64_t) { return 0.0; };
  const Mask causal = [](std::int64_t i, std::int64_t j) { return j <= i ? 0 : kNever; };
  // Query 1 attends to nothing.
  auto pattern = [](const Tensor& q, const Tensor& k) {
    Tensor row = unsqueeze(arange(q.size(-2)), 1);
    return logical_and(row != 1, (row + arange(k.size(-2))) / 2 * 2 != 3);
  };
  const Mask as_pattern = [](std::int64_t i, std::int64_t j) {
    return i != 1 && static_cast<double>(i + j) / 2 * 2 != 3 ? 0 : kNever;
  };
  return {
      {.name = "scaled_dot_product_attention",
       .function = [](const Tensor& q, const Tensor& k,
                      const Tensor& v) { return scaled_dot_product_attention(q, k, v); },
       .inputs = {any, any, any},
       .shapes = shapes,
       .large = {{{9, 70, 33}, {9, 70, 33}, {9, 70, 17}}},
       .expected = attention(none),
       .refused = {[](const Tensor& q, const Tensor& k, const Tensor& v) {
                     return scaled_dot_product_attention(q, k, v, {.mask = ones({7, 7}, {.dtype = DType::boolean})});
                   },
                   [](const Tensor& q, const Tensor& k, const Tensor& v) {
                     return scaled_dot_product_attention(q, k, v, {.mask = ones({3, 5}, {.dtype = DType::int64})});
                   },
                   [](const Tensor& q, const Tensor& k, const Tensor& v) {
                     return scaled_dot_product_attention(q, k, v, {.dropout = 2});
                   }}},
      {.name = "scaled_dot_product_attention(causal)",
       .function = [](const Tensor& q, const Tensor& k,
                      const Tensor& v) { return scaled_dot_product_attention(q, k, v, {.causal = true}); },
       .inputs = {any, any, any},
       .shapes = shapes,
       .expected = attention(causal),
       .propagates_nan = false},
      {.name = "scaled_dot_product_attention(mask)",
       .function =
           [pattern](const Tensor& q, const Tensor& k, const Tensor& v) {
             if (!q.defined() || !k.defined() || q.ndim() < 2 || k.ndim() < 2)
               return scaled_dot_product_attention(q, k, v);
             return scaled_dot_product_attention(q, k, v, {.mask = pattern(q, k)});
           },
       .inputs = {any, any, any},
       .shapes = shapes,
       .expected = attention(as_pattern),
       .propagates_nan = false},
      {.name = "scaled_dot_product_attention(added mask)",
       .function = [](const Tensor& q, const Tensor& k, const Tensor& v,
                      const Tensor& mask) { return scaled_dot_product_attention(q, k, v, {.mask = mask}); },
       .inputs = {any, any, any, any},
       .shapes = {{{3, 4}, {5, 4}, {5, 2}, {3, 5}}, {{2, 3, 4}, {2, 5, 4}, {2, 5, 2}, {3, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             return attention([mask = Elements(x[3])](std::int64_t i, std::int64_t j) {
               return mask({i, j});
             })(x.subspan(0, 3));
           }},
      {.name = "scaled_dot_product_attention(scale)",
       .function = [](const Tensor& q, const Tensor& k,
                      const Tensor& v) { return scaled_dot_product_attention(q, k, v, {.scale = 0.8}); },
       .inputs = {any, any, any},
       .shapes = shapes,
       .large = {{{9, 70, 33}, {9, 70, 33}, {9, 70, 17}}},
       .expected = attention(none, 0.8)},
      {.name = "scaled_dot_product_attention(causal, mask, scale)",
       .function =
           [](const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask) {
             return scaled_dot_product_attention(q, k, v, {.mask = mask, .causal = true, .scale = -1.5});
           },
       .inputs = {any, any, any, any},
       .shapes = {{{3, 4}, {5, 4}, {5, 2}, {3, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             return attention(
                 [mask = Elements(x[3])](std::int64_t i, std::int64_t j) {
                   return j <= i ? mask({i, j}) : kNever;
                 },
                 -1.5)(x.subspan(0, 3));
           },
       .propagates_nan = false},
      {.name = "attention_weights",
       .function = [](const Tensor& q, const Tensor& k) { return attention_weights(q, k, {.causal = true}); },
       .inputs = {any, any},
       .shapes = {{{3, 4}, {5, 4}}, {{2, 3, 4}, {2, 3, 4}}},
       .expected =
           [causal](std::span<const Tensor> x) {
             Elements q(x[0]), k(x[1]);
             Shape shape = x[0].shape();
             shape[-1] = x[1].size(-2);
             return by_place(shape, [&](const Place& at) {
               return weights_of(q, k, at, x[0].size(-1), x[1].size(-2), causal)[static_cast<std::size_t>(at.back())];
             });
           },
       .refused = {[](const Tensor& q, const Tensor& k) { return attention_weights(q, sum(k, 0)); }},
       .propagates_nan = false},
      {.name = "attention_weights(mask, scale)",
       .function = [](const Tensor& q, const Tensor& k,
                      const Tensor& mask) { return attention_weights(q, k, {.mask = mask, .scale = 0.8}); },
       .inputs = {any, any, any},
       .shapes = {{{3, 4}, {5, 4}, {3, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements q(x[0]), k(x[1]), added(x[2]);
             const Mask mask = [&](std::int64_t i, std::int64_t j) { return added({i, j}); };
             return by_place({3, 5}, [&](const Place& at) {
               return weights_of(q, k, at, 4, 5, mask, 0.8)[static_cast<std::size_t>(at[1])];
             });
           }},
  };
}

const Family kFamily("attention", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Attention keeps its contract", "[op_table]") { xgrad::testing::expect_family_holds("attention"); }
