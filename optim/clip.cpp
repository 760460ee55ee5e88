#include "clip.hpp"

#include <cmath>
#include <limits>

#include "../autograd/grad.hpp"
#include "../autograd/ops/elementwise.hpp"
#include "../autograd/ops/reduce.hpp"

namespace xgrad::optim {
namespace {

/// The norm of all gradients as one vector: the norm of their norms.
double total_norm(std::span<const Tensor> parameters, double p) {
  const bool largest = p == std::numeric_limits<double>::infinity();
  double total = 0;
  for (const Tensor& parameter : parameters) {
    const Tensor gradient = parameter.grad();
    if (!gradient.defined()) continue;
    const double part = norm(gradient, Axes::all(), {.p = p}).item();
    if (std::isnan(part)) return part;
    if (largest)
      total = std::max(total, part);
    else
      total += p == 2 ? part * part : std::pow(part, p);
  }
  if (largest) return total;
  return p == 2 ? std::sqrt(total) : std::pow(total, 1 / p);
}

void check_defined(const char* operation, std::span<const Tensor> parameters, SourceLocation where) {
  for (std::size_t i = 0; i < parameters.size(); ++i)
    check(parameters[i].defined(), where, operation, ": parameters must be defined tensors, but parameter ", i,
          " is default-constructed");
}

/// A second handle to the same tensor, whose gradient can be set.
void set_gradient(Tensor parameter, Tensor gradient) { parameter.set_grad(std::move(gradient)); }

}  // namespace

double clip_grad_norm(std::span<const Tensor> parameters, double max_norm, ClipNormOptions options,
                      SourceLocation where) {
  check(max_norm >= 0, where, "clip_grad_norm: max_norm must be at least 0, but is ", max_norm);
  check(options.p > 0, where, "clip_grad_norm: p must be above 0, but is ", options.p);
  check_defined("clip_grad_norm", parameters, where);
  CallSite site(where);
  NoGrad no_grad;

  const double norm = total_norm(parameters, options.p);
  check<std::runtime_error>(std::isfinite(norm) || !options.error_if_nonfinite, where,
                            "clip_grad_norm: the gradients' norm must be finite, but is ", norm,
                            "; nothing was changed");
  const double factor = max_norm / (norm + 1e-6);
  if (factor >= 1) return norm;  // not so for a nan, which must not go unseen
  for (const Tensor& parameter : parameters)
    if (parameter.grad().defined()) set_gradient(parameter, parameter.grad() * factor);
  return norm;
}

void clip_grad_value(std::span<const Tensor> parameters, double bound, SourceLocation where) {
  check(bound >= 0, where, "clip_grad_value: bound must be at least 0, but is ", bound);
  check_defined("clip_grad_value", parameters, where);
  CallSite site(where);
  NoGrad no_grad;
  for (const Tensor& parameter : parameters)
    if (parameter.grad().defined()) set_gradient(parameter, clamp(parameter.grad(), -bound, bound));
}

}  // namespace xgrad::optim
