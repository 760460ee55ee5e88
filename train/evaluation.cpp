#include "evaluation.hpp"

#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/movement.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

void list(const nn::Module& module, std::vector<std::pair<nn::Module, bool>>& modules) {
  modules.emplace_back(module, module.is_training());
  for (const auto& [name, child] : module.children()) list(child, modules);
}

}  // namespace

Evaluation::Evaluation(const nn::Module& model) {
  list(model, *modules_);
  modules_->front().first.eval();
}

Evaluation::~Evaluation() {
  // A module switches all below it: parents first.
  for (auto& [module, training] : *modules_) module.train(training);
}

void Collector::add(const Tensor& batch, SourceLocation where) {
  check(
      batch.defined() && batch.ndim() > 0, where, "Collector: a batch must have rows, but it is ",
      [&] { return batch.defined() ? to_string(batch.shape()) : std::string("undefined"); }, '.');
  if (!batches_.empty()) {
    Shape rows = batch.shape(), before = batches_[0].shape();
    rows.erase(0);
    before.erase(0);
    check(rows == before && batch.dtype() == batches_[0].dtype(), where,
          "Collector: the rows of all batches must be alike, but they are ", batches_[0].dtype(), ' ', before, " and ",
          batch.dtype(), ' ', rows, '.');
  }
  NoGrad no_grad;
  batches_.push_back(copy(batch.detach()));  // what is overwritten later was collected as it is now
}

void Collector::reset() { batches_.clear(); }

Tensor Collector::all(SourceLocation where) const {
  check<std::logic_error>(!batches_.empty(), where, "Collector: a batch must have been added, but none was.");
  CallSite site(where);
  NoGrad no_grad;
  return batches_.size() == 1 ? batches_[0] : cat(batches_, 0);
}

}  // namespace train
}  // namespace xgrad
