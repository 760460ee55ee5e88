#include "clip.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../autograd/grad.hpp"
#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/choose.hpp"
#include "../autograd/ops/reduce.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

/// The norm of one gradient, where a float64 can hold it. The plain norm is one pass; where powers of the elements may
/// have left the dtype's range, the elements are divided by the largest one first.
double norm_of(const Tensor& gradient, double p) {
  if (gradient.numel() == 0) return 0;
  const double plain = norm(gradient, Axes::all(), {.p = p}).item();
  if (std::isinf(p) || std::isnan(plain)) return plain;
  const double least = gradient.dtype() == DType::float32 ? 1e-30 : 1e-290;  // far from denormal
  if (std::isfinite(plain) && (p == 2 ? plain * plain : std::pow(plain, p)) >= least) return plain;
  const double largest = amax(abs(gradient), Axes::all()).item();
  if (largest == 0 || !std::isfinite(largest)) return largest;
  return largest * norm(cast(gradient, DType::float64) / largest, Axes::all(), {.p = p}).item();
}

/// The norm of all gradients as one vector: the norm of their norms.
double total_norm(std::span<const Tensor> gradients, double p) {
  std::vector<double> parts;
  parts.reserve(gradients.size());
  double largest = 0;
  for (const Tensor& gradient : gradients) {
    if (!gradient.defined()) continue;
    const double part = norm_of(gradient, p);
    if (std::isnan(part)) return part;
    parts.push_back(part);
    largest = std::max(largest, part);
  }
  if (parts.size() <= 1 || largest == 0 || std::isinf(p) || std::isinf(largest)) return largest;
  double total = 0;
  for (double part : parts) total += p == 2 ? part / largest * (part / largest) : std::pow(part / largest, p);
  return largest * (p == 2 ? std::sqrt(total) : std::pow(total, 1 / p));
}

/// gradient * max_norm / norm. Where that factor is too small for the gradient's dtype, the quotient is not.
Tensor scaled(const Tensor& gradient, double max_norm, double norm) {
  const double factor = max_norm / norm;
  if (factor == 0 || factor >= 1e-30) return gradient * factor;
  return cast(cast(gradient, DType::float64) / norm * max_norm, gradient.dtype());
}

std::vector<Tensor> gradients_of(const char* operation, std::span<const Tensor> parameters, SourceLocation where) {
  std::vector<Tensor> gradients;
  gradients.reserve(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    check(parameters[i].defined(), where, operation, ": parameters must be defined tensors, but parameter ", i,
          " is not: ", internal::kWhyUndefined);
    gradients.push_back(parameters[i].grad());
  }
  return gradients;
}

/// Sets all gradients by second handles to the same tensors. Takes no memory: nothing can stop it halfway.
void set_gradients(std::span<const Tensor> parameters, std::vector<Tensor> gradients) {
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (gradients[i].defined()) Tensor(parameters[i]).set_grad(std::move(gradients[i]));
}

}  // namespace

double clip_grad_norm(std::span<const Tensor> parameters, double max_norm, ClipNormOptions options,
                      SourceLocation where) {
  check(max_norm >= 0, where, "clip_grad_norm: max_norm must be at least 0, but it is ", max_norm, '.');
  check(options.p > 0, where, "clip_grad_norm: p must be above 0, but it is ", options.p, '.');
  std::vector<Tensor> gradients = gradients_of("clip_grad_norm", parameters, where);
  CallSite site(where);
  NoGrad no_grad;

  const double norm = total_norm(gradients, options.p);
  check<std::runtime_error>(std::isfinite(norm) || !options.error_if_nonfinite, where,
                            "clip_grad_norm: the gradients' norm must be finite, but it is ", norm,
                            ". Nothing was changed.");
  if (max_norm / (norm + 1e-6) >= 1) return norm;  // not so for a nan, which must not go unseen
  for (Tensor& gradient : gradients)
    if (gradient.defined()) gradient = scaled(gradient, max_norm, norm + 1e-6);
  set_gradients(parameters, std::move(gradients));
  return norm;
}

void clip_grad_value(std::span<const Tensor> parameters, double bound, SourceLocation where) {
  check(bound >= 0, where, "clip_grad_value: bound must be at least 0, but it is ", bound, '.');
  std::vector<Tensor> gradients = gradients_of("clip_grad_value", parameters, where);
  CallSite site(where);
  NoGrad no_grad;
  for (Tensor& gradient : gradients)
    if (gradient.defined()) gradient = clamp(gradient, -bound, bound);
  set_gradients(parameters, std::move(gradients));
}

}  // namespace optim
}  // namespace xgrad
