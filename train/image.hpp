// Images from tensors: grids of them as PNG or SVG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../autograd/error.hpp"
#include "../autograd/hidden.hpp"
#include "plot.hpp"
#include "theme.hpp"

namespace xgrad XGRAD_API {

class Tensor;

namespace train {

/// Options of ImageGrid.
struct ImageGridOptions {
  int columns = 0;       ///< 0: about as many as there are rows
  int zoom = 0;          ///< each element as a square of so many pixels; 0: such that the images can be seen well
  int padding = 2;       ///< pixels between two images, before the zoom of a PNG
  Range range = {};      ///< black and white. Both 0: 0 and 1 for floating tensors, 0 and 255 for integers
  bool stretch = false;  ///< black is the smallest number of each image, white the largest
  std::vector<std::string> labels = {};  ///< written below the images
  std::string title = {};
  Theme theme = Theme::automatic;  ///< of what is around the images
};

/// ImageGrid is a picture of many images side by side: samples, filters, mistakes of a classifier. Numbers beyond the
/// range are cut off; nan is drawn red.
///
/// Shapes: images [height, width] (one, grey), [n, height, width] (grey), [n, channels, height, width] with 1, 3 or 4
/// channels (grey, RGB, RGBA).
/// Example: `train::ImageGrid(reshape(samples, {-1, 8, 8}), {.columns = 10}).save("samples.png");`
class ImageGrid final {
 public:
  /// Throws: std::invalid_argument for another shape, and for options that cannot be.
  explicit ImageGrid(const Tensor& images, ImageGridOptions options = {},
                     SourceLocation where = SourceLocation::current());

  /// The picture as SVG, the images inside as PNG.
  std::string svg() const;
  /// The picture as PNG.
  std::string png() const;
  /// Writes a file, by its name SVG or PNG.
  /// Throws: std::invalid_argument for another ending, std::runtime_error where the file cannot be written.
  void save(const std::string& path, SourceLocation where = SourceLocation::current()) const;

 private:
  friend struct ImageAccess;
  internal::Hidden<std::vector<std::uint8_t>> pixels_;  // of all images, one after the other
  std::int64_t count_ = 0;
  int channels_ = 1, height_ = 0, width_ = 0;  // of one image
  ImageGridOptions options_;
};

}  // namespace train
}  // namespace xgrad
