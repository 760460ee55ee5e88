#include "sum.hpp"

#include "../extend.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/fill.hpp"
#include "../tensor_impl.hpp"

namespace xgrad::internal {

Tensor filled(const Shape& shape, DType dtype, double value) {
  Tensor tensor = new_tensor(shape, dtype);
  dispatch(dtype, [&]<class T>(T) { fill(data_of<T>(tensor), tensor.impl()->numel, static_cast<T>(value)); });
  return tensor;
}

Tensor copied(const Tensor& tensor) {
  Tensor copy = new_tensor(tensor.impl()->shape, tensor.impl()->dtype);
  copy_into(copy, tensor);
  return record("copy", {}, {tensor}, std::move(copy), {}, [](Vjp& vjp) { vjp.give(0, vjp.take_g()); });
}

// The operator + stands above the engine; its rule for operands of one shape is all that is needed of it.
Tensor added(const Tensor& a, const Tensor& b) {
  Tensor sum = new_tensor(a.impl()->shape, a.impl()->dtype);
  dispatch_floating(sum.impl()->dtype, [&]<class T>(T) {
    compute_into<T>(
        sum, [](Batch<T> a, Batch<T> b) { return a + b; }, a, b);
  });
  return record("add", {}, {a, b}, std::move(sum), {}, [](Vjp& vjp) {
    Tensor g = vjp.take_g();
    vjp.give(0, g);
    vjp.give(1, std::move(g));
  });
}

void accumulate(Tensor& sum, Tensor g, bool create_graph) {
  if (!sum.defined()) {
    sum = std::move(g);
  } else if (create_graph || (!owns_elements(sum) && !owns_elements(g))) {
    sum = added(sum, g);
  } else if (owns_elements(sum)) {
    add_into(sum, g);
  } else {
    add_into(g, sum);
    sum = std::move(g);
  }
}

}  // namespace xgrad::internal
