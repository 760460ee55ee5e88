// Making tensors: filled, counted, from values of the program.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "autograd/tensor.hpp"

namespace xgrad {

/// Tensors of one value, in any shape: `zeros({2, 3}, {.dtype = DType::float64})`. Negative extents throw
/// std::invalid_argument.
Tensor zeros(const Shape& shape, TensorOptions options = {}, SourceLocation where = SourceLocation::current());
Tensor ones(const Shape& shape, TensorOptions options = {}, SourceLocation where = SourceLocation::current());
Tensor full(const Shape& shape, double value, TensorOptions options = {},
            SourceLocation where = SourceLocation::current());
/// In the shape and dtype of x.
Tensor zeros_like(const Operand& x);
Tensor ones_like(const Operand& x);
Tensor full_like(const Operand& x, double value);

/// start, start + step, ... up to but without stop. [ceil((stop - start) / step)]. Throws std::invalid_argument when
/// step is 0 or leads away from stop.
Tensor arange(double start, double stop, double step = 1, TensorOptions options = {.dtype = DType::int64},
              SourceLocation where = SourceLocation::current());
inline Tensor arange(std::int64_t count, TensorOptions options = {.dtype = DType::int64},
                     SourceLocation where = SourceLocation::current()) {
  return arange(0, static_cast<double>(count), 1, options, where);
}
/// `count` numbers from start to stop, both included, evenly spaced. [count].
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
    requires std::integral<T> || std::floating_point<T>
  NestedList(T number) : numbers_{static_cast<double>(number)}, dtype_(kind_of<T>) {}
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

/// `tensor({{1., 2.}, {3., 4.}})`: float32 for floating numbers, int64 for integers, boolean for bools, unless a dtype
/// is given. Throws std::invalid_argument when rows have different lengths.
Tensor tensor(const NestedList& values, SourceLocation where = SourceLocation::current());
Tensor tensor(const NestedList& values, TensorOptions options, SourceLocation where = SourceLocation::current());

/// A copy of `values` (bool, int64_t, float or double), in the given shape or as one axis; dtype is T's.
/// Throws std::invalid_argument when the shape has another number of elements.
template <class T>
Tensor from_data(const T* values, const Shape& shape, SourceLocation where = SourceLocation::current());
template <class T>
Tensor from_vector(const std::vector<T>& values, SourceLocation where = SourceLocation::current());
template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape, SourceLocation where = SourceLocation::current());

}  // namespace xgrad
