// The layout, and when numbers turn scientific, are NumPy's (numpy/core/arrayprint.py, 1.24).
#include "print.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tensor.hpp"
#include "tensor_impl.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

constexpr int kPrecision = 8;              // digits behind the point
constexpr std::int64_t kThreshold = 1000;  // tensors with more elements are abbreviated
constexpr std::int64_t kEdge = 3;          // ... to so many at each end of an axis
constexpr std::size_t kLineWidth = 75;

constexpr std::int64_t kGap = -1;

/// Calls visit(position) for the positions of an axis that are shown, visit(kGap) where some are left out.
template <class F>
void visit_shown(std::int64_t extent, bool abbreviated, F visit) {
  bool cut = abbreviated && extent > 2 * kEdge;
  for (std::int64_t i = 0; i < extent; ++i) {
    if (cut && i == kEdge) {
      visit(kGap);
      i = extent - kEdge;
    }
    visit(i);
  }
}

template <class T, class F>
void visit_elements(const TensorImpl& impl, bool abbreviated, int axis, const T* first, F& visit) {
  if (axis == impl.shape.ndim()) return visit(*first);
  visit_shown(impl.shape[axis], abbreviated, [&](std::int64_t i) {
    if (i != kGap) visit_elements(impl, abbreviated, axis + 1, first + i * impl.strides[axis], visit);
  });
}

// ---- One number ----

std::string to_text(auto... arguments) {
  char text[400];  // the largest double has 309 digits
  return std::string(text, std::to_chars(text, text + sizeof text, arguments...).ptr);
}

std::string padded_left(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

/// A number cut at the point, and before the exponent: 12, 5, +03 of 12.5e+03.
struct Parts {
  std::string whole, fraction, exponent;
};

Parts take_apart(std::string_view text) {
  Parts parts;
  if (auto e = text.find('e'); e != text.npos) {
    parts.exponent = text.substr(e + 1);
    text = text.substr(0, e);
  }
  auto point = text.find('.');
  parts.whole = text.substr(0, point);
  if (point != text.npos) parts.fraction = text.substr(point + 1);
  return parts;
}

/// As few digits as tell the number from its neighbours, but no more than kPrecision behind the point.
template <class T>
Parts shortest_parts(T number, std::chars_format format) {
  Parts parts = take_apart(to_text(number, format));
  if (parts.fraction.size() <= kPrecision) return parts;
  parts = take_apart(to_text(number, format, kPrecision));
  parts.fraction.erase(parts.fraction.find_last_not_of('0') + 1);
  return parts;
}

template <class T>
std::string non_finite_text(T number) {
  return std::isnan(number) ? "nan" : number < 0 ? "-inf" : "inf";
}

// ---- The elements of a tensor, all of one width ----

template <class T>
class ElementFormat;

template <>
class ElementFormat<bool> {
 public:
  void see(bool) {}
  void settle() {}
  std::string operator()(bool element) const { return element ? " True" : "False"; }
};

template <>
class ElementFormat<std::int64_t> {
 public:
  void see(std::int64_t element) { width_ = std::max(width_, to_text(element).size()); }
  void settle() {}
  std::string operator()(std::int64_t element) const { return padded_left(to_text(element), width_); }

 private:
  std::size_t width_ = 0;
};

template <std::floating_point T>
class ElementFormat<T> {
 public:
  void see(T element) {
    if (std::isfinite(element)) {
      finite_.push_back(element);
    } else {
      non_finite_width_ = std::max(non_finite_width_, non_finite_text(element).size());
    }
  }

  void settle() {
    T largest = 0, smallest = std::numeric_limits<T>::infinity();
    for (T element : finite_) {
      if (element == 0) continue;
      largest = std::max(largest, std::abs(element));
      smallest = std::min(smallest, std::abs(element));
    }
    if (largest > 0) scientific_ = largest >= T(1e8) || smallest < T(1e-4) || largest / smallest > T(1000);
    for (T element : finite_) {
      Parts parts = this->parts(element);
      whole_width_ = std::max(whole_width_, parts.whole.size());
      fraction_width_ = std::max(fraction_width_, parts.fraction.size());
      if (scientific_) exponent_digits_ = std::max(exponent_digits_, parts.exponent.size() - 1);
    }
    std::size_t behind = finite_.empty() ? 1 : width() - whole_width_;
    if (non_finite_width_ > behind) whole_width_ = std::max(whole_width_, non_finite_width_ - behind);
  }

  std::string operator()(T element) const {
    if (!std::isfinite(element)) return padded_left(non_finite_text(element), width());
    if (!scientific_) {
      Parts parts = this->parts(element);
      std::string text = padded_left(parts.whole, whole_width_) + '.' + parts.fraction;
      return text.append(fraction_width_ - parts.fraction.size(), ' ');
    }
    // All have the digits that the longest needs; they are the number's own, not zeros behind the shortest
    // form.
    Parts parts = take_apart(to_text(element, std::chars_format::scientific, static_cast<int>(fraction_width_)));
    std::string text = padded_left(parts.whole, whole_width_) + '.' + parts.fraction + 'e' + parts.exponent[0];
    return text.append(exponent_digits_ + 1 - parts.exponent.size(), '0') + parts.exponent.substr(1);
  }

 private:
  Parts parts(T element) const {
    return shortest_parts(element, scientific_ ? std::chars_format::scientific : std::chars_format::fixed);
  }
  std::size_t width() const { return whole_width_ + 1 + fraction_width_ + (scientific_ ? 2 + exponent_digits_ : 0); }

  std::vector<T> finite_;
  bool scientific_ = false;
  std::size_t whole_width_ = 0, fraction_width_ = 0, exponent_digits_ = 0, non_finite_width_ = 0;
};

/// A 0-d tensor's element: all digits that it takes.
template <class T>
std::string scalar_text(T element) {
  if constexpr (std::same_as<T, bool>) {
    return element ? "True" : "False";
  } else if constexpr (std::same_as<T, std::int64_t>) {
    return to_text(element);
  } else {
    if (!std::isfinite(element)) return non_finite_text(element);
    T size = std::abs(element);
    if (size != 0 && (size < T(1e-4) || size >= T(1e16))) return to_text(element, std::chars_format::scientific);
    Parts parts = take_apart(to_text(element, std::chars_format::fixed));
    if (!parts.fraction.empty()) return parts.whole + '.' + parts.fraction;
    // A large number: zeros follow the digits that matter, where to_chars writes the exact value.
    Parts digits = take_apart(to_text(element, std::chars_format::scientific));
    std::string text = digits.whole + digits.fraction;
    return text.append(parts.whole.size() - text.size(), '0') + ".0";
  }
}

// ---- Brackets and lines ----

/// The part of a tensor from `axis` on. Lines but the first are indented; `width` is what a line may take.
template <class T>
std::string bracketed(const TensorImpl& impl, const ElementFormat<T>& format, bool abbreviated, int axis,
                      const T* first, std::size_t indent, std::size_t width) {
  int inner_axes = impl.shape.ndim() - 1 - axis;
  std::string text = "[", margin(indent, ' ');
  std::size_t column = indent;
  bool is_first = true;
  visit_shown(impl.shape[axis], abbreviated, [&](std::int64_t i) {
    const T* element = i == kGap ? nullptr : first + i * impl.strides[axis];
    if (inner_axes > 0) {
      if (!is_first) text += std::string(inner_axes, '\n') + margin;
      text += i == kGap ? "..." : bracketed(impl, format, abbreviated, axis + 1, element, indent + 1, width - 1);
    } else {
      std::string word = i == kGap ? "..." : format(*element);
      if (!is_first) {
        text += ' ';
        ++column;
        if (column + word.size() > width - 1) {
          text.erase(text.find_last_not_of(' ') + 1);
          text += '\n' + margin;
          column = indent;
        }
      }
      text += word;
      column += word.size();
    }
    is_first = false;
  });
  return text + ']';
}

template <class T>
std::string elements_text(const TensorImpl& impl) {
  const T* first = static_cast<const T*>(impl.data);
  if (impl.shape.empty()) return scalar_text(*first);
  bool abbreviated = impl.numel > kThreshold;
  ElementFormat<T> format;
  auto see = [&](T element) { format.see(element); };
  visit_elements(impl, abbreviated, 0, first, see);
  format.settle();
  return bracketed(impl, format, abbreviated, 0, first, 1, kLineWidth);
}

}  // namespace

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  const TensorImpl& impl = *tensor.impl();
  std::string text;
  if (impl.numel > 0) {
    text = dispatch(impl.dtype, [&]<class T>(T) { return elements_text<T>(impl); });
  } else {
    text = "[]";
    if (impl.shape.ndim() > 1) text += " shape=" + to_string(impl.shape);
  }
  if (impl.dtype != DType::float32) text += concat(" dtype=", impl.dtype);
  return text;
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) { return out << to_string(tensor); }

}  // namespace xgrad
