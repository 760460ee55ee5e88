#include <cmath>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/similarity.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

Rows rows() {
  const OperatorInput any = {};
  return {
      {.name = "cosine_similarity",
       .function = [](const Tensor& a, const Tensor& b) { return cosine_similarity(a, b, {.axis = -1}); },
       .inputs = {{.low = 0.2}, {.low = 0.2}},
       .shapes = {{{3, 5}, {3, 5}}, {{4}, {4}}, {{2, 3, 2}, {2, 3, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             Shape shape = x[0].shape();
             const std::int64_t length = shape.back();
             shape.erase(shape.ndim() - 1);
             return by_place(shape, [&](Place at) {
               double ab = 0, aa = 0, bb = 0;
               at.push_back(0);
               for (at.back() = 0; at.back() < length; ++at.back()) {
                 ab += a(at) * b(at);
                 aa += a(at) * a(at);
                 bb += b(at) * b(at);
               }
               return ab / std::sqrt(aa * bb);
             });
           },
       .refused = {[](const Tensor& a, const Tensor& b) { return cosine_similarity(a, b, {.axis = 2}); }}},
      {.name = "cosine_similarity(axis)",
       .function = [](const Tensor& a, const Tensor& b) { return cosine_similarity(a, b, {.axis = 0}); },
       .inputs = {{.low = 0.2}, {.low = 0.2}},
       .shapes = {{{3, 3}, {3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             return by_place({x[0].size(1)}, [&](const Place& at) {
               double ab = 0, aa = 0, bb = 0;
               for (std::int64_t k = 0; k < x[0].size(0); ++k) {
                 ab += a({k, at[0]}) * b({k, at[0]});
                 aa += a({k, at[0]}) * a({k, at[0]});
                 bb += b({k, at[0]}) * b({k, at[0]});
               }
               return ab / std::sqrt(aa * bb);
             });
           }},
      {.name = "cosine_similarity(second axis, eps)",
       .function = [](const Tensor& a, const Tensor& b) { return cosine_similarity(a, b, {.eps = 4}); },
       .inputs = {{.low = 0.2, .high = 1}, {.low = 3, .high = 4}},  // a is shorter than eps, b longer
       .shapes = {{{3, 3, 3}, {3, 3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             return by_place({3, 3}, [&](const Place& at) {
               double ab = 0, bb = 0;
               for (std::int64_t k = 0; k < 3; ++k) {
                 ab += a({at[0], k, at[1]}) * b({at[0], k, at[1]});
                 bb += b({at[0], k, at[1]}) * b({at[0], k, at[1]});
               }
               return ab / (4 * std::sqrt(bb));
             });
           }},
      {.name = "pairwise_distance",
       .function = [](const Tensor& a, const Tensor& b) { return pairwise_distance(a, b, {.p = 3, .keepdims = true}); },
       .inputs = {any, any},
       .shapes = {{{3, 5}, {3, 5}}, {{4}, {4}}, {{2, 3, 2}, {2, 3, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             Shape shape = x[0].shape();
             const std::int64_t length = shape.back();
             shape[-1] = 1;
             return by_place(shape, [&](Place at) {
               std::vector<double> differences;
               for (at.back() = 0; at.back() < length; ++at.back()) differences.push_back(a(at) - b(at) + 1e-6);
               return norm_of(differences, 3);
             });
           },
       .refused = {[](const Tensor& a, const Tensor& b) { return pairwise_distance(a, b, {.p = std::nan("")}); },
                   [](const Tensor& a, const Tensor& b) { return pairwise_distance(sum(a), sum(b)); }}},
      {.name = "pairwise_distance(eps)",
       .function = [](const Tensor& a, const Tensor& b) { return pairwise_distance(a, b, {.eps = 0.25}); },
       .inputs = {any, any},
       .shapes = {{{3, 3}, {3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             return by_place({3}, [&](const Place& at) {
               double squares = 0;
               for (std::int64_t k = 0; k < 3; ++k) squares += std::pow(a({at[0], k}) - b({at[0], k}) + 0.25, 2);
               return std::sqrt(squares);
             });
           }},
      {.name = "bilinear",
       .function = [](const Tensor& a, const Tensor& b, const Tensor& w,
                      const Tensor& bias) { return bilinear(a, b, w, bias); },
       .inputs = {any, any, any, any},
       .shapes = {{{4, 2}, {4, 3}, {5, 2, 3}, {5}},
                  {{2}, {3}, {1, 2, 3}, {1}},
                  {{2, 3, 2}, {2, 3, 1}, {4, 2, 1}, {4}},
                  {{0, 2}, {0, 3}, {5, 2, 3}, {5}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]), w(x[2]), bias(x[3]);
             Shape shape = x[0].shape();
             shape[-1] = x[2].size(0);
             return by_place(shape, [&](const Place& at) {
               const std::int64_t k = at.back();
               double total = bias({k});
               Place i = at, j = at;
               for (i.back() = 0; i.back() < x[2].size(1); ++i.back())
                 for (j.back() = 0; j.back() < x[2].size(2); ++j.back())
                   total += a(i) * w({k, i.back(), j.back()}) * b(j);
               return total;
             });
           },
       .refused = {[](const Tensor& a, const Tensor& b, const Tensor& w, const Tensor&) {
         return bilinear(a, b, w, zeros({2}));
       }}},
      {.name = "bilinear(no bias)",
       .function = [](const Tensor& a, const Tensor& b, const Tensor& w) { return bilinear(a, b, w); },
       .inputs = {any, any, any},
       .shapes = {{{3, 2}, {3, 2}, {1, 2, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]), w(x[2]);
             return by_place({3, 1}, [&](const Place& at) {
               double total = 0;
               for (std::int64_t i : {0, 1})
                 for (std::int64_t j : {0, 1}) total += a({at[0], i}) * w({0, i, j}) * b({at[0], j});
               return total;
             });
           }},
  };
}

const Family kFamily("similarity", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Similarities keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("similarity"); }
