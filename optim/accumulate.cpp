#include "accumulate.hpp"

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops/arithmetic.hpp"

namespace xgrad XGRAD_API {
namespace optim {

GradientAccumulator::GradientAccumulator(Optimizer& optimizer, std::int64_t batches, SourceLocation where)
    : optimizer_(&optimizer), batches_(batches) {
  check(batches >= 1, where, "GradientAccumulator: batches must be at least 1, but it is ", batches, '.');
  check<std::logic_error>(!optimizer.needs_closure(), where,
                          "GradientAccumulator: the optimizer must step by gradients, "
                          "but ",
                          optimizer.name(), " steps by a closure. Let that return the loss of all batches.");
}

bool GradientAccumulator::backward(const Tensor& loss, SourceLocation where) {
  check(
      loss.defined() && loss.numel() == 1, where, "GradientAccumulator: the loss must have one element, but it ",
      [&] { return loss.defined() ? concat("has shape ", loss.shape()) : "is undefined"; }, '.');
  const std::vector<Tensor>& parameters = optimizer_->parameters();
  std::vector<Tensor> before;
  if (pending_ > 0)
    for (const Tensor& parameter : parameters) before.push_back(parameter.grad());
  const Tensor share = loss / static_cast<double>(batches_);
  if (pending_ == 0) optimizer_->zero_grad();
  try {
    share.backward({}, where);
    ++pending_;
  } catch (...) {
    optimizer_->zero_grad();
    for (std::size_t i = 0; i < before.size(); ++i)
      if (before[i].defined()) Tensor(parameters[i]).set_grad(before[i]);
    throw;
  }
  if (pending_ < batches_) return false;
  step(where);
  return true;
}

bool GradientAccumulator::flush(SourceLocation where) {
  if (pending_ == 0) return false;
  NoGrad no_grad;
  const double scale = static_cast<double>(batches_) / static_cast<double>(pending_);
  std::vector<Tensor> scaled;
  for (const Tensor& parameter : optimizer_->parameters())
    scaled.push_back(parameter.grad().defined() ? parameter.grad() * scale : Tensor());
  for (std::size_t i = 0; i < scaled.size(); ++i)
    if (scaled[i].defined()) Tensor(optimizer_->parameters()[i]).set_grad(scaled[i]);
  step(where);
  return true;
}

void GradientAccumulator::step(SourceLocation where) {
  pending_ = 0;
  optimizer_->step(where);
  optimizer_->zero_grad();
}

}  // namespace optim
}  // namespace xgrad
