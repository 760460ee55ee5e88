#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/convolution.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

struct Numbers {
  std::int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
};

/// Calls use(place of x, place of y, place of the weight) for all that meet in a convolution, all with a batch axis.
void for_meetings(const Shape& x, const Shape& y, const Shape& w, const Numbers& n,
                  const Function<void(const Place&, const Place&, const Place&)>& use) {
  by_place(y, [&](const Place& at) {
    by_place(w, [&](const Place& k) {
      const std::int64_t per_group = w[0] / n.groups;
      if (k[0] != at[1]) return 0.0;
      Place from = {at[0], k[0] / per_group * w[1] + k[1]};
      for (int axis = 2; axis < x.ndim(); ++axis) {
        const std::int64_t place = at[axis] * n.stride + k[axis] * n.dilation - n.padding;
        if (place < 0 || place >= x[axis]) return 0.0;
        from.push_back(place);
      }
      use(from, at, k);
      return 0.0;
    });
    return 0.0;
  });
}

/// Elements that can be added to.
struct Sums {
  Shape shape;
  std::vector<double> numbers;
  explicit Sums(const Shape& shape) : shape(shape), numbers(static_cast<std::size_t>(shape.numel())) {}
  double& at(const Place& place) {
    std::int64_t position = 0;
    for (int axis = 0; axis < shape.ndim(); ++axis) position = position * shape[axis] + place[axis];
    return numbers[static_cast<std::size_t>(position)];
  }
};

Tensor with_batch(const Tensor& x, const Tensor& w) { return x.ndim() == w.ndim() ? x : unsqueeze(x, 0); }

TensorFunction convolution(Numbers n) {
  return [n](std::span<const Tensor> in) {
    const Tensor x = with_batch(in[0], in[1]);
    Shape shape{x.size(0), in[1].size(0)};
    for (int axis = 2; axis < x.ndim(); ++axis)
      shape.push_back((x.size(axis) + 2 * n.padding - n.dilation * (in[1].size(axis) - 1) - 1) / n.stride + 1);
    Sums y(shape);
    Elements of(x), weight(in[1]);
    if (in.size() > 2)
      by_place(shape, [&, bias = Elements(in[2])](const Place& at) { return y.at(at) = bias({at[1]}); });
    for_meetings(x.shape(), shape, in[1].shape(), n,
                 [&](const Place& from, const Place& to, const Place& k) { y.at(to) += of(from) * weight(k); });
    return reshape(from_data(y.numbers.data(), shape),
                   in[0].ndim() == x.ndim() ? shape : Shape(std::span(shape.begin() + 1, shape.end())));
  };
}

TensorFunction transpose_of_convolution(Numbers n, std::int64_t behind) {
  return [=](std::span<const Tensor> in) {
    const Tensor x = with_batch(in[0], in[1]);
    Shape shape{x.size(0), in[1].size(1) * n.groups};
    for (int axis = 2; axis < x.ndim(); ++axis)
      shape.push_back((x.size(axis) - 1) * n.stride - 2 * n.padding + n.dilation * (in[1].size(axis) - 1) + behind + 1);
    Sums y(shape);
    Elements of(x), weight(in[1]);
    if (in.size() > 2)
      by_place(shape, [&, bias = Elements(in[2])](const Place& at) { return y.at(at) = bias({at[1]}); });
    for_meetings(shape, x.shape(), in[1].shape(), n,
                 [&](const Place& to, const Place& from, const Place& k) { y.at(to) += of(from) * weight(k); });
    return reshape(from_data(y.numbers.data(), shape),
                   in[0].ndim() == x.ndim() ? shape : Shape(std::span(shape.begin() + 1, shape.end())));
  };
}

using Convolution = Tensor (*)(const Operand&, const Tensor&, const Tensor&, ConvOptions);
using Transpose = Tensor (*)(const Operand&, const Tensor&, const Tensor&, ConvTransposeOptions);

OperatorRow row(const char* name, Convolution function, Numbers n, std::vector<std::vector<Shape>> shapes) {
  const ConvOptions options{.stride = n.stride, .padding = n.padding, .dilation = n.dilation, .groups = n.groups};
  return {
      .name = name,
      .function = [=](const Tensor& x, const Tensor& w, const Tensor& b) { return function(x, w, b, options); },
      .inputs = {{}, {}, {}},
      .shapes = std::move(shapes),
      .expected = convolution(n),
      .refused = {[=](const Tensor& x, const Tensor& w, const Tensor& b) { return function(x, w, b, {.stride = 0}); },
                  [=](const Tensor& x, const Tensor& w, const Tensor& b) { return function(x, w, b, {.padding = -1}); },
                  [=](const Tensor& x, const Tensor& w, const Tensor& b) {
                    return function(x, w, b, {.stride = {1, 1, 1, 1}});
                  },
                  [=](const Tensor& x, const Tensor& w, const Tensor& b) { return function(x, w, b, {.groups = 5}); }}};
}

OperatorRow row(const char* name, Transpose function, Numbers n, std::int64_t behind,
                std::vector<std::vector<Shape>> shapes) {
  const ConvTransposeOptions options{
      .stride = n.stride, .padding = n.padding, .output_padding = behind, .groups = n.groups, .dilation = n.dilation};
  return {
      .name = name,
      .function = [=](const Tensor& x, const Tensor& w, const Tensor& b) { return function(x, w, b, options); },
      .inputs = {{}, {}, {}},
      .shapes = std::move(shapes),
      .expected = transpose_of_convolution(n, behind),
      .refused = {
          [=](const Tensor& x, const Tensor& w, const Tensor& b) { return function(x, w, b, {.stride = 0}); },
          [=](const Tensor& x, const Tensor& w, const Tensor& b) { return function(x, w, b, {.padding = 99}); },
          [=](const Tensor& x, const Tensor& w, const Tensor& b) { return function(x, w, b, {.output_padding = 7}); }}};
}

/// A convolution of two axes with numbers of their own for each: stride 2 and 1, padding 1 and 2, dilation 1 and 2.
Rows by_axis() {
  // Calls use(place of x, place of y, place of the weight) for all that meet.
  auto meetings = [](const Shape& x, const Shape& y, const Shape& w, const Function<void(Place, Place, Place)>& use) {
    by_place(y, [&](const Place& at) {
      by_place({w[1], w[2], w[3]}, [&](const Place& k) {
        const std::int64_t i = 2 * at[2] + k[1] - 1, j = at[3] + 2 * k[2] - 2;
        if (0 <= i && i < x[2] && 0 <= j && j < x[3]) use({at[0], k[0], i, j}, at, {at[1], k[0], k[1], k[2]});
        return 0.0;
      });
      return 0.0;
    });
  };
  return {
      {.name = "conv2d(by axis)",
       .function =
           [](const Tensor& x, const Tensor& w) {
             return conv2d(x, w, {}, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}});
           },
       .inputs = {{}, {}},
       .shapes = {{{1, 2, 5, 5}, {2, 2, 3, 3}}, {{2, 1, 4, 5}, {2, 1, 2, 2}}},
       .expected =
           [=](std::span<const Tensor> in) {
             const Shape x = in[0].shape(), w = in[1].shape();
             Sums y({x[0], w[0], (x[2] + 2 - w[2]) / 2 + 1, x[3] + 4 - 2 * (w[3] - 1)});
             Elements of(in[0]), weight(in[1]);
             meetings(x, y.shape, w, [&](Place from, Place to, Place k) { y.at(to) += of(from) * weight(k); });
             return from_data(y.numbers.data(), y.shape);
           }},
      {.name = "conv_transpose2d(by axis)",
       .function =
           [](const Tensor& x, const Tensor& w) {
             return conv_transpose2d(
                 x, w, {}, {.stride = {2, 1}, .padding = {1, 2}, .output_padding = {1, 0}, .dilation = {1, 2}});
           },
       .inputs = {{}, {}},
       .shapes = {{{1, 2, 3, 5}, {2, 2, 3, 3}}},
       .expected =
           [=](std::span<const Tensor> in) {
             const Shape x = in[0].shape(), w = in[1].shape();
             Sums y({x[0], w[1], (x[2] - 1) * 2 - 2 + w[2] - 1 + 1 + 1, x[3] - 1 - 4 + 2 * (w[3] - 1) + 1});
             Elements of(in[0]), weight(in[1]);
             meetings(y.shape, x, w, [&](Place to, Place from, Place k) { y.at(to) += of(from) * weight(k); });
             return from_data(y.numbers.data(), y.shape);
           }},
      {.name = "conv1d(same)",
       .function = [](const Tensor& x, const Tensor& w) { return conv1d(x, w, {}, {.padding = Padding::same}); },
       .inputs = {{}, {}},
       .shapes = {{{1, 2, 5}, {2, 2, 4}}, {{2, 1, 4}, {1, 1, 3}}},
       .expected =
           [](std::span<const Tensor> in) {
             Elements x(in[0]), weight(in[1]);
             const std::int64_t before = (in[1].size(2) - 1) / 2;
             return by_place({in[0].size(0), in[1].size(0), in[0].size(2)}, [&](const Place& at) {
               double sum = 0;
               for (std::int64_t c = 0; c < in[1].size(1); ++c)
                 for (std::int64_t k = 0; k < in[1].size(2); ++k)
                   if (std::int64_t i = at[2] + k - before; i >= 0 && i < in[0].size(2))
                     sum += x({at[0], c, i}) * weight({at[1], c, k});
               return sum;
             });
           }},
  };
}

/// A row without gradients of the second order, whose check would take long.
OperatorRow first_order(OperatorRow row) {
  row.order = 1;
  return row;
}

Rows rows() {
  Rows rows = {
      row("conv1d", conv1d, {.padding = 1},
          {{{2, 2, 6}, {3, 2, 3}, {3}}, {{2, 5}, {1, 2, 2}, {1}}, {{0, 2, 5}, {3, 2, 3}, {3}}}),
      row("conv1d(strided, dilated, grouped)", conv1d, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2},
          {{{2, 4, 9}, {6, 2, 3}, {6}}, {{4, 8}, {2, 2, 2}, {2}}}),
      row("conv2d", conv2d, {}, {{{1, 2, 4, 5}, {3, 2, 2, 3}, {3}}, {{2, 4, 4}, {2, 2, 1, 1}, {2}}}),
      row("conv2d(strided, padded)", conv2d, {.stride = 2, .padding = 1}, {{{2, 1, 5, 4}, {9, 1, 3, 2}, {9}}}),
      first_order(row("conv2d(wide)", conv2d, {.padding = 1},
                      {{{2, 3, 6, 37}, {10, 3, 3, 3}, {10}}, {{3, 3, 7, 7}, {5, 3, 3, 3}, {5}}})),
      first_order(row("conv2d(depthwise)", conv2d, {.padding = 1, .groups = 4}, {{{2, 4, 7, 7}, {4, 1, 3, 3}, {4}}})),
      first_order(row("conv2d(pointwise)", conv2d, {}, {{{2, 5, 4, 5}, {7, 5, 1, 1}, {7}}})),
      row("conv3d", conv3d, {.stride = 2, .padding = 1},
          {{{1, 2, 3, 4, 3}, {2, 2, 2, 2, 3}, {2}}, {{1, 3, 2, 2}, {2, 1, 2, 2, 2}, {2}}}),
      row("conv_transpose1d", conv_transpose1d, {}, 0,
          {{{2, 2, 4}, {2, 3, 3}, {3}}, {{2, 5}, {2, 1, 2}, {1}}, {{0, 2, 5}, {2, 3, 3}, {3}}}),
      row("conv_transpose1d(strided, dilated, grouped)", conv_transpose1d,
          {.stride = 3, .padding = 1, .dilation = 2, .groups = 2}, 2, {{{1, 4, 3}, {4, 2, 3}, {4}}}),
      row("conv_transpose2d", conv_transpose2d, {.stride = 2, .padding = 1}, 1,
          {{{1, 2, 3, 2}, {2, 3, 3, 3}, {3}}, {{2, 3, 2}, {2, 1, 2, 2}, {1}}}),
      first_order(
          row("conv_transpose2d(wide)", conv_transpose2d, {.padding = 1}, 0, {{{2, 3, 4, 37}, {3, 9, 3, 3}, {9}}})),
      row("conv_transpose3d", conv_transpose3d, {.stride = 2, .padding = 1}, 1,
          {{{1, 2, 2, 2, 2}, {2, 1, 2, 2, 2}, {1}}, {{1, 2, 2, 2}, {1, 2, 2, 3, 2}, {2}}}),
  };
  append(rows, by_axis());
  OperatorRow large =
      first_order(row("conv2d(on several threads)", conv2d, {.padding = 1}, {{{1, 2, 4, 4}, {2, 2, 3, 3}, {2}}}));
  large.large = {{{9, 16, 33, 33}, {17, 16, 3, 3}, {17}}};
  large.expected = {};
  large.unreferenced = "see conv2d: this one is compared on one and three threads";
  rows.push_back(large);
  return rows;
}

const Family kFamily("convolution", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Convolutions keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("convolution"); }
