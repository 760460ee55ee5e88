#include "result.hpp"

#include <new>

#include "../../kernels/fill.hpp"
#include "../../tensor_impl.hpp"

namespace xgrad::internal {

Tensor new_result(const char* operation, const Shape& shape, DType dtype, SourceLocation where) {
  try {
    return new_tensor(shape, dtype);
  } catch (const std::invalid_argument&) {
    checked_numel(operation, shape, where);  // the same refusal, in the operation's name
    throw;
  } catch (const std::bad_alloc&) {
    std::int64_t bytes;
    if (__builtin_mul_overflow(shape.numel(), static_cast<std::int64_t>(size_of(dtype)), &bytes)) bytes = 0;
    throw OutOfMemory(operation, concat(dtype, ' ', shape), static_cast<std::size_t>(bytes), where);
  }
}

Tensor new_checked(const char* operation, const Shape& shape, DType dtype, SourceLocation where) {
  std::int64_t bytes = static_cast<std::int64_t>(size_of(dtype));
  bool overflow = false;
  for (std::int64_t extent : shape) {
    check(extent >= 0, where, operation, ": extents must not be negative, but the shape is ", shape, ".");
    // An extent of 0 must not hide that the others overflow: strides are computed from them all.
    if (extent > 0) overflow |= __builtin_mul_overflow(bytes, extent, &bytes);
  }
  check(!overflow, where, operation, ": the number of bytes must fit in an int64, but the shape is ", shape, ".");
  return new_result(operation, shape, dtype, where);
}

Tensor new_zeros(const char* operation, const Shape& shape, DType dtype, SourceLocation where) {
  Tensor result = new_checked(operation, shape, dtype, where);
  std::int64_t size = static_cast<std::int64_t>(size_of(dtype));
  launch(Zero{data_of<char>(result)}, result.numel() * size, kFillGrain * size);
  return result;
}

Tensor new_result_view(const char* operation, SourceLocation where, const Tensor& base, const Shape& shape,
                       const Strides& strides, void* data) {
  try {
    return new_view(base, shape, strides, data);
  } catch (const OutOfMemory& error) {
    error.pass_on(operation, "a view", where);
  }
}

Tensor with_options(Tensor tensor, const TensorOptions& options, SourceLocation where) {
  if (options.requires_grad) tensor.set_requires_grad(true, where);
  return tensor;
}

}  // namespace xgrad::internal
