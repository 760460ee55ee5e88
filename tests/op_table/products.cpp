#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

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

/// Einstein's sum by its definition: over all values of all letters. No ellipsis.
Tensor einsum_of(const std::string& equation, std::span<const Tensor> x) {
  std::vector<std::string> terms(1);
  for (char c : equation.substr(0, equation.find("->")))
    if (c == ',')
      terms.emplace_back();
    else
      terms.back() += c;
  const std::string result = equation.substr(equation.find("->") + 2);
  std::map<char, std::int64_t> extents;
  std::vector<Elements> elements;
  for (std::size_t i = 0; i < x.size(); ++i) {
    elements.emplace_back(x[i]);
    for (std::size_t axis = 0; axis < terms[i].size(); ++axis) {
      std::int64_t& extent = extents.emplace(terms[i][axis], 1).first->second;
      if (extent == 1) extent = x[i].size(static_cast<int>(axis));
    }
  }
  std::string summed;
  for (const auto& [letter, extent] : extents)
    if (result.find(letter) == result.npos) summed += letter;
  Shape shape;
  for (char letter : result) shape.push_back(extents[letter]);
  return by_place(shape, [&](const Place& at) {
    std::map<char, std::int64_t> values;
    for (std::size_t i = 0; i < result.size(); ++i) values[result[i]] = at[i];
    std::function<double(std::size_t)> sum = [&](std::size_t next) -> double {
      if (next < summed.size()) {
        double total = 0;
        for (std::int64_t i = 0; i < extents[summed[next]]; ++i) {
          values[summed[next]] = i;
          total += sum(next + 1);
        }
        return total;
      }
      double product = 1;
      for (std::size_t i = 0; i < terms.size(); ++i) {
        Place place;
        for (std::size_t axis = 0; axis < terms[i].size(); ++axis)
          place.push_back(x[i].size(static_cast<int>(axis)) == 1 ? 0 : values[terms[i][axis]]);
        product *= elements[i](place);
      }
      return product;
    };
    return sum(0);
  });
}

OperatorRow einsum_row(const std::string& equation, std::vector<std::vector<Shape>> shapes,
                       std::vector<std::vector<Shape>> large = {}, bool reads_all = true) {
  const std::size_t count = shapes[0].size();
  return {.name = "einsum(" + equation + ")",
          .function = [equation](std::span<const Tensor> x) { return einsum(equation, x); },
          .inputs = std::vector<OperatorInput>(count),
          .shapes = std::move(shapes),
          .large = std::move(large),
          .expected = [equation](std::span<const Tensor> x) { return einsum_of(equation, x); },
          .refused = {[](std::span<const Tensor> x) { return einsum("ij->k", x); },
                      [](std::span<const Tensor> x) { return einsum("ij,jk,kl,lm,mn->in", x); }},
          .propagates_nan = reads_all};
}

/// Kronecker's product by its definition.
Tensor kron_of(const Tensor& a, const Tensor& b) {
  const int ndim = std::max(a.ndim(), b.ndim());
  auto extent = [&](const Tensor& x, int axis) {
    return axis < ndim - x.ndim() ? 1 : x.size(axis - (ndim - x.ndim()));
  };
  Elements of_a(a), of_b(b);
  Shape shape;
  for (int axis = 0; axis < ndim; ++axis) shape.push_back(extent(a, axis) * extent(b, axis));
  return by_place(shape, [&](const Place& at) {
    Place in_a, in_b;
    for (int axis = 0; axis < ndim; ++axis) {
      const std::int64_t i = at[static_cast<std::size_t>(axis)];
      if (axis >= ndim - a.ndim()) in_a.push_back(i / extent(b, axis));
      if (axis >= ndim - b.ndim()) in_b.push_back(i % extent(b, axis));
    }
    return of_a(in_a) * of_b(in_b);
  });
}

/// Cross products along an axis; the operands broadcast.
Tensor cross_of(const Tensor& a, const Tensor& b, int given_axis) {
  const int axis = given_axis < 0 ? given_axis + a.ndim() : given_axis;
  Elements of_a(a), of_b(b);
  return by_place(broadcast_shapes("cross", a.shape(), b.shape(), {}), [&](const Place& at) {
    auto element = [&](const Elements& x, std::int64_t k) {
      Place place = at;
      place[static_cast<std::size_t>(axis)] = k % 3;
      for (int i = 0; i < x.shape().ndim(); ++i)
        if (x.shape()[i] == 1) place[static_cast<std::size_t>(i)] = 0;
      return x(place);
    };
    const std::int64_t k = at[static_cast<std::size_t>(axis)];
    return element(of_a, k + 1) * element(of_b, k + 2) - element(of_a, k + 2) * element(of_b, k + 1);
  });
}

/// Distances of the rows of matrices; leading axes of extent 1 stretch.
Tensor distances_of(const Tensor& a, const Tensor& b, double p) {
  Elements of_a(a), of_b(b);
  auto lead = [](const Tensor& x) { return Shape(std::span(x.shape().begin(), x.shape().end() - 2)); };
  Shape shape = broadcast_shapes("cdist", lead(a), lead(b), {});
  const int leading = shape.ndim();
  shape.push_back(a.size(-2));
  shape.push_back(b.size(-2));
  return by_place(shape, [&](const Place& at) {
    auto place_of = [&](const Tensor& x, std::int64_t row, std::int64_t k) {
      Place place;
      for (int axis = 0; axis < x.ndim() - 2; ++axis)
        place.push_back(x.size(axis) == 1 ? 0 : at[static_cast<std::size_t>(leading - (x.ndim() - 2) + axis)]);
      place.push_back(row);
      place.push_back(k);
      return place;
    };
    std::vector<double> differences;
    for (std::int64_t k = 0; k < a.size(-1); ++k)
      differences.push_back(of_a(place_of(a, at[at.size() - 2], k)) - of_b(place_of(b, at.back(), k)));
    if (!std::isinf(p)) return norm_of(differences, p);
    double largest = 0;
    for (double difference : differences) largest = std::max(largest, std::abs(difference));
    return largest;
  });
}

OperatorRow distance_row(double p, int order = 2) {
  return {
      .name = concat("cdist(", p, ")"),
      .function = [p](const Tensor& a, const Tensor& b) { return cdist(a, b, p); },
      // Apart, and not on a grid: the kinks are where elements agree.
      .inputs = {{.low = 0.1, .high = 1}, {.low = -3, .high = -1}},
      .shapes = {{{3, 2}, {4, 2}}, {{2, 1, 3, 5}, {4, 2, 5}}, {{0, 3}, {2, 3}}, {{1, 7}, {67, 7}}, {{3, 1}, {2, 1}}},
      .large = {{{203, 107}, {151, 107}}},
      .expected = [p](std::span<const Tensor> x) { return distances_of(x[0], x[1], p); },
      .refused = {[](const Tensor& a, const Tensor&) { return cdist(a, a, -1); },
                  [](const Tensor& a, const Tensor&) { return cdist(a, 2.0); }},
      .order = order,
      .rtol = 1e-11,
      .rtol32 = 1e-4};
}

Rows vector_rows() {
  return {
      {.name = "kron",
       .function = [](const Tensor& a, const Tensor& b) { return kron(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {3, 4}}, {{}, {2}}, {{3}, {2, 2}}, {{0, 2}, {2, 3}}, {{1, 2, 1, 2, 1}, {2, 1, 2}}},
       .large = {{{61, 31}, {17, 23}}},
       .expected = [](std::span<const Tensor> x) { return kron_of(x[0], x[1]); }},
      {.name = "cross",
       .function = [](const Tensor& a, const Tensor& b) { return cross(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {3}}, {{5, 3}, {5, 3}}, {{4, 3, 2}, {1, 3, 2}}, {{0, 3}, {1, 3}}},
       .large = {{{3, 70001}, {3, 70001}}},
       .expected =
           [](std::span<const Tensor> x) {
             int axis = 0;
             while (x[0].size(axis) != 3) ++axis;
             return cross_of(x[0], x[1], axis);
           },
       .refused = {[](const Tensor& a, const Tensor&) { return cross(unsqueeze(a, 0), a); }}},
      {.name = "cross(axis)",
       .function = [](const Tensor& a, const Tensor& b) { return cross(a, b, 1); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3, 4}, {2, 3, 4}}, {{3, 3}, {1, 3}}, {{2, 3, 0}, {2, 3, 0}}},
       .expected = [](std::span<const Tensor> x) { return cross_of(x[0], x[1], 1); },
       .refused = {[](const Tensor& a, const Tensor& b) { return cross(a, b, 5); }}},
      distance_row(2),
      distance_row(1),
      distance_row(0, 0),
      distance_row(0.5),
      distance_row(3),
      distance_row(std::numeric_limits<double>::infinity()),
      {.name = "pdist",
       .function = [](const Tensor& x) { return pdist(x, 3); },
       .shapes = {{{4, 3}}, {{1, 3}}, {{0, 2}}, {{2, 1}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements all(distances_of(x[0], x[0], 3));
             std::vector<double> later;
             for (std::int64_t i = 0; i < x[0].size(0); ++i)
               for (std::int64_t j = i + 1; j < x[0].size(0); ++j) later.push_back(all({i, j}));
             return from_vector(later);
           },
       .refused = {[](const Tensor& x) { return pdist(x, -1); }, [](const Tensor& x) { return pdist(x[0]); }},
       .rtol = 1e-11,
       .rtol32 = 1e-4},
      {.name = "pdist(2)",
       .function = [](const Tensor& x) { return pdist(x); },
       .shapes = {{{4, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements all(distances_of(x[0], x[0], 2));
             std::vector<double> later;
             for (std::int64_t i = 0; i < 4; ++i)
               for (std::int64_t j = i + 1; j < 4; ++j) later.push_back(all({i, j}));
             return from_vector(later);
           },
       .rtol = 1e-11,
       .rtol32 = 1e-4},
  };
}

Rows contraction_rows() {
  return {
      einsum_row("ij,jk->ik", {{{2, 3}, {3, 4}}, {{2, 0}, {0, 3}}, {{2, 1}, {3, 4}}}, {{{107, 203}, {203, 151}}}),
      einsum_row("bij,bjk->bki", {{{2, 3, 4}, {2, 4, 5}}, {{1, 3, 4}, {2, 4, 2}}}),
      einsum_row("ij,kj,kl->il", {{{2, 3}, {4, 3}, {4, 5}}}),
      einsum_row("iji->j", {{{3, 4, 3}}, {{0, 2, 0}}}, {}, false),
      einsum_row("ij->ji", {{{3, 4}}}),
      einsum_row("ijk->", {{{2, 3, 4}}}),
      einsum_row("i,j->ji", {{{3}, {4}}}),
      einsum_row("ab,b,ca->cab", {{{2, 3}, {3}, {4, 2}}}),
      einsum_row("ibj,jbk,ck->bic", {{{2, 3, 4}, {4, 3, 2}, {3, 2}}}),
      {.name = "einsum(braces)",
       .function =
           [](const Tensor& a, const Tensor& b) {
             return einsum("i j, i k -> j k", {a, b});
           },
       .inputs = {{}, {}},
       .shapes = {{{3, 2}, {3, 4}}},
       .expected = [](std::span<const Tensor> x) { return einsum_of("ij,ik->jk", x); }},
      {.name = "tensordot",
       .function = [](const Tensor& a, const Tensor& b) { return tensordot(a, b, 1); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {3, 4}}, {{3}, {3}}, {{2, 3, 4}, {4, 2}}, {{2, 0}, {0, 3}}, {{2, 1}, {3, 2}}},
       .large = {{{107, 203}, {203, 151}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::string a = std::string("abcd").substr(0, static_cast<std::size_t>(x[0].ndim() - 1)),
                         b = std::string("efgh").substr(0, static_cast<std::size_t>(x[1].ndim() - 1));
             return einsum_of(a + "s,s" + b + "->" + a + b, x);
           },
       .refused = {[](const Tensor& a, const Tensor& b) { return tensordot(a, b, -1); },
                   [](const Tensor& a, const Tensor& b) { return tensordot(a, b, 4); }}},
      {.name = "tensordot(two axes)",
       .function = [](const Tensor& a, const Tensor& b) { return tensordot(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3, 3}, {3, 3, 2}}},
       .expected = [](std::span<const Tensor> x) { return einsum_of("ast,stb->ab", x); }},
      {.name = "tensordot(axes)",
       .function =
           [](const Tensor& a, const Tensor& b) {
             return tensordot(a, b, {0, -1}, {1, 0});
           },
       .inputs = {{}, {}},
       .shapes = {{{2, 3, 4}, {4, 2, 5}}, {{2, 3}, {3, 2}}, {{0, 2, 3}, {3, 0, 4}}, {{1, 3, 4}, {4, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return einsum_of(std::string(x[0].ndim() == 3 ? "sat," : "st,") + (x[1].ndim() == 3 ? "tsb->" : "ts->") +
                                  (x[0].ndim() == 3 ? "a" : "") + (x[1].ndim() == 3 ? "b" : ""),
                              x);
           },
       .refused = {[](const Tensor& a, const Tensor& b) {
                     return tensordot(a, b, {0, 0}, {0, 1});
                   },
                   [](const Tensor& a, const Tensor& b) {
                     return tensordot(a, b, {0}, {0, 1});
                   },
                   [](const Tensor& a, const Tensor& b) { return tensordot(a, b, 9, 0); }}},
      {.name = "inner",
       .function = [](const Tensor& a, const Tensor& b) { return inner(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {3}}, {{2, 3}, {4, 5, 3}}, {{2, 0}, {3, 0}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::string a = std::string("abcd").substr(0, static_cast<std::size_t>(x[0].ndim() - 1)),
                         b = std::string("efgh").substr(0, static_cast<std::size_t>(x[1].ndim() - 1));
             return einsum_of(a + "s," + b + "s->" + a + b, x);
           },
       .refused = {[](const Tensor& a, const Tensor&) {
         return inner(a, cat({a, a}, -1));
       }}},
  };
}

/// 0.5 input + 2 product.
OperatorRow added_row(const std::string& name,
                      Tensor (*function)(const Operand&, const Operand&, const Operand&, AddProductOptions),
                      std::vector<std::vector<Shape>> shapes, const std::string& equation) {
  return {.name = name,
          .function = [function](const Tensor& input, const Tensor& a,
                                 const Tensor& b) { return function(input, a, b, {.beta = 3, .alpha = 2}); },
          .inputs = {{}, {}, {}},
          .shapes = std::move(shapes),
          .expected =
              [equation](std::span<const Tensor> x) {
                Tensor product = einsum_of(equation, x.subspan(1));
                Elements of_input(x[0]), of_product(product);
                return by_place(product.shape(), [&](const Place& at) {
                  Place place;
                  const int shift = product.ndim() - x[0].ndim();
                  for (int axis = 0; axis < x[0].ndim(); ++axis)
                    place.push_back(x[0].size(axis) == 1 ? 0 : at[static_cast<std::size_t>(axis + shift)]);
                  return 3 * of_input(place) + 2 * of_product(at);
                });
              },
          .refused = {[function](const Tensor& input, const Tensor& a, const Tensor&) {
            return function(input, a, unsqueeze(a, 0), {});
          }}};
}

Rows added_rows() {
  return {
      added_row("addmm", addmm, {{{2, 4}, {2, 3}, {3, 4}}, {{}, {2, 3}, {3, 4}}, {{4}, {2, 0}, {0, 4}}}, "ij,jk->ik"),
      added_row("addmv", addmv, {{{2}, {2, 3}, {3}}, {{1}, {2, 3}, {3}}}, "ij,j->i"),
      added_row("addr", addr, {{{2, 3}, {2}, {3}}, {{3}, {2}, {3}}, {{}, {0}, {3}}}, "i,j->ij"),
      added_row("addbmm", addbmm, {{{3, 2}, {4, 3, 5}, {4, 5, 2}}, {{}, {0, 3, 5}, {0, 5, 2}}}, "bij,bjk->ik"),
      added_row("baddbmm", baddbmm, {{{4, 3, 2}, {4, 3, 5}, {4, 5, 2}}, {{3, 1}, {4, 3, 5}, {4, 5, 2}}},
                "bij,bjk->bik"),
  };
}

/// input + product: the factors at their default.
OperatorRow plain_sum(OperatorRow row,
                      Tensor (*function)(const Operand&, const Operand&, const Operand&, AddProductOptions),
                      const std::string& equation) {
  row.name += "(default)";
  row.function = [function](const Tensor& input, const Tensor& a, const Tensor& b) {
    return function(input, a, b, {});
  };
  row.shapes.resize(1);
  row.expected = [equation](std::span<const Tensor> x) {
    Elements product(einsum_of(equation, x.subspan(1))), input(x[0]);
    return by_place(product.shape(), [&](const Place& at) { return input(at) + product(at); });
  };
  return row;
}

Rows matmul_rows() {
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

Rows rows() {
  Rows all = matmul_rows();
  append(all, contraction_rows());
  const Rows added = added_rows();
  append(all, added);
  all.push_back(plain_sum(added[0], addmm, "ij,jk->ik"));
  all.push_back(plain_sum(added[1], addmv, "ij,j->i"));
  all.push_back(plain_sum(added[2], addr, "i,j->ij"));
  all.push_back(plain_sum(added[3], addbmm, "bij,bjk->ik"));
  all.push_back(plain_sum(added[4], baddbmm, "bij,bjk->bik"));
  append(all, vector_rows());
  return all;
}

const Family kFamily("products", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Products keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("products"); }
