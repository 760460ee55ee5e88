#include "cast.hpp"

#include "../extend.hpp"
#include "../kernels/elementwise.hpp"
#include "detail/promote.hpp"
#include "detail/result.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor cast(const Operand& x, DType dtype) { return cast_for("cast", x, dtype); }

Tensor copy(const Operand& x) {
  const Tensor& tensor = x.tensor("copy");
  Tensor y = new_result("copy", tensor.shape(), tensor.dtype(), x.where());
  copy_into(y, tensor);
  return record("copy", x.where(), {tensor}, std::move(y), {}, [](Vjp& vjp) { vjp.give(0, vjp.g()); });
}

Tensor contiguous(const Operand& x) {
  const Tensor& tensor = x.tensor("contiguous");
  return tensor.is_contiguous() ? tensor : copy(x);
}

}  // namespace xgrad
