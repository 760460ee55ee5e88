#include "compare.hpp"

#include <charconv>
#include <cmath>

namespace conformance {
namespace {

using xgrad::DType;
using xgrad::Tensor;

std::string element_name(const xgrad::Shape& shape, std::int64_t position) {
  std::string text;
  for (int axis = shape.ndim() - 1; axis >= 0; --axis) {
    text = std::to_string(position % shape[axis]) + (text.empty() ? "" : ", ") + text;
    position /= shape[axis];
  }
  return "element [" + text + "]";
}

bool close(double actual, double expected, Bound bound) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (std::isinf(expected)) return actual == expected;
  return std::abs(actual - expected) <= bound.atol + bound.rtol * std::abs(expected);
}

template <class T, class Close>
void check_elements(const std::string& what, const Tensor& actual, const Tensor& expected, Close is_close) {
  const std::vector<T> a = actual.to_vector<T>();
  const std::vector<T> e = expected.to_vector<T>();
  std::size_t first = a.size();
  std::size_t count = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    if (is_close(a[i], e[i])) continue;
    first = i;
    ++count;
  }
  if (count == 0) return;
  const auto text = [](T value) {
    if constexpr (std::is_same_v<T, double>)
      return shown(value);
    else
      return std::to_string(value);
  };
  throw Mismatch(what + ": " + element_name(expected.shape(), static_cast<std::int64_t>(first)) + " is " +
                 text(a[first]) + ", expected " + text(e[first]) + " (" + std::to_string(count) + " of " +
                 std::to_string(a.size()) + " elements differ)");
}

}  // namespace

std::string shown(double number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return std::string(text, end);
}

Bound bound_of(const Value& one_case, Kind kind, DType dtype) {
  const char* name = kind == Kind::values ? "outputs" : kind == Kind::gradients ? "grads" : "second";
  if (const Value& own = one_case["tol"][name]; own.is_list()) return {own.list()[0].number(), own.list()[1].number()};
  if (dtype == DType::float32) return {1e-4, 1e-5};
  return kind == Kind::second_order ? Bound{1e-8, 1e-9} : Bound{1e-9, 1e-10};
}

void check_close(const std::string& what, const Tensor& actual, const Tensor& expected, Bound bound) {
  if (!actual.defined()) throw Mismatch(what + ": there is none, expected one of shape " + to_string(expected.shape()));
  if (!(actual.shape() == expected.shape()))
    throw Mismatch(what + ": shape is " + to_string(actual.shape()) + ", expected " + to_string(expected.shape()));
  if (actual.dtype() != expected.dtype())
    throw Mismatch(what + ": dtype is " + std::string(name(actual.dtype())) + ", expected " +
                   std::string(name(expected.dtype())));
  if (is_floating(expected.dtype()))
    check_elements<double>(what, actual, expected, [=](double a, double e) { return close(a, e, bound); });
  else
    check_elements<std::int64_t>(what, actual, expected, [](std::int64_t a, std::int64_t e) { return a == e; });
}

void check_no_gradient(const std::string& what, const Tensor& gradient) {
  if (!gradient.defined()) return;
  for (double value : gradient.to_vector<double>())
    if (value != 0) throw Mismatch(what + ": an element is " + shown(value) + ", but there is no influence");
}

}  // namespace conformance
