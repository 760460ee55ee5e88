// The bytes of TensorBoard's event files.
//
// Own code: two checksums and six kinds of fields are all that is needed of protocol buffers, whose library would be
// one more that users must have, at the version that the program was built with.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace xgrad::train::detail {

/// CRC-32C (Castagnoli).
std::uint32_t crc32c(std::string_view bytes);

/// A record: length, its checksum, the bytes, their checksum, each checksum masked as TensorFlow does.
std::string record_of(std::string_view bytes);
/// How many bytes at the file's start are whole records.
std::size_t whole_records(std::string_view file);

/// A message of protocol buffers, field by field.
class Message {
 public:
  Message& number(int field, double value);         // double
  Message& single(int field, float value);          // float
  Message& integer(int field, std::int64_t value);  // int64, int32, enum
  Message& bytes(int field, std::string_view value);
  Message& message(int field, const Message& value) { return bytes(field, value.text()); }
  Message& numbers(int field, std::span<const double> values);  // packed doubles
  const std::string& text() const { return text_; }

 private:
  void varint(std::uint64_t value);
  void little_endian(std::uint64_t value, int count);
  void tag(int field, int kind) { varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(kind)); }
  std::string text_;
};

}  // namespace xgrad::train::detail
