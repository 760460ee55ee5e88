#include <algorithm>

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../kernels/matmul.hpp"
#include "../../kernels/walk.hpp"
#include "../../tensor_impl.hpp"
#include "../../threads.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../detail/axis_rows.hpp"
#include "../detail/result.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "../reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

enum class Vector { row, column };

/// A tensor seen as a stack of matrices: leading axes, then rows and columns. A 1-d tensor is one row or one column.
/// Refers to the tensor's shape.
struct Stack {
  Stack(const Tensor& tensor, Vector if_1d) { look_at(tensor, if_1d); }

  void look_at(const Tensor& tensor, Vector if_1d) {
    const TensorImpl& impl = *tensor.impl();
    int ndim = impl.shape.ndim();
    lead_ndim = std::max(0, ndim - 2);
    lead = impl.shape.begin();
    lead_strides = impl.strides.begin();
    bool is_row = ndim == 1 && if_1d == Vector::row;
    bool is_column = ndim == 1 && if_1d == Vector::column;
    rows = is_row ? 1 : impl.shape[lead_ndim];
    row_stride = is_row ? impl.shape[0] : impl.strides[lead_ndim];
    columns = is_column ? 1 : impl.shape[ndim - 1];
    column_stride = is_column ? 1 : impl.strides[ndim - 1];
    data = impl.data;
  }

  bool fits() const { return fits_blas(rows, columns, row_stride, column_stride); }
  void copy(const Tensor& tensor, Vector if_1d) {
    copied = new_tensor(tensor.shape(), tensor.dtype());
    copy_into(copied, tensor);
    look_at(copied, if_1d);
  }

  /// Makes the leading axes more rows. False where the layout does not allow it without a copy.
  bool fold_lead() {
    std::int64_t folded = rows;
    for (int axis = lead_ndim - 1; axis >= 0; --axis) {
      if (lead[axis] != 1 && lead_strides[axis] != folded * row_stride) return false;
      folded *= lead[axis];
    }
    rows = folded;
    lead_ndim = 0;
    return true;
  }

  /// From one matrix to the next along the leading axes of a result, to which those of the stack broadcast.
  Strides strides_over(const Shape& result_lead) const {
    Strides strides;
    int shift = result_lead.ndim() - lead_ndim;
    for (int axis = 0; axis < result_lead.ndim(); ++axis)
      strides.push_back(axis < shift || lead[axis - shift] == 1 ? 0 : lead_strides[axis - shift]);
    return strides;
  }

  template <class T>
  Matrix<T> matrix(std::int64_t offset = 0) const {
    return {static_cast<const T*>(data) + offset, row_stride, column_stride};
  }

  Tensor copied;
  const void* data;
  int lead_ndim;
  const std::int64_t* lead;
  const std::int64_t* lead_strides;
  std::int64_t rows, columns, row_stride, column_stride;
};

// Multiplications that are worth a thread where whole products are handed out: small ones run at about 50 per ns, after
// what each costs whatever its size.
constexpr std::int64_t kThreadWork = 1 << 19;
constexpr std::int64_t kProductWork = 1 << 10;

/// Matrices of a stack, one product each.
template <class T>
struct StackProducts {
  std::int64_t m, n, k;
  Matrix<T> a, b;
  T* c;
  int lead_ndim;
  std::int64_t lead[kMaxDims];
  std::int64_t a_strides[kMaxDims];
  std::int64_t b_strides[kMaxDims];

  static void run(const StackProducts& p, std::int64_t begin, std::int64_t end) {
    Walk a_walk(p.lead_ndim, p.lead, p.a_strides, begin);
    Walk b_walk(p.lead_ndim, p.lead, p.b_strides, begin);
    for (std::int64_t i = begin; i < end; ++i, a_walk.next(), b_walk.next())
      gemm<T>(p.m, p.n, p.k, {p.a.data + a_walk.offset(), p.a.row_stride, p.a.column_stride},
              {p.b.data + b_walk.offset(), p.b.row_stride, p.b.column_stride}, T(0), p.c + i * p.m * p.n, p.n);
  }
};

template <class T>
void multiply_stacks(const Stack& a, const Stack& b, const Shape& lead, T* c) {
  std::int64_t count = lead.numel();
  if (count == 0) return;
  StackProducts<T> products;
  products.m = a.rows;
  products.n = b.columns;
  products.k = a.columns;
  products.a = a.matrix<T>();
  products.b = b.matrix<T>();
  products.c = c;
  products.lead_ndim = lead.ndim();
  const Strides a_strides = a.strides_over(lead);
  const Strides b_strides = b.strides_over(lead);
  std::copy(lead.begin(), lead.end(), products.lead);
  std::copy(a_strides.begin(), a_strides.end(), products.a_strides);
  std::copy(b_strides.begin(), b_strides.end(), products.b_strides);
  // A few large products are each split over the threads; of many, each thread takes some.
  std::int64_t work = products.m * products.n * products.k + kProductWork;
  if (count < 2 * num_threads() && work >= kTwoParts)
    StackProducts<T>::run(products, 0, count);
  else
    launch(products, count, (kThreadWork + work - 1) / work);
}

/// a b for operands of one dtype, with at least one axis each and agreeing sizes.
Tensor multiply(const char* name, const Tensor& left, const Tensor& right, const Shape& lead, const Shape& shape,
                SourceLocation where) {
  Stack a(left, Vector::row);
  Stack b(right, Vector::column);
  if (!a.fits() || !b.fits()) checked_numel(name, shape, where);  // before copies of what may be expanded
  if (!a.fits()) a.copy(left, Vector::row);
  if (!b.fits()) b.copy(right, Vector::column);
  Tensor c = new_result(name, shape, left.dtype(), where);
  // One matrix b for all of a: one long product.
  bool folds = b.lead_ndim == 0 && a.lead_ndim > 0 && a.fold_lead();
  dispatch(left.dtype(), [&]<class T>(T) {
    if constexpr (!std::is_same_v<T, bool>) {
      if (left.ndim() == 1 && right.ndim() == 1) {
        const std::int64_t room_size = dot_product_room(a.columns);
        const Tensor room = room_size > 0 ? new_result(name, {room_size}, left.dtype(), where) : c;
        dot_product<T>(a.columns, a.matrix<T>().data, a.column_stride, b.matrix<T>().data, b.row_stride,
                       data_of<T>(room), data_of<T>(c));
      } else {
        multiply_stacks<T>(a, b, folds ? Shape{} : lead, data_of<T>(c));
      }
    }
  });
  return c;
}

Shape lead_of(const Tensor& x) {
  return Shape(std::span(x.shape().begin(), static_cast<std::size_t>(std::max(0, x.ndim() - 2))));
}

Shape broadcast_lead(const Tensor& a, const Tensor& b, SourceLocation where) {
  if (a.ndim() <= 2 && b.ndim() <= 2) return {};
  Shape left = lead_of(a);
  Shape right = lead_of(b);
  if (left.ndim() < right.ndim()) std::swap(left, right);
  int shift = left.ndim() - right.ndim();
  for (int axis = 0; axis < right.ndim(); ++axis) {
    std::int64_t& extent = left[shift + axis];
    check(extent == right[axis] || extent == 1 || right[axis] == 1, where,
          "matmul: axes before the last two must broadcast, but a is ", a.shape(), " and b is ", b.shape(), " (",
          extent, " and ", right[axis], ").");
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
  Tensor y = with_memory_for(name, where, [&] { return multiply(name, a, b, lead, shape, where); });
  return record(name, where, {a, b}, std::move(y), {Uses::input(1), Uses::input(0)},
                [a_is_1d, b_is_1d](Vjp& vjp) { matmul_rule(vjp, a_is_1d, b_is_1d); });
}

Tensor checked_matmul(const Tensor& a, const Tensor& b, SourceLocation where) {
  check(a.ndim() > 0 && b.ndim() > 0, where, "matmul: operands must have at least one axis, but a is ", a.shape(),
        " and b is ", b.shape(), ". Scalars are multiplied with *.");
  std::int64_t k = a.shape().back();
  std::int64_t b_k = b.shape()[std::max(0, b.ndim() - 2)];
  check(k == b_k, where, "matmul: inner sizes must agree, but a is ", a.shape(), " and b is ", b.shape(), " (", k,
        " != ", b_k, ").");
  return recorded_product("matmul", a, b, where);
}

Tensor checked_dot(const Tensor& a, const Tensor& b, SourceLocation where) {
  check(a.ndim() == 1 && a.shape() == b.shape(), where, "dot: operands must be 1-d and equally long, but a is ",
        a.shape(), " and b is ", b.shape(), ".");
  return recorded_product("dot", a, b, where);
}

/// product(a, b) of both operands in their common dtype.
template <class Product>
Tensor with_common_dtype(const char* name, const Operand& left, const Operand& right, const Product& product) {
  const Tensor& a = left.tensor(name);
  const Tensor& b = right.tensor(name);
  SourceLocation where = left.where();
  DType dtype = promote(a.dtype(), b.dtype());
  check(dtype != DType::boolean, where, name, ": operands must be numbers, but both are boolean. Use cast().");
  if (a.dtype() == b.dtype()) return product(a, b, where);
  return product(cast(Operand(a, where), dtype), cast(Operand(b, where), dtype), where);
}

}  // namespace

Tensor matmul(const Operand& a, const Operand& b) { return with_common_dtype("matmul", a, b, checked_matmul); }

Tensor dot(const Operand& a, const Operand& b) { return with_common_dtype("dot", a, b, checked_dot); }

Tensor outer(const Operand& left, const Operand& right) {
  CallSite site(left.where());
  const Tensor& a = left.tensor("outer");
  const Tensor& b = right.tensor("outer");
  check(a.ndim() == 1 && b.ndim() == 1, left.where(), "outer: operands must be 1-d, but a is ", a.shape(), " and b is ",
        b.shape(), ".");
  checked_numel("outer", {a.numel(), b.numel()}, left.where());
  return mul(unsqueeze(a, 1), b);
}

// ---- affine ----

namespace {

/// All rows of x as one matrix in a layout that BLAS takes: a copy where it must be one.
Stack rows_of(const Tensor& x) {
  Stack rows(x, Vector::row);
  if (rows.fold_lead() && rows.fits()) return rows;
  rows.copy(x, Vector::row);
  rows.fold_lead();
  return rows;
}

Tensor affine_value(const Tensor& x, const Tensor& weight, const Tensor& bias, const Shape& shape,
                    SourceLocation where) {
  Tensor y = new_result("affine", shape, x.dtype(), where);
  Stack rows = rows_of(x);
  Stack w = rows_of(weight);
  const Tensor row = bias.defined() ? without_gaps("affine", bias, where) : bias;
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    if (row.defined())
      gemm_onto_row<T>(rows.rows, w.rows, w.columns, rows.matrix<T>(), w.matrix<T>().transposed(), data_of<T>(row),
                       data_of<T>(y), w.rows);
    else
      gemm<T>(rows.rows, w.rows, w.columns, rows.matrix<T>(), w.matrix<T>().transposed(), T(0), data_of<T>(y), w.rows);
  });
  return y;
}

/// The cotangents of x and weight without the graph of their own.
Tensor affine_x_cotangent(const Tensor& g, const Tensor& weight, const Shape& shape) {
  Tensor result = new_tensor(shape, g.dtype());
  Stack rows = rows_of(g);
  Stack w = rows_of(weight);
  dispatch_floating(g.dtype(), [&]<class T>(T) {
    gemm<T>(rows.rows, w.columns, w.rows, rows.matrix<T>(), w.matrix<T>(), T(0), data_of<T>(result), w.columns);
  });
  return result;
}

Tensor affine_weight_cotangent(const Tensor& g, const Tensor& x, const Shape& shape) {
  Tensor result = new_tensor(shape, g.dtype());
  Stack rows = rows_of(g);
  Stack inputs = rows_of(x);
  dispatch_floating(g.dtype(), [&]<class T>(T) {
    gemm<T>(shape[0], shape[1], rows.rows, rows.matrix<T>().transposed(), inputs.matrix<T>(), T(0), data_of<T>(result),
            shape[1]);
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
      std::int64_t rows = 1;  // counted by the other axes: there may be no outputs
      for (int axis = 0; axis + 1 < g.ndim(); ++axis) rows *= g.shape()[axis];
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
  check(weight.defined(), where, "affine: weight must be a matrix [out, in], but it is undefined.");
  if (weight.ndim() == 1) {  // one output, without an axis
    check(!bias.defined() || bias.ndim() == 0, where, "affine: bias must be [], as weight is ", weight.shape(),
          ", but it is ", bias.defined() ? bias.shape() : Shape(), ".");
    check(x.ndim() > 0 && x.shape().back() == weight.shape()[0], where, "affine: last axis of x must be ",
          weight.shape()[0], ", as weight is ", weight.shape(), ", but x is ", x.shape(), ".");
    CallSite site(where);
    Tensor y = matmul(x, weight);
    return bias.defined() ? add(y, bias) : y;
  }
  check(weight.ndim() == 2, where, "affine: weight must be a matrix [out, in], but it is ", weight.shape(), ".");
  std::int64_t ins = weight.shape()[1];
  std::int64_t outs = weight.shape()[0];
  check(x.ndim() > 0 && x.shape().back() == ins, where, "affine: last axis of x must be ", ins, ", as weight is ",
        weight.shape(), ", but x is ", x.shape(), ".");
  if (bias.defined())
    check(bias.ndim() == 1 && bias.numel() == outs, where, "affine: bias must be [", outs, "], as weight is ",
          weight.shape(), ", but it is ", bias.shape(), ".");
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
  Tensor y = affine_value(x, weight, bias, shape, where);
  if (!bias.defined())
    return record("affine", where, {x, weight}, std::move(y), {Uses::input(1), Uses::input(0)},
                  [](Vjp& vjp) { affine_rule(vjp); });
  return record("affine", where, {x, weight, bias}, std::move(y), {Uses::input(1), Uses::input(0), Uses()},
                [](Vjp& vjp) { affine_rule(vjp); });
}

}  // namespace xgrad
