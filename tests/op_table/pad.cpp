#include <xgrad/autograd/ops/pad.hpp>
#include <xgrad/autograd/ops/patches.hpp>

#include <algorithm>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// Which element stands `at` places from the start of n, by a mirror, the nearest one, or around; -1 for none.
std::int64_t source_of(PadMode mode, std::int64_t at, std::int64_t n) {
  if (0 <= at && at < n) return at;
  switch (mode) {
    case PadMode::reflect:
      return at < 0 ? -at : 2 * (n - 1) - at;
    case PadMode::replicate:
      return at < 0 ? 0 : n - 1;
    case PadMode::circular:
      return (at + n) % n;
    default:
      return -1;
  }
}

/// x with `widths` (before, behind) along its last two axes, those of the last first.
Tensor padded(const Tensor& x, std::vector<std::int64_t> widths, PadMode mode, double value) {
  Elements of(x);
  Shape shape = x.shape();
  for (std::size_t i = 0; i < widths.size(); i += 2) shape[-1 - static_cast<int>(i / 2)] += widths[i] + widths[i + 1];
  return by_place(shape, [&](Place at) {
    for (std::size_t i = 0; i < widths.size(); i += 2) {
      std::size_t axis = at.size() - 1 - i / 2;
      at[axis] = source_of(mode, at[axis] - widths[i], x.shape()[static_cast<int>(axis)]);
      if (at[axis] < 0) return value;
    }
    return of(at);
  });
}

OperatorRow pad_row(const std::string& name, PadMode mode) {
  const std::vector<std::int64_t> widths = {1, 2, 2, 0};
  return {.name = name,
          .function = [=](const Tensor& x) { return pad(x, widths, {.mode = mode}); },
          .shapes = {{{3, 4}}, {{2, 3, 3}}, {{1, 2, 5, 3}}},
          .large = {{{61, 73, 89}}},
          .expected = [=](std::span<const Tensor> x) { return padded(x[0], widths, mode, 0); },
          .refused = {[=](const Tensor& x) { return pad(x, {1}, {.mode = mode}); },
                      [=](const Tensor& x) {
                        return pad(x, {-9, 1}, {.mode = mode});
                      },
                      [=](const Tensor& x) {
                        return pad(x, {1, std::int64_t{1} << 62}, {.mode = mode});
                      }}};
}

Rows pads() {
  Rows rows = {pad_row("pad(reflect)", PadMode::reflect), pad_row("pad(replicate)", PadMode::replicate),
               pad_row("pad(circular)", PadMode::circular)};
  rows.push_back({.name = "pad",
                  .function =
                      [](const Tensor& x) {
                        return pad(x, {2, -1, -1, 3}, {.value = 1});
                      },
                  .shapes = {{{3, 4}}, {{2, 1, 2}}, {{2, 3, 1}}, {{0, 2, 3}}},
                  .large = kLarge,
                  .expected =
                      [](std::span<const Tensor> x) {
                        return padded(x[0], {2, -1, -1, 3}, PadMode::constant, 1);
                      },
                  .refused = {[](const Tensor& x) {
                                return pad(x, {1, 1, 1});
                              },
                              [](const Tensor& x) {
                                return pad(x, {1, 1, 1, 1, 1, 1, 1, 1});
                              }},
                  .propagates_nan = false});
  return rows;
}

/// The images of [n, c, h, w] and [c, h, w] alike.
Tensor with_batch(const Tensor& x) { return x.ndim() == 4 ? x : reshaped(x, {1, x.size(0), x.size(1), x.size(2)}); }

constexpr std::int64_t kRows = 2,
                       kColumns = 3;  // of the kernel; with dilation 2 and 1, padding 1 and 0, stride 1 and 2
const PatchOptions kOptions = {.dilation = {2, 1}, .padding = {1, 0}, .stride = {1, 2}};

/// Calls f with the places of each element in the columns and in the image, where it lies in that.
template <class F>
void for_each_element(const Shape& image, F f) {
  std::int64_t down = image[2] + 2 - 2, across = (image[3] - kColumns) / 2 + 1;
  for (std::int64_t n = 0; n < image[0]; ++n)
    for (std::int64_t c = 0; c < image[1]; ++c)
      for (std::int64_t i = 0; i < kRows; ++i)
        for (std::int64_t j = 0; j < kColumns; ++j)
          for (std::int64_t y = 0; y < down; ++y)
            for (std::int64_t x = 0; x < across; ++x) {
              std::int64_t row = y + 2 * i - 1, column = 2 * x + j;
              if (0 <= row && row < image[2])
                f(Place{n, (c * kRows + i) * kColumns + j, y * across + x}, Place{n, c, row, column});
            }
}

Shape columns_of(const Shape& image) {
  return {image[0], image[1] * kRows * kColumns, image[2] * ((image[3] - kColumns) / 2 + 1)};
}

std::size_t position(const Shape& shape, const Place& at) {
  std::int64_t position = 0;
  for (int axis = 0; axis < shape.ndim(); ++axis) position = position * shape[axis] + at[axis];
  return static_cast<std::size_t>(position);
}

Rows patches() {
  return {
      {.name = "unfold(patches)",
       .function =
           [](const Tensor& x) {
             return unfold(x, {kRows, kColumns}, kOptions);
           },
       .shapes = {{{2, 2, 3, 5}}, {{1, 2, 4}}, {{2, 0, 3, 3}}},
       .large = {{{3, 5, 41, 67}}},
       .expected =
           [](std::span<const Tensor> x) {
             Tensor image = with_batch(x[0]);
             Elements of(image);
             Shape shape = columns_of(image.shape());
             std::vector<double> numbers(static_cast<std::size_t>(shape.numel()), 0);
             for_each_element(image.shape(),
                              [&](const Place& to, const Place& from) { numbers[position(shape, to)] = of(from); });
             if (x[0].ndim() == 3) shape.erase(0);
             return from_data(numbers.data(), shape);
           },
       .refused = {[](const Tensor& x) {
                     return unfold(x, {20, 1});
                   },
                   [](const Tensor& x) { return unfold(x, {0}); },
                   [](const Tensor& x) {
                     return unfold(x, {1, 1, 1});
                   },
                   [](const Tensor& x) { return unfold(x, {1}, {.stride = {0}}); },
                   [](const Tensor& x) { return unfold(x, {1}, {.padding = {-1}}); }},
       .propagates_nan = false},
      {.name = "fold",
       .function =
           [](const Tensor& x) {
             return fold(x, {3, 5}, {kRows, kColumns}, kOptions);
           },
       .shapes = {{{2, 12, 6}}, {{6, 6}}, {{0, 6, 6}}},
       .expected =
           [](std::span<const Tensor> x) {
             Tensor columns = x[0].ndim() == 3 ? x[0] : reshaped(x[0], {1, x[0].size(0), x[0].size(1)});
             Elements of(columns);
             Shape shape = {columns.size(0), columns.size(1) / (kRows * kColumns), 3, 5};
             std::vector<double> numbers(static_cast<std::size_t>(shape.numel()), 0);
             for_each_element(shape,
                              [&](const Place& from, const Place& to) { numbers[position(shape, to)] += of(from); });
             if (x[0].ndim() == 2) shape.erase(0);
             return from_data(numbers.data(), shape);
           },
       .refused = {[](const Tensor& x) {
                     return fold(x, {3, 6}, {kRows, kColumns});
                   },
                   [](const Tensor& x) {
                     return fold(x, {3, 5}, {kRows, 5});
                   }},
       .propagates_nan = false},
      {.name = "pixel_shuffle",
       .function = [](const Tensor& x) { return pixel_shuffle(x, 2); },
       .shapes = {{{4, 2, 3}}, {{2, 8, 1, 2}}, {{0, 4, 2, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             Shape shape = x[0].shape();
             shape[-3] /= 4;
             shape[-2] *= 2;
             shape[-1] *= 2;
             return by_place(shape, [&](Place at) {
               std::size_t c = at.size() - 3;
               at[c] = at[c] * 4 + at[c + 1] % 2 * 2 + at[c + 2] % 2;
               at[c + 1] /= 2;
               at[c + 2] /= 2;
               return of(at);
             });
           },
       .refused = {[](const Tensor& x) { return pixel_shuffle(x, 3); },
                   [](const Tensor& x) { return pixel_shuffle(x, 0); }}},
      {.name = "pixel_unshuffle",
       .function = [](const Tensor& x) { return pixel_unshuffle(x, 2); },
       .shapes = {{{1, 4, 6}}, {{2, 2, 2, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             Shape shape = x[0].shape();
             shape[-3] *= 4;
             shape[-2] /= 2;
             shape[-1] /= 2;
             return by_place(shape, [&](Place at) {
               std::size_t c = at.size() - 3;
               at[c + 1] = at[c + 1] * 2 + at[c] / 2 % 2;
               at[c + 2] = at[c + 2] * 2 + at[c] % 2;
               at[c] /= 4;
               return of(at);
             });
           },
       .refused = {[](const Tensor& x) { return pixel_unshuffle(x, 5); }}},
      {.name = "channel_shuffle",
       .function = [](const Tensor& x) { return channel_shuffle(x, 2); },
       .shapes = {{{1, 6, 3}}, {{2, 4, 2, 3}}, {{0, 2, 1}}, {{2, 8, 0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             return by_place(x[0].shape(), [&](Place at) {
               at[1] = at[1] % 2 * (of.shape()[1] / 2) + at[1] / 2;
               return of(at);
             });
           },
       .refused = {[](const Tensor& x) { return channel_shuffle(x, 5); },
                   [](const Tensor& x) { return channel_shuffle(x, 0); }}},
  };
}

Rows rows() {
  Rows rows = pads();
  append(rows, patches());
  return rows;
}

const Family kFamily("pad", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Borders and patches keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("pad"); }
