#include <algorithm>

#include <xgrad/autograd/ops.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// Places that windows of 2 may have found their values at, one in each window, in a result twice as long along `axes`
/// axes.
Tensor places_in(const Tensor& x, int axes) {
  const int lead = x.ndim() - axes;
  return cast(by_place(x.shape(),
                       [&](const Place& at) {
                         std::int64_t place = 0;
                         for (int axis = lead; axis < x.ndim(); ++axis)
                           place = place * 2 * x.size(axis) + 2 * at[axis] + (at[axis] + axis) % 2;
                         return static_cast<double>(place);
                       }),
              DType::int64);
}

/// Each place of the result looks for the value that has it.
TensorFunction unpooled(int axes) {
  return [=](std::span<const Tensor> in) {
    Elements x(in[0]), places(places_in(in[0], axes));
    const int lead = in[0].ndim() - axes;
    Shape shape = in[0].shape();
    for (int axis = lead; axis < shape.ndim(); ++axis) shape[axis] *= 2;
    return by_place(shape, [&](const Place& at) {
      Place from = at;
      std::int64_t place = 0;
      for (int axis = lead; axis < shape.ndim(); ++axis) {
        from[axis] = at[axis] / 2;
        place = place * shape[axis] + at[axis];
      }
      return places(from) == static_cast<double>(place) ? x(from) : 0;
    });
  };
}

/// The indices belong to the shape, so that what has none of its axes goes without.
Tensor indices_for(const Tensor& x, int axes) {
  return x.defined() && x.ndim() > axes ? places_in(x, axes) : tensor({0});
}

/// Places that windows of 2, 3 apart, may have found their values at along the last axis of extent 4.
Tensor places_apart(const Tensor& x) {
  if (!x.defined() || x.ndim() < 2) return tensor({0});
  return cast(by_place(x.shape(), [](const Place& at) { return double(3 * at.back() + (at.back() + at[0]) % 2); }),
              DType::int64);
}
TensorFunction unpooled_apart(std::int64_t extent) {
  return [=](std::span<const Tensor> in) {
    Elements x(in[0]);
    Shape shape = in[0].shape();
    shape[-1] = extent;
    return by_place(shape, [&](Place at) {
      const std::int64_t place = at.back();
      at.back() = place / 3;
      if (place % 3 > 1 || at.back() >= in[0].size(-1)) return 0.0;
      return (at.back() + at[0]) % 2 == place % 3 ? x(at) : 0.0;
    });
  };
}

Rows rows() {
  return {
      {.name = "max_unpool1d",
       .function = [](const Tensor& x) { return max_unpool1d(x, indices_for(x, 1), 2); },
       .shapes = {{{2, 3, 4}}, {{3, 5}}, {{0, 2, 3}}},
       .expected = unpooled(1),
       .refused = {[](const Tensor& x) { return max_unpool1d(x, places_in(x, 1) + 99, 2); },
                   [](const Tensor& x) { return max_unpool1d(x, places_in(x, 1), 0); },
                   [](const Tensor& x) { return max_unpool1d(x, places_in(x, 1), 2, {.stride = 0}); },
                   [](const Tensor& x) { return max_unpool1d(x, places_in(x, 1), 2, {.padding = 9}); },
                   [](const Tensor& x) { return max_unpool1d(x, places_in(x, 1), 2, {.output_size = {10}}); },
                   [](const Tensor& x) { return max_unpool1d(x, Tensor(), 2); }}},
      {.name = "max_unpool2d",
       .function = [](const Tensor& x) { return max_unpool2d(x, indices_for(x, 2), 2); },
       .shapes = {{{2, 2, 3, 2}}, {{2, 3, 4}}},
       .expected = unpooled(2),
       .refused = {[](const Tensor& x) {
         return max_unpool2d(x, places_in(x, 2), {2, 2, 2});
       }}},
      {.name = "max_unpool3d",
       .function = [](const Tensor& x) { return max_unpool3d(x, indices_for(x, 3), 2); },
       .shapes = {{{2, 2, 2, 3, 2}}, {{1, 2, 3, 2}}},
       .expected = unpooled(3)},
      {.name = "max_unpool1d(stride)",
       .function = [](const Tensor& x) { return max_unpool1d(x, places_apart(x), 2, {.stride = 3}); },
       .shapes = {{{2, 3, 4}}},
       .expected = unpooled_apart(11)},
      {.name = "max_unpool1d(output size)",
       .function =
           [](const Tensor& x) { return max_unpool1d(x, places_apart(x), 2, {.stride = 3, .output_size = {13}}); },
       .shapes = {{{2, 3, 4}}},
       .expected = unpooled_apart(13)},
  };
}

const Family kFamily("unpooling", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Unpooling keeps its contract", "[op_table]") { xgrad::testing::expect_family_holds("unpooling"); }

TEST_CASE("Unpooling to a size of one's own undoes a pooling of any length", "[ops][unpooling]") {
  using namespace xgrad;
  Tensor x = tensor({{{1., 5., 3., 9., 2.}}});
  MaxPooled pooled = max_pool1d_with_indices(x, 2);
  CHECK(max_unpool1d(pooled.values, pooled.indices, 2).to_vector() == std::vector<double>{0, 5, 0, 9});
  CHECK(max_unpool1d(pooled.values, pooled.indices, 2, {.output_size = {5}}).to_vector() ==
        std::vector<double>{0, 5, 0, 9, 0});
  CHECK(max_unpool1d(pooled.values, pooled.indices, 2, {.output_size = {1, 1, 5}}).size(2) == 5);
}
