// Reads TensorBoard's event files, independently of the writer: records, their checksums bit by bit, the messages'
// fields.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace xgrad::testing {

struct Event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string file_version, tag, plugin, image;
  float simple_value = 0;
  double min = 0, max = 0, num = 0, sum = 0, sum_squares = 0;
  std::vector<double> limits, buckets;
  std::int64_t width = 0, height = 0, session = 0;
};

inline std::uint32_t crc32c(const std::string& bytes) {
  std::uint32_t crc = ~0u;
  for (char byte : bytes)
    for (int bit = 0; bit < 8; ++bit) {
      const bool is_odd = ((crc ^ (static_cast<unsigned char>(byte) >> bit)) & 1) != 0;
      crc = (crc >> 1) ^ (is_odd ? 0x82F63B78u : 0);
    }
  return ~crc;
}

template <class T>
T from_bytes(const std::string& bytes, std::size_t at) {
  T value;
  if (at + sizeof value > bytes.size()) throw std::runtime_error("the file ends too early");
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// Fields by number: the bytes, or the number as bytes.
inline std::vector<std::pair<int, std::string>> fields_of(const std::string& message) {
  std::vector<std::pair<int, std::string>> fields;
  std::size_t at = 0;
  auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.at(at++));
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.size()) {
    const std::uint64_t tag = varint();
    const int kind = static_cast<int>(tag & 7);
    std::string value;
    if (kind == 0) {
      const std::uint64_t number = varint();
      value.assign(reinterpret_cast<const char*>(&number), 8);
    } else {
      const std::size_t size = kind == 1   ? 8
                               : kind == 5 ? 4
                               : kind == 2 ? static_cast<std::size_t>(varint())
                                           : throw std::runtime_error("unknown kind of field");
      value = message.substr(at, size);
      if (value.size() != size) throw std::runtime_error("a field ends too early");
      at += size;
    }
    fields.emplace_back(static_cast<int>(tag >> 3), value);
  }
  return fields;
}

inline std::vector<double> doubles_of(const std::string& bytes) {
  std::vector<double> values(bytes.size() / 8);
  std::memcpy(values.data(), bytes.data(), values.size() * 8);
  return values;
}

inline std::vector<Event> read_events(const std::string& file) {
  std::vector<Event> events;
  for (std::size_t at = 0; at < file.size();) {
    auto checked = [&](std::size_t begin, std::size_t size) {
      const std::string bytes = file.substr(begin, size);
      const std::uint32_t crc = crc32c(bytes), rotated = (crc >> 15) | (crc << 17);
      if (bytes.size() != size || from_bytes<std::uint32_t>(file, begin + size) != rotated + 0xA282EAD8u)
        throw std::runtime_error("wrong checksum");
      return bytes;
    };
    const auto length = from_bytes<std::uint64_t>(checked(at, 8), 0);
    const std::string message = checked(at + 12, length);
    at += 16 + length;
    Event event;
    for (const auto& [field, value] : fields_of(message)) {
      if (field == 1) event.wall_time = from_bytes<double>(value, 0);
      if (field == 2) event.step = from_bytes<std::int64_t>(value, 0);
      if (field == 3) event.file_version = value;
      if (field == 7) event.session = from_bytes<std::int64_t>(fields_of(value).at(0).second, 0);
      if (field != 5) continue;
      for (const auto& [one, summary] : fields_of(value)) {
        if (one != 1) throw std::runtime_error("a summary has values alone");
        for (const auto& [part, content] : fields_of(summary)) {
          if (part == 1) event.tag = content;
          if (part == 2) event.simple_value = from_bytes<float>(content, 0);
          if (part == 9) event.plugin = fields_of(fields_of(content).at(0).second).at(0).second;
          if (part == 4)
            for (const auto& [k, item] : fields_of(content)) {
              if (k == 1) event.height = from_bytes<std::int64_t>(item, 0);
              if (k == 2) event.width = from_bytes<std::int64_t>(item, 0);
              if (k == 4) event.image = item;
            }
          if (part == 5)
            for (const auto& [k, item] : fields_of(content)) {
              if (k == 6) event.limits = doubles_of(item);
              if (k == 7) event.buckets = doubles_of(item);
              if (k > 5) continue;
              double* const numbers[] = {&event.min, &event.max, &event.num, &event.sum, &event.sum_squares};
              *numbers[k - 1] = from_bytes<double>(item, 0);
            }
        }
      }
    }
    events.push_back(event);
  }
  return events;
}

}  // namespace xgrad::testing
