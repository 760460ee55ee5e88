// Reads PNG files back, independently of the writer: chunks, their checksums, inflate, the five filters.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace xgrad::testing {

struct Png {
  int width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> values;

  std::vector<int> at(int x, int y) const {
    const std::size_t start = (static_cast<std::size_t>(y) * width + x) * channels;
    return {values.begin() + static_cast<std::ptrdiff_t>(start),
            values.begin() + static_cast<std::ptrdiff_t>(start + channels)};
  }
};

inline std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

inline Png read_png(const std::string& bytes) {
  if (bytes.substr(0, 8) != std::string("\x89PNG\r\n\x1a\n", 8)) throw std::runtime_error("no PNG signature");
  Png png;
  std::string data;
  bool has_ended = false;
  for (std::size_t at = 8; at < bytes.size();) {
    const std::uint32_t length = big_endian(bytes, at);
    const std::string type = bytes.substr(at + 4, 4), body = bytes.substr(at + 8, length);
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(bytes.data() + at + 4), length + 4);
    if (big_endian(bytes, at + 8 + length) != crc) throw std::runtime_error("wrong checksum of " + type);
    at += 12 + length;
    if (type == "IHDR") {
      png.width = static_cast<int>(big_endian(body, 0));
      png.height = static_cast<int>(big_endian(body, 4));
      if (body.substr(8, 1) != "\x08" || body.substr(10) != std::string(3, '\0'))
        throw std::runtime_error("unexpected kind of PNG");
      png.channels = body[9] == 0   ? 1
                     : body[9] == 2 ? 3
                     : body[9] == 6 ? 4
                                    : throw std::runtime_error("unexpected colours");
    } else if (type == "IDAT") {
      data += body;
    } else if (type == "IEND") {
      has_ended = at == bytes.size();
    }
  }
  if (!has_ended) throw std::runtime_error("no end");
  const int row = png.width * png.channels;
  std::vector<std::uint8_t> raw(static_cast<std::size_t>(row + 1) * png.height);
  uLongf size = raw.size();
  if (uncompress(raw.data(), &size, reinterpret_cast<const Bytef*>(data.data()), data.size()) != Z_OK ||
      size != raw.size())
    throw std::runtime_error("wrong data");
  std::vector<int> above(static_cast<std::size_t>(row), 0);
  for (int y = 0; y < png.height; ++y) {
    const std::uint8_t* line = raw.data() + static_cast<std::size_t>(y) * (row + 1);
    std::vector<int> now(static_cast<std::size_t>(row), 0);
    for (int i = 0; i < row; ++i) {
      const int a = i >= png.channels ? now[i - png.channels] : 0, b = above[i],
                c = i >= png.channels ? above[i - png.channels] : 0;
      const int p = a + b - c, pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
      const int paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
      const int guess = line[0] == 0   ? 0
                        : line[0] == 1 ? a
                        : line[0] == 2 ? b
                        : line[0] == 3 ? (a + b) / 2
                        : line[0] == 4 ? paeth
                                       : throw std::runtime_error("unknown filter");
      now[i] = (line[i + 1] + guess) & 255;
    }
    png.values.insert(png.values.end(), now.begin(), now.end());
    above = now;
  }
  return png;
}

}  // namespace xgrad::testing
