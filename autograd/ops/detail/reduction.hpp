// What the reducing operators share: shapes, values computed outside of the graph, and the two views that their rules
// are made of. No public operator is included here: those are built on this.
#pragma once

#include <optional>

#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../kernels/fill.hpp"
#include "../../kernels/reduce.hpp"
#include "../../tensor_impl.hpp"

namespace xgrad::internal {

/// `shape` without the axes of the mask, or with extent 1 there.
Shape reduced_shape(const Shape& shape, unsigned mask, bool keepdims);

/// How many elements each result is made of.
std::int64_t reduced_count(const Shape& shape, unsigned mask);

/// The operand of a reduction and its plan. x is a copy where no plan exists for its layout. x must have elements.
struct PlannedOperand {
  PlannedOperand(const Tensor& tensor, unsigned mask);

  Tensor x;
  ReducePlan plan;
};

/// The fold of x over the axes of the mask in a new tensor of this shape, its dtype T's. E: x's element type.
template <class F, class E, class T = E>
Tensor fold(const Tensor& x, unsigned mask, const Shape& shape) {
  Tensor y = new_tensor(shape, dtype_of<T>);
  if (x.numel() == 0) {
    fill<T>(data_of<T>(y), y.numel(), F::template start<T>());
    return y;
  }
  PlannedOperand operand(x, mask);
  fold_into<F>(operand.plan, data_of<E>(operand.x), data_of<T>(y));
  return y;
}

/// The fold of x centered on `center`, which has the result's shape and is contiguous.
template <class F, class T>
Tensor fold_around(const Tensor& x, unsigned mask, const Tensor& center) {
  Tensor y = new_tensor(center.shape(), dtype_of<T>);
  if (x.numel() == 0) {
    fill<T>(data_of<T>(y), y.numel(), F::template start<T>());
    return y;
  }
  PlannedOperand operand(x, mask);
  fold_into<F>(operand.plan, data_of<T>(operand.x), data_of<T>(y), data_of<T>(center));
  return y;
}

/// Sum (and mean) of a floating x, not recorded.
Tensor sum_value(const Tensor& x, unsigned mask, const Shape& shape);
Tensor mean_value(const Tensor& x, unsigned mask, const Shape& shape);

/// The axes along which `to` was stretched to `from`: those of extent 1, and those in front that it does not have.
unsigned stretched_axes(const Shape& from, const Shape& to);

/// x summed to `shape`, from which it was stretched, recorded under this name. x itself where nothing was stretched.
Tensor recorded_sum_to(const char* name, const Tensor& x, const Shape& shape, SourceLocation where);

/// A reduction's result or its cotangent with the reduced axes put back as extent 1 (a view). Recorded where anything
/// is.
Tensor with_kept_axes(const Tensor& reduced, const Shape& shape, unsigned mask);

/// A reduction's result or its cotangent stretched over the reduced axes to `shape` (a view): the cotangent of a sum.
/// Recorded where anything is.
Tensor stretch(const Tensor& reduced, const Shape& shape, unsigned mask);

/// x, integers and booleans as float32.
Tensor floating_operand(const char* name, const Operand& operand);
/// x in the dtype that is asked for, which must be floating, if one is; else as above.
Tensor floating_operand(const char* name, const Operand& operand, std::optional<DType> dtype);

/// The axes of the mask as an argument for operators.
Axes axes_of(unsigned mask);

/// data[i] = f(data[i]).
template <class T, class F>
struct ReplaceElements {
  T* data;
  F f;

  static void run(const ReplaceElements& a, std::int64_t begin, std::int64_t end) {
    T* data = a.data;
    const F f = a.f;
    for (std::int64_t i = begin; i < end; ++i) data[i] = f(data[i]);
  }
};

/// data[i] = f(data[i]) for the elements of a contiguous y, of type T. `f` captures by value.
template <class T, class F>
void for_each_element(const Tensor& y, const F& f) {
  launch(ReplaceElements<T, F>{data_of<T>(y), f}, y.numel(), kElementwiseGrain);
}

/// Sum over the axes of the mask for integers and booleans, in int64; undefined for a floating x.
Tensor integer_sum(const Tensor& x, unsigned mask, const Shape& shape);

}  // namespace xgrad::internal
