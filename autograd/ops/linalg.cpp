#include "autograd/ops/linalg.hpp"

#include <algorithm>

#include "autograd/extend.hpp"
#include "autograd/internal/blas.hpp"
#include "autograd/internal/parallel.hpp"
#include "autograd/internal/tensor_impl.hpp"
#include "autograd/internal/vectorize.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/threads.hpp"

namespace xgrad {

using namespace internal;

namespace {

/// A stack of matrices: leading axes, then rows and columns. A 1-d tensor is one row or one column.
struct Stack {
  Tensor tensor;
  Shape lead;
  Strides lead_strides;
  std::int64_t rows, columns, row_stride, column_stride;

  template <class T>
  Matrix<T> at(std::int64_t offset) const {
    return {data_of<T>(tensor) + offset, row_stride, column_stride};
  }
};

enum class Vector { row, column };

Stack stack_of(const Tensor& tensor, Vector if_1d) {
  const Shape& shape = tensor.shape();
  const Strides& strides = tensor.strides();
  int ndim = shape.ndim();
  if (ndim == 1 && if_1d == Vector::row) return {tensor, {}, {}, 1, shape[0], shape[0], strides[0]};
  if (ndim == 1) return {tensor, {}, {}, shape[0], 1, strides[0], 1};
  Stack stack{tensor, shape, strides, shape[ndim - 2], shape[ndim - 1], strides[ndim - 2], strides[ndim - 1]};
  for (int i = 0; i < 2; ++i) {
    stack.lead.erase(ndim - 1 - i);
    stack.lead_strides.erase(ndim - 1 - i);
  }
  return stack;
}

/// The same elements in a layout that BLAS takes: a copy where it must be one.
Stack for_blas(Stack stack, Vector if_1d) {
  if (fits_blas(stack.rows, stack.columns, stack.row_stride, stack.column_stride)) return stack;
  Tensor copied = new_tensor(stack.tensor.shape(), stack.tensor.dtype());
  copy_into(copied, stack.tensor);
  return stack_of(copied, if_1d);
}

/// Makes the leading axes more rows, where the layout allows it without a copy.
bool fold_lead(Stack& stack) {
  std::int64_t rows = stack.rows;
  for (int axis = stack.lead.ndim() - 1; axis >= 0; --axis) {
    if (stack.lead[axis] != 1 && stack.lead_strides[axis] != rows * stack.row_stride) return false;
    rows *= stack.lead[axis];
  }
  stack.rows = rows;
  stack.lead = {};
  stack.lead_strides = {};
  return true;
}

/// Offset of the stack's matrix that belongs to matrix `index` of the result, which has the leading axes `lead`.
std::int64_t offset_of(const Stack& stack, const Shape& lead, std::int64_t index) {
  std::int64_t offset = 0;
  int shift = lead.ndim() - stack.lead.ndim();
  for (int axis = lead.ndim() - 1; axis >= shift; --axis) {
    std::int64_t i = index % lead[axis];
    index /= lead[axis];
    if (stack.lead[axis - shift] != 1) offset += i * stack.lead_strides[axis - shift];
  }
  return offset;
}

// Multiplications that are worth a thread where whole products are handed out: small ones run at about 50 per ns.
constexpr std::int64_t kThreadWork = 1 << 19;

template <class T>
void multiply_stacks(const Stack& a, const Stack& b, const Shape& lead, T* c) {
  std::int64_t m = a.rows;
  std::int64_t n = b.columns;
  std::int64_t k = a.columns;
  std::int64_t count = lead.numel();
  auto products = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      gemm<T>(m, n, k, a.at<T>(offset_of(a, lead, i)), b.at<T>(offset_of(b, lead, i)), T(0), c + i * m * n, n);
  };
  // A few large products are each split over the threads; of many, each thread takes some.
  std::int64_t work = std::max<std::int64_t>(1, m * n * k);
  if (count < 2 * num_threads() && work >= 8 * kThreadWork)
    products(0, count);
  else
    parallel_for(count, (kThreadWork + work - 1) / work, products);
}

/// a b for operands of one dtype, with at least one axis each and agreeing sizes.
Tensor multiply(const Tensor& left, const Tensor& right, const Shape& lead, const Shape& shape) {
  Stack a = for_blas(stack_of(left, Vector::row), Vector::row);
  Stack b = for_blas(stack_of(right, Vector::column), Vector::column);
  Tensor c = new_tensor(shape, left.dtype());
  bool folds = b.lead.empty() && !a.lead.empty() && fold_lead(a);
  dispatch(left.dtype(), [&]<class T>(T) {
    if constexpr (!std::is_same_v<T, bool>) {
      if (left.ndim() == 1 && right.ndim() == 1)
        *data_of<T>(c) = dot_product<T>(a.columns, a.at<T>(0).data, a.column_stride, b.at<T>(0).data, b.row_stride);
      else
        multiply_stacks<T>(a, b, folds ? Shape{} : lead, data_of<T>(c));
    }
  });
  return c;
}

Shape broadcast_lead(const Tensor& a, const Tensor& b, SourceLocation where) {
  if (a.ndim() <= 2 && b.ndim() <= 2) return {};
  Shape left = stack_of(a, Vector::row).lead;
  Shape right = stack_of(b, Vector::column).lead;
  if (left.ndim() < right.ndim()) std::swap(left, right);
  int shift = left.ndim() - right.ndim();
  for (int axis = 0; axis < right.ndim(); ++axis) {
    std::int64_t& extent = left[shift + axis];
    check(extent == right[axis] || extent == 1 || right[axis] == 1, where,
          "matmul: axes before the last two must broadcast, but a is ", a.shape(), " and b is ", b.shape(), " (", extent,
          " and ", right[axis], ").");
    if (extent == 1) extent = right[axis];
  }
  return left;
}

// ---- The rule of matmul: both cotangents are products again ----

/// With the axes put back that a 1-d operand lacks.
Tensor as_matrices(const Tensor& x, Vector if_1d) {
  if (x.ndim() > 1) return x;
  return unsqueeze(x, if_1d == Vector::row ? 0 : 1);
}

Tensor cotangent_as_matrices(Tensor g, bool a_is_1d, bool b_is_1d) {
  if (b_is_1d) g = unsqueeze(g, -1);
  if (a_is_1d) g = unsqueeze(g, -2);
  return g;
}

/// Summed over the leading axes that a broadcast added, and in the operand's own shape.
Tensor fit(const Tensor& cotangent, const Shape& shape) {
  if (cotangent.shape() == shape) return cotangent;
  Shape matrices = cotangent.shape();
  while (matrices.ndim() > std::max(2, shape.ndim())) matrices.erase(0);
  if (shape.ndim() >= 2) matrices = shape;
  Tensor summed = sum_to(cotangent, matrices);
  return shape.ndim() >= 2 ? summed : reshape(summed, shape);
}

/// g b^T. Where it is an outer product, a broadcast multiplication does it at the speed of memory.
Tensor left_cotangent(const Tensor& g, const Tensor& b, const Shape& shape) {
  Tensor b_transposed = transpose(as_matrices(b, Vector::column));
  return fit(g.shape().back() == 1 ? mul(g, b_transposed) : matmul(g, b_transposed), shape);
}

/// a^T g. Where b was one matrix for many of a, their rows make one long product.
Tensor right_cotangent(const Tensor& g, const Tensor& a, const Shape& shape) {
  Tensor matrices = as_matrices(a, Vector::row);
  std::int64_t k = matrices.shape().back();
  std::int64_t n = g.shape().back();
  std::int64_t rows = g.shape()[g.ndim() - 2];
  if (matrices.ndim() > 2 && shape.ndim() <= 2 && k > 0 && n > 0)
    return fit(matmul(transpose(reshape(matrices, {-1, k})), reshape(g, {-1, n})), shape);
  Tensor a_transposed = transpose(matrices);
  return fit(rows == 1 ? mul(a_transposed, g) : matmul(a_transposed, g), shape);
}

void matmul_rule(Vjp& vjp, bool a_is_1d, bool b_is_1d) {
  if (a_is_1d && b_is_1d) {
    if (vjp.needs(0)) vjp.give(0, mul(vjp.g(), vjp.input(1)));
    if (vjp.needs(1)) vjp.give(1, mul(vjp.g(), vjp.input(0)));
    return;
  }
  Tensor g = cotangent_as_matrices(vjp.g(), a_is_1d, b_is_1d);
  if (vjp.needs(0)) vjp.give(0, left_cotangent(g, vjp.input(1), vjp.shape(0)));
  if (vjp.needs(1)) vjp.give(1, right_cotangent(g, vjp.input(0), vjp.shape(1)));
}

Tensor recorded_product(const char* name, const Tensor& a, const Tensor& b, SourceLocation where) {
  bool a_is_1d = a.ndim() == 1;
  bool b_is_1d = b.ndim() == 1;
  Shape lead = broadcast_lead(a, b, where);
  Shape shape = lead;
  if (!a_is_1d) shape.push_back(a.shape()[a.ndim() - 2]);
  if (!b_is_1d) shape.push_back(b.shape().back());
  return record(name, where, {a, b}, multiply(a, b, lead, shape), {Uses::input(1), Uses::input(0)},
                [a_is_1d, b_is_1d](Vjp& vjp) { matmul_rule(vjp, a_is_1d, b_is_1d); });
}

/// Both operands in their common dtype.
std::pair<Tensor, Tensor> promoted(const char* name, const Operand& a, const Operand& b) {
  const Tensor& x = a.tensor(name);
  const Tensor& y = b.tensor(name);
  DType dtype = promote(x.dtype(), y.dtype());
  check(dtype != DType::boolean, a.where(), name, ": operands must be numbers, but both are boolean. Use cast().");
  return {cast(Operand(x, a.where()), dtype), cast(Operand(y, a.where()), dtype)};
}

}  // namespace

Tensor matmul(const Operand& left, const Operand& right) {
  SourceLocation where = left.where();
  auto [a, b] = promoted("matmul", left, right);
  check(a.ndim() > 0 && b.ndim() > 0, where, "matmul: operands must have at least one axis, but a is ", a.shape(),
        " and b is ", b.shape(), ". Scalars are multiplied with *.");
  std::int64_t k = a.shape().back();
  std::int64_t b_k = b.shape()[std::max(0, b.ndim() - 2)];
  check(k == b_k, where, "matmul: inner sizes must agree, but a is ", a.shape(), " and b is ", b.shape(), " (", k,
        " != ", b_k, ").");
  return recorded_product("matmul", a, b, where);
}

Tensor dot(const Operand& left, const Operand& right) {
  auto [a, b] = promoted("dot", left, right);
  check(a.ndim() == 1 && a.shape() == b.shape(), left.where(),
        "dot: operands must be 1-d and equally long, but a is ", a.shape(), " and b is ", b.shape(), ".");
  return recorded_product("dot", a, b, left.where());
}

Tensor outer(const Operand& left, const Operand& right) {
  CallSite site(left.where());
  const Tensor& a = left.tensor("outer");
  const Tensor& b = right.tensor("outer");
  check(a.ndim() == 1 && b.ndim() == 1, left.where(), "outer: operands must be 1-d, but a is ", a.shape(), " and b is ",
        b.shape(), ".");
  return mul(unsqueeze(a, 1), b);
}

// ---- affine ----

namespace {

/// All rows of x as one matrix in a layout that BLAS takes: a copy where it must be one.
Stack as_rows(const Tensor& x) {
  Stack rows = stack_of(x, Vector::row);
  if (fold_lead(rows) && fits_blas(rows.rows, rows.columns, rows.row_stride, rows.column_stride)) return rows;
  Tensor copied = new_tensor(x.shape(), x.dtype());
  copy_into(copied, x);
  rows = stack_of(copied, Vector::row);
  fold_lead(rows);
  return rows;
}

template <class T>
Matrix<T> matrix_of(const Stack& stack) {
  return stack.at<T>(0);
}

/// Each row of y a copy of the bias.
template <class T>
void fill_rows(const Tensor& y, const Tensor& bias) {
  if (!bias.is_contiguous()) return copy_into(y, bias);
  std::int64_t columns = bias.numel();
  if (columns == 0) return;
  parallel_for(y.numel() / columns, kElementwiseGrain / columns + 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      std::copy_n(data_of<T>(bias), columns, data_of<T>(y) + row * columns);
  });
}

Tensor affine_value(const Tensor& x, const Tensor& weight, const Tensor& bias, const Shape& shape) {
  Tensor y = new_tensor(shape, x.dtype());
  Stack rows = as_rows(x);
  Stack w = for_blas(stack_of(weight, Vector::row), Vector::row);
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    if (bias.defined()) fill_rows<T>(y, bias);
    gemm<T>(rows.rows, w.rows, w.columns, matrix_of<T>(rows), matrix_of<T>(w).transposed(), T(bias.defined()),
            data_of<T>(y), w.rows);
  });
  return y;
}

/// The cotangents of x and weight without the graph of their own.
Tensor affine_x_cotangent(const Tensor& g, const Tensor& weight, const Shape& shape) {
  Tensor result = new_tensor(shape, g.dtype());
  Stack rows = as_rows(g);
  Stack w = for_blas(stack_of(weight, Vector::row), Vector::row);
  dispatch_floating(g.dtype(), [&]<class T>(T) {
    gemm<T>(rows.rows, w.columns, w.rows, matrix_of<T>(rows), matrix_of<T>(w), T(0), data_of<T>(result), w.columns);
  });
  return result;
}

Tensor affine_weight_cotangent(const Tensor& g, const Tensor& x, const Shape& shape) {
  Tensor result = new_tensor(shape, g.dtype());
  Stack rows = as_rows(g);
  Stack inputs = as_rows(x);
  dispatch_floating(g.dtype(), [&]<class T>(T) {
    gemm<T>(shape[0], shape[1], rows.rows, matrix_of<T>(rows).transposed(), matrix_of<T>(inputs), T(0),
            data_of<T>(result), shape[1]);
  });
  return result;
}

void affine_rule(Vjp& vjp) {
  const Tensor& g = vjp.g();
  std::int64_t outs = g.shape().back();
  if (vjp.creates_graph()) {
    if (vjp.needs(0)) vjp.give(0, matmul(g, vjp.input(1)));
    if (vjp.needs(1)) {
      std::int64_t ins = vjp.shape(1)[1];
      std::int64_t rows = outs == 0 ? 0 : g.numel() / outs;
      vjp.give(1, matmul(transpose(reshape(g, {rows, outs})), reshape(vjp.input(0), {rows, ins})));
    }
  } else {
    if (vjp.needs(0)) vjp.give(0, affine_x_cotangent(g, vjp.input(1), vjp.shape(0)));
    if (vjp.needs(1)) vjp.give(1, affine_weight_cotangent(g, vjp.input(0), vjp.shape(1)));
  }
  if (vjp.needs(2)) vjp.give(2, sum_to(g, {outs}));
}

}  // namespace

Tensor affine(const Operand& operand, const Tensor& weight, const Tensor& bias) {
  SourceLocation where = operand.where();
  const Tensor& x = operand.tensor("affine");
  check(weight.defined() && weight.ndim() == 2, where, "affine: weight must be a matrix [out, in], but it is ",
        weight.defined() ? to_string(weight.shape()) : "undefined", ".");
  std::int64_t ins = weight.shape()[1];
  std::int64_t outs = weight.shape()[0];
  check(x.ndim() > 0 && x.shape().back() == ins, where, "affine: last axis of x must be ", ins, ", as weight is ",
        weight.shape(), ", but x is ", x.shape(), ".");
  check(!bias.defined() || bias.shape() == Shape{outs}, where, "affine: bias must be ", Shape{outs}, ", as weight is ",
        weight.shape(), ", but it is ", bias.defined() ? bias.shape() : Shape{}, ".");
  DType dtype = promote(x.dtype(), promote(weight.dtype(), bias.defined() ? bias.dtype() : x.dtype()));
  if (!is_floating(dtype)) {
    CallSite site(where);
    Tensor y = matmul(x, transpose(weight));
    return bias.defined() ? add(y, bias) : y;
  }
  if (x.dtype() != dtype || weight.dtype() != dtype || (bias.defined() && bias.dtype() != dtype)) {
    CallSite site(where);
    return affine(cast(x, dtype), cast(weight, dtype), bias.defined() ? cast(bias, dtype) : bias);
  }
  Shape shape = x.shape();
  shape[shape.ndim() - 1] = outs;
  Tensor y = affine_value(x, weight, bias, shape);
  if (!bias.defined())
    return record("affine", where, {x, weight}, std::move(y), {Uses::input(1), Uses::input(0)},
                  [](Vjp& vjp) { affine_rule(vjp); });
  return record("affine", where, {x, weight, bias}, std::move(y), {Uses::input(1), Uses::input(0), Uses()},
                [](Vjp& vjp) { affine_rule(vjp); });
}

}  // namespace xgrad
