#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../detail/promote.hpp"
#include "../detail/result.hpp"
#include "../detail/window.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "selection.hpp"

// Writing: a new tensor with other elements at the places of an index.

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The values without axes of extent 1 in front that the places do not have, as NumPy assigns them, stretched to the
/// places' shape.
Tensor fitted(const Tensor& values, const Shape& shape, const Shape& x, SourceLocation where) {
  Shape from = values.shape();
  while (from.ndim() > shape.ndim() && from[0] == 1) from.erase(0);
  check(broadcasts_to(from, shape), where, "index_put: values must broadcast to the places' shape ", shape, " of x ", x,
        ", but they are ", values.shape(), ".");
  if (values.shape() == shape) return values;
  return expand(Operand(from == values.shape() ? values : reshape(Operand(values, where), from), where), shape);
}

std::vector<int> inverse_of(const std::vector<int>& order) {
  std::vector<int> inverse(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) inverse[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  return inverse;
}

}  // namespace

Tensor index_put(const Operand& operand, const Indices& indices, const Operand& values, IndexPutOptions options) {
  SourceLocation where = operand.where();
  DType dtype = operand.tensor("index_put").dtype();
  if (!values.is_number())
    dtype = values.tensor("index_put").ndim() == 0 ? common_dtype("index_put", {&operand, &values})
                                                   : promote(dtype, values.dtype("index_put"));
  Tensor x = cast_for("index_put", operand, dtype);
  Selection selection = selection_of("index_put", x, indices.items(), where);
  Tensor given = values.is_number() ? values.number_as(dtype, "index_put")
                                    : cast_for("index_put", {values.tensor("index_put"), where}, dtype);
  Tensor y = selection.is_whole && !selection.picked.empty() ? x : get("get", x, selection.window, where);
  Tensor z;
  if (selection.picked.empty()) {
    z = fitted(given, y.shape(), x.shape(), where);
    if (options.accumulate) z = add(Operand(y, where), z);
    return put_window("index_put", x, selection.window, z, where);
  }
  Tensor mask = mask_alone(selection);
  if (mask.defined() && given.numel() == 1 && given.ndim() <= 1) {
    Tensor there = reshape(Operand(given, where), {});
    if (options.accumulate) there = add(Operand(y, where), there);
    z = xgrad::where(Operand(mask, where), Operand(there, where), y);
  } else {
    Places places = places_of("index_put", y.shape(), std::move(selection.picked), where);
    Tensor v = places.order.empty() ? y : permute(Operand(y, where), places.order);
    Tensor source =
        fitted(given, picked_shape("index_put", v.shape(), places.at, places.indices.shape(), where), x.shape(), where);
    z = options.accumulate ? add_at("index_put", v, places.at, places.indices, source, where)
                           : put_at("index_put", v, places.at, places.indices, source, where);
    if (!places.order.empty()) z = permute(Operand(z, where), inverse_of(places.order));
  }
  return selection.is_whole ? z : put_window("index_put", x, selection.window, z, where);
}

}  // namespace xgrad
