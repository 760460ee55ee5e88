// Evaluating a model's loss without a trace.
#pragma once

#include <utility>
#include <vector>

#include "../../autograd/ops/random.hpp"
#include "../../autograd/random.hpp"
#include "../../nn/module.hpp"

namespace xgrad::train::detail {

/// When it dies, the model's buffers and the thread's random numbers are what they were.
class Undisturbed {
 public:
  explicit Undisturbed(const nn::Module& model);
  ~Undisturbed();
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  Generator generator_;
  std::vector<std::pair<Tensor, Tensor>> buffers_;  // each, and a copy of what was in it
};

/// The names from the model to one of its layers: "block.hidden"; its class for the model itself, and for a layer that
/// is not a part of it.
std::string name_in(const nn::Module& model, const nn::Module& layer);

/// The parameters of a layer's own, without those of its children.
nn::NamedTensors own_parameters(const nn::Module& layer);

}  // namespace xgrad::train::detail
