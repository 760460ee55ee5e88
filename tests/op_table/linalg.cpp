#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// NumPy's rule: a 1-d operand is a row or a column whose axis vanishes; leading axes broadcast.
Tensor product(const Tensor& a, const Tensor& b) {
  Elements of_a(a), of_b(b);
  const bool row = a.ndim() == 1, column = b.ndim() == 1;
  const std::int64_t inner = a.size(-1);
  std::vector<std::int64_t> lead_a(a.shape().begin(), a.shape().end() - (row ? 1 : 2));
  std::vector<std::int64_t> lead_b(b.shape().begin(), b.shape().end() - (column ? 1 : 2));
  Shape shape = broadcast_shapes("product", Shape(std::span<const std::int64_t>(lead_a)),
                                 Shape(std::span<const std::int64_t>(lead_b)), {});
  const std::size_t lead = static_cast<std::size_t>(shape.ndim());
  if (!row) shape.push_back(a.size(-2));
  if (!column) shape.push_back(b.size(-1));
  auto place_in = [&](const std::vector<std::int64_t>& extents, const Place& at) {
    Place place;
    for (std::size_t axis = 0; axis < extents.size(); ++axis)
      place.push_back(extents[axis] == 1 ? 0 : at[lead - extents.size() + axis]);
    return place;
  };
  return by_place(shape, [&](const Place& at) {
    Place in_a = place_in(lead_a, at), in_b = place_in(lead_b, at);
    if (!row) in_a.push_back(at[lead]);
    in_a.push_back(0);
    in_b.push_back(0);
    if (!column) in_b.push_back(at.back());
    double total = 0;
    for (std::int64_t k = 0; k < inner; ++k) {
      in_a.back() = k;
      in_b[lead_b.size()] = k;
      total += of_a(in_a) * of_b(in_b);
    }
    return total;
  });
}

/// x weight^T + bias.
Tensor affine_of(const Tensor& x, const Tensor& weight, const Tensor* bias) {
  Elements of_x(x), of_weight(weight), of_bias(bias != nullptr ? *bias : x);
  Shape shape = x.shape();
  shape[-1] = weight.size(0);
  return by_place(shape, [&](const Place& at) {
    double total = bias != nullptr ? of_bias({at.back()}) : 0;
    Place in = at;
    for (in.back() = 0; in.back() < x.size(-1); ++in.back()) total += of_x(in) * of_weight({at.back(), in.back()});
    return total;
  });
}

Rows rows() {
  return {
      {.name = "matmul",
       .function = [](const Tensor& a, const Tensor& b) { return matmul(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {3, 4}},
                  {{1, 5}, {5, 1}},
                  {{17, 9}, {9, 13}},
                  {{2, 0}, {0, 3}},
                  {{0, 3}, {3, 2}},
                  {{2, 3, 4}, {2, 4, 5}},
                  {{2, 1, 3, 4}, {5, 4, 2}},
                  {{3, 4}, {2, 4, 5}}},
       .large = {{{151, 203}, {203, 307}}, {{67, 3, 4}, {67, 4, 5}}},
       .expected = [](std::span<const Tensor> x) { return product(x[0], x[1]); },
       .refused = {[](const Tensor& a, const Tensor&) { return matmul(a, a); },
                   [](const Tensor&, const Tensor& b) { return matmul(2.0, b); }}},
      {.name = "matmul(vectors)",
       .function = [](const Tensor& a, const Tensor& b) { return matmul(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {3}}, {{3}, {3, 4}}, {{2, 3}, {3}}, {{2, 3, 4}, {4}}, {{3}, {2, 3, 4}}, {{0}, {0}}},
       .large = {{{703, 301}, {301}}, {{301}, {301, 703}}},
       .expected = [](std::span<const Tensor> x) { return product(x[0], x[1]); }},
      {.name = "affine",
       .function = [](const Tensor& x, const Tensor& weight, const Tensor& bias) { return affine(x, weight, bias); },
       .inputs = {{}, {}, {}},
       .shapes = {{{5, 3}, {4, 3}, {4}}, {{3}, {4, 3}, {4}}, {{2, 5, 3}, {4, 3}, {4}}, {{0, 3}, {4, 3}, {4}}},
       .large = {{{301, 203}, {107, 203}, {107}}},
       .expected = [](std::span<const Tensor> x) { return affine_of(x[0], x[1], &x[2]); },
       .refused = {[](const Tensor& x, const Tensor&, const Tensor& bias) { return affine(x, bias, bias); }}},
      {.name = "affine(no bias)",
       .function = [](const Tensor& x, const Tensor& weight) { return affine(x, weight); },
       .inputs = {{}, {}},
       .shapes = {{{5, 3}, {4, 3}}, {{2, 5, 3}, {4, 3}}},
       .expected = [](std::span<const Tensor> x) { return affine_of(x[0], x[1], nullptr); }},
      {.name = "dot",
       .function = [](const Tensor& a, const Tensor& b) { return dot(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {3}}, {{67}, {67}}, {{0}, {0}}},
       .large = {{{300007}, {300007}}},
       .expected = [](std::span<const Tensor> x) { return product(x[0], x[1]); },
       .refused = {[](const Tensor& a, const Tensor&) { return dot(a, unsqueeze(a, 0)); }}},
      {.name = "outer",
       .function = [](const Tensor& a, const Tensor& b) { return outer(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {4}}, {{1}, {1}}, {{0}, {2}}},
       .large = {{{301}, {703}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(x[0]), b(x[1]);
             return by_place({x[0].size(0), x[1].size(0)}, [&](const Place& at) { return a({at[0]}) * b({at[1]}); });
           },
       .refused = {[](const Tensor& a, const Tensor&) { return outer(a, unsqueeze(a, 0)); }}},
  };
}

const Family kFamily("linalg", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Matrix products keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("linalg"); }
