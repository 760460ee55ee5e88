// sum, mean, sum_to, prod, nansum, nanmean and count_nonzero.
#include "../../extend.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/promote.hpp"
#include "../detail/reduction.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "../reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// x in the dtype that is asked for, if one is.
Tensor in_dtype(const char* name, const Operand& operand, std::optional<DType> dtype) {
  return dtype ? cast_for(name, operand, *dtype) : operand.tensor(name);
}
/// A sum or product of booleans is int64 unless they are asked for.
Tensor of_dtype(const Tensor& result, std::optional<DType> dtype, SourceLocation where) {
  return dtype == DType::boolean ? cast(Operand(result, where), DType::boolean) : result;
}

}  // namespace

// ---- Sums ----

Tensor sum(const Operand& operand, const Axes& axes, SumOptions options) {
  Tensor cast_x;  // a handle only where it is needed: sums of a few numbers count
  if (options.dtype) cast_x = cast_for("sum", operand, *options.dtype);
  const Tensor& x = options.dtype ? cast_x : operand.tensor("sum");
  unsigned mask = axis_mask("sum", axes, x.ndim(), operand.where());
  Shape shape = reduced_shape(x.shape(), mask, options.keepdims);
  if (!is_floating(x.dtype()))
    return with_memory_for("sum", operand.where(),
                           [&] { return of_dtype(integer_sum(x, mask, shape), options.dtype, operand.where()); });
  return record("sum", operand.where(), {x},
                with_memory_for("sum", operand.where(), [&] { return sum_value(x, mask, shape); }), {},
                [mask](Vjp& vjp) { vjp.give(0, stretch(vjp.g(), vjp.shape(0), mask)); });
}

Tensor mean(const Operand& operand, const Axes& axes, SumOptions options) {
  Tensor x = floating_operand("mean", operand, options.dtype);
  unsigned mask = axis_mask("mean", axes, x.ndim(), operand.where());
  Shape shape = reduced_shape(x.shape(), mask, options.keepdims);
  return record("mean", operand.where(), {x},
                with_memory_for("mean", operand.where(), [&] { return mean_value(x, mask, shape); }), {},
                [mask](Vjp& vjp) {
                  const Shape& shape = vjp.shape(0);
                  vjp.give(0, stretch(vjp.g() / static_cast<double>(reduced_count(shape, mask)), shape, mask));
                });
}

Tensor nansum(const Operand& operand, const Axes& axes, SumOptions options) {
  const CallSite site(operand.where());
  const Tensor x = in_dtype("nansum", operand, options.dtype);
  axis_mask("nansum", axes, x.ndim(), operand.where());
  return sum(is_floating(x.dtype()) ? where(isnan(x), 0, x) : x, axes, options);
}

Tensor nanmean(const Operand& operand, const Axes& axes, SumOptions options) {
  const CallSite site(operand.where());
  const Tensor x = floating_operand("nanmean", operand, options.dtype);
  axis_mask("nanmean", axes, x.ndim(), operand.where());
  const Tensor is_nan = isnan(x);
  return sum(where(is_nan, 0, x), axes, options) /
         cast(sum(logical_not(is_nan), axes, {.keepdims = options.keepdims}), x.dtype());
}

Tensor count_nonzero(const Operand& operand, const Axes& axes, ReduceOptions options) {
  const Tensor& x = operand.tensor("count_nonzero");
  const unsigned mask = axis_mask("count_nonzero", axes, x.ndim(), operand.where());
  const Tensor is_not_zero = cast_for("count_nonzero", Operand(x.detach(), operand.where()), DType::boolean);
  return integer_sum(is_not_zero, mask, reduced_shape(x.shape(), mask, options.keepdims));
}

Tensor sum_to(const Operand& operand, const Shape& shape) {
  const Tensor& x = operand.tensor("sum_to");
  check(broadcasts_to(shape, x.shape()), operand.where(), "sum_to: the shape must broadcast to x ", x.shape(),
        ", but it is ", shape, ".");
  return recorded_sum_to("sum_to", x, shape, operand.where());
}

// ---- Products ----

namespace {

/// x with the axes of the mask as one last axis.
Tensor reduced_axes_last(const Tensor& x, unsigned mask) {
  std::vector<int> order;
  std::int64_t outer = 1;
  for (bool reduced : {false, true})
    for (int axis = 0; axis < x.ndim(); ++axis)
      if (((mask >> axis & 1) != 0) == reduced) {
        order.push_back(axis);
        if (!reduced) outer *= x.shape()[axis];
      }
  return reshape(permute(x, order), {outer, reduced_count(x.shape(), mask)});
}

/// The inverse for a tensor that has been brought into that form.
Tensor reduced_axes_back(const Tensor& x, const Shape& shape, unsigned mask) {
  std::vector<int> order(shape.ndim());
  Shape permuted;
  for (bool reduced : {false, true})
    for (int axis = 0; axis < shape.ndim(); ++axis)
      if (((mask >> axis & 1) != 0) == reduced) {
        order[axis] = permuted.ndim();
        permuted.push_back(shape[axis]);
      }
  return permute(reshape(x, permuted), order);
}

/// Products of what stands before each element along the last axis, in doubling steps: made of operators, and right
/// where elements are 0.
Tensor products_before(const Tensor& x) {
  std::int64_t n = x.shape()[1];
  Tensor head = ones({x.shape()[0], 1}, {.dtype = x.dtype()});
  Tensor products = cat({head, narrow(x, 1, 0, n - 1)}, 1);
  for (std::int64_t step = 1; step < n; step *= 2) {
    Tensor rest = narrow(products, 1, step, n - step) * narrow(products, 1, 0, n - step);
    products = cat({narrow(products, 1, 0, step), rest}, 1);
  }
  return products;
}

/// to = the product of all other elements of the row. Over rows.
template <class T>
struct ProductsOfOthers {
  const T* x;
  T* to;
  std::int64_t length;

  static void run(const ProductsOfOthers& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* from = a.x + row * a.length;
      T* to = a.to + row * a.length;
      T product = 1;
      for (std::int64_t i = 0; i < a.length; product *= from[i++]) to[i] = product;
      product = 1;
      for (std::int64_t i = a.length - 1; i >= 0; product *= from[i--]) to[i] *= product;
    }
  }
};

/// The product of all other elements along the last axis, of a contiguous x that has elements.
template <class T>
Tensor products_of_others(const Tensor& x) {
  Tensor y = new_tensor(x.shape(), dtype_of<T>);
  const std::int64_t length = x.shape()[1];
  launch(ProductsOfOthers<T>{data_of<T>(x), data_of<T>(y), length}, x.shape()[0], kElementwiseGrain / length + 1);
  return y;
}

void prod_rule(Vjp& vjp, unsigned mask) {
  const Shape& shape = vjp.shape(0);
  if (shape.numel() == 0) return vjp.give(0, zeros(shape, {.dtype = vjp.dtype(0)}));
  Tensor x = reduced_axes_last(vjp.input(0), mask);
  Tensor others = vjp.creates_graph()
                      ? products_before(x) * flip(products_before(flip(x, 1)), 1)
                      : dispatch_floating(x.dtype(), [&]<class T>(T) { return products_of_others<T>(contiguous(x)); });
  vjp.give(0, with_kept_axes(vjp.g(), shape, mask) * reduced_axes_back(others, shape, mask));
}

}  // namespace

Tensor prod(const Operand& operand, const Axes& axes, SumOptions options) {
  Tensor x = in_dtype("prod", operand, options.dtype);
  if (x.dtype() == DType::boolean) x = cast(Operand(x, operand.where()), DType::int64);
  unsigned mask = axis_mask("prod", axes, x.ndim(), operand.where());
  Shape shape = reduced_shape(x.shape(), mask, options.keepdims);
  if (x.dtype() == DType::int64)
    return with_memory_for("prod", operand.where(), [&] {
      return of_dtype(fold<ProductFold, std::int64_t>(x, mask, shape), options.dtype, operand.where());
    });
  Tensor y = with_memory_for("prod", operand.where(), [&] {
    return dispatch_floating(x.dtype(), [&]<class T>(T) { return fold<ProductFold, T>(x, mask, shape); });
  });
  return record("prod", operand.where(), {x}, std::move(y), {Uses::input(0)},
                [mask](Vjp& vjp) { prod_rule(vjp, mask); });
}

}  // namespace xgrad
