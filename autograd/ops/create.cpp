#include "create.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../kernels/fill.hpp"
#include "../tensor_impl.hpp"
#include "detail/result.hpp"

// The numbers of a sequence are the same on every machine: the build keeps the compiler from contracting a + b * c in
// this file (-ffp-contract=off), which it would do where the machine has the instruction.

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

Tensor filled(const char* operation, const Shape& shape, DType dtype, Scalar value, SourceLocation where) {
  Tensor tensor = new_checked(operation, shape, dtype, where);
  dispatch(dtype, [&]<class T>(T) {
    T element = element_of<T>(operation, value, where);
    fill(data_of<T>(tensor), tensor.numel(), element);
  });
  return tensor;
}

}  // namespace

Tensor zeros(const Shape& shape, TensorOptions options, SourceLocation where) {
  return with_options(filled("zeros", shape, options.dtype, 0, where), options, where);
}

Tensor ones(const Shape& shape, TensorOptions options, SourceLocation where) {
  return with_options(filled("ones", shape, options.dtype, 1, where), options, where);
}

Tensor full(const Shape& shape, Scalar value, TensorOptions options, SourceLocation where) {
  return with_options(filled("full", shape, options.dtype, value, where), options, where);
}

Tensor zeros_like(const Operand& x) {
  return filled("zeros_like", x.tensor("zeros_like").shape(), x.dtype("zeros_like"), 0, x.where());
}

Tensor ones_like(const Operand& x) {
  return filled("ones_like", x.tensor("ones_like").shape(), x.dtype("ones_like"), 1, x.where());
}

Tensor full_like(const Operand& x, Scalar value) {
  return filled("full_like", x.tensor("full_like").shape(), x.dtype("full_like"), value, x.where());
}

// ---- Sequences ----

namespace {

std::int64_t counted_length(double start, double stop, double step, SourceLocation where) {
  check(std::isfinite(start) && std::isfinite(stop) && std::isfinite(step), where,
        "arange: start, stop and step must be finite, but they are ", start, ", ", stop, ", ", step, ".");
  check(step != 0, where, "arange: step must not be 0, but it is.");
  check(start == stop || (start < stop) == (step > 0), where,
        "arange: step must lead from start to stop, but they are ", step, ", ", start, ", ", stop, ".");
  double length = std::ceil((stop - start) / step);
  check(length < 0x1p63, where, "arange: the number of elements must fit in an int64, but it is ", length, ".");
  return static_cast<std::int64_t>(length);
}

}  // namespace

namespace internal {

Tensor arange(double start, double stop, double step, TensorOptions options, SourceLocation where) {
  // The steps of an integer sequence are integers: as PyTorch, cut the numbers before counting.
  if (options.dtype == DType::int64)
    for (double* number : {&start, &stop, &step}) *number = std::trunc(*number);
  Tensor result = new_checked("arange", {counted_length(start, stop, step, where)}, options.dtype, where);
  dispatch(options.dtype, [&]<class T>(T) {
    if constexpr (std::same_as<T, std::int64_t>) {
      auto first = element_of<T>("arange", start, where), by = element_of<T>("arange", step, where);
      generate(data_of<T>(result), result.numel(), [=](std::int64_t i) { return first + i * by; });
    } else {
      generate(data_of<T>(result), result.numel(),
               [=](std::int64_t i) { return static_cast<T>(start + static_cast<double>(i) * step); });
    }
  });
  return with_options(std::move(result), options, where);
}

}  // namespace internal

namespace {

/// Element i of linspace: from both ends to the middle, so that start, stop and what is between them are met exactly,
/// and the same numbers come the other way round.
template <class T>
struct EvenlySpaced {
  double start, stop, step, middle;
  std::int64_t count;

  T operator()(std::int64_t i) const {
    std::int64_t back = count - 1 - i;  // from the end
    double number = i == back ? middle : i < back ? start + way(i) : stop - way(back);
    if constexpr (std::same_as<T, bool>)
      return number != 0;
    else
      return static_cast<T>(number);
  }
  double way(std::int64_t steps) const {
    // An integer is met only where no rounding falls short of it.
    if constexpr (std::same_as<T, std::int64_t>)
      return static_cast<double>(steps) * (stop - start) / static_cast<double>(count - 1);
    else
      return static_cast<double>(steps) * step;
  }
};

}  // namespace

Tensor linspace(Scalar first, Scalar last, std::int64_t count, TensorOptions options, SourceLocation where) {
  if (options.dtype == DType::int64)
    for (const Scalar& number : {first, last})
      if (number.is_integer()) exact_double("linspace", number.integer(), where);
  const double start = first.value(), stop = last.value();
  check(count >= 0, where, "linspace: count must not be negative, but it is ", count, ".");
  check(std::isfinite(stop - start), where,
        "linspace: start, stop and the distance between them must be finite, but start and stop are ", start, " and ",
        stop, ".");
  Tensor result = new_checked("linspace", {count}, options.dtype, where);
  double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
  double middle = count > 1 ? std::midpoint(start, stop) : start;
  dispatch(options.dtype, [&]<class T>(T) {
    if constexpr (std::same_as<T, std::int64_t>)
      for (double number : {start, stop}) element_of<T>("linspace", number, where);
    generate(data_of<T>(result), count, EvenlySpaced<T>{start, stop, step, middle, count});
  });
  return with_options(std::move(result), options, where);
}

namespace {

/// Ones that are `step` elements apart.
template <class T>
struct SpacedOnes {
  T* to;
  std::int64_t step;

  static void run(const SpacedOnes& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) a.to[i * a.step] = T(1);
  }
};

}  // namespace

Tensor eye(std::int64_t rows, TensorOptions options, SourceLocation where) { return eye(rows, rows, options, where); }

Tensor eye(std::int64_t rows, std::int64_t columns, TensorOptions options, SourceLocation where) {
  Tensor result = filled("eye", {rows, columns}, options.dtype, 0, where);
  dispatch(options.dtype, [&]<class T>(T) {
    launch(SpacedOnes<T>{data_of<T>(result), columns + 1}, std::min(rows, columns), kFillGrain);
  });
  return with_options(std::move(result), options, where);
}

// ---- Values of the program ----
//
// They are copied outside of kernels: the memory that they stand in is the program's, and may be gone when a kernel
// runs again.

NestedList::NestedList(std::initializer_list<NestedList> items) : kind_(DType::float32) {
  shape_.push_back(static_cast<std::int64_t>(items.size()));
  if (items.size() == 0) return;
  const NestedList& first = *items.begin();
  if (first.shape_.ndim() + 1 > kMaxDims)
    problem_ = concat("braces may be nested ", kMaxDims, " deep, but there are ", first.shape_.ndim() + 1, " levels.");
  else
    for (std::int64_t extent : first.shape_) shape_.push_back(extent);
  kind_ = first.kind_;
  int position = 0;
  for (const NestedList& item : items) {
    if (problem_.empty()) problem_ = item.problem_;
    if (problem_.empty() && item.shape_ != first.shape_)
      problem_ = concat("items of one pair of braces must have the same shape, but item 0 is ", first.shape_,
                        " and item ", position, " is ", item.shape_, ".");
    kind_ = promote(kind_, item.kind_);
    numbers_.insert(numbers_.end(), item.numbers_.begin(), item.numbers_.end());
    ++position;
  }
}

Tensor tensor(const NestedList& values, SourceLocation where) {
  return tensor(values, {.dtype = values.dtype()}, where);
}

Tensor tensor(const NestedList& values, TensorOptions options, SourceLocation where) {
  check(values.problem().empty(), where, "tensor: ", values.problem());
  Tensor result = new_result("tensor", values.shape(), options.dtype, where);
  dispatch(options.dtype, [&]<class T>(T) {
    T* to = data_of<T>(result);
    for (double number : values.numbers()) *to++ = element_of<T>("tensor", number, where);
  });
  return with_options(std::move(result), options, where);
}

template <ElementType T>
Tensor from_data(const T* values, const Shape& shape, SourceLocation where) {
  Tensor result = new_checked("from_data", shape, dtype_of<T>, where);
  std::copy_n(values, result.numel(), data_of<T>(result));
  return result;
}

template <ElementType T>
Tensor from_vector(const std::vector<T>& values, SourceLocation where) {
  return from_vector(values, {static_cast<std::int64_t>(values.size())}, where);
}

template <ElementType T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape, SourceLocation where) {
  Tensor result = new_checked("from_vector", shape, dtype_of<T>, where);
  check(static_cast<std::size_t>(result.numel()) == values.size(), where, "from_vector: the shape ", shape,
        " must have ", values.size(), " elements, as many as the vector, but it has ", result.numel(), ".");
  std::copy(values.begin(), values.end(), data_of<T>(result));
  return result;
}

#define XGRAD_INSTANTIATE(T)                                          \
  template Tensor from_data(const T*, const Shape&, SourceLocation);  \
  template Tensor from_vector(const std::vector<T>&, SourceLocation); \
  template Tensor from_vector(const std::vector<T>&, const Shape&, SourceLocation);
XGRAD_INSTANTIATE(bool)
XGRAD_INSTANTIATE(std::int64_t)
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad
