#include "derivatives.hpp"

#include "../../autograd/grad.hpp"
#include "../../autograd/grad_mode.hpp"
#include "../../autograd/ops/cast.hpp"
#include "../../autograd/ops/create.hpp"
#include "../../autograd/ops/movement.hpp"

namespace xgrad::optim {
namespace {

/// Gradients of sum_k <outputs[k], cotangents[k]>; undefined outputs, and those that depend on nothing, take no part.
std::vector<Tensor> gradients_along(const std::vector<Tensor>& outputs, const std::vector<Tensor>& cotangents,
                                    const std::vector<Tensor>& inputs, SourceLocation where) {
  std::vector<Tensor> from, along;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].defined() || !outputs[i].requires_grad()) continue;
    from.push_back(outputs[i]);
    along.push_back(cotangents[i]);
  }
  if (from.empty()) return std::vector<Tensor>(inputs.size());
  return grad(from, inputs, along, {.retain_graph = true, .unused = Unused::undefined}, where);
}

}  // namespace

Curvature::Curvature(const Tensor& loss, const std::vector<Tensor>& parameters, SourceLocation where)
    : parameters_(parameters), where_(where) {
  gradients_ = grad(loss, parameters, {.create_graph = true, .unused = Unused::undefined}, where);
  NoGrad no_grad;
  std::vector<Tensor> detached(gradients_.size());
  for (std::size_t i = 0; i < gradients_.size(); ++i)
    if (gradients_[i].defined()) detached[i] = gradients_[i].detach();
  gradient_ = ParameterVector(parameters_).joined(detached);
}

Tensor Curvature::times(const Tensor& v) const {
  const ParameterVector vector(parameters_);
  const std::vector<Tensor> products = gradients_along(gradients_, vector.parts(v), parameters_, where_);
  return vector.joined(products);
}

Jacobian::Jacobian(const Tensor& residuals, const std::vector<Tensor>& parameters, SourceLocation where)
    : parameters_(parameters), where_(where) {
  GradMode recording(true);
  residuals_ = reshape(residuals, {residuals.numel()});
  dual_ = zeros_like(residuals_).detach().set_requires_grad();
  products_ = grad(residuals_, parameters, dual_, {.create_graph = true, .unused = Unused::undefined}, where);
}

Tensor Jacobian::transposed_times(const Tensor& u) const {
  const std::vector<Tensor> products =
      grad(residuals_, parameters_, u, {.retain_graph = true, .unused = Unused::undefined}, where_);
  return ParameterVector(parameters_).joined(products);
}

Tensor Jacobian::times(const Tensor& v) const {
  const std::vector<Tensor> product =
      gradients_along(products_, ParameterVector(parameters_).parts(v), {dual_}, where_);
  return product[0].defined() ? reshape(product[0], {residuals_.numel()}) : zeros_like(residuals_);
}

}  // namespace xgrad::optim
