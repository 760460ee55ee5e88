// Numbers from the command line, read as they are written: "010" is ten, and one that no number of its type can hold is
// refused. (CLI11's own reading takes "010" for octal and 2^64 for 2^64 - 1.)
#pragma once

#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

/// Reads a whole number in decimal. Answers with what is wrong, nothing where `value` was set.
template <class Integer>
std::string read_integer(const std::string& text, Integer lowest, Integer highest, Integer& value) {
  Integer read{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  const bool is_whole = !text.empty() && end == text.data() + text.size() && error != std::errc::invalid_argument;
  const bool is_negative = text.size() > 1 && text[0] == '-' && text.find_first_not_of("0123456789", 1) == text.npos;
  if (!is_whole && !is_negative) return "must be a whole number, but it is \"" + text + '"';
  if (!is_whole || error != std::errc() || read < lowest || read > highest)
    return "must be at least " + std::to_string(lowest) + " and at most " + std::to_string(highest) + ", but it is " +
           text;
  value = read;
  return "";
}

/// Reads a number above 0 that is finite. Answers with what is wrong, nothing where `value` was set.
inline std::string read_positive(const std::string& text, double& value) {
  double read = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (text.empty() || end != text.data() + text.size() || error == std::errc::invalid_argument)
    return "must be a number, but it is \"" + text + '"';
  if (error == std::errc::result_out_of_range) return "must be within the range of a double, but it is " + text;
  if (!std::isfinite(read)) return "must be finite, but it is " + text;
  if (read <= 0) return "must be above 0, but it is " + text;
  value = read;
  return "";
}
