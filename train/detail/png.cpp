#include "png.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace xgrad::train::detail {
namespace {

void append_big_endian(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_big_endian(out, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = out.size();
  out += type;
  out += data;
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(out.data() + start), static_cast<uInt>(out.size() - start));
  append_big_endian(out, static_cast<std::uint32_t>(crc));
}

/// What PNG's filter number `filter` (0 none, 1 left, 2 above, 3 mean, 4 Paeth's) predicts for a byte.
int predicted(int filter, int left, int above, int corner) {
  if (filter == 1) return left;
  if (filter == 2) return above;
  if (filter == 3) return (left + above) / 2;
  if (filter == 0) return 0;
  const int to_left = std::abs(above - corner), to_above = std::abs(left - corner),
            to_corner = std::abs(left + above - 2 * corner);
  return to_left <= to_above && to_left <= to_corner ? left : to_above <= to_corner ? above : corner;
}

/// The rows, each after the filter that leaves the smallest differences, and its number.
std::string filtered(const Pixels& pixels) {
  const std::size_t row_bytes = static_cast<std::size_t>(pixels.width) * pixels.channels;
  const int step = pixels.channels;
  std::string out, best, row(row_bytes, 0);
  const std::vector<std::uint8_t> nothing(row_bytes, 0);
  for (int y = 0; y < pixels.height; ++y) {
    const std::uint8_t* now = pixels.values.data() + y * row_bytes;
    const std::uint8_t* above = y > 0 ? now - row_bytes : nothing.data();
    long least = -1;
    int best_filter = 0;
    for (int filter = 0; filter <= 4; ++filter) {
      long sum = 0;
      for (std::size_t i = 0; i < row_bytes; ++i) {
        const bool is_first = i < static_cast<std::size_t>(step);
        const int guess = predicted(filter, is_first ? 0 : now[i - step], above[i], is_first ? 0 : above[i - step]);
        row[i] = static_cast<char>(now[i] - guess);
        sum += std::abs(static_cast<signed char>(row[i]));
      }
      if (least < 0 || sum < least) {
        least = sum;
        best_filter = filter;
        best = row;
      }
    }
    out += static_cast<char>(best_filter);
    out += best;
  }
  return out;
}

}  // namespace

std::string png_of(const Pixels& pixels) {
  std::string out("\x89PNG\r\n\x1a\n", 8), header;
  append_big_endian(header, static_cast<std::uint32_t>(pixels.width));
  append_big_endian(header, static_cast<std::uint32_t>(pixels.height));
  header += '\x08';  // bits a channel
  header += static_cast<char>(pixels.channels == 1 ? 0 : pixels.channels == 3 ? 2 : 6);
  header += std::string(3, '\0');  // deflate, the five filters, not interlaced
  append_chunk(out, "IHDR", header);
  const std::string rows = filtered(pixels);
  uLongf size = compressBound(rows.size());
  std::string data(size, '\0');
  // The buffer is large enough, so that all that can fail is the allocation of zlib's own.
  if (compress2(reinterpret_cast<Bytef*>(data.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size(),
                9) != Z_OK)
    throw std::bad_alloc();
  append_chunk(out, "IDAT", std::string_view(data).substr(0, size));
  append_chunk(out, "IEND", "");
  return out;
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kDigits[three >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace xgrad::train::detail
