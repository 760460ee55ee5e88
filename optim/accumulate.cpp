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
  const Tensor share = loss / static_cast<double>(batches_);
  const std::vector<Tensor> before = gradients();
  if (pending_ == 0) optimizer_->zero_grad();
  const bool is_last = pending_ + 1 == batches_;
  try {
    share.backward({}, where);
    if (is_last) optimizer_->step(where);
  } catch (...) {
    set_gradients(before);
    throw;
  }
  ++pending_;
  if (is_last) begin_anew();
  return is_last;
}

bool GradientAccumulator::flush(SourceLocation where) {
  if (pending_ == 0) return false;
  NoGrad no_grad;
  const double scale = static_cast<double>(batches_) / static_cast<double>(pending_);
  const std::vector<Tensor> before = gradients();
  std::vector<Tensor> scaled;
  for (const Tensor& gradient : before) scaled.push_back(gradient.defined() ? gradient * scale : Tensor());
  try {
    set_gradients(scaled);
    optimizer_->step(where);
  } catch (...) {
    set_gradients(before);
    throw;
  }
  begin_anew();
  return true;
}

std::vector<Tensor> GradientAccumulator::gradients() const {
  std::vector<Tensor> gradients;
  for (const Tensor& parameter : optimizer_->parameters()) gradients.push_back(parameter.grad());
  return gradients;
}

void GradientAccumulator::set_gradients(const std::vector<Tensor>& gradients) {
  optimizer_->zero_grad();
  for (std::size_t i = 0; i < gradients.size(); ++i)
    if (gradients[i].defined()) Tensor(optimizer_->parameters()[i]).set_grad(gradients[i]);
}

void GradientAccumulator::begin_anew() {
  pending_ = 0;
  optimizer_->zero_grad();
}

}  // namespace optim
}  // namespace xgrad
