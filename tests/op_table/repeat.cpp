#include <xgrad/autograd/ops/repeat.hpp>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// x repeated to the shape, of as many axes or more.
Tensor copies(const Tensor& x, const Shape& shape) {
  Elements of(x);
  return by_place(shape, [&](Place at) {
    at.erase(at.begin(), at.end() - x.ndim());
    for (int axis = 0; axis < x.ndim(); ++axis) at[axis] %= x.shape()[axis];
    return of(at);
  });
}

/// x moved on by a shift along an axis.
Tensor shifted(const Tensor& x, std::int64_t shift, int axis) {
  Elements of(x);
  return by_place(x.shape(), [&](Place at) {
    std::int64_t extent = x.shape()[axis];
    at[axis] = ((at[axis] - shift) % extent + extent) % extent;
    return of(at);
  });
}

Rows rows() {
  return {
      {.name = "repeat",
       .function =
           [](const Tensor& x) {
             return repeat(x, {2, 1, 3});
           },
       .shapes = {{{2, 3}}, {{}}, {{4}}, {{1, 2, 3}}, {{0, 2}}},
       .large = {{{61, 703}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = {2, 1, 3};
             for (int axis = 0; axis < x[0].ndim(); ++axis) shape[axis + 3 - x[0].ndim()] *= x[0].shape()[axis];
             return copies(x[0], shape);
           },
       .refused = {[](const Tensor& x) { return repeat(x, {2}); },
                   [](const Tensor& x) {
                     return repeat(x, {2, -1});
                   }}},
      {.name = "tile",
       .function = [](const Tensor& x) { return tile(x, {2}); },
       .shapes = {{{2, 3}}, {{}}, {{4}}, {{0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = x[0].ndim() == 0 ? Shape{1} : x[0].shape();
             shape[shape.ndim() - 1] *= 2;
             return copies(x[0], shape);
           },
       .refused = {[](const Tensor& x) { return tile(x, {-1}); }}},
      {.name = "tile(axes)",
       .function =
           [](const Tensor& x) {
             return tile(x, {2, 3});
           },
       .shapes = {{{2, 2}}, {{4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return copies(x[0], x[0].ndim() == 1 ? Shape{2, 12} : Shape{4, 6});
           }},
      {.name = "repeat_interleave",
       .function = [](const Tensor& x) { return repeat_interleave(x, 3, -1); },
       .shapes = {{{2, 3}}, {{}}, {{2, 0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             Shape shape = x[0].ndim() == 0 ? Shape{1} : x[0].shape();
             shape[shape.ndim() - 1] *= 3;
             return by_place(shape, [&](Place at) {
               at.back() /= 3;
               at.resize(static_cast<std::size_t>(x[0].ndim()));
               return of(at);
             });
           },
       .refused = {[](const Tensor& x) { return repeat_interleave(x, -1); },
                   [](const Tensor& x) { return repeat_interleave(x, 1, 2); }}},
      {.name = "repeat_interleave(first axis)",
       .function = [](const Tensor& x) { return repeat_interleave(x, 2, 0); },
       .shapes = {{{3, 3}}, {{2, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             return by_place({2 * x[0].size(0), x[0].size(1)}, [&](const Place& at) { return of({at[0] / 2, at[1]}); });
           }},
      {.name = "repeat_interleave(flat)",
       .function = [](const Tensor& x) { return repeat_interleave(x, 2); },
       .shapes = {{{2, 3}}, {{4}}},
       .expected =
           [](std::span<const Tensor> x) {
             const std::vector<double> all = Elements(x[0]).all();
             return by_place({2 * x[0].numel()},
                             [&](const Place& at) { return all[static_cast<std::size_t>(at[0] / 2)]; });
           }},
      {.name = "repeat_interleave(tensor, axis)",
       .function =
           [](const Tensor& x) {
             return repeat_interleave(x, tensor({2, 0, 3}), 1);
           },
       .shapes = {{{3, 3}}, {{2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             return by_place({x[0].size(0), 5}, [&](const Place& at) { return of({at[0], at[1] < 2 ? 0 : 2}); });
           },
       .propagates_nan = false},
      {.name = "repeat_interleave(tensor)",
       .function = [](const Tensor& x, const Tensor& times) { return repeat_interleave(x, times, 0); },
       // The checks keep the shape of the value: other numbers are tried in tests/ops/repeat.cpp.
       .inputs = {{}, {.low = 2, .high = 3, .dtype = DType::int64}},
       .shapes = {{{3, 2}, {3}}, {{4}, {1}}, {{0, 2}, {0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), times(x[1]);
             std::vector<std::int64_t> rows;
             for (std::int64_t i = 0; i < x[0].size(0); ++i)
               rows.insert(rows.end(), static_cast<std::size_t>(times({x[1].numel() == 1 ? 0 : i})), i);
             Shape shape = x[0].shape();
             shape[0] = static_cast<std::int64_t>(rows.size());
             return by_place(shape, [&](Place at) {
               at[0] = rows[static_cast<std::size_t>(at[0])];
               return of(at);
             });
           },
       .refused = {[](const Tensor& x, const Tensor& times) { return repeat_interleave(x, times - 4, 0); },
                   [](const Tensor& x, const Tensor& times) { return repeat_interleave(x, times, 2); }},
       .propagates_nan = false},
      {.name = "roll",
       .function = [](const Tensor& x) { return roll(x, 2); },
       .shapes = kAnyShapeOrEmpty,
       .expected =
           [](std::span<const Tensor> x) {
             if (x[0].numel() == 0) return x[0];
             return reshaped(shifted(reshaped(x[0], {x[0].numel()}), 2, 0), x[0].shape());
           }},
      {.name = "roll(axis)",
       .function = [](const Tensor& x) { return roll(x, -1, 1); },
       .shapes = kThreeAxesOrEmpty,
       .expected = [](std::span<const Tensor> x) { return x[0].numel() == 0 ? x[0] : shifted(x[0], -1, 1); },
       .refused = {[](const Tensor& x) { return roll(x, 1, 3); }}},
      {.name = "roll(axes)",
       .function =
           [](const Tensor& x) {
             return roll(x, {1, -2, 5}, {0, -1, 0});
           },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) { return x[0].numel() == 0 ? x[0] : shifted(shifted(x[0], 6, 0), -2, 2); },
       .refused = {[](const Tensor& x) {
                     return roll(x, {1, 2}, {0});
                   },
                   [](const Tensor& x) {
                     return roll(x, {1, 2}, {0, 3});
                   }}},
  };
}

const Family kFamily("repeat", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Repetitions keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("repeat"); }
