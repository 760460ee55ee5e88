// The parameters that an optimizer is given, with or without names.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "../autograd/tensor.hpp"
#include "state.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Parameters of an optimizer: tensors (`model.parameters()`, `{w, b}`), or tensors with names
/// (`model.named_parameters()`, `{{"w", w}, {"b", b}}`), under which messages and files then know them.
///
/// Example: `optim::SGD sgd({{"w", w}, {"b", b}}, {.lr = 0.1});`
struct Parameters {
  Parameters() = default;
  Parameters(std::vector<Tensor> tensors);
  Parameters(std::initializer_list<Tensor> tensors);
  Parameters(const NamedTensors& named);
  Parameters(std::initializer_list<std::pair<std::string, Tensor>> named);
  Parameters(const Parameters&);
  Parameters(Parameters&&) noexcept;
  Parameters& operator=(const Parameters&);
  Parameters& operator=(Parameters&&) noexcept;
  ~Parameters();

  std::vector<Tensor> tensors;     ///< handles to the parameters
  std::vector<std::string> names;  ///< parallel to the tensors, or empty
};

/// Parameters that share options, and may have a name, by which Optimizer::group_number() finds the group again:
///
///     optim::Adam adam({{.parameters = weights, .options = {.weight_decay = 0.1}, .name = "weights"},
///                       {.parameters = biases, .name = "biases"}});
///     adam.set_group_lr(adam.group_number("biases"), 1e-4);
template <class Options>
struct Group {
  Parameters parameters;
  Options options = {};
  std::string name = {};  ///< "": the group's number
};

}  // namespace optim
}  // namespace xgrad
