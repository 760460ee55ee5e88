// Tensor: a cheap handle to elements, their layout, and the record of how they were computed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "default_dtype.hpp"
#include "dtype.hpp"
#include "error.hpp"
#include "function.hpp"
#include "hooks.hpp"
#include "print.hpp"
#include "shape.hpp"

namespace xgrad XGRAD_API {

class Indices;
class Operand;

namespace internal {
struct TensorImpl;
}

/// How new tensors are made: `zeros({2, 3}, {.dtype = DType::float64})`.
struct TensorOptions {
  DType dtype = default_dtype();
  bool requires_grad = false;
};

/// How backward() runs through the graph.
struct BackwardOptions {
  bool retain_graph = false;  ///< keep the saved values, so that the same graph can be traversed again
  /// Record the gradient's own graph, for higher derivatives; implies retain_graph. Variable, gradient and graph then
  /// hold each other: they stay in memory until zero_grad(). grad() answers without such a cycle.
  bool create_graph = false;
};

/// An n-dimensional array of one dtype that remembers the operation which made it.
///
/// A Tensor is a handle: copying it copies no elements, and both copies name the same tensor. Slices, transposes,
/// reshapes of contiguous tensors and broadcasts are views that share elements. Operators are functions (autograd/ops),
/// their results new tensors. Elements are changed only by assign(), mutable_data() and the optimizers, outside of
/// the graph. A default-constructed Tensor is undefined: it may be assigned to and tested by defined(), nothing else.
class Tensor {
 public:
  Tensor() = default;
  Tensor(const Tensor& other);
  Tensor(Tensor&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  Tensor& operator=(const Tensor& other) &;
  Tensor& operator=(Tensor&& other) & noexcept {
    // The old state goes last: its end may reach back to this handle.
    if (internal::TensorImpl* old = std::exchange(impl_, std::exchange(other.impl_, nullptr))) let_go(old);
    return *this;
  }
  // Only a name can be given another tensor. x[0] = y would change a handle that is gone at the end of the line.
  Tensor& operator=(const Tensor& other) && = delete;  // to write into the elements: x[0].assign(y)
  template <class T>
  requires std::is_arithmetic_v<T> Tensor& operator=(T) && = delete;  // to write into the elements: x[0].assign(1)
  ~Tensor() {
    if (impl_ != nullptr) let_go(impl_);
  }

  bool defined() const { return impl_ != nullptr; }
  void begin() const = delete;  // the rows: for (const Tensor& row : unbind(x))
  void end() const = delete;

  // ---- What it is ----
  const Shape& shape(SourceLocation where = SourceLocation::current()) const;
  /// size is the extent of one axis; negative axes count from the last. Throws std::out_of_range.
  std::int64_t size(int axis, SourceLocation where = SourceLocation::current()) const;
  int ndim(SourceLocation where = SourceLocation::current()) const;
  std::int64_t numel(SourceLocation where = SourceLocation::current()) const;
  DType dtype(SourceLocation where = SourceLocation::current()) const;
  const Strides& strides(SourceLocation where = SourceLocation::current()) const;
  /// is_contiguous tells whether the elements lie row-major without gaps.
  bool is_contiguous(SourceLocation where = SourceLocation::current()) const;

  // ---- Its elements ----
  /// item is the only element, converted to T; floating to integer truncates, double to float rounds.
  /// Throws: std::invalid_argument unless there is one, and T can hold it (no nan as an integer, no 1e300 as a float).
  template <class T = double>
  requires std::is_arithmetic_v<T> T item(SourceLocation where = SourceLocation::current())
  const { return narrowed<T>("item", element<NearestElement<T>>(where), where); }
  /// to_vector copies the elements in row-major order, converted to T as by cast().
  /// Throws: std::invalid_argument where an integer type cannot hold one.
  template <class T = double>
  requires std::is_arithmetic_v<T> std::vector<T> to_vector(SourceLocation where = SourceLocation::current())
  const {
    if constexpr (ElementType<T>) {
      return elements<T>(where);
    } else {
      std::vector<NearestElement<T>> values = elements<NearestElement<T>>(where);
      std::vector<T> result;
      result.reserve(values.size());
      for (auto value : values) result.push_back(narrowed<T>("to_vector", value, where));
      return result;
    }
  }
  /// data points to the first element, and is valid while the tensor lives.
  /// Throws: std::invalid_argument unless the tensor is contiguous and its dtype is T's.
  template <ElementType T>
  const T* data(SourceLocation where = SourceLocation::current()) const;
  /// mutable_data is data() for writing. A backward pass that saved the old elements refuses to run after it.
  template <ElementType T>
  T* mutable_data(SourceLocation where = SourceLocation::current());
  /// assign writes the elements of `value`, broadcast to this shape and cast to this dtype, outside of the graph. Of a
  /// part of a tensor it takes a view: `x[0].assign(1)`.
  /// Throws: std::invalid_argument when the shapes do not fit or elements share memory (as in an expanded tensor), and
  /// std::logic_error on a tensor that an operation made.
  void assign(const Operand& value, SourceLocation where = SourceLocation::current()) &;
  /// assign on a tensor without a name, which must be a view of one that is kept.
  /// Throws: std::logic_error as well where nobody would see what is written: x[mask] and x[positions] are copies,
  /// which are gone at the end of the line. Use index_put().
  void assign(const Operand& value, SourceLocation where = SourceLocation::current()) &&;

  // ---- Views (recorded; see autograd/ops/index.hpp) ----
  /// operator[] indexes the first axis: x[2], x[-1], x[slice(0, 4)], x[ellipsis]; or several: x[{1, slice(0, 4)}].
  Tensor operator[](const Indices& indices) const;

  // ---- Gradients ----
  bool requires_grad(SourceLocation where = SourceLocation::current()) const;
  /// set_requires_grad makes a leaf a variable, or a constant again.
  /// Throws: std::invalid_argument for int64 and boolean tensors; std::logic_error for a tensor that an operation made.
  Tensor& set_requires_grad(bool requires_grad = true, SourceLocation where = SourceLocation::current());
  /// is_leaf is true when no recorded operation made the tensor: it is a variable, or a constant.
  bool is_leaf(SourceLocation where = SourceLocation::current()) const;
  /// grad is the gradient that backward() accumulated here; undefined before.
  Tensor grad(SourceLocation where = SourceLocation::current()) const;
  /// set_grad replaces grad(); undefined clears it. Throws std::invalid_argument for another shape or dtype.
  void set_grad(Tensor grad, SourceLocation where = SourceLocation::current());
  void zero_grad(SourceLocation where = SourceLocation::current()) { set_grad(Tensor(), where); }
  /// retain_grad asks backward() to keep the gradient of a tensor that is not a leaf as well.
  void retain_grad(SourceLocation where = SourceLocation::current());
  /// add_hook has `hook` called with the tensor's gradient in each backward pass, for as long as the handle lives that
  /// it returns; a defined result replaces the gradient. The hook runs unrecorded (open a GradMode(true) in it to
  /// record) and must not write into the gradient it is handed, which others may share.
  ///
  /// A hook that captures the very tensor it hangs on (or what is computed from it) keeps it alive, and is kept by it:
  /// both leak until the handle dies. A hook of two parameters is handed the tensor too, cut off from the graph, and
  /// need not capture it.
  ///
  /// Throws: std::logic_error when the tensor requires no gradient; from the pass, when the hook's result has another
  /// shape or dtype, or when the hook wrote into the gradient.
  /// Example: `HookHandle clipped = x.add_hook([](const Tensor& g) { return clamp(g, -1, 1); });`
  HookHandle add_hook(Function<Tensor(const Tensor& gradient)> hook, SourceLocation where = SourceLocation::current());
  HookHandle add_hook(Function<Tensor(const Tensor& gradient, const Tensor& tensor)> hook,
                      SourceLocation where = SourceLocation::current());

  /// backward adds the gradient of this tensor with respect to each variable it was computed from to that one's grad().
  /// The tensor must have one element, or `cotangent` must give the gradient of what follows, in its shape.
  /// Throws: std::logic_error where nothing requires a gradient, an earlier pass freed the graph, or a saved value was
  /// overwritten. A pass in which a rule or a hook throws changes no grad(), but has used up its graph.
  void backward(BackwardOptions options = {}, SourceLocation where = SourceLocation::current()) const;
  void backward(const Tensor& cotangent, BackwardOptions options = {},
                SourceLocation where = SourceLocation::current()) const;

  /// detach is a view of the same elements, cut off from the graph.
  Tensor detach(SourceLocation where = SourceLocation::current()) const;
  /// operation is the name of the operation that made the tensor, "leaf" for a variable, "" for a constant.
  const char* operation(SourceLocation where = SourceLocation::current()) const;

  /// is_same tells whether two handles name the same tensor.
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }

  /// For the library's own use: the state behind the handle.
  internal::TensorImpl* impl() const { return impl_; }
  /// Takes over one reference.
  explicit Tensor(internal::TensorImpl* impl) : impl_(impl) {}

 private:
  /// The element type by which other types of numbers are read: int as int64.
  template <class T>
  using NearestElement =
      std::conditional_t<ElementType<T>, T, std::conditional_t<std::is_integral_v<T>, std::int64_t, double>>;
  /// An element in a type of another range.
  template <class T, class E>
  static T narrowed(const char* operation, E element, SourceLocation where) {
    T result = static_cast<T>(element);
    if constexpr (!std::same_as<T, E> && std::integral<T>)
      check(static_cast<E>(result) == element && (result < T(0)) == (element < E(0)), where, operation,
            ": the type asked for must hold the number, but it is ", element, ".");
    return result;
  }
  template <ElementType T>
  T element(SourceLocation where) const;
  template <ElementType T>
  std::vector<T> elements(SourceLocation where) const;

  /// Gives up one reference.
  static void let_go(internal::TensorImpl* impl) noexcept;

  internal::TensorImpl* impl_ = nullptr;
};

/// What every operator takes: a Tensor, or a number that adapts to the other operands' dtype. It also picks up the
/// caller's line for errors and graph nodes. Lives only as a parameter.
class Operand {
 public:
  Operand(const Tensor& tensor, SourceLocation where = SourceLocation::current()) : tensor_(&tensor), where_(where) {}
  /// Throws std::invalid_argument for an unsigned integer beyond int64.
  template <class T>
  requires std::integral<T> || std::floating_point<T> Operand(T number,
                                                              SourceLocation where = SourceLocation::current())
      : number_(static_cast<double>(number)), number_dtype_(kind_of<T>), where_(where) {
    if constexpr (std::integral<T>) {
      integer_ = static_cast<std::int64_t>(number);
      if constexpr (std::unsigned_integral<T> && sizeof(T) == sizeof(integer_))
        check(integer_ >= 0, where, "operand: an int64 must hold an integer, but it is ", number,
              ". Make it a double.");
    }
  }

  bool is_number() const { return tensor_ == nullptr; }
  /// For the library's own use: the tensor, defined or not; null for a number.
  const Tensor* tensor_or_null() const { return tensor_; }
  /// Whether it is a number or a tensor that is defined.
  bool defined() const { return tensor_ == nullptr || tensor_->defined(); }
  double number() const { return number_; }
  /// boolean, int64 or float32 for a number of that kind; a tensor's dtype. Throws as tensor().
  DType dtype(const char* operation = "dtype") const;
  SourceLocation where() const { return where_; }

  /// The tensor. Throws std::invalid_argument, naming the operation, when it is undefined. A number becomes a 0-d
  /// tensor of its kind's dtype.
  const Tensor& tensor(const char* operation) const;
  /// The number as a 0-d tensor of this dtype. Throws std::invalid_argument, naming the operation, where int64 cannot
  /// hold it.
  Tensor number_as(DType dtype, const char* operation) const;

 private:
  template <class T>
  static constexpr DType kind_of = std::same_as<T, bool> ? DType::boolean
                                   : std::integral<T>    ? DType::int64
                                                         : DType::float32;

  const Tensor* tensor_ = nullptr;
  double number_ = 0;
  std::int64_t integer_ = 0;
  DType number_dtype_ = DType::float32;
  mutable Tensor owned_;
  SourceLocation where_;
};

}  // namespace xgrad
