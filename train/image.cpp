#include "image.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../autograd/tensor.hpp"
#include "detail/file.hpp"
#include "detail/font.hpp"
#include "detail/image_access.hpp"
#include "detail/raster.hpp"
#include "detail/svg.hpp"
#include "detail/ticks.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

std::uint8_t level(double value, double low, double high) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(detail::share_of(value, low, high), 0.0, 1.0)));
}

}  // namespace

ImageGrid::ImageGrid(const Tensor& images, ImageGridOptions options, SourceLocation where)
    : options_(std::move(options)) {
  check(images.defined(), where, "ImageGrid: images must be a defined tensor, but it is default-constructed.");
  const Shape& shape = images.shape();
  check(shape.ndim() >= 2 && shape.ndim() <= 4, where,
        "ImageGrid: images must be [height, width], [n, height, width] or [n, channels, height, width], but they are ",
        shape, ".");
  const std::int64_t channels = shape.ndim() == 4 ? shape[1] : 1;
  check(channels == 1 || channels == 3 || channels == 4, where,
        "ImageGrid: images must have 1, 3 or 4 channels, but they are ", shape, ".");
  const std::int64_t height = shape[shape.ndim() - 2], width = shape[shape.ndim() - 1];
  count_ = shape.ndim() == 2 ? 1 : shape[0];
  check(count_ > 0 && height > 0 && width > 0, where, "ImageGrid: there must be an image, but they are ", shape, ".");
  check(height <= 16384 && width <= 16384 && images.numel() <= std::int64_t{1} << 28, where,
        "ImageGrid: images must be at most 16384 high and wide, and 2^28 elements together, but they are ", shape, ".");
  check(options_.columns >= 0 && options_.zoom >= 0 && options_.zoom <= 256 && options_.padding >= 0 &&
            options_.padding <= 256,
        where, "ImageGrid: columns must be at least 0, zoom and padding in [0, 256], but they are ", options_.columns,
        ", ", options_.zoom, " and ", options_.padding, ".");
  check(static_cast<std::int64_t>(options_.labels.size()) <= count_, where,
        "ImageGrid: there must be at most one label an image, but there are ", options_.labels.size(), " for ", count_,
        ".");
  double low = options_.range.low, high = options_.range.high;
  if (low == 0 && high == 0) high = is_floating(images.dtype()) || images.dtype() == DType::boolean ? 1 : 255;
  check(std::isfinite(low) && std::isfinite(high) && low < high, where,
        "ImageGrid: range must begin below its end, but it is [", low, ", ", high, "].");

  channels_ = static_cast<int>(channels);
  height_ = static_cast<int>(height);
  width_ = static_cast<int>(width);
  const std::vector<double> values = images.to_vector<double>(where);
  const auto plane = static_cast<std::size_t>(height * width), size = plane * static_cast<std::size_t>(channels);
  // Grey images become RGB, so that nan has a colour.
  const std::size_t out_channels = channels == 4 ? 4 : 3;
  pixels_->resize(static_cast<std::size_t>(count_) * plane * out_channels);
  std::uint8_t* to = pixels_->data();
  for (std::int64_t n = 0; n < count_; ++n) {
    const double* image = values.data() + static_cast<std::size_t>(n) * size;
    if (options_.stretch) {
      bool is_first = true;
      for (std::size_t i = 0; i < size; ++i) {
        if (!std::isfinite(image[i])) continue;
        low = is_first ? image[i] : std::min(low, image[i]);
        high = is_first ? image[i] : std::max(high, image[i]);
        is_first = false;
      }
      // Of large numbers the next one is farther away than 1; the largest has none.
      if (!(low < high)) high = std::min(low + std::max(1.0, std::abs(low) * 0.1), std::numeric_limits<double>::max());
      if (!(low < high)) low *= 0.9;
    }
    for (std::size_t i = 0; i < plane; ++i, to += out_channels) {
      bool has_nan = false;
      for (std::size_t k = 0; k < static_cast<std::size_t>(channels); ++k)
        has_nan = has_nan || std::isnan(image[k * plane + i]);
      for (std::size_t k = 0; k < out_channels; ++k)
        to[k] = has_nan ? (k == 0 || k == 3 ? 255 : 0) : level(image[(channels == 1 ? 0 : k * plane) + i], low, high);
    }
  }
  channels_ = static_cast<int>(out_channels);
}

std::string ImageGrid::svg() const {
  const ImageAccess::Layout layout = ImageAccess::layout_of(*this);
  detail::SvgCanvas canvas(options_.theme);
  ImageAccess::draw(*this, layout, canvas);
  return canvas.picture(layout.width, layout.height, options_.title, false);
}

std::string ImageGrid::png() const {
  const ImageAccess::Layout layout = ImageAccess::layout_of(*this);
  // Letters need more pixels than images do.
  const double scale = options_.labels.empty() && options_.title.empty() ? 1 : 2;
  detail::RasterCanvas canvas(layout.width, layout.height, scale, options_.theme);
  ImageAccess::draw(*this, layout, canvas);
  return png_of(canvas.pixels());
}

void ImageGrid::save(const std::string& path, SourceLocation where) const {
  const std::string extension = detail::extension_of(path);
  check(extension == "svg" || extension == "png", where,
        "ImageGrid: a picture's file must end in .svg or .png, but it is '", path, "'.");
  detail::write_file("ImageGrid", path, extension == "svg" ? svg() : png(), where);
}

}  // namespace train
}  // namespace xgrad
