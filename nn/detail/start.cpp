#include "start.hpp"

#include <cmath>

namespace xgrad::nn::detail {

Tensor Start::operator()(const char* option, const Initializer& given, const Initializer& fallback,
                         const Shape& shape) const {
  check(is_floating(dtype), where, layer, ": its dtype must be floating, but it is ", dtype, ".");
  const Initializer& initializer = given ? given : fallback;
  Tensor value = initializer(shape, {.dtype = dtype}, generator != nullptr ? *generator : default_generator(), where);
  check(value.defined(), where, layer, ": ", option, " must give a tensor, but it gave an undefined one.");
  check(value.shape() == shape && value.dtype() == dtype, where, layer, ": ", option, " must give ", dtype, ' ', shape,
        ", but it gave ", value.dtype(), ' ', value.shape(), ".");
  return value;
}

Initializer uniform_by_fan(std::int64_t fan_in) {
  double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  return init::uniform(-bound, bound);
}

}  // namespace xgrad::nn::detail
