#include "registry.hpp"

namespace conformance {

const Operation& operation_named(const std::string& name) {
  static const Registry kOperations = [] {
    Registry ops;
    for (const auto add : {add_elementwise, add_reductions, add_shapes, add_indexing, add_products, add_nn, add_losses})
      add(ops);
    return ops;
  }();
  const auto found = kOperations.find(name);
  if (found == kOperations.end()) throw Unsupported("no such operation");
  return found->second;
}

}  // namespace conformance
