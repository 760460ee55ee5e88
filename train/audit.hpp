// audit(): the mistakes by which a training runs and does not learn what it should.
#pragma once

#include <concepts>
#include <iosfwd>
#include <string>
#include <vector>

#include "../autograd/function.hpp"
#include "../nn/module.hpp"

namespace xgrad XGRAD_API {

namespace optim {
class Optimizer;
}

namespace train {

/// Kind of mistake that audit() looks for.
enum class Mistake : std::uint8_t {
  unregistered_layer,      ///< a layer is held or runs, but was never handed to child()
  unregistered_parameter,  ///< a variable is held or reached by the loss, but was never handed to param()
  replaced,                ///< the class holds another tensor than the registry, or holds it behind a pointer
  unknown_to_optimizer,    ///< the loss reaches a registered parameter that the optimizer does not know
  stale_optimizer,         ///< the optimizer holds parameters that are none of the model's
  frozen,                  ///< the optimizer holds a parameter that requires no gradient
  unused,                  ///< the loss does not reach a registered parameter, whose layer does not run
  detached,                ///< the loss does not reach a registered parameter, though its layer runs
  registered_twice,        ///< a layer or tensor is in the model twice, under two names
  tie_cut,                 ///< two parameters hold the same numbers, but are two tensors
  broadcast,               ///< [n] meets [n, 1], which makes [n, n]
  evaluation,              ///< a layer is switched to evaluation
};

/// One mistake that audit() has found.
struct Finding {
  Mistake mistake;
  std::string subject;  ///< what it is about: a parameter's or layer's name, or a place in the code
  std::string text;     ///< a sentence with what to do
};

/// What audit() has found.
struct Audit {
  std::vector<Finding> findings;

  bool is_sound() const;
  /// Whether there is a finding of that kind, about that subject where one is given.
  bool has(Mistake mistake, const std::string& subject = "") const;
};

/// Prints the findings, a line each, or that there are none.
std::ostream& operator<<(std::ostream& out, const Audit& audit);

/// For audit(): `copy` makes a copy of the model's class, which is watched; empty where it cannot be copied.
Audit audit_by_copy(const nn::Module& model, const optim::Optimizer& optimizer, const Function<Tensor()>& loss,
                    const Function<void()>& copy, SourceLocation where);

/// Looks for the mistakes by which a training runs and does not learn what it should. It evaluates the loss once,
/// follows its graph, and compares what it reaches with what the model has registered and the optimizer holds; it
/// copies the model's class to see what that holds. Call it once before the training, with a small batch. Parameters,
/// gradients, buffers and random numbers are left as they were.
///
/// It finds parameters that the loss reaches and the optimizer does not know; registered ones that the loss does not
/// reach, and whether their layer runs (then the graph is cut between: by detach(), NoGrad, item() ...); layers and
/// variables that were never registered, held or met on the way; tensors that were replaced after they were registered;
/// parameters of the optimizer that are none of the model's (it was made for another) or are frozen; what is registered
/// twice; parameters of equal numbers that are two tensors, as a tie leaves them that was cut by a copy; [n] that meets
/// [n, 1]; layers that are switched to evaluation. A constant that was meant to be a parameter is a tensor like any
/// other: that it cannot see.
///
/// Throws: std::invalid_argument unless the loss has one element, and what `loss` throws.
/// Example: `std::cout << train::audit(model, adam, [&] { return nn::cross_entropy(model(x), y); });`
template <std::derived_from<nn::Module> M>
Audit audit(const M& model, const optim::Optimizer& optimizer, const Function<Tensor()>& loss,
            SourceLocation where = SourceLocation::current()) {
  Function<void()> copy;
  if constexpr (std::copy_constructible<M> && !std::same_as<M, nn::Module>) copy = [&] { M made(model); };
  return audit_by_copy(model, optimizer, loss, copy, where);
}

}  // namespace train
}  // namespace xgrad
