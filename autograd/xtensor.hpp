// The bridge to xtensor: from_xtensor(expression), borrow_xtensor(array),
// as_xtensor<T>(tensor). Opt-in, since xtensor takes 2.6 s to compile. Tested with
// xtensor 0.24; the headers' places since 0.26 are provided for (base/xt.hpp) and
// untested.
#pragma once

#include <concepts>
#include <cstdlib>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/xt.hpp"
#include "tensor_impl.hpp"

namespace xgrad XGRAD_API {

namespace internal {

/// Whether an array owns its elements, in memory of its own.
template <class Array>
inline constexpr bool kOwnsElements = false;
template <class Elements, xt::layout_type layout, class Shape, class Tag>
inline constexpr bool kOwnsElements<xt::xarray_container<Elements, layout, Shape, Tag>> = true;
template <class Elements, std::size_t ndim, xt::layout_type layout, class Tag>
inline constexpr bool kOwnsElements<xt::xtensor_container<Elements, ndim, layout, Tag>> = true;

/// Arrays whose elements a tensor can show as they are.
template <class Array>
concept XtensorArray = kOwnsElements<Array> && ElementType<typename Array::value_type>;

/// A tensor of the array's elements, in its layout.
template <XtensorArray Array>
Tensor tensor_over(const char* operation, Array& array, void* owner, void (*release)(void*), SourceLocation where) {
  check(array.dimension() <= kMaxDims, where, operation, ": a tensor has at most ", kMaxDims,
        " axes, but the array has ", array.dimension(), ".");
  Shape shape;
  Strides strides;
  for (std::size_t axis = 0; axis < array.dimension(); ++axis) {
    shape.push_back(static_cast<std::int64_t>(array.shape()[axis]));
    strides.push_back(static_cast<std::int64_t>(array.strides()[axis]));
  }
  checked_numel(operation, shape, where);
  return new_foreign(array.data(), shape, strides, dtype_of<typename Array::value_type>, owner, release);
}

}  // namespace internal

/// A tensor that takes an array's elements over, without a copy: `from_xtensor(std::move(array))`. They are freed with
/// the last tensor of them. A column-major array becomes a tensor of such strides.
///
/// Dtype: float, double, std::int64_t and bool as they are; arrays of other numbers are converted, as expressions are.
/// Throws: std::invalid_argument beyond kMaxDims axes; the array then is what it was.
template <class Array>
requires(!std::is_reference_v<Array> && !std::is_const_v<Array> && internal::XtensorArray<Array>) Tensor
    from_xtensor(Array&& array, SourceLocation where = SourceLocation::current()) {
  check(array.dimension() <= kMaxDims, where, "from_xtensor: a tensor has at most ", kMaxDims,
        " axes, but the array has ", array.dimension(), ".");
  auto held = std::make_unique<Array>(std::move(array));
  Tensor tensor = internal::tensor_over(
      "from_xtensor", *held, held.get(), [](void* owner) { delete static_cast<Array*>(owner); }, where);
  held.release();
  return tensor;
}

/// A tensor over the elements of an array that stays whose it is, without a copy: what is written into the array is
/// seen by the tensor. The array must outlive all tensors of its elements, views and graphs that saved them included,
/// and keep its shape and its memory: `array += step` gives it other memory in xtensor, `xt::noalias(array) += step`
/// does not.
///
/// Writing into the array goes past the versions by which a backward pass notices that a saved value was overwritten:
/// write between one step's backward pass and the next one's forward pass.
/// Dtype: float, double, std::int64_t and bool.
/// Throws: std::invalid_argument beyond kMaxDims axes.
template <internal::XtensorArray Array>
Tensor borrow_xtensor(Array& array, SourceLocation where = SourceLocation::current()) {
  return internal::tensor_over("borrow_xtensor", array, &array, nullptr, where);
}

/// A tensor of an xtensor expression's values, evaluated straight into the tensor's memory. float and double give
/// float32 and float64, bool boolean, any integer int64. Throws std::invalid_argument beyond kMaxDims axes, and where
/// an int64 cannot hold an integer.
///
///     Tensor t = from_xtensor(xt::random::randn<double>({3, 4}));
template <class Expression>
Tensor from_xtensor(const xt::xexpression<Expression>& expression, SourceLocation where = SourceLocation::current()) {
  const Expression& values = expression.derived_cast();
  using Value = std::decay_t<typename Expression::value_type>;
  static_assert(std::is_arithmetic_v<Value>, "from_xtensor: the elements must be numbers or booleans");
  using Element = std::conditional_t<std::is_same_v<Value, bool>, bool,
                                     std::conditional_t<std::integral<Value>, std::int64_t, Value>>;
  check(values.dimension() <= kMaxDims, where, "from_xtensor: a tensor has at most ", kMaxDims,
        " axes, but the expression has ", values.dimension(), ".");
  Shape shape;
  for (auto extent : values.shape()) shape.push_back(static_cast<std::int64_t>(extent));
  Tensor tensor = internal::new_tensor(shape, dtype_of<Element>);
  std::vector<std::size_t> extents(values.shape().begin(), values.shape().end());
  auto target = xt::adapt(internal::data_of<Element>(tensor), static_cast<std::size_t>(tensor.numel()),
                          xt::no_ownership(), extents);
  xt::noalias(target) = values;
  if constexpr (std::unsigned_integral<Value> && sizeof(Value) == sizeof(std::int64_t))
    for (Element element : target)  // what is too large has become negative
      check(element >= 0, where, "from_xtensor: an int64 must hold each integer, but there is ",
            static_cast<Value>(element), ".");
  return tensor;
}

/// A tensor's elements as an xtensor expression, without a copy, whatever the tensor's strides; valid while the tensor
/// lives. Throws std::invalid_argument unless the dtype is T's.
template <class T>
auto as_xtensor(const Tensor& tensor, SourceLocation where = SourceLocation::current()) {
  check(tensor.defined(), where, "as_xtensor: the tensor must be defined, but it is not: ", internal::kWhyUndefined);
  check(tensor.dtype() == dtype_of<T>, where, "as_xtensor: the tensor's dtype must be ", dtype_of<T>, ", but it is ",
        tensor.dtype(), ".");
  std::vector<std::size_t> extents(tensor.shape().begin(), tensor.shape().end());
  std::vector<std::ptrdiff_t> strides;
  std::int64_t below = 0, above = 0;  // how far the elements reach from the first one, in both directions
  for (int axis = 0; axis < tensor.ndim(); ++axis) {
    std::int64_t extent = tensor.shape()[axis];
    std::int64_t stride = extent == 1 ? 0 : tensor.strides()[axis];  // as xtensor has it for an axis of extent 1
    strides.push_back(stride);
    if (tensor.numel() > 0) (stride < 0 ? below : above) += (extent - 1) * stride;
  }
  auto reach = static_cast<std::size_t>(tensor.numel() == 0 ? 0 : above - below + 1);
  const T* lowest = static_cast<const T*>(tensor.impl()->data) + below;
  auto memory = xt::adapt(lowest, reach, xt::no_ownership(), std::vector<std::size_t>{reach});
  return xt::xstrided_view<decltype(memory), std::vector<std::size_t>>(
      std::move(memory), extents, std::move(strides), static_cast<std::size_t>(-below), xt::layout_type::dynamic);
}
/// A temporary cannot be shown: its elements would be gone before they are read: give it a name first.
template <class T>
auto as_xtensor(Tensor&& tensor, SourceLocation where = SourceLocation::current()) = delete;

}  // namespace xgrad
