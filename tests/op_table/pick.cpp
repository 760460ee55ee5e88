#include <xgrad/autograd/ops/pick.hpp>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

std::int64_t integer(double number) { return static_cast<std::int64_t>(number); }

/// A mask with as many true elements in every layout: the checks keep the shape of the value.
const OperatorInput kAllTrue = {.low = 1, .high = 2, .dtype = DType::boolean};
/// Numbers none of which is 0.
const OperatorInput kNoZero = {.low = 1, .high = 2};

Tensor places_of(std::span<const Tensor> x) {
  std::vector<double> numbers;
  by_place(x[0].shape(), [&](const Place& at) {
    for (std::int64_t i : at) numbers.push_back(double(i));
    return 0.0;
  });
  return from_data(numbers.data(), {x[0].numel(), x[0].ndim()});
}

Rows rows() {
  return {
      {.name = "nonzero",
       .function = [](const Tensor& x) { return nonzero(x); },
       .inputs = {kNoZero},
       .shapes = kAnyShapeOrEmpty,
       .large = kLarge,
       .expected = places_of,
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "argwhere",
       .function = [](const Tensor& x) { return argwhere(x); },
       .inputs = {kNoZero},
       .shapes = kAnyShapeOrEmpty,
       .expected = places_of,
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "nonzero_tuple",
       .function = [](const Tensor& x) { return 100 * nonzero_tuple(x).front() + nonzero_tuple(x).back(); },
       .inputs = {kNoZero},
       .shapes = {{{2, 3}}, {{}}, {{4}}, {{0, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Tensor wide = x[0].ndim() > 0 ? x[0] : reshaped(x[0], {1});
             std::vector<double> numbers;
             by_place(wide.shape(), [&](const Place& at) {
               numbers.push_back(double(100 * at.front() + at.back()));
               return 0.0;
             });
             return from_data(numbers.data(), {x[0].numel()});
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "masked_select",
       .function = [](const Tensor& x, const Tensor& mask) { return masked_select(x, mask); },
       .inputs = {{}, kAllTrue},
       .shapes = {{{2, 3}, {2, 3}}, {{2, 1}, {3}}, {{}, {}}, {{0}, {0}}},
       .large = {{{301, 703}, {301, 703}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = x[0].ndim() == 2 ? Shape{2, 3} : x[0].shape();
             if (x[0].numel() > 6) shape = x[0].shape();
             Elements of(x[0]);
             return reshaped(by_place(shape,
                                      [&](Place at) {
                                        for (int axis = 0; axis < x[0].ndim(); ++axis)
                                          if (x[0].shape()[axis] == 1) at[axis] = 0;
                                        return of(at);
                                      }),
                             {shape.numel()});
           }},
      {.name = "take",
       .function = [](const Tensor& x, const Tensor& i) { return take(x, i - 3); },
       .inputs = {{}, {.low = 0, .high = 6, .dtype = DType::int64}},
       .shapes = {{{2, 3}, {2, 2}}, {{6}, {}}, {{3, 2}, {0}}},
       .large = {{{601, 3}, {301, 703}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> numbers = x[0].to_vector<double>();
             Elements positions(x[1]);
             return by_place(x[1].shape(), [&](const Place& at) {
               return numbers[static_cast<std::size_t>((integer(positions(at)) - 3 + x[0].numel()) % x[0].numel())];
             });
           },
       .refused = {[](const Tensor& x, const Tensor& i) { return take(x, i + 6); },
                   [](const Tensor& x, const Tensor& i) { return take(x, i - 13); }},
       .propagates_nan = false},
      {.name = "take_along_dim",
       .function = [](const Tensor& x, const Tensor& i) { return take_along_dim(x, i, 1); },
       .inputs = {{}, {.low = 0, .high = 3, .dtype = DType::int64}},
       .shapes = {{{2, 3}, {2, 4}}, {{2, 3, 1}, {1, 2, 2}}, {{2, 3}, {2, 0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), indices(x[1]);
             Shape shape = x[0].ndim() == 2 ? x[1].shape() : Shape{2, 2, 2};
             return by_place(shape, [&](Place at) {
               Place inner = at;
               for (int axis = 0; axis < x[1].ndim(); ++axis)
                 if (x[1].shape()[axis] == 1) inner[axis] = 0;
               at[1] = integer(indices(inner));
               for (int axis = 0; axis < x[0].ndim(); ++axis)
                 if (axis != 1 && x[0].shape()[axis] == 1) at[axis] = 0;
               return of(at);
             });
           },
       .refused = {[](const Tensor& x, const Tensor& i) { return take_along_dim(x, i, 3); },
                   [](const Tensor& x, const Tensor& i) { return take_along_dim(x, i + 3, 1); },
                   [](const Tensor& x, const Tensor& i) { return take_along_dim(x, unsqueeze(i, 0), 1); }},
       .propagates_nan = false},
      {.name = "take_along_dim(first axis)",
       .function = [](const Tensor& x, const Tensor& i) { return take_along_dim(x, i, 0); },
       .inputs = {{}, {.low = 0, .high = 3, .dtype = DType::int64}},
       .shapes = {{{3, 3}, {3, 3}}, {{3, 2}, {5, 1}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), indices(x[1]);
             return by_place({x[1].size(0), x[0].size(1)}, [&](const Place& at) {
               return of({integer(indices({at[0], x[1].size(1) == 1 ? 0 : at[1]})), at[1]});
             });
           },
       .propagates_nan = false},
      {.name = "take_along_dim(flat)",
       .function = [](const Tensor& x, const Tensor& i) { return take_along_dim(x, i); },
       .inputs = {{}, {.low = 0, .high = 6, .dtype = DType::int64}},
       .shapes = {{{2, 3}, {2, 2}}, {{6}, {}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> numbers = x[0].to_vector<double>(), taken;
             for (double position : x[1].to_vector<double>())
               taken.push_back(numbers[static_cast<std::size_t>(position)]);
             return from_data(taken.data(), {x[1].numel()});
           },
       .propagates_nan = false},
  };
}

const Family kFamily("pick", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Picks keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("pick"); }
