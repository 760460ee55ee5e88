// diagnose(): how a model's layers fare on the way to the loss and back, and what would help.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "../autograd/function.hpp"
#include "../autograd/tensor.hpp"
#include "../nn/module.hpp"

namespace xgrad XGRAD_API {

namespace optim {
class Optimizer;
}

namespace train {

/// One layer in a Diagnosis. Numbers that there are none of are nan.
struct LayerDiagnosis {
  std::string name;        ///< "block.hidden", the model's own class left out
  std::string kind;        ///< its class
  double activation;       ///< root mean square of the elements of what it answers with
  double gradient;         ///< norm of the loss's gradient by what it answers with
  double weight;           ///< norm of its own parameters
  double weight_gradient;  ///< norm of the loss's gradient by them
  double update;           ///< norm of the optimizer's next step of them, divided by `weight`
  std::string function;    ///< the activation function that follows: "relu"; empty: none
  double dead;             ///< share of its units that pass no gradient for any point
  /// Of a function that is flat on both sides, as tanh is: share of the elements where its slope is below 0.01.
  double saturated;
};

/// What diagnose() has found.
struct Diagnosis {
  double loss = 0;
  std::vector<LayerDiagnosis> layers;  ///< those with parameters of their own, in the order in which they were called
  std::vector<std::string> findings;   ///< what is wrong, and which cure fits, in whole sentences; empty: nothing
};

/// Prints a table of the layers, and the findings.
std::ostream& operator<<(std::ostream& out, const Diagnosis& diagnosis);

/// Examines how the model's layers fare in one evaluation of the loss: the size of activations, of gradients, of the
/// optimizer's next step compared with the weights, and units that are dead or saturated. Where gradients vanish or
/// explode on their way back, units are dead, or steps are too long or too short, it says so, with the cure that fits.
///
/// Layers are seen as hooks see them: those of the library, and classes whose operator() is `return call(x, ...)`.
/// Activation functions are seen whether they are layers or operators. Parameters, buffers, gradients, the optimizer's
/// state and the thread's random numbers are left as they were.
///
/// Throws: std::invalid_argument unless the loss has one element, std::logic_error where it depends on no parameter of
/// the model, and what `loss` throws.
/// Example: `std::cout << train::diagnose(model, [&] { return nn::cross_entropy(model(x), y); });`
Diagnosis diagnose(const nn::Module& model, const Function<Tensor()>& loss,
                   SourceLocation where = SourceLocation::current());
/// diagnose() with the optimizer, whose next step is compared with the weights. (Optimizers that need a closure for a
/// step, as LBFGS, are not asked.)
Diagnosis diagnose(const nn::Module& model, optim::Optimizer& optimizer, const Function<Tensor()>& loss,
                   SourceLocation where = SourceLocation::current());

}  // namespace train
}  // namespace xgrad
