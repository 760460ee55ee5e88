#include "ticks.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace xgrad::train::detail {
namespace {

const std::string kMinus = "−";

/// A number with so many decimals.
std::string with_decimals(double value, int decimals) {
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", decimals, std::abs(value));
  const bool is_zero = std::string(text).find_first_not_of("0.") == std::string::npos;
  return (value < 0 && !is_zero ? kMinus : "") + text;
}

std::string superscript(int value) {
  static const char* const kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = value < 0 ? "⁻" : "";
  for (char digit : std::to_string(std::abs(value))) text += kDigits[digit - '0'];
  return text;
}

/// Of the decimal number count * 10^exponent the nearest double: a product of doubles would miss it at times.
double decimal(std::int64_t count, int exponent) {
  const std::string text = std::to_string(count) + 'e' + std::to_string(exponent);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // Too small or too large for a double, where value is left as it was.
  if (error == std::errc::result_out_of_range)
    return exponent < 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), static_cast<double>(count));
  return value;
}

/// The decimal number count * 10^exponent, all of its digits, with as many decimals as exponent asks for.
std::string digits_of(std::int64_t count, int exponent) {
  std::string text = std::to_string(std::abs(count));
  if (exponent >= 0) {
    text.append(static_cast<std::size_t>(exponent), '0');
  } else {
    const auto decimals = static_cast<std::size_t>(-exponent);
    if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
    text.insert(text.size() - decimals, ".");
  }
  return (count < 0 ? kMinus : "") + text;
}

/// The label of count * 10^exponent, as it suits an axis up to `largest`. It is made from the digits themselves, so
/// that it says no other number than that of its place, and no two of an axis are the same.
std::string tick_label(std::int64_t count, int exponent, double largest) {
  if (count == 0) return "0";
  if (largest >= 1e15 || largest < 1e-4) {
    const int power = static_cast<int>(std::floor(std::log10(largest) + 1e-9));
    return digits_of(count, exponent - power) + "·10" + superscript(power);
  }
  for (auto [power, letter] : {std::pair(12, "T"), std::pair(9, "G"), std::pair(6, "M"), std::pair(3, "k")})
    if (largest >= decimal(power == 3 ? 10 : 1, power)) return digits_of(count, exponent - power) + letter;
  return digits_of(count, exponent);
}

/// 0.001 ... 1000 as they are, unless the axis has others too.
std::string power_label(int exponent, bool as_power) {
  if (as_power && exponent != 0 && exponent != 1) return "10" + superscript(exponent);
  if (exponent >= 0 && exponent <= 3) return with_decimals(std::pow(10, exponent), 0);
  if (exponent < 0 && exponent >= -3) return with_decimals(std::pow(10, exponent), -exponent);
  return "10" + superscript(exponent);
}

}  // namespace

std::vector<Tick> linear_ticks(double low, double high, int wanted, bool whole) {
  std::vector<Tick> ticks;
  if (!(high > low) || !std::isfinite(low) || !std::isfinite(high)) return ticks;
  const double largest = std::max(std::abs(low), std::abs(high));
  // Closer than two neighbouring doubles no two marks can be told apart. high - low may be more than a double holds.
  const double spacing = largest - std::nextafter(largest, 0);
  const double rough = std::max(high / std::max(wanted, 1) - low / std::max(wanted, 1), 2 * spacing);
  // The step is count * 10^exponent.
  std::int64_t count = 10;
  int exponent = static_cast<int>(std::floor(std::log10(rough)));
  for (std::int64_t factor : {5, 2, 1})
    if (decimal(factor, exponent) >= rough * 0.999) count = factor;
  if (count == 5 && decimal(25, exponent - 1) >= rough * 0.999) {
    count = 25;
    --exponent;
  }
  if (whole && decimal(count, exponent) < 1) {
    count = 1;
    exponent = 0;
  } else if (whole && exponent < 0) {  // 2.5
    count = 3;
    exponent = 0;
  }
  const double step = decimal(count, exponent);
  if (!std::isfinite(step)) return ticks;
  // One more at either end than the quotients tell, which are rounded.
  const double last = std::floor(high / step) + 1;
  double i = std::floor(low / step) - 1;
  for (; i <= last && ticks.size() < 100; ++i) {
    const auto number = static_cast<std::int64_t>(i) * count;
    const double value = decimal(number, exponent);
    if (std::isfinite(value) && value >= low - 1e-6 * step && value <= high + 1e-6 * step)
      ticks.push_back({value, tick_label(number, exponent, largest)});
  }
  return ticks;
}

std::vector<Tick> log_ticks(double low, double high, int wanted) {
  std::vector<Tick> ticks;
  if (!(low > 0) || !(high > low) || !std::isfinite(high)) return ticks;
  const int first = static_cast<int>(std::ceil(std::log10(low) - 1e-9)),
            last = static_cast<int>(std::floor(std::log10(high) + 1e-9));
  const int powers = last - first + 1;
  if (powers >= 3) {
    int every = (powers + std::max(wanted, 2) - 1) / std::max(wanted, 2);
    // Hundreds of powers: round ones, and no marks between them, which would be a grey field.
    if (every > 10) every = (every + 9) / 10 * 10;
    for (int exponent = first; exponent <= last; ++exponent)
      if (every <= 10 || exponent % every == 0)
        ticks.push_back(
            {decimal(1, exponent), exponent % every == 0 ? power_label(exponent, first < -3 || last > 4) : ""});
    return ticks;
  }
  if (high / low < 5) return linear_ticks(low, high, wanted, false);
  for (int exponent = first - 1; exponent <= last; ++exponent)
    for (int factor : {1, 2, 5}) {
      const double value = decimal(factor, exponent);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      ticks.push_back({value, exponent < -3 || exponent > 3
                                  ? (factor == 1 ? "" : std::to_string(factor) + "·") + power_label(exponent, true)
                                  : readable(value)});
    }
  return ticks;
}

double share_of(double value, double low, double high) {
  if (std::isfinite(high - low)) return (value - low) / (high - low);
  return (value / 4 - low / 4) / (high / 4 - low / 4);
}

std::string readable(double value, int digits) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "∞" : kMinus + "∞";
  const double size = std::abs(value);
  char text[64];
  if (size != 0 && (size < 1e-4 || size >= 1e15)) {
    std::snprintf(text, sizeof text, "%.*e", std::max(digits - 2, 0), size);
    std::string number = text;
    // 2.50e-07 as 2.5e-7
    const std::size_t e = number.find('e');
    std::string mantissa = number.substr(0, e);
    if (mantissa.find('.') != std::string::npos) mantissa.erase(mantissa.find_last_not_of('0') + 1);
    if (mantissa.back() == '.') mantissa.pop_back();
    const int exponent = std::atoi(number.c_str() + e + 1);
    return (value < 0 ? kMinus : "") + mantissa + "e" + (exponent < 0 ? kMinus : "") +
           std::to_string(std::abs(exponent));
  }
  double shown = size;
  const char* letter = "";
  for (auto [unit, its_letter] : {std::pair(1e12, "T"), std::pair(1e9, "G"), std::pair(1e6, "M"), std::pair(1e3, "k")})
    if (size >= unit * (unit == 1e3 ? 100 : 1)) {
      shown = size / unit;
      letter = its_letter;
      break;
    }
  const int before = shown >= 1 ? static_cast<int>(std::floor(std::log10(shown))) + 1 : 1;
  int decimals = std::max(0, digits - before);
  if (shown < 1 && shown > 0) decimals = std::min(6, digits - 1 - static_cast<int>(std::floor(std::log10(shown))));
  std::snprintf(text, sizeof text, "%.*f", decimals, shown);
  std::string number = text;
  if (number.find('.') != std::string::npos) number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return (value < 0 && number != "0" ? kMinus : "") + number + letter;
}

int digits_between(double low, double high, int least) {
  const double apart = high / 2 - low / 2, size = std::max(std::abs(low), std::abs(high)) / 2;
  if (!(apart > 0) || !std::isfinite(size)) return least;
  return std::clamp(static_cast<int>(std::ceil(std::log10(size) - std::log10(apart))) + 2, least, 17);
}

}  // namespace xgrad::train::detail
