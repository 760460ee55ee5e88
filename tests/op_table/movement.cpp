#include <xgrad/autograd/functional.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// The tensors one after the other along the axis, each read by its own index.
Tensor joined(std::span<const Tensor> tensors, int axis) {
  std::vector<Elements> parts(tensors.begin(), tensors.end());
  Shape shape = tensors[0].shape();
  shape[axis] = 0;
  for (const Tensor& tensor : tensors) shape[axis] += tensor.shape()[axis];
  return by_place(shape, [&](const Place& place) {
    Place inner = place;
    std::size_t part = 0;
    while (inner[axis] >= parts[part].shape()[axis]) inner[axis] -= parts[part++].shape()[axis];
    return parts[part](inner);
  });
}

/// `length` elements from `start` on along the axis.
Tensor piece(const Tensor& x, int axis, std::int64_t start, std::int64_t length) {
  Elements elements(x);
  Shape shape = x.shape();
  shape[axis] = length;
  return by_place(shape, [&](Place place) {
    place[axis] += start;
    return elements(place);
  });
}

Rows views() {
  return {
      {.name = "reshape",
       .function =
           [](const Tensor& x) {
             return reshape(x, {x.size(-1), -1});
           },
       .shapes = {{{2, 3, 4}}, {{6, 1}}},
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) {
             return reshaped(x[0], {x[0].size(-1), x[0].numel() / x[0].size(-1)});
           },
       .refused = {[](const Tensor& x) {
                     return reshape(x, {5, -1});
                   },
                   [](const Tensor& x) {
                     return reshape(x, {-1, -1});
                   },
                   [](const Tensor& x) { return reshape(x, {23}); }}},
      {.name = "flatten",
       .function = [](const Tensor& x) { return flatten(x, 1); },
       .shapes = {{{2, 3, 4}}, {{2, 0, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reshaped(x[0], {x[0].size(0), x[0].size(1) * x[0].size(2)});
           },
       .refused = {[](const Tensor& x) { return flatten(x, 3); }, [](const Tensor& x) { return flatten(x, 2, 1); }}},
      {.name = "flatten(some)",
       .function = [](const Tensor& x) { return flatten(x, 1, 2); },
       .shapes = {{{2, 3, 4, 2}}, {{2, 1, 3, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reshaped(x[0], {x[0].size(0), x[0].size(1) * x[0].size(2), x[0].size(3)});
           }},
      {.name = "flatten(all)",
       .function = [](const Tensor& x) { return flatten(x); },
       .shapes = kAnyShapeOrEmpty,
       .expected = [](std::span<const Tensor> x) { return reshaped(x[0], {x[0].numel()}); }},
      {.name = "transpose",
       .function = [](const Tensor& x) { return transpose(x, 0, -1); },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             return by_place({x[0].size(2), x[0].size(1), x[0].size(0)}, [&](const Place& at) {
               return of({at[2], at[1], at[0]});
             });
           },
       .refused = {[](const Tensor& x) { return transpose(x, 0, 3); }}},
      {.name = "transpose(last two)",
       .function = [](const Tensor& x) { return transpose(x); },
       .shapes = kAnyShapeOrEmpty,
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             Shape shape = x[0].shape();
             if (shape.ndim() > 1) std::swap(shape[-1], shape[-2]);
             return by_place(shape, [&](Place at) {
               if (at.size() > 1) std::swap(at[at.size() - 1], at[at.size() - 2]);
               return of(at);
             });
           }},
      {.name = "permute",
       .function =
           [](const Tensor& x) {
             return permute(x, {1, 2, 0});
           },
       .shapes = kThreeAxesOrEmpty,
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             return by_place({x[0].size(1), x[0].size(2), x[0].size(0)}, [&](const Place& at) {
               return of({at[2], at[0], at[1]});
             });
           },
       .refused = {[](const Tensor& x) {
                     return permute(x, {0, 1});
                   },
                   [](const Tensor& x) {
                     return permute(x, {0, 1, 1});
                   },
                   [](const Tensor& x) {
                     return permute(x, {0, 1, 3});
                   }}},
      {.name = "expand",
       .function =
           [](const Tensor& x) {
             return expand(x, {2, 4, 3});
           },
       .shapes = {{{}}, {{3}}, {{4, 1}}, {{2, 1, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             return by_place({2, 4, 3}, [&](const Place& at) {
               Place inner;
               for (int axis = 0; axis < x[0].ndim(); ++axis)
                 inner.push_back(x[0].shape()[axis] == 1 ? 0 : at[axis + 3 - x[0].ndim()]);
               return of(inner);
             });
           },
       .refused = {[](const Tensor& x) {
         return expand(x, {2, -1});
       }}},
      {.name = "squeeze",
       .function = [](const Tensor& x) { return squeeze(x); },
       .shapes = {{{1, 3, 1}}, {{1}}, {{2, 3}}, {{1, 0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape;
             for (std::int64_t extent : x[0].shape())
               if (extent != 1) shape.push_back(extent);
             return reshaped(x[0], shape);
           },
       .refused = {[](const Tensor& x) { return squeeze(x, 3); }}},
      {.name = "squeeze(axis)",
       .function = [](const Tensor& x) { return squeeze(x, -1); },
       .shapes = {{{1, 3, 1}}, {{2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return x[0].ndim() == 3 ? reshaped(x[0], {1, 3}) : x[0];
           }},
      {.name = "squeeze(axes)",
       .function =
           [](const Tensor& x) {
             return squeeze(x, {0, 2});
           },
       .shapes = {{{1, 3, 1}}, {{1, 1, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reshaped(x[0], x[0].size(1) == 3 ? Shape{3} : Shape{1, 2});
           }},
      {.name = "unsqueeze",
       .function = [](const Tensor& x) { return unsqueeze(x, -1); },
       .shapes = kAnyShapeOrEmpty,
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = x[0].shape();
             shape.push_back(1);
             return reshaped(x[0], shape);
           },
       .refused = {[](const Tensor& x) { return unsqueeze(x, 3); }, [](const Tensor& x) { return unsqueeze(x, -4); }}},
      {.name = "unsqueeze(middle)",
       .function = [](const Tensor& x) { return unsqueeze(x, 1); },
       .shapes = {{{2, 3}}, {{4}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = x[0].shape();
             shape.insert(1, 1);
             return reshaped(x[0], shape);
           }},
      {.name = "flip",
       .function =
           [](const Tensor& x) {
             return flip(x, {0, 2});
           },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             return by_place(x[0].shape(), [&](const Place& at) {
               return of({x[0].size(0) - 1 - at[0], at[1], x[0].size(2) - 1 - at[2]});
             });
           },
       .refused = {[](const Tensor& x) { return flip(x, 3); },
                   [](const Tensor& x) {
                     return flip(x, {0, 0});
                   }}},
  };
}

Rows joins() {
  const std::vector<std::vector<Shape>> three = {
      {{2, 3}, {2, 1}, {2, 0}}, {{2, 1, 3}, {2, 2, 3}, {2, 5, 3}}, {{0, 1}, {0, 2}, {0, 3}}};
  return {
      {.name = "cat",
       .function =
           [](const Tensor& a, const Tensor& b, const Tensor& c) {
             return cat({a, b, c}, 1);
           },
       .inputs = {{}, {}, {}},
       .shapes = three,
       .large = {{{61, 73, 31}, {61, 7, 31}, {61, 81, 31}}},
       .expected = [](std::span<const Tensor> x) { return joined(x, 1); },
       .refused = {[](const Tensor& a, const Tensor& b, const Tensor& c) {
                     return cat({a, b, c}, 2);
                   },
                   [](const Tensor& a, const Tensor& b, const Tensor& c) {
                     return cat({a, b, c}, 0);
                   }}},
      {.name = "cat(list)",
       .function = [](std::span<const Tensor> tensors) { return cat(tensors, -1); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {2, 1}}, {{3}, {4}}},
       .expected = [](std::span<const Tensor> x) { return joined(x, x[0].ndim() - 1); },
       .refused = {[](std::span<const Tensor> tensors) { return cat(tensors.first(0)); }}},
      {.name = "cat(first axis)",
       .function =
           [](const Tensor& a, const Tensor& b) {
             return cat({a, b});
           },
       .inputs = {{}, {}},
       .shapes = {{{3, 3}, {3, 3}}, {{2, 2}, {1, 2}}},
       .expected = [](std::span<const Tensor> x) { return joined(x, 0); }},
      {.name = "stack",
       .function =
           [](const Tensor& a, const Tensor& b) {
             return stack({a, b}, -1);
           },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {2, 3}}, {{}, {}}, {{0}, {0}}},
       .large = {{{61, 73, 31}, {61, 73, 31}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements first(x[0]), second(x[1]);
             Shape shape = x[0].shape();
             shape.push_back(2);
             return by_place(shape, [&](Place at) {
               bool is_second = at.back() == 1;
               at.pop_back();
               return is_second ? second(at) : first(at);
             });
           },
       .refused = {[](const Tensor& a, const Tensor& b) {
         return stack({a, b}, 3);
       }}},
      {.name = "stack(list)",
       .function = [](std::span<const Tensor> tensors) { return stack(tensors); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {2, 3}}, {{4}, {4}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements first(x[0]), second(x[1]);
             Shape shape = x[0].shape();
             shape.insert(0, 2);
             return by_place(shape, [&](const Place& at) {
               Place inner(at.begin() + 1, at.end());
               return at[0] == 1 ? second(inner) : first(inner);
             });
           },
       .refused = {[](std::span<const Tensor> tensors) { return stack(tensors.first(0)); }}},
      {.name = "parameters_to_vector",
       .function = [](std::span<const Tensor> tensors) { return parameters_to_vector(tensors); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {4}}, {{}, {2, 1}}},
       .expected =
           [](std::span<const Tensor> x) {
             const std::vector<Tensor> flat = {reshaped(x[0], {x[0].numel()}), reshaped(x[1], {x[1].numel()})};
             return joined(flat, 0);
           }},
      {.name = "parameters_from_vector",
       .function =
           [](const Tensor& vector) {
             return parameters_from_vector(vector, {zeros({2}, kDouble), zeros({2, 3}, kDouble)})[1];
           },
       .shapes = {{{8}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reshaped(piece(x[0], 0, 2, 6), {2, 3});
           },
       .output_dtype = DType::float64,
       .propagates_nan = false},
      {.name = "parameters_from_vector(first)",
       .function =
           [](const Tensor& vector) {
             return parameters_from_vector(vector, {zeros({2}, kDouble), zeros({2, 3}, kDouble)})[0];
           },
       .shapes = {{{8}}},
       .expected = [](std::span<const Tensor> x) { return piece(x[0], 0, 0, 2); },
       .output_dtype = DType::float64,
       .propagates_nan = false},
      {.name = "split",
       .function =
           [](const Tensor& x) {
             std::vector<Tensor> parts = split(x, 2, 1);
             return parts[0] + 2 * parts.back();
           },
       .shapes = {{{2, 4}}, {{3, 4, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements a(piece(x[0], 1, 0, 2)), b(piece(x[0], 1, 2, 2));
             return by_place(a.shape(), [&](const Place& at) { return a(at) + 2 * b(at); });
           },
       .refused = {[](const Tensor& x) { return split(x, 0)[0]; }, [](const Tensor& x) { return split(x, 1, 2)[0]; }}},
      {.name = "split(all pieces)",
       .function = [](const Tensor& x) { return numbered(split(x, 2), 0); },
       .shapes = {{{5, 5}}, {{4, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return numbered_at(x[0], 0, {2, 4});
           }},
      {.name = "split(sizes, all pieces)",
       .function =
           [](const Tensor& x) {
             return numbered(split(x, std::vector<std::int64_t>{1, 3, 2}, -1), -1);
           },
       .shapes = {{{6, 6}}, {{2, 6}}},
       .expected =
           [](std::span<const Tensor> x) {
             return numbered_at(x[0], 1, {1, 4});
           }},
      {.name = "split(sizes)",
       .function =
           [](const Tensor& x) {
             return split(x, std::vector<std::int64_t>{1, 3, 2})[1];
           },
       .shapes = {{{6}}, {{6, 2}}},
       .expected = [](std::span<const Tensor> x) { return piece(x[0], 0, 1, 3); },
       .refused = {[](const Tensor& x) {
                     return split(x, std::vector<std::int64_t>{1, 3})[0];
                   },
                   [](const Tensor& x) {
                     return split(x, std::vector<std::int64_t>{-1, 7})[0];
                   }},
       .propagates_nan = false},
      {.name = "split(int sizes)",
       .function =
           [](const Tensor& x) {
             return split(x, std::vector<int>{1, 3, 2})[1];
           },
       .shapes = {{{6}}, {{6, 2}}},
       .expected = [](std::span<const Tensor> x) { return piece(x[0], 0, 1, 3); },
       .refused = {[](const Tensor& x) {
         return split(x, std::vector<int>{1, 3})[0];
       }},
       .propagates_nan = false},
      {.name = "split(int sizes, all pieces)",
       .function =
           [](const Tensor& x) {
             return numbered(split(x, std::vector<int>{1, 3, 2}, 1), 1);
           },
       .shapes = {{{6, 6}}},
       .expected =
           [](std::span<const Tensor> x) {
             return numbered_at(x[0], 1, {1, 4});
           }},
  };
}

Rows rows() {
  Rows rows = views();
  append(rows, joins());
  return rows;
}

const Family kFamily("movement", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Movements keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("movement"); }
