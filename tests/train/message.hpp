// Comparing messages wherever the layout puts a line.
#pragma once

#include <filesystem>
#include <string>

namespace xgrad::testing {

/// The message without the place it ends in, which must be in this file; as it is where it ends otherwise.
inline std::string without_place(const std::string& message, const std::string& file) {
  const std::size_t at = message.rfind(" at " + std::filesystem::path(file).filename().string() + ":");
  if (at == message.npos || message.find_first_not_of("0123456789", message.rfind(':') + 1) != message.npos)
    return message;
  return message.substr(0, at);
}

}  // namespace xgrad::testing
