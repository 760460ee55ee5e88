#include "compare.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>

#include "../../base/allocator.hpp"
#include "../numbers.hpp"

namespace xgrad::internal {
namespace {

constexpr std::size_t kLongestMessage = 600;

/// "cross_entropy", "nn::Dense", "init.orthogonal (model.0)".
bool is_operation(std::string_view name) {
  return !name.empty() && (std::isalpha(static_cast<unsigned char>(name[0])) != 0 || name[0] == '_') &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 ||
                  std::string_view("_:.<>()[] ").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

/// "model.cpp:42".
bool is_place(std::string_view text) {
  std::size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0 || colon + 1 == text.size()) return false;
  std::string_view line = text.substr(colon + 1);
  return text.find(' ') == text.npos &&
         std::all_of(line.begin(), line.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

std::string difference(const Tensor& actual, const Tensor& expected, Closeness closeness) {
  if (actual.shape() != expected.shape())
    return concat("the shape must be ", expected.shape(), ", but it is ", actual.shape());
  Numbers a = actual.to_vector<double>(), b = expected.to_vector<double>();
  double largest = largest_of(b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    bool same =
        a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) ||
        std::abs(a[i] - b[i]) <= closeness.rtol * std::abs(b[i]) + closeness.of_largest * largest + closeness.absolute;
    if (!same)
      return concat("element ", index_text(index_of(static_cast<std::int64_t>(i), actual.shape())), " must be ",
                    digits(b[i]), ", but it is ", digits(a[i]));
  }
  return "";
}

bool is_identical(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  Numbers x = a.to_vector<double>(), y = b.to_vector<double>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) && std::isnan(y[i])) continue;
    if (x[i] != y[i] || std::signbit(x[i]) != std::signbit(y[i])) return false;
  }
  return true;
}

bool is_identical(const Tensors& a, const Tensors& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Tensor& x, const Tensor& y) { return is_identical(x, y); });
}

double largest_of(const Tensor& tensor) { return largest_of(std::span<const double>(tensor.to_vector<double>())); }

double largest_of(const Tensors& tensors) {
  double largest = 0;
  for (const Tensor& tensor : tensors) largest = std::max(largest, largest_of(tensor));
  return largest;
}

std::string shapes_text(const Tensors& tensors) {
  std::string text;
  for (const Tensor& tensor : tensors) {
    if (!text.empty()) text += ", ";
    append_text(text, tensor.shape());
  }
  return text;
}

std::string problem_of_refusal(const std::exception& error) {
  std::string_view message = error.what();
  std::string said = concat("but it said: ", message);
  // A number in a tensor may ask for more elements than there is memory for.
  if (dynamic_cast<const std::logic_error*>(&error) == nullptr && dynamic_cast<const OutOfMemory*>(&error) == nullptr)
    return "it must throw std::invalid_argument, std::out_of_range or std::logic_error, but it threw another type: " +
           std::string(message);
  std::size_t colon = message.find(": ");
  if (colon == message.npos || !is_operation(message.substr(0, colon)))
    return "its error must begin with the operation's name and a colon, " + said;
  std::size_t at = message.rfind(". at ");
  if (at == message.npos || !is_place(message.substr(at + 5)))
    return "its error must end with a full stop and the place, \". at file:line\", " + said;
  if (message.find(" but ", colon) >= at) return "its error must say what must hold, \"but\" what came, " + said;
  if (message.size() > kLongestMessage)
    return concat("its error must be at most ", kLongestMessage, " characters long, but it has ", message.size(), ": ",
                  message.substr(0, 120), " ...");
  return "";
}

}  // namespace xgrad::internal
