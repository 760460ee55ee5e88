#include "create.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "../base/allocator.hpp"
#include "detail/result.hpp"
#include "../base/parallel.hpp"
#include "../tensor_impl.hpp"
#include "../memory.hpp"

namespace xgrad {
namespace internal {

Tensor new_checked(const char* operation, const Shape& shape, DType dtype, SourceLocation where) {
  std::int64_t bytes = static_cast<std::int64_t>(size_of(dtype));
  bool overflow = false;
  for (std::int64_t extent : shape) {
    check(extent >= 0, where, operation, ": extents must not be negative, but the shape is ", shape, ".");
    // An extent of 0 must not hide that the others overflow: strides are computed from them all.
    if (extent > 0) overflow |= __builtin_mul_overflow(bytes, extent, &bytes);
  }
  check(!overflow, where, operation, ": the number of bytes must fit in an int64, but the shape is ", shape, ".");
  return new_result(operation, shape, dtype, where);
}

Tensor new_result(const char* operation, const Shape& shape, DType dtype, SourceLocation where) {
  try {
    return new_tensor(shape, dtype);
  } catch (const std::bad_alloc&) {
    std::int64_t bytes;
    bool counts = !__builtin_mul_overflow(shape.numel(), static_cast<std::int64_t>(size_of(dtype)), &bytes);
    throw OutOfMemory(with_place(
        concat(operation, ": there must be memory for ", dtype, ' ', shape, ", but the system does not have ",
               counts ? std::to_string(bytes) : "so many", " bytes more; ", memory::stats().bytes_live, " are in use."),
        where));
  }
}

}  // namespace internal

using namespace internal;

namespace {

// Elements from which filling memory is worth a second thread.
constexpr std::int64_t kFillGrain = 1 << 18;

/// Calls element(i) for each element of a new tensor, in any order.
template <class T, class F>
void generate(const Tensor& tensor, F element) {
  T* to = data_of<T>(tensor);
  parallel_for(tensor.numel(), kFillGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = element(i);
  });
}

Tensor filled(const char* operation, const Shape& shape, DType dtype, double value, SourceLocation where) {
  Tensor tensor = new_checked(operation, shape, dtype, where);
  dispatch(dtype, [&]<class T>(T) {
    T element = element_of<T>(operation, value, where);
    generate<T>(tensor, [element](std::int64_t) { return element; });
  });
  return tensor;
}

Tensor with_options(Tensor tensor, const TensorOptions& options, SourceLocation where) {
  if (options.requires_grad) tensor.set_requires_grad(true, where);
  return tensor;
}

}  // namespace

Tensor zeros(const Shape& shape, TensorOptions options, SourceLocation where) {
  return with_options(filled("zeros", shape, options.dtype, 0, where), options, where);
}

Tensor ones(const Shape& shape, TensorOptions options, SourceLocation where) {
  return with_options(filled("ones", shape, options.dtype, 1, where), options, where);
}

Tensor full(const Shape& shape, double value, TensorOptions options, SourceLocation where) {
  return with_options(filled("full", shape, options.dtype, value, where), options, where);
}

Tensor zeros_like(const Operand& x) {
  return filled("zeros_like", x.tensor("zeros_like").shape(), x.dtype("zeros_like"), 0, x.where());
}

Tensor ones_like(const Operand& x) {
  return filled("ones_like", x.tensor("ones_like").shape(), x.dtype("ones_like"), 1, x.where());
}

Tensor full_like(const Operand& x, double value) {
  return filled("full_like", x.tensor("full_like").shape(), x.dtype("full_like"), value, x.where());
}

// ---- Sequences ----

namespace {

std::int64_t counted_length(double start, double stop, double step, SourceLocation where) {
  check(std::isfinite(start) && std::isfinite(stop) && std::isfinite(step), where,
        "arange: start, stop and step must be finite, but they are ", start, ", ", stop, ", ", step, ".");
  check(step != 0, where, "arange: step must not be 0.");
  check(start == stop || (start < stop) == (step > 0), where,
        "arange: step must lead from start to stop, but they are ", step, ", ", start, ", ", stop, ".");
  double length = std::ceil((stop - start) / step);
  check(length < 0x1p63, where, "arange: the number of elements must fit in an int64, but it is ", length, ".");
  return static_cast<std::int64_t>(length);
}

}  // namespace

Tensor internal::arange(double start, double stop, double step, TensorOptions options, SourceLocation where) {
  // The steps of an integer sequence are integers: as PyTorch, cut the numbers before counting.
  if (options.dtype == DType::int64)
    for (double* number : {&start, &stop, &step}) *number = std::trunc(*number);
  Tensor result = new_checked("arange", {counted_length(start, stop, step, where)}, options.dtype, where);
  dispatch(options.dtype, [&]<class T>(T) {
    if constexpr (std::same_as<T, std::int64_t>) {
      auto first = element_of<T>("arange", start, where), by = element_of<T>("arange", step, where);
      generate<T>(result, [=](std::int64_t i) { return first + i * by; });
    } else {
      generate<T>(result, [=](std::int64_t i) { return static_cast<T>(start + static_cast<double>(i) * step); });
    }
  });
  return with_options(std::move(result), options, where);
}

Tensor linspace(double start, double stop, std::int64_t count, TensorOptions options, SourceLocation where) {
  check(count >= 0, where, "linspace: count must not be negative, but it is ", count, ".");
  check(std::isfinite(stop - start), where,
        "linspace: start, stop and the distance between them must be finite, but start and stop are ", start, " and ",
        stop, ".");
  Tensor result = new_checked("linspace", {count}, options.dtype, where);
  double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
  dispatch(options.dtype, [&]<class T>(T) {
    if constexpr (std::same_as<T, std::int64_t>)
      for (double number : {start, stop}) element_of<T>("linspace", number, where);
    // From both ends to the middle, so that start and stop are met exactly.
    generate<T>(result, [=](std::int64_t i) {
      double number = i < (count + 1) / 2 ? start + static_cast<double>(i) * step
                                          : stop - static_cast<double>(count - 1 - i) * step;
      if constexpr (std::same_as<T, bool>)
        return number != 0;
      else
        return static_cast<T>(number);
    });
  });
  return with_options(std::move(result), options, where);
}

Tensor eye(std::int64_t rows, TensorOptions options, SourceLocation where) { return eye(rows, rows, options, where); }

Tensor eye(std::int64_t rows, std::int64_t columns, TensorOptions options, SourceLocation where) {
  Tensor result = filled("eye", {rows, columns}, options.dtype, 0, where);
  dispatch(options.dtype, [&]<class T>(T) {
    T* to = data_of<T>(result);
    for (std::int64_t i = 0; i < std::min(rows, columns); ++i) to[i * columns + i] = T(1);
  });
  return with_options(std::move(result), options, where);
}

// ---- Values of the program ----

NestedList::NestedList(std::initializer_list<NestedList> items) : dtype_(DType::float32) {
  shape_.push_back(static_cast<std::int64_t>(items.size()));
  if (items.size() == 0) return;
  const NestedList& first = *items.begin();
  if (first.shape_.ndim() + 1 > kMaxDims)
    problem_ = concat("braces may be nested ", kMaxDims, " deep, but there are ", first.shape_.ndim() + 1, " levels.");
  else
    for (std::int64_t extent : first.shape_) shape_.push_back(extent);
  dtype_ = first.dtype_;
  int position = 0;
  for (const NestedList& item : items) {
    if (problem_.empty()) problem_ = item.problem_;
    if (problem_.empty() && item.shape_ != first.shape_)
      problem_ = concat("items of one pair of braces must have the same shape, but item 0 is ", first.shape_,
                        " and item ", position, " is ", item.shape_, ".");
    dtype_ = promote(dtype_, item.dtype_);
    numbers_.insert(numbers_.end(), item.numbers_.begin(), item.numbers_.end());
    ++position;
  }
}

Tensor tensor(const NestedList& values, SourceLocation where) {
  return tensor(values, {.dtype = values.dtype()}, where);
}

Tensor tensor(const NestedList& values, TensorOptions options, SourceLocation where) {
  check(values.problem().empty(), where, "tensor: ", values.problem());
  Tensor result = new_tensor(values.shape(), options.dtype);
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
