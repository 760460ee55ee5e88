#include "variable.hpp"

#include <unordered_set>
#include <vector>

#include "engine/node.hpp"
#include "tensor_impl.hpp"

namespace xgrad XGRAD_API {
namespace internal {

void mark(const Tensor& tensor) noexcept { tensor.impl()->mark(); }

Tensor alias(const Tensor& tensor) {
  const TensorImpl& impl = *tensor.impl();
  Tensor other = new_view(tensor, impl.shape, impl.strides, impl.data);
  other.impl()->node = impl.node;
  other.impl()->output = impl.output;
  return other;
}

const void* storage_of(const Tensor& tensor) noexcept { return tensor.impl()->storage.get(); }

void check_own_elements(const char* operation, const Tensor& tensor, SourceLocation where) {
  check_writable(operation, tensor, where);
}

void replace_elements(std::span<const Tensor> leaves, std::span<const Tensor> values, SourceLocation where) noexcept {
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    TensorImpl& impl = *leaves[i].impl();
    const TensorImpl& source = *values[i].impl();
    if (&impl == &source) continue;
    // A graph that saved the old elements saved this very handle: a version of its own makes it refuse to run.
    source.storage->version = impl.storage->version + 1;
    source.storage->written = CallSite::or_else(where);
    impl.storage = source.storage;
    impl.data = source.data;
    impl.strides = source.strides;
    impl.contiguous = source.contiguous;
    impl.dtype = source.dtype;
    if (!impl.node) continue;
    impl.node->output(0).dtype = source.dtype;
    LeafLock lock(Leaf::of(*impl.node));
    Leaf::of(*impl.node).grad = Tensor();
  }
}

Tensor entrance(const Tensor& x) {
  return record("layer", {}, {x}, alias(x), {Uses()}, [](Vjp& vjp) { vjp.give(0, vjp.take_g()); });
}

void lead_through(const Tensor& y, const Tensor& x, const Tensor& entrance) {
  const TensorImpl& from = *x.impl();
  const TensorImpl& to = *entrance.impl();
  std::vector<Node*> left;
  std::unordered_set<const Node*> seen;
  // What was recorded before the entrance has a smaller number, and so has all below it.
  auto enter = [&](Node* node) {
    if (node != nullptr && node->number > to.node->number && seen.insert(node).second) left.push_back(node);
  };
  enter(y.impl()->node.get());
  while (!left.empty()) {
    Node* node = left.back();
    left.pop_back();
    for (Edge& edge : node->edges()) {
      if (edge.producer.get() == from.node.get() && edge.output == from.output) {
        edge.producer = to.node;
        edge.output = to.output;
      } else {
        enter(edge.producer.get());
      }
    }
  }
}

}  // namespace internal
}  // namespace xgrad
