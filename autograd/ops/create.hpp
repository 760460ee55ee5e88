// Making tensors: filled, counted, from values of the program.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "../scalar.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// A tensor of zeros: `zeros({2, 3}, {.dtype = DType::float64})`, or `zeros(sizes)` of a std::vector of integers.
///
/// Dtype: any; the default dtype where none is given.
/// Throws: std::invalid_argument for a negative extent and where an int64 cannot count the bytes;
/// std::bad_alloc, with the operation and the line in what().
Tensor zeros(const Shape& shape, TensorOptions options = {}, SourceLocation where = SourceLocation::current());
/// A tensor of ones. Dtype and errors are those of zeros().
Tensor ones(const Shape& shape, TensorOptions options = {}, SourceLocation where = SourceLocation::current());
/// A tensor whose elements all are `value`, a number of any type; an int64 tensor holds an integer exactly, and
/// truncates others. Dtype and errors are those of zeros().
///
/// Throws: std::invalid_argument for a value that an int64 tensor cannot hold.
/// NumPy: `full`, int64 of an integer; the default dtype here
/// PyTorch: `full`, int64 of an integer; the default dtype here
Tensor full(const Shape& shape, Scalar value, TensorOptions options = {},
            SourceLocation where = SourceLocation::current());
/// Zeros in the shape and dtype of x.
///
/// Derivative: 0.
Tensor zeros_like(const Operand& x);
/// Ones in the shape and dtype of x.
///
/// Derivative: 0.
Tensor ones_like(const Operand& x);
/// Elements that all are `value`, as in full(), in the shape and dtype of x.
///
/// Derivative: 0.
/// Throws: std::invalid_argument for a value that an int64 tensor cannot hold.
Tensor full_like(const Operand& x, Scalar value);

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
/// The dtype of a sequence that is counted by these types of numbers.
template <class... Numbers>
DType counted_dtype() {
  return (std::integral<Numbers> && ...) ? DType::int64 : default_dtype();
}
/// A type of number that nested braces may hold.
template <class T>
concept Literal = std::integral<T> || std::floating_point<T>;
template <class T>
concept Countable = std::is_arithmetic_v<T>;
/// An integer that from_vector takes as int64.
template <class T>
concept OtherInteger = std::integral<T> && !ElementType<T>;
}  // namespace internal

/// The numbers start, start + step, ... up to but without stop.
///
/// Shapes: [ceil((stop - start) / step)].
/// Dtype: int64 where all three are integers, else the default dtype; the one that options give or leave out, where
/// they are given. For int64 the numbers are truncated first.
/// Throws: std::invalid_argument when step is 0 or leads away from stop, and for an integer that a double cannot hold.
/// NumPy: `arange`, empty where step leads away from stop
template <internal::Countable Start, internal::Countable Stop, internal::Countable Step = int>
Tensor arange(Start start, Stop stop, Step step = 1,
              TensorOptions options = {.dtype = internal::counted_dtype<Start, Stop, Step>()},
              SourceLocation where = SourceLocation::current()) {
  return internal::arange(internal::exact_double("arange", start, where), internal::exact_double("arange", stop, where),
                          internal::exact_double("arange", step, where), options, where);
}
/// The numbers 0, 1, ... up to but without stop.
///
/// Shapes: [ceil(stop)].
/// Dtype: int64 where stop is an integer, else the default dtype.
/// Throws: std::invalid_argument for a negative stop, and for an integer that a double cannot hold.
template <internal::Countable Stop>
Tensor arange(Stop stop, TensorOptions options = {.dtype = internal::counted_dtype<Stop>()},
              SourceLocation where = SourceLocation::current()) {
  return internal::arange(0, internal::exact_double("arange", stop, where), 1, options, where);
}
/// `count` numbers from start to stop, both included, evenly spaced. The one in the middle is (start + stop) / 2, from
/// stop to start come the same numbers, and they are the same on every machine. An int64 tensor truncates them.
///
/// Shapes: [count].
/// Dtype: any; the default dtype where none is given.
/// Throws: std::invalid_argument when count is negative, unless start, stop and the distance between them are finite,
/// where an int64 tensor cannot hold them, and for an integer in one that a double cannot hold.
Tensor linspace(Scalar start, Scalar stop, std::int64_t count, TensorOptions options = {},
                SourceLocation where = SourceLocation::current());
/// The identity matrix: ones on the diagonal, zeros elsewhere.
///
/// Shapes: [rows, rows].
/// Dtype: any; the default dtype where none is given.
/// Throws: std::invalid_argument for a negative number of rows.
Tensor eye(std::int64_t rows, TensorOptions options = {}, SourceLocation where = SourceLocation::current());
/// A matrix with ones on the diagonal that begins at the first element, zeros elsewhere.
///
/// Shapes: [rows, columns].
/// Dtype: any; the default dtype where none is given.
/// Throws: std::invalid_argument for a negative number of rows or columns.
Tensor eye(std::int64_t rows, std::int64_t columns, TensorOptions options = {},
           SourceLocation where = SourceLocation::current());

/// Numbers in nested braces: {{1, 2}, {3, 4}}. The nesting is the shape.
class NestedList {
 public:
  template <internal::Literal T>
  NestedList(T number)
      : numbers_{static_cast<double>(number)}, kind_(kind_of<T>), problem_(internal::problem_of(number)) {}
  NestedList(std::initializer_list<NestedList> items);

  const Shape& shape() const { return shape_; }
  /// The numbers in row-major order.
  const std::vector<double>& numbers() const { return numbers_; }
  /// The widest kind of number among them: boolean, int64, or the default dtype for floating ones.
  DType dtype() const { return is_floating(kind_) ? default_dtype() : kind_; }
  /// Empty, or what is wrong with the nesting.
  const std::string& problem() const { return problem_; }

 private:
  template <class T>
  static constexpr DType kind_of = std::same_as<T, bool> ? DType::boolean
                                   : std::integral<T>    ? DType::int64
                                                         : DType::float32;
  Shape shape_;
  std::vector<double> numbers_;
  DType kind_;
  std::string problem_;
};

/// A tensor of the numbers in nested braces: `tensor({{1., 2.}, {3., 4.}})`. They pass through double: use from_vector
/// for integers beyond 2^53.
///
/// Shapes: the nesting's.
/// Dtype: the default dtype for floating numbers, int64 for integers, boolean for bools.
/// Throws: std::invalid_argument when rows have different lengths, and for an integer that a double cannot hold.
/// NumPy: `array`
/// PyTorch: `tensor`
Tensor tensor(const NestedList& values, SourceLocation where = SourceLocation::current());
template <class T>
Tensor tensor(const std::vector<T>& values) = delete;  // of a vector: from_vector(values)
/// A tensor of the numbers in nested braces, with options: `tensor({1, 2}, {.dtype = DType::float64})`.
///
/// Dtype: any; the default dtype where the options leave it out.
/// Throws: what tensor() without options throws, and for a number that an int64 tensor cannot hold.
Tensor tensor(const NestedList& values, TensorOptions options, SourceLocation where = SourceLocation::current());

/// A copy of the numbers at `values`, as many as the shape holds.
///
/// Dtype: T's; T is bool, std::int64_t, float or double.
/// Throws: std::invalid_argument for a shape that zeros() refuses.
/// NumPy: `frombuffer`, which shares the memory
/// PyTorch: `frombuffer`, which shares the memory
template <ElementType T>
XGRAD_API Tensor from_data(const T* values, const Shape& shape, SourceLocation where = SourceLocation::current());
/// A copy of a vector's numbers along one axis.
///
/// Shapes: [values.size()].
/// Dtype: T's; T is bool, float, double or an integer, which becomes int64.
/// Throws: std::invalid_argument for an integer that an int64 cannot hold.
/// NumPy: `array(list)`
/// PyTorch: `tensor(list)`
template <ElementType T>
XGRAD_API Tensor from_vector(const std::vector<T>& values, SourceLocation where = SourceLocation::current());
template <internal::OtherInteger T>
Tensor from_vector(const std::vector<T>& values, SourceLocation where = SourceLocation::current()) {
  return from_vector(internal::as_int64(values, where), where);
}
/// A copy of a vector's numbers in row-major order in this shape.
///
/// Dtype: T's; T is bool, float, double or an integer, which becomes int64.
/// Throws: std::invalid_argument when the shape has another number of elements, and for an integer that an int64 cannot
/// hold.
template <ElementType T>
XGRAD_API Tensor from_vector(const std::vector<T>& values, const Shape& shape,
                             SourceLocation where = SourceLocation::current());
template <internal::OtherInteger T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape, SourceLocation where = SourceLocation::current()) {
  return from_vector(internal::as_int64(values, where), shape, where);
}

}  // namespace xgrad
