// all and any.
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../create.hpp"
#include "../detail/reduction.hpp"
#include "../reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

template <class F>
Tensor truth(const char* name, const Operand& operand, const Axes& axes, ReduceOptions options, bool of_nothing) {
  const Tensor& x = operand.tensor(name);
  unsigned mask = axis_mask(name, axes, x.ndim(), operand.where());
  Shape shape = reduced_shape(x.shape(), mask, options.keepdims);
  if (x.numel() == 0) return full(shape, of_nothing, {.dtype = DType::boolean});
  Tensor holds = cast(Operand(x.detach(), operand.where()), DType::boolean);
  return cast(fold<F, bool, std::int64_t>(holds, mask, shape), DType::boolean);
}

}  // namespace

Tensor all(const Operand& x, const Axes& axes, ReduceOptions options) {
  return truth<MinFold>("all", x, axes, options, true);
}
Tensor any(const Operand& x, const Axes& axes, ReduceOptions options) {
  return truth<MaxFold>("any", x, axes, options, false);
}

}  // namespace xgrad
