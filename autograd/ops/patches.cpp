#include "patches.hpp"

#include <algorithm>
#include <array>

#include "../extend.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/few_terms.hpp"
#include "../tensor_impl.hpp"
#include "arithmetic.hpp"
#include "cast.hpp"
#include "detail/result.hpp"
#include "detail/window.hpp"
#include "movement.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The patches along one axis of an image.
struct Patches {
  std::int64_t extent, kernel, dilation, padding, stride, count;

  /// Those patches whose element i lies in the image.
  struct Inside {
    std::int64_t first, count, start;  // start: where that of the first one lies
  };
  Inside inside(std::int64_t i) const {
    std::int64_t shift = i * dilation - padding;  // of patch 0
    std::int64_t first = shift >= 0 ? 0 : (-shift - 1) / stride + 1;
    std::int64_t last = shift >= extent ? -1 : std::min(count - 1, (extent - 1 - shift) / stride);
    return {first, std::max<std::int64_t>(last - first + 1, 0), first * stride + shift};
  }
};

/// One number for both axes, or one for each.
std::int64_t number_for(const char* operation, const char* name, const Shape& numbers, int axis, std::int64_t least,
                        SourceLocation where) {
  check(numbers.ndim() == 1 || numbers.ndim() == 2, where, operation, ": ", name,
        " must be one number or two, but it is ", numbers, ".");
  std::int64_t number = numbers[numbers.ndim() == 1 ? 0 : axis];
  check(number >= least, where, operation, ": ", name, " must be at least ", least, ", but it is ", numbers, ".");
  return number;
}

using Grid = std::array<Patches, 2>;

Grid grid_of(const char* operation, std::int64_t height, std::int64_t width, const Shape& kernel,
             const PatchOptions& options, SourceLocation where) {
  Grid grid{Patches{height, 0, 0, 0, 0, 0}, Patches{width, 0, 0, 0, 0, 0}};
  for (int axis : {0, 1}) {
    Patches& p = grid[static_cast<std::size_t>(axis)];
    check(p.extent >= 0, where, operation, ": the image's size must not be negative, but it is ", height, " x ", width,
          ".");
    p.kernel = number_for(operation, "kernel", kernel, axis, 1, where);
    p.dilation = number_for(operation, "dilation", options.dilation, axis, 1, where);
    p.padding = number_for(operation, "padding", options.padding, axis, 0, where);
    p.stride = number_for(operation, "stride", options.stride, axis, 1, where);
    __int128 room = static_cast<__int128>(p.extent) + 2 * static_cast<__int128>(p.padding) -
                    static_cast<__int128>(p.dilation) * (p.kernel - 1) - 1;
    check(room >= 0, where, operation, ": the image must have room for a patch, but it is ", height, " x ", width,
          ", with kernel ", kernel, ", dilation ", options.dilation, " and padding ", options.padding, ".");
    __int128 count = room / p.stride + 1;
    check(count <= INT64_MAX && p.padding <= INT64_MAX / 4, where, operation,
          ": the number of patches must fit in an int64, but the padding is ", options.padding, ".");
    p.count = static_cast<std::int64_t>(count);
  }
  return grid;
}

/// What a kernel of this size and its patches make of `channels` of `batch` images, each kernel element and patch by
/// itself.
Shape apart(std::int64_t batch, std::int64_t channels, const Grid& grid) {
  return {batch, channels, grid[0].kernel, grid[1].kernel, grid[0].count, grid[1].count};
}

/// Calls f(columns, image) with views of the same shape, of all patches at each element of the kernel.
template <class F>
void for_each_tap(const Tensor& columns, const Tensor& image, const Grid& grid, F f) {
  if (columns.numel() == 0 || image.numel() == 0) return;
  for (std::int64_t i = 0; i < grid[0].kernel; ++i)
    for (std::int64_t j = 0; j < grid[1].kernel; ++j) {
      Patches::Inside rows = grid[0].inside(i), across = grid[1].inside(j);
      if (rows.count == 0 || across.count == 0) continue;
      Shape shape = {image.shape()[0], image.shape()[1], rows.count, across.count};
      Window of_image{{0, 0, rows.start, across.start}, {1, 1, grid[0].stride, grid[1].stride}, shape, {0, 1, 2, 3}};
      Window of_columns{{0, 0, i, j, rows.first, across.first}, {1, 1, 1, 1, 1, 1}, shape, {0, 1, 4, 5}};
      f(view_of(columns, of_columns), view_of(image, of_image));
    }
}

Tensor patches_of(const Tensor& image, const Grid& grid, SourceLocation where);

/// An image [n, c, h, w] of columns [n, c, p, q, rows, columns]. Gradient: patches_of.
Tensor image_of(const Tensor& columns, const Grid& grid, SourceLocation where) {
  Shape shape = {columns.shape()[0], columns.shape()[1], grid[0].extent, grid[1].extent};
  Tensor result = new_zeros("fold", shape, columns.dtype(), where);
  // At most the kernel's elements come together at one place.
  bool is_wide = columns.dtype() == DType::float32 && grid[0].kernel * grid[1].kernel > kFewOverlaps;
  Tensor total = is_wide ? new_zeros("fold", shape, DType::float64, where) : result;
  for_each_tap(columns, total, grid, [&](const Tensor& from, const Tensor& to) {
    if (!is_floating(to.dtype())) return copy_into(to, add(to, from));
    if (!is_wide) return add_into(to, from);
    Tensor wide = new_result("fold", from.shape(), DType::float64, where);
    copy_into(wide, from);
    add_into(to, wide);
  });
  if (is_wide && result.numel() > 0) copy_into(result, total);
  return record("fold", where, {columns}, result, {},
                [grid](Vjp& vjp) { vjp.give(0, patches_of(vjp.g(), grid, vjp.where())); });
}

/// Columns [n, c, p, q, rows, columns] of an image [n, c, h, w]. Gradient: image_of.
Tensor patches_of(const Tensor& image, const Grid& grid, SourceLocation where) {
  Shape shape = apart(image.shape()[0], image.shape()[1], grid);
  bool is_padded = grid[0].padding > 0 || grid[1].padding > 0;
  Tensor result =
      is_padded ? new_zeros("unfold", shape, image.dtype(), where) : new_checked("unfold", shape, image.dtype(), where);
  for_each_tap(result, image, grid, [](const Tensor& to, const Tensor& from) { copy_into(to, from); });
  return record("unfold", where, {image}, result, {},
                [grid](Vjp& vjp) { vjp.give(0, image_of(vjp.g(), grid, vjp.where())); });
}

/// Throws unless an int64 can count the kernel's elements, the patches, and the bytes of all.
void check_columns(const char* operation, const Shape& parts, DType dtype, SourceLocation where) {
  auto bytes = static_cast<std::int64_t>(size_of(dtype));
  bool overflow = false;
  for (std::int64_t extent : parts)
    if (extent > 0) overflow |= __builtin_mul_overflow(bytes, extent, &bytes);
  check(!overflow, where, operation,
        ": the number of bytes must fit in an int64, but there are [n, c, p, q, rows, "
        "columns] ",
        parts, " elements.");
}

}  // namespace

Tensor unfold(const Operand& operand, const Shape& kernel, const PatchOptions& options) {
  const Tensor& x = operand.tensor("unfold");
  SourceLocation where = operand.where();
  check(x.ndim() == 3 || x.ndim() == 4, where, "unfold: x must be [n, c, h, w] or [c, h, w], but it is ", x.shape(),
        ".");
  CallSite site(where);
  Grid grid = grid_of("unfold", x.size(-2), x.size(-1), kernel, options, where);
  std::int64_t batch = x.ndim() == 4 ? x.size(0) : 1, channels = x.size(-3);
  Shape parts = apart(batch, channels, grid);
  check_columns("unfold", parts, x.dtype(), where);
  Tensor columns = patches_of(x.ndim() == 4 ? x : unsqueeze(x, 0), grid, where);
  Shape shape = {channels * parts[2] * parts[3], parts[4] * parts[5]};
  if (x.ndim() == 4) shape.insert(0, batch);
  return reshape(columns, shape);
}

Tensor fold(const Operand& operand, const Shape& size, const Shape& kernel, const PatchOptions& options) {
  const Tensor& columns = operand.tensor("fold");
  SourceLocation where = operand.where();
  check(columns.ndim() == 2 || columns.ndim() == 3, where,
        "fold: the columns must be [n, c p q, patches] or [c p q, patches], but they are ", columns.shape(), ".");
  std::int64_t height = number_for("fold", "size", size, 0, 0, where),
               width = number_for("fold", "size", size, 1, 0, where);
  CallSite site(where);
  Grid grid = grid_of("fold", height, width, kernel, options, where);
  check_columns("fold", apart(1, 1, grid), columns.dtype(), where);
  std::int64_t elements = grid[0].kernel * grid[1].kernel, patches = grid[0].count * grid[1].count;
  check(columns.size(-2) % elements == 0, where, "fold: the columns' length must be a multiple of the ", elements,
        " elements of the kernel ", kernel, ", but the columns are ", columns.shape(), ".");
  check(columns.size(-1) == patches, where, "fold: there must be as many columns as the image ", height, " x ", width,
        " has patches, ", patches, ", but they are ", columns.shape(), ".");
  std::int64_t batch = columns.ndim() == 3 ? columns.size(0) : 1, channels = columns.size(-2) / elements;
  Shape image = {batch, channels, height, width};
  check_columns("fold", image, columns.dtype(), where);
  Tensor result = image_of(reshape(columns, apart(batch, channels, grid)), grid, where);
  return columns.ndim() == 3 ? result : reshape(result, {channels, height, width});
}

// ---- Channels and pixels ----

namespace {

void check_image(const char* operation, const Tensor& x, std::int64_t factor, SourceLocation where) {
  check(x.ndim() >= 3, where, operation, ": x must be [..., c, h, w], but it is ", x.shape(), ".");
  check(factor > 0, where, operation, ": the factor must be above 0, but it is ", factor, ".");
}

/// The axes before the last three as one.
std::int64_t batch_of(const Tensor& x) {
  std::int64_t batch = 1;
  for (int k = 0; k < x.ndim() - 3; ++k) batch *= x.shape()[k];
  return batch;
}

/// x's shape with other channels, height and width.
Shape image_shape(const char* operation, const Tensor& x, std::int64_t channels, std::int64_t height,
                  std::int64_t width, bool overflow, SourceLocation where) {
  check(!overflow, where, operation, ": extents must fit in an int64, but x is ", x.shape(), ".");
  Shape shape = x.shape();
  shape[-3] = channels;
  shape[-2] = height;
  shape[-1] = width;
  checked_numel(operation, shape, where);
  return shape;
}

}  // namespace

Tensor pixel_shuffle(const Operand& operand, std::int64_t factor) {
  const Tensor& x = operand.tensor("pixel_shuffle");
  SourceLocation where = operand.where();
  check_image("pixel_shuffle", x, factor, where);
  std::int64_t channels = x.size(-3), h = x.size(-2), w = x.size(-1), height, width;
  check(channels % factor == 0 && channels / factor % factor == 0, where,
        "pixel_shuffle: the square of the factor must divide the channels, but the factor is ", factor, " and x ",
        x.shape(), ".");
  channels = channels / factor / factor;
  bool overflow = __builtin_mul_overflow(h, factor, &height);
  overflow |= __builtin_mul_overflow(w, factor, &width);
  Shape shape = image_shape("pixel_shuffle", x, channels, height, width, overflow, where);
  CallSite site(where);
  Tensor parts = reshape(x, {batch_of(x), channels, factor, factor, h, w});
  return reshape(permute(parts, {0, 1, 4, 2, 5, 3}), shape);
}

Tensor pixel_unshuffle(const Operand& operand, std::int64_t factor) {
  const Tensor& x = operand.tensor("pixel_unshuffle");
  SourceLocation where = operand.where();
  check_image("pixel_unshuffle", x, factor, where);
  std::int64_t channels = x.size(-3), h = x.size(-2), w = x.size(-1), more;
  check(h % factor == 0 && w % factor == 0, where,
        "pixel_unshuffle: the factor must divide height and width, but it is ", factor, " and x ", x.shape(), ".");
  bool overflow = __builtin_mul_overflow(channels, factor, &more);
  overflow |= __builtin_mul_overflow(more, factor, &more);
  Shape shape = image_shape("pixel_unshuffle", x, more, h / factor, w / factor, overflow, where);
  CallSite site(where);
  Tensor parts = reshape(x, {batch_of(x), channels, h / factor, factor, w / factor, factor});
  return reshape(permute(parts, {0, 1, 3, 5, 2, 4}), shape);
}

Tensor channel_shuffle(const Operand& operand, std::int64_t groups) {
  const Tensor& x = operand.tensor("channel_shuffle");
  SourceLocation where = operand.where();
  check(x.ndim() >= 3, where, "channel_shuffle: x must be [n, c, ...], with at least three axes, but it is ", x.shape(),
        ".");
  check(groups > 0 && x.size(1) % groups == 0, where,
        "channel_shuffle: groups must be above 0 and divide the channels, but they are ", groups, " and x ", x.shape(),
        ".");
  std::int64_t rest = 1;
  for (int axis = 2; axis < x.ndim(); ++axis) rest *= x.size(axis);
  CallSite site(where);
  Tensor parts = reshape(x, {x.size(0), groups, x.size(1) / groups, rest});
  return reshape(transpose(parts, 1, 2), x.shape());
}

}  // namespace xgrad
