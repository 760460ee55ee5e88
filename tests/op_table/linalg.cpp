#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// The product of matrices, one after the other, by the definition.
Tensor product_of(std::span<const Tensor> x) {
  Tensor product = x[0];
  for (std::size_t i = 1; i < x.size(); ++i) {
    Elements a(product), b(x[i]);
    const std::int64_t inner = product.size(1);
    product = by_place({product.size(0), x[i].size(1)}, [&](const Place& at) {
      double sum = 0;
      for (std::int64_t k = 0; k < inner; ++k) sum += a({at[0], k}) * b({k, at[1]});
      return sum;
    });
  }
  return product;
}

Rows product_rows() {
  return {
      {.name = "trace",
       .function = [](const Tensor& x) { return trace(x); },
       .shapes = {{{3, 3}}, {{2, 5}}, {{4, 1}}, {{0, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements element(x[0]);
             double sum = 0;
             for (std::int64_t i = 0; i < std::min(x[0].size(0), x[0].size(1)); ++i) sum += element({i, i});
             return full({}, sum, {.dtype = DType::float64});
           },
       .refused = {[](const Tensor& x) { return trace(x[0]); }},
       .propagates_nan = false},
      {.name = "linalg::multi_dot",
       .function = [](std::span<const Tensor> x) { return linalg::multi_dot(x); },
       .inputs = {{}, {}, {}, {}},
       .shapes = {{{2, 4}, {4, 3}, {3, 5}, {5, 2}}, {{4, 1}, {1, 5}, {5, 1}, {1, 3}}},
       .expected = product_of,
       .refused = {[](std::span<const Tensor> x) { return linalg::multi_dot(x.subspan(0, 1)); }}},
      {.name = "linalg::multi_dot(braces)",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::multi_dot({a, b}); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {3, 2}}},
       .expected = product_of},
      {.name = "linalg::vecdot",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::vecdot(a, b, -1); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {3}}, {{2, 3}, {3}}, {{2, 1, 4}, {3, 4}}, {{2, 0}, {2, 0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Tensor products = mul(x[0], x[1]);
             return reduced(products, {products.ndim() - 1}, false, sum_of);
           },
       .refused = {[](const Tensor& a, const Tensor& b) { return linalg::vecdot(a, b, 7); }}},
      {.name = "linalg::cross",
       .function = [](const Tensor& a, const Tensor& b) { return linalg::cross(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {3}}, {{5, 3}, {1, 3}}, {{0, 3}, {0, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             return by_place(broadcast_shapes("cross", x[0].shape(), x[1].shape(), {}), [&](const Place& at) {
               auto element = [&](const Elements& of, std::int64_t k) {
                 Place place = at;
                 place.back() = k % 3;
                 if (of.shape()[0] == 1) place[0] = 0;
                 return of(place);
               };
               return element(a, at.back() + 1) * element(b, at.back() + 2) -
                      element(a, at.back() + 2) * element(b, at.back() + 1);
             });
           },
       .refused = {[](const Tensor& a, const Tensor& b) { return linalg::cross(a, b, 3); }}},
  };
}

Rows rows() { return product_rows(); }

const Family kFamily("linalg", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Linear algebra keeps its contract", "[op_table]") { xgrad::testing::expect_family_holds("linalg"); }
