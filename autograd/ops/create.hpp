// Making tensors: filled, counted, from values of the program.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Tensors of one value, in any shape: `zeros({2, 3}, {.dtype = DType::float64})`. Negative extents, and a
/// value that an int64 tensor cannot hold, throw std::invalid_argument.
Tensor zeros(const Shape& shape, TensorOptions options = {}, SourceLocation where = SourceLocation::current());
Tensor ones(const Shape& shape, TensorOptions options = {}, SourceLocation where = SourceLocation::current());
Tensor full(const Shape& shape, double value, TensorOptions options = {},
            SourceLocation where = SourceLocation::current());
/// In the shape and dtype of x.
Tensor zeros_like(const Operand& x);
Tensor ones_like(const Operand& x);
Tensor full_like(const Operand& x, double value);

namespace internal {
/// Empty, or what is wrong with an integer that a double cannot hold.
template <class T>
std::string problem_of(T number) {
  if constexpr (std::integral<T> && sizeof(T) == sizeof(std::int64_t)) {
    double converted = static_cast<double>(number);
    bool holds = converted < (std::unsigned_integral<T> ? 0x1p64 : 0x1p63) && static_cast<T>(converted) == number;
    if (!holds) [[unlikely]]
      return concat("a double must hold each integer, but there is ", number, ". Use from_vector().");
  }
  return {};
}
template <class T>
double exact_double(const char* operation, T number, SourceLocation where) {
  std::string problem = problem_of(number);
  if (!problem.empty()) fail<std::invalid_argument>(where, concat(operation, ": ", problem));
  return static_cast<double>(number);
}
Tensor arange(double start, double stop, double step, TensorOptions options, SourceLocation where);
/// Throws std::invalid_argument where an int64 cannot hold one of the integers.
template <class T>
std::vector<std::int64_t> as_int64(const std::vector<T>& integers, SourceLocation where) {
  for (T integer : integers)
    check(std::signed_integral<T> || static_cast<std::int64_t>(integer) >= 0, where,
          "from_vector: an int64 must hold each integer, but there is ", integer, ".");
  return {integers.begin(), integers.end()};
}
template <class... Numbers>
inline constexpr DType counted_dtype = (std::integral<Numbers> && ...) ? DType::int64 : DType::float32;
}  // namespace internal

/// start, start + step, ... up to but without stop. [ceil((stop - start) / step)]. int64 when the numbers are
/// integers, else float32, unless options are given, which say the dtype (float32 when they leave it out); for int64 the
/// numbers are truncated first. Throws std::invalid_argument when step is 0 or leads away from stop, and for an integer
/// that a double cannot hold.
template <class Start, class Stop, class Step = int>
requires std::is_arithmetic_v<Start> && std::is_arithmetic_v<Stop> && std::is_arithmetic_v<Step> Tensor
arange(Start start, Stop stop, Step step = 1,
       TensorOptions options = {.dtype = internal::counted_dtype<Start, Stop, Step>},
       SourceLocation where = SourceLocation::current()) {
  return internal::arange(internal::exact_double("arange", start, where), internal::exact_double("arange", stop, where),
                          internal::exact_double("arange", step, where), options, where);
}
/// 0, 1, ... up to but without stop.
template <class Stop>
requires std::is_arithmetic_v<Stop> Tensor arange(Stop stop,
                                                  TensorOptions options = {.dtype = internal::counted_dtype<Stop>},
                                                  SourceLocation where = SourceLocation::current()) {
  return internal::arange(0, internal::exact_double("arange", stop, where), 1, options, where);
}
/// `count` numbers from start to stop, both included, evenly spaced. [count]. Throws std::invalid_argument
/// when count is negative, and unless start, stop and the distance between them are finite.
Tensor linspace(double start, double stop, std::int64_t count, TensorOptions options = {},
                SourceLocation where = SourceLocation::current());
/// Ones on the diagonal, zeros elsewhere. [rows, columns].
Tensor eye(std::int64_t rows, TensorOptions options = {}, SourceLocation where = SourceLocation::current());
Tensor eye(std::int64_t rows, std::int64_t columns, TensorOptions options = {},
           SourceLocation where = SourceLocation::current());

/// Numbers in nested braces: {{1, 2}, {3, 4}}. The nesting is the shape.
class NestedList {
 public:
  template <class T>
  requires std::integral<T> || std::floating_point<T> NestedList(T number)
      : numbers_{static_cast<double>(number)}, dtype_(kind_of<T>), problem_(internal::problem_of(number)) {}
  NestedList(std::initializer_list<NestedList> items);

  const Shape& shape() const { return shape_; }
  /// Row-major.
  const std::vector<double>& numbers() const { return numbers_; }
  /// boolean, int64 or float32: the widest kind of number among them.
  DType dtype() const { return dtype_; }
  /// Empty, or what is wrong with the nesting.
  const std::string& problem() const { return problem_; }

 private:
  template <class T>
  static constexpr DType kind_of = std::same_as<T, bool> ? DType::boolean
                                   : std::integral<T>    ? DType::int64
                                                         : DType::float32;
  Shape shape_;
  std::vector<double> numbers_;
  DType dtype_;
  std::string problem_;
};

/// `tensor({{1., 2.}, {3., 4.}})`: float32 for floating numbers, int64 for integers, boolean for bools,
/// unless options are given. Numbers pass through double: use from_vector for integers beyond 2^53. Throws
/// std::invalid_argument when rows have different lengths, and for an integer that a double cannot hold.
Tensor tensor(const NestedList& values, SourceLocation where = SourceLocation::current());
Tensor tensor(const NestedList& values, TensorOptions options, SourceLocation where = SourceLocation::current());

/// A copy of `values` (bool, int64_t, float or double), in the given shape or as one axis; dtype is T's.
/// Throws std::invalid_argument when the shape has another number of elements.
template <ElementType T>
XGRAD_API Tensor from_data(const T* values, const Shape& shape, SourceLocation where = SourceLocation::current());
template <ElementType T>
XGRAD_API Tensor from_vector(const std::vector<T>& values, SourceLocation where = SourceLocation::current());
template <ElementType T>
XGRAD_API Tensor from_vector(const std::vector<T>& values, const Shape& shape, SourceLocation where = SourceLocation::current());
/// Integers of another size become int64. Throws std::invalid_argument where an int64 cannot hold one.
template <std::integral T>
requires(!ElementType<T>) Tensor
    from_vector(const std::vector<T>& values, SourceLocation where = SourceLocation::current()) {
  return from_vector(internal::as_int64(values, where), where);
}
template <std::integral T>
requires(!ElementType<T>) Tensor
    from_vector(const std::vector<T>& values, const Shape& shape, SourceLocation where = SourceLocation::current()) {
  return from_vector(internal::as_int64(values, where), shape, where);
}

}  // namespace xgrad
