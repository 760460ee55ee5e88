// PNG files: pixels in, bytes out. zlib compresses them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xgrad::train::detail {

/// An image of 8 bits a channel, row after row; channels: 1 (grey), 3 (RGB) or 4 (RGBA).
struct Pixels {
  int width = 0, height = 0, channels = 3;
  std::vector<std::uint8_t> values = {};

  std::uint8_t* at(int x, int y) { return values.data() + (static_cast<std::size_t>(y) * width + x) * channels; }
  const std::uint8_t* at(int x, int y) const { return const_cast<Pixels*>(this)->at(x, y); }
};

std::string png_of(const Pixels& pixels);

std::string base64(std::string_view bytes);

}  // namespace xgrad::train::detail
