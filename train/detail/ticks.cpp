#include "ticks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

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

/// Labels of numbers that are multiples of `step`.
std::string tick_label(double value, double step, double largest) {
  if (value == 0) return "0";
  if (largest >= 1e15 || largest < 1e-4) {
    const int exponent = static_cast<int>(std::floor(std::log10(largest) + 1e-9));
    const double scale = std::pow(10, exponent);
    const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step / scale) + 1e-9)));
    return with_decimals(value / scale, std::min(decimals, 12)) + "·10" + superscript(exponent);
  }
  for (auto [unit, letter] : {std::pair(1e12, "T"), std::pair(1e9, "G"), std::pair(1e6, "M"), std::pair(1e3, "k")})
    if (largest >= unit * (unit == 1e3 ? 10 : 1)) {
      const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step / unit) + 1e-9)));
      return with_decimals(value / unit, std::min(decimals, 12)) + letter;
    }
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  // 0.25 needs a decimal more than its first digit tells.
  const bool needs_one_more =
      std::abs(step * std::pow(10, decimals) - std::round(step * std::pow(10, decimals))) > 1e-6;
  return with_decimals(value, std::min(decimals + (needs_one_more ? 1 : 0), 15));
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
  if (!(high > low) || !std::isfinite(high - low)) return ticks;
  const double rough = (high - low) / std::max(wanted, 1);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (double factor : {5.0, 2.5, 2.0, 1.0})
    if (factor * power >= rough * 0.999) step = factor * power;
  if (whole) step = step < 1 ? 1 : step == 2.5 ? 3 : std::round(step);
  const double first = std::ceil(low / step - 1e-6);
  const double largest = std::max(std::abs(low), std::abs(high));
  for (double i = first; i * step <= high + 1e-6 * step && ticks.size() < 100; ++i) {
    const double value = i * step;
    ticks.push_back({value, tick_label(value, step, largest)});
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
    const int every = (powers + std::max(wanted, 2) - 1) / std::max(wanted, 2);
    for (int exponent = first; exponent <= last; ++exponent)
      ticks.push_back(
          {std::pow(10, exponent), exponent % every == 0 ? power_label(exponent, first < -3 || last > 4) : ""});
    return ticks;
  }
  if (high / low < 5) return linear_ticks(low, high, wanted, false);
  for (int exponent = first - 1; exponent <= last; ++exponent)
    for (int factor : {1, 2, 5}) {
      const double value = factor * std::pow(10, exponent);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      ticks.push_back({value, exponent < -3 || exponent > 3
                                  ? (factor == 1 ? "" : std::to_string(factor) + "·") + power_label(exponent, true)
                                  : readable(value)});
    }
  return ticks;
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

}  // namespace xgrad::train::detail
