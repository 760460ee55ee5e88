#include <xgrad/autograd/ops/views.hpp>

#include <algorithm>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// A tensor of this shape whose elements come from places of x.
Tensor taken(const Tensor& x, const Shape& shape, const Function<Place(Place)>& from) {
  Elements of(x);
  return by_place(shape, [&](const Place& at) { return of(from(at)); });
}

TensorFunction in_shape(Shape (*shape)(const Tensor&)) {
  return [shape](std::span<const Tensor> x) { return reshaped(x[0], shape(x[0])); };
}

Shape of_at_least(const Shape& shape, int ndim) {
  if (shape.ndim() >= ndim) return shape;
  if (shape.ndim() == 0) return Shape::filled(ndim, 1);
  if (shape.ndim() == 2) return {shape[0], shape[1], 1};
  return ndim == 3 ? Shape{1, shape[0], 1} : Shape{1, shape[0]};
}

/// The elements of one tensor and twice those of another, stretched to the shape that they have in common.
Tensor sum_of_stretched(const Tensor& a, const Tensor& b) {
  Shape shape = Shape::filled(std::max(a.ndim(), b.ndim()), 1);
  for (const Tensor* each : {&a, &b})
    for (int back = 1; back <= each->ndim(); ++back)
      if (std::int64_t extent = each->shape()[each->ndim() - back]; extent != 1) shape[shape.ndim() - back] = extent;
  const Elements of_a(a), of_b(b);
  auto at_own = [](const Tensor& x, Place at) {
    at.erase(at.begin(), at.end() - x.ndim());
    for (int axis = 0; axis < x.ndim(); ++axis)
      if (x.shape()[axis] == 1) at[axis] = 0;
    return at;
  };
  return by_place(shape, [&](const Place& at) { return of_a(at_own(a, at)) + 2 * of_b(at_own(b, at)); });
}

Rows shapes() {
  const OperatorInput other = {.dtype = DType::boolean};
  return {
      {.name = "view",
       .function =
           [](const Tensor& x) {
             return view(contiguous(x), {-1, x.size(0)});
           },
       .shapes = {{{2, 3, 4}}, {{6}}},
       .expected = in_shape([](const Tensor& x) {
         return Shape{x.numel() / x.size(0), x.size(0)};
       }),
       .refused = {[](const Tensor& x) {
                     return view(x, {5, -1});
                   },
                   [](const Tensor& x) { return view(transpose(x, 0, 2), {24}); },
                   [](const Tensor& x) {
                     return view(x, {-1, -1});
                   }}},
      {.name = "view_as",
       .function = [](const Tensor& x, const Tensor& other) { return view_as(contiguous(x), other); },
       .inputs = {{}, other},
       .shapes = {{{2, 3}, {3, 2, 1}}, {{}, {1}}, {{0, 2}, {5, 0}}},
       .expected = [](std::span<const Tensor> x) { return reshaped(x[0], x[1].shape()); }},
      {.name = "reshape_as",
       .function = [](const Tensor& x, const Tensor& other) { return reshape_as(x, other); },
       .inputs = {{}, other},
       .shapes = {{{2, 3}, {3, 2, 1}}, {{}, {1}}, {{0, 2}, {5, 0}}},
       .expected = [](std::span<const Tensor> x) { return reshaped(x[0], x[1].shape()); }},
      {.name = "ravel",
       .function = [](const Tensor& x) { return ravel(x); },
       .shapes = kAnyShapeOrEmpty,
       .expected = in_shape([](const Tensor& x) { return Shape{x.numel()}; })},
      {.name = "unflatten",
       .function =
           [](const Tensor& x) {
             return unflatten(x, -2, {2, -1, 1});
           },
       .shapes = {{{3, 4, 2}}, {{6, 1}}, {{4, 0}}},
       .expected = in_shape([](const Tensor& x) {
         Shape shape = x.shape();
         int axis = x.ndim() - 2;
         shape[axis] /= 2;
         shape.insert(axis, 2);
         shape.insert(axis + 2, 1);
         return shape;
       }),
       .refused = {[](const Tensor& x) {
                     return unflatten(x, 3, {2, 2});
                   },
                   [](const Tensor& x) {
                     return unflatten(x, 1, {3, -1});
                   },
                   [](const Tensor& x) { return unflatten(x, 1, {}); }}},
      {.name = "atleast_1d",
       .function = [](const Tensor& x) { return atleast_1d(x); },
       .shapes = kAnyShapeOrEmpty,
       .expected = in_shape([](const Tensor& x) { return of_at_least(x.shape(), 1); })},
      {.name = "atleast_2d",
       .function = [](const Tensor& x) { return atleast_2d(x); },
       .shapes = kAnyShapeOrEmpty,
       .expected = in_shape([](const Tensor& x) { return of_at_least(x.shape(), 2); })},
      {.name = "atleast_3d",
       .function = [](const Tensor& x) { return atleast_3d(x); },
       .shapes = kAnyShapeOrEmpty,
       .expected = in_shape([](const Tensor& x) { return of_at_least(x.shape(), 3); })},
      {.name = "broadcast_to",
       .function =
           [](const Tensor& x) {
             return broadcast_to(x, {2, 4, 3});
           },
       .shapes = {{{}}, {{3}}, {{4, 1}}, {{2, 1, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return taken(x[0], {2, 4, 3}, [&](Place at) {
               at.erase(at.begin(), at.end() - x[0].ndim());
               for (int axis = 0; axis < x[0].ndim(); ++axis)
                 if (x[0].shape()[axis] == 1) at[axis] = 0;
               return at;
             });
           },
       .refused = {[](const Tensor& x) {
         return broadcast_to(x, {2, -1});
       }}},
      {.name = "broadcast_tensors",
       .function =
           [](const Tensor& a, const Tensor& b) {
             std::vector<Tensor> both = broadcast_tensors({a, b});
             return both[0] + 2 * both[1];
           },
       .inputs = {{}, {}},
       .shapes = {{{3, 1}, {4}}, {{}, {2}}, {{1}, {0}}, {{2, 3}, {2, 3}}},
       .expected = [](std::span<const Tensor> x) { return sum_of_stretched(x[0], x[1]); },
       .refused = {[](const Tensor& a, const Tensor& b) {
         return broadcast_tensors({a, b, zeros({5, 7})})[0];
       }}},
      {.name = "broadcast_tensors(list)",
       .function =
           [](std::span<const Tensor> x) {
             std::vector<Tensor> both = broadcast_tensors(x);
             return 2 * both[1] + both[0];
           },
       .inputs = {{}, {}},
       .shapes = {{{3, 1}, {4}}},
       .expected = [](std::span<const Tensor> x) { return sum_of_stretched(x[0], x[1]); },
       .refused = {[](std::span<const Tensor> x) { return broadcast_tensors(x.first(0))[0]; }}},
      {.name = "expand_as",
       .function = [](const Tensor& x, const Tensor& other) { return expand_as(x, other); },
       .inputs = {{}, other},
       .shapes = {{{}, {2}}, {{3, 1}, {2, 3, 4}}, {{1}, {0}}},
       .expected =
           [](std::span<const Tensor> x) {
             return taken(x[0], x[1].shape(), [&](Place at) {
               at.erase(at.begin(), at.end() - x[0].ndim());
               for (int axis = 0; axis < x[0].ndim(); ++axis)
                 if (x[0].shape()[axis] == 1) at[axis] = 0;
               return at;
             });
           }},
  };
}

Rows sums() {
  return {{.name = "sum_to_size",
           .function =
               [](const Tensor& x) {
                 return sum_to_size(x, {3, 1});
               },
           .shapes = {{{2, 3, 4}}, {{3, 2}}, {{3, 1}}, {{0, 3, 2}}},
           .expected =
               [](std::span<const Tensor> x) {
                 if (x[0].ndim() == 2) return reduced(x[0], {1}, true, sum_of);
                 return reshaped(reduced(x[0], {0, 2}, false, sum_of), {3, 1});
               },
           .refused = {[](const Tensor& x) { return sum_to_size(x, {5}); }}}};
}

Tensor with_swapped_ends(const Tensor& x) {
  return taken(x, {x.size(2), x.size(1), x.size(0)}, [](Place at) { return Place{at[2], at[1], at[0]}; });
}

Tensor with_first_last(const Tensor& x) {
  return taken(x, {x.size(1), x.size(2), x.size(0)}, [](Place at) { return Place{at[2], at[0], at[1]}; });
}

Rows orders() {
  return {
      {.name = "t",
       .function = [](const Tensor& x) { return t(x); },
       .shapes = {{{2, 3}}, {{4}}, {{}}, {{0, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             if (x[0].ndim() < 2) return x[0];
             return taken(x[0], {x[0].size(1), x[0].size(0)}, [](Place at) { return Place{at[1], at[0]}; });
           },
       .refused = {[](const Tensor& x) { return t(unsqueeze(x, 0)); }}},
      {.name = "swapaxes",
       .function = [](const Tensor& x) { return swapaxes(x, 0, -1); },
       .shapes = kThreeAxesOrEmpty,
       .expected = [](std::span<const Tensor> x) { return with_swapped_ends(x[0]); },
       .refused = {[](const Tensor& x) { return swapaxes(x, 0, 3); }}},
      {.name = "swapdims",
       .function = [](const Tensor& x) { return swapdims(x, 2, 0); },
       .shapes = kThreeAxesOrEmpty,
       .expected = [](std::span<const Tensor> x) { return with_swapped_ends(x[0]); },
       .refused = {[](const Tensor& x) { return swapdims(x, -4, 0); }}},
      {.name = "movedim",
       .function =
           [](const Tensor& x) {
             return movedim(x, {0, -1}, {-1, 1});
           },
       .shapes = kThreeAxesOrEmpty,
       .expected = [](std::span<const Tensor> x) { return with_first_last(x[0]); },
       .refused = {[](const Tensor& x) { return movedim(x, 3, 0); }, [](const Tensor& x) { return movedim(x, 0, -4); },
                   [](const Tensor& x) {
                     return movedim(x, {0, 0}, {0, 1});
                   },
                   [](const Tensor& x) {
                     return movedim(x, {0, 1}, 0);
                   }}},
      {.name = "moveaxis",
       .function = [](const Tensor& x) { return moveaxis(x, 0, -1); },
       .shapes = kThreeAxesOrEmpty,
       .expected = [](std::span<const Tensor> x) { return with_first_last(x[0]); },
       .refused = {[](const Tensor& x) { return moveaxis(x, 3, 0); }}},
      {.name = "fliplr",
       .function = [](const Tensor& x) { return fliplr(x); },
       .shapes = {{{2, 3}}, {{2, 3, 4}}, {{2, 0}}},
       .expected =
           [](std::span<const Tensor> x) {
             return taken(x[0], x[0].shape(), [&](Place at) {
               at[1] = x[0].size(1) - 1 - at[1];
               return at;
             });
           }},
      {.name = "flipud",
       .function = [](const Tensor& x) { return flipud(x); },
       .shapes = {{{2, 3}}, {{4}}, {{0}}},
       .expected =
           [](std::span<const Tensor> x) {
             return taken(x[0], x[0].shape(), [&](Place at) {
               at[0] = x[0].size(0) - 1 - at[0];
               return at;
             });
           }},
      {.name = "rot90",
       .function = [](const Tensor& x) { return rot90(x, -3); },
       .shapes = {{{2, 3}}, {{4, 1, 2}}, {{0, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = x[0].shape();
             std::swap(shape[0], shape[1]);
             // A turn from the first axis towards the second brings the last column to the first row.
             return taken(x[0], shape, [&](Place at) {
               std::swap(at[0], at[1]);
               at[1] = x[0].size(1) - 1 - at[1];
               return at;
             });
           },
       .refused = {[](const Tensor& x) { return rot90(x, 1, 0); },
                   [](const Tensor& x) {
                     return rot90(x, 1, {1, 1});
                   },
                   [](const Tensor& x) {
                     return rot90(x, 1, {0, 3});
                   }}},
      {.name = "rot90(plane)",
       .function =
           [](const Tensor& x) {
             return rot90(x, 1, {2, 0});
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             // From the last axis towards the first: the last slice of the first axis becomes the first of the last.
             return taken(x[0], {x[0].size(2), x[0].size(1), x[0].size(0)}, [&](Place at) {
               std::swap(at[0], at[2]);
               at[0] = x[0].size(0) - 1 - at[0];
               return at;
             });
           }},
      {.name = "rot90(half a turn)",
       .function =
           [](const Tensor& x) {
             return rot90(x, 2, {1, 2});
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return taken(x[0], x[0].shape(), [&](Place at) {
               at[1] = x[0].size(1) - 1 - at[1];
               at[2] = x[0].size(2) - 1 - at[2];
               return at;
             });
           }},
      {.name = "unfold(axis)",
       .function = [](const Tensor& x) { return unfold(x, -1, 2, 1); },
       .shapes = {{{3, 3}}, {{2, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return taken(x[0], {x[0].size(0), x[0].size(1) - 1, 2}, [](Place at) {
               return Place{at[0], at[1] + at[2]};
             });
           }},
      {.name = "unfold",
       .function = [](const Tensor& x) { return unfold(x, 0, 3, 2); },
       .shapes = {{{7}}, {{6, 2}}, {{3, 0}}},
       .large = {{{901, 73}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = x[0].shape();
             shape[0] = (shape[0] - 3) / 2 + 1;
             shape.push_back(3);
             return taken(x[0], shape, [&](Place at) {
               at[0] = at[0] * 2 + at.back();
               at.pop_back();
               return at;
             });
           },
       .refused = {[](const Tensor& x) { return unfold(x, 0, 8, 1); },
                   [](const Tensor& x) { return unfold(x, 0, 2, 0); },
                   [](const Tensor& x) { return unfold(x, 1, 1, 1); },
                   [](const Tensor& x) { return unfold(x, 0, -1, 1); }}},
  };
}

Rows rows() {
  Rows rows = shapes();
  append(rows, sums());
  append(rows, orders());
  return rows;
}

const Family kFamily("views", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Views keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("views"); }
