#include "registry.hpp"

namespace conformance {
const Operation& operation_named(const std::string& name) {
  static const Registry kOperations = [] {
    Registry ops;
    for (const auto add : {add_elementwise, add_special, add_reductions, add_ordering, add_shapes, add_indexing,
                           add_products, add_linalg, add_activations, add_layers, add_losses})
      add(ops);
    return ops;
  }();
  if (const auto found = kOperations.find(name); found != kOperations.end()) return found->second;
  throw Unsupported("no such operation");
}

}  // namespace conformance
