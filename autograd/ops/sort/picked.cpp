#include "picked.hpp"

#include "../../extend.hpp"
#include "../../tensor_impl.hpp"
#include "../create.hpp"
#include "../detail/axis_rows.hpp"
#include "../detail/reduction.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"

namespace xgrad::internal {

Picked recorded_picks(const char* name, SourceLocation where, const Tensor& x, int axis, Tensor values,
                      Tensor positions) {
  std::vector<Tensor> outputs{std::move(values), std::move(positions)};
  outputs = record(name, where, {x}, std::move(outputs), {Uses::output(1)}, [axis](Vjp& vjp) {
    const Shape& shape = vjp.shape(0);
    Tensor positions = vjp.output(1), g = vjp.g();
    if (positions.ndim() != shape.ndim()) {
      positions = with_kept_axes(positions, shape, 1u << axis);
      g = with_kept_axes(g, shape, 1u << axis);
    }
    vjp.give(0, scatter_add(zeros(shape, {.dtype = vjp.dtype(0)}), axis, positions, g));
  });
  return {outputs[0], outputs[1]};
}

Picked picked_of_rows(const char* name, const Tensor& x, int axis, bool keepdims, Rank rank, std::int64_t k,
                      SourceLocation where) {
  const Shape shape = reduced_shape(x.shape(), x.ndim() == 0 ? 0 : 1u << axis, keepdims);
  Tensor values = new_result(name, shape, x.dtype(), where);
  Tensor positions = new_result(name, shape, DType::int64, where);
  AxisRows from(name, x, axis, where);
  dispatch(x.dtype(), [&]<class T>(T) {
    pick_of_rows<T>(data_of<T>(from.x), data_of<T>(values), data_of<std::int64_t>(positions), {from.rows, from.length},
                    rank, k);
  });
  return recorded_picks(name, where, x, axis, std::move(values), std::move(positions));
}

}  // namespace xgrad::internal
