#include "variable.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "base/overlap.hpp"
#include "engine/node.hpp"
#include "engine/pass.hpp"
#include "grad_mode.hpp"
#include "kernels/fill.hpp"
#include "ops/cast.hpp"
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

bool is_borrowed(const Tensor& tensor) noexcept { return tensor.impl()->storage->is_borrowed(); }

Writes writes_of(const Tensor& tensor) noexcept {
  const Storage& storage = *tensor.impl()->storage;
  return {storage.version, storage.written};
}

namespace {

/// Where a tensor's elements lie.
struct Extent {
  Addresses bytes;
  std::size_t place;  // of the tensor among those to copy
};

}  // namespace

std::vector<Tensor> copies_of(std::span<const Tensor> tensors) {
  NoGrad no_grad;
  std::vector<Extent> extents;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorImpl& impl = *tensors[i].impl();
    const auto size = static_cast<std::int64_t>(size_of(impl.dtype));
    extents.push_back({addresses_of({impl.data, size, impl.shape, impl.strides}), i});
  }
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return a.bytes.begin < b.bytes.begin; });
  std::vector<Tensor> copies(tensors.size());
  for (auto first = extents.begin(); first != extents.end();) {
    const Tensor& tensor = tensors[first->place];
    const std::uintptr_t begin = first->bytes.begin;
    std::uintptr_t end = first->bytes.end;
    auto last = first + 1;
    for (; last != extents.end() && last->bytes.begin < end && tensors[last->place].dtype() == tensor.dtype(); ++last)
      end = std::max(end, last->bytes.end);
    if (last == first + 1) {
      copies[first->place] = copy(tensor.detach());
    } else {
      const auto bytes = static_cast<std::int64_t>(end - begin);
      Tensor memory = new_tensor({bytes / static_cast<std::int64_t>(size_of(tensor.dtype()))}, tensor.dtype());
      char* to = data_of<char>(memory);
      copy_run(reinterpret_cast<const char*>(begin), bytes, to);
      for (auto at = first; at != last; ++at) {
        const TensorImpl& impl = *tensors[at->place].impl();
        const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(impl.data) - begin;
        copies[at->place] = new_view(memory, impl.shape, impl.strides, to + offset);
      }
    }
    first = last;
  }
  return copies;
}

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

std::uint64_t current_pass() noexcept { return Pass::of_hooks(); }

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
