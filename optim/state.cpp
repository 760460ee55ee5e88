#include "state.hpp"

namespace xgrad XGRAD_API {
namespace optim {

Kept::Kept(const char* name, const Tensor& parameter, double start)
    : Kept(name, parameter.shape(), parameter.dtype(), start) {}
Kept::Kept(const char* name, const Shape& shape, DType dtype, double start)
    : name(name), shape(shape), dtype(dtype), start(start) {}
Kept Kept::rows(const char* name, const Tensor& parameter) {
  Shape shape = Shape::filled(parameter.ndim() + 1, 0);
  for (int axis = 0; axis < parameter.ndim(); ++axis) shape[axis + 1] = parameter.size(axis);
  Kept kept(name, shape, parameter.dtype());
  kept.is_rows = true;
  return kept;
}
Kept Kept::number(const char* name, double start) {
  Kept kept(name, Shape(), DType::float64, start);
  kept.is_number = true;
  return kept;
}

void State::fail_to_find(std::string_view name) {
  fail<std::logic_error>({},
                         concat("State: what is asked for must be kept, but '", name, "' is not. List it in keeps()."));
}

}  // namespace optim
}  // namespace xgrad
