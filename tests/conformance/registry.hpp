// The table of operations: PyTorch's name -> how xgrad does it.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"

namespace conformance {

/// Results in PyTorch's order. An undefined tensor stands for None.
struct Outputs {
  Outputs() = default;
  Outputs(xgrad::Tensor tensor) : list{std::move(tensor)} {}
  Outputs(std::vector<xgrad::Tensor> tensors) : list(std::move(tensors)) {}
  Outputs(std::initializer_list<xgrad::Tensor> tensors) : list(tensors) {}
  std::vector<xgrad::Tensor> list;
};

using Operation = std::function<Outputs(Arguments&)>;
using Registry = std::map<std::string, Operation>;

/// By PyTorch's public name, "nn.functional.elu". Throws Unsupported when xgrad has no such operation.
const Operation& operation_named(const std::string& name);

// Each adds the operations of one family.
void add_elementwise(Registry& ops);
void add_special(Registry& ops);
void add_reductions(Registry& ops);
void add_ordering(Registry& ops);
void add_shapes(Registry& ops);
void add_indexing(Registry& ops);
void add_products(Registry& ops);
void add_linalg(Registry& ops);
void add_activations(Registry& ops);
void add_layers(Registry& ops);
void add_losses(Registry& ops);

}  // namespace conformance
