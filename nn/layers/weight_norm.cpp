#include "weight_norm.hpp"

#include "../../autograd/grad_mode.hpp"
#include "../../autograd/ops.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace detail {
namespace {

/// All axes but one; all without one.
Axes other_axes(const Tensor& x, std::optional<int> axis) {
  if (!axis) return Axes::all();
  const int kept = *axis < 0 ? *axis + x.ndim() : *axis;
  std::vector<int> axes;
  for (int other = 0; other < x.ndim(); ++other)
    if (other != kept) axes.push_back(other);
  return axes;
}

/// The lengths, with extents of 1 along the other axes; a scalar without an axis.
Tensor lengths(const Operand& v, std::optional<int> axis) {
  const Tensor& x = v.tensor("weight_norm");
  if (axis && x.ndim() == 1) return abs(v);  // each part is one number
  return norm(v, other_axes(x, axis), {.keepdims = axis.has_value()});
}

/// The weight as a matrix whose rows are the parts along an axis.
Tensor as_matrix(const Tensor& weight, int axis) {
  std::vector<int> order{axis};
  for (int other = 0; other < weight.ndim(); ++other)
    if (other != axis) order.push_back(other);
  return flatten(permute(weight, order), weight.ndim() == 1 ? 0 : 1);
}

Tensor matrix_of(const Tensor& weight, int axis) {
  Tensor matrix = as_matrix(weight, axis);
  return matrix.ndim() == 1 ? unsqueeze(matrix, 1) : matrix;
}

}  // namespace

Tensor with_length(const Operand& v, const Tensor& g, std::optional<int> axis) {
  CallSite site(v.where());
  return v * (g / lengths(v, axis));
}

Tensor lengths_of(const Tensor& v, std::optional<int> axis) {
  NoGrad no_grad;
  return copy(lengths(v.detach(), axis));
}

Tensor SpectralIteration::start(std::int64_t size, DType dtype, Generator* generator) const {
  NoGrad no_grad;
  Tensor vector = normal({size}, 0, 1, {.dtype = dtype}, generator != nullptr ? *generator : default_generator());
  return normalize(vector, {.axes = 0, .eps = eps});
}

void SpectralIteration::improve(const Tensor& weight, Tensor u, Tensor v) const {
  NoGrad no_grad;
  Tensor matrix = matrix_of(weight.detach(), axis);
  if (iterations < 1) return;
  Tensor next_u = u.detach(), next_v;
  for (int i = 0; i < iterations; ++i) {
    next_v = normalize(matmul(transpose(matrix), next_u), {.axes = 0, .eps = eps});
    next_u = normalize(matmul(matrix, next_v), {.axes = 0, .eps = eps});
  }
  // Both are made before one is written.
  v.assign(next_v);
  u.assign(next_u);
}

Tensor SpectralIteration::normalized(const Operand& weight, const Tensor& u, const Tensor& v) const {
  CallSite site(weight.where());
  // Copies: the rule must not see what later calls make of the vectors.
  Tensor matrix = matrix_of(weight.tensor("spectral_norm"), axis);
  Tensor sigma = dot(copy(u.detach()), matmul(matrix, copy(v.detach())));
  return weight / sigma;
}

int checked_axis(const char* wrapper, int axis, const Tensor& weight, SourceLocation where) {
  const int ndim = weight.ndim();
  check<std::out_of_range>(-ndim <= axis && axis < ndim, where, wrapper,
                           ": axis must be one of the parameter's, whose "
                           "shape is ",
                           weight.shape(), ", but it is ", axis, ".");
  return axis < 0 ? axis + ndim : axis;
}

void check_axis_of(const char* wrapper, const Module& layer, const std::string& name, std::optional<int> axis,
                   SourceLocation where) {
  if (!axis) return;
  for (const auto& [own, tensor] : layer.named_parameters())
    if (own == name) checked_axis(wrapper, *axis, tensor, where);
}

void check_iteration(const char* wrapper, int iterations, double eps, SourceLocation where) {
  check(iterations >= 0, where, wrapper, ": power_iterations must be at least 0, but they are ", iterations, ".");
  check(eps >= 0, where, wrapper, ": eps must be at least 0, but it is ", eps, ".");
}

}  // namespace detail
}  // namespace nn
}  // namespace xgrad
