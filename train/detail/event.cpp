#include "event.hpp"

#include <array>
#include <cstring>

namespace xgrad::train::detail {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table = {};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    table[i] = crc;
  }
  return table;
}
constexpr auto kTable = make_table();

std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xA282EAD8u; }

void append_little_endian(std::string& out, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) out += static_cast<char>(value >> 8 * i & 0xFF);
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (char byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

std::string record_of(std::string_view bytes) {
  std::string out;
  append_little_endian(out, bytes.size(), 8);
  append_little_endian(out, masked(crc32c(out)), 4);
  out += bytes;
  append_little_endian(out, masked(crc32c(bytes)), 4);
  return out;
}

std::size_t whole_records(std::string_view file) {
  std::size_t at = 0;
  while (file.size() - at >= 16) {
    const std::uint64_t length = little_endian(file.substr(at, 8));
    if (little_endian(file.substr(at + 8, 4)) != masked(crc32c(file.substr(at, 8))) || length > file.size() - at - 16)
      break;
    const std::string_view body = file.substr(at + 12, length);
    if (little_endian(file.substr(at + 12 + length, 4)) != masked(crc32c(body))) break;
    at += 16 + length;
  }
  return at;
}

void Message::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) text_ += static_cast<char>((value & 0x7F) | 0x80);
  text_ += static_cast<char>(value);
}

void Message::little_endian(std::uint64_t value, int count) { append_little_endian(text_, value, count); }

Message& Message::number(int field, double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  tag(field, 1);
  little_endian(bits, 8);
  return *this;
}

Message& Message::single(int field, float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  tag(field, 5);
  little_endian(bits, 4);
  return *this;
}

Message& Message::integer(int field, std::int64_t value) {
  tag(field, 0);
  varint(static_cast<std::uint64_t>(value));
  return *this;
}

Message& Message::bytes(int field, std::string_view value) {
  tag(field, 2);
  varint(value.size());
  text_ += value;
  return *this;
}

Message& Message::numbers(int field, std::span<const double> values) {
  tag(field, 2);
  varint(8 * values.size());
  for (double value : values) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    little_endian(bits, 8);
  }
  return *this;
}

}  // namespace xgrad::train::detail
