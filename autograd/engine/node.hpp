// The graph: what made a tensor, and from what.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "../base/fork_lock.hpp"
#include "../base/inline_vector.hpp"
#include "../extend.hpp"
#include "../hooks.hpp"
#include "../rule.hpp"
#include "../tensor_impl.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// From a node to what produced one of its inputs. No producer: that input needs no gradient.
struct Edge {
  Ref<Node> producer;
  int output = 0;
};

/// A value kept for the rule, and its storage's version when it was kept.
struct SavedValue {
  Tensor value;
  std::uint32_t version = 0;
};

/// What a node knows of one of its outputs; the extents are stored apart, as many as there are.
struct OutputInfo {
  std::int32_t first_extent;
  std::int8_t ndim;
  DType dtype;
};

/// Rarely used parts of a node, made on demand.
struct NodeExtras {
  struct Hook {
    int output;
    Function<Tensor(const Tensor& gradient, const Tensor& tensor)> function;
    Tensor tensor;  // without its graph, where the hook asks for it
  };
  HookList<Hook> hooks;
  std::vector<Tensor> retained;  // by output; the gradients of retain_grad()
  std::vector<bool> retains;
};

/// What the backward pass `run` has noted on a node; of no meaning to any other pass.
struct PassMarks {
  std::uint64_t run = 0;
  std::int32_t pending = 0;     // uses whose cotangents are still to come
  std::uint32_t slot : 29 = 0;  // where its outputs' cotangents are collected
  std::uint32_t entered : 1 = 0;
  std::uint32_t wanted : 1 = 0;  // the gradient of one of its outputs was asked for
  std::uint32_t needed : 1 = 0;  // it is wanted, or one below it is
};

/// What the rule of a view begins with: how the same view is taken of other elements.
struct ViewRule {
  /// The view, not recorded, that this output of the node would be of x, a tensor in the shape of the node's input;
  /// undefined where the layout of x does not allow it.
  Tensor (*view)(const ViewRule& rule, const Node& node, int output, const Tensor& x);
};

/// One recorded operation, or a leaf: a variable that no operation made. Its outputs' shapes, rule's captures, edges
/// and saved values follow it, in this order, in its own block, since a graph of thousands of small nodes must stay in
/// the cache.
struct alignas(16) Node : RefCounted {
  std::uint32_t block_bytes = 0;
  const char* name = "leaf";
  SourceLocation where;
  /// Larger than those of all nodes that it was computed from: nothing wanted lies below a node whose number is
  /// smaller.
  std::uint64_t number = 0;
  union {
    PassMarks marks;
    Node* next_dying;  // links the nodes that wait to be destroyed
  };
  std::uint64_t saved_bits = 0;  // Uses: which values are saved, in order
  const RuleOperations* rule = nullptr;
  std::unique_ptr<NodeExtras> extras;
  std::int32_t edge_count = 0;
  std::int32_t output_count = 0;
  std::uint32_t edges_at = 0;  // bytes from the node to its first edge
  std::uint8_t saved_count = 0;
  bool is_leaf = false;
  bool freed = false;    // a backward pass has used it up
  bool is_view = false;  // its outputs are views of its only input; the rule begins with a ViewRule

  std::span<Edge> edges() const { return {at<Edge>(edges_at), static_cast<std::size_t>(edge_count)}; }
  std::span<SavedValue> saved() const { return {at<SavedValue>(saved_at()), saved_count}; }
  OutputInfo& output(int k) const { return at<OutputInfo>(outputs_at())[k]; }
  Shape output_shape(int k) const;
  bool has_shape(int k, const Shape& shape) const;
  /// Whether the tensor has the shape and the dtype of output k.
  bool fits(int k, const Tensor& tensor) const;

  void run_rule(Vjp& vjp) { rule->run(captures(), vjp); }
  const ViewRule& view_rule() const { return *static_cast<const ViewRule*>(captures()); }
  NodeExtras& need_extras();
  /// Lets the saved values go.
  void drop_saved();
  /// Lets rule, saved values and edges go. The producers that nothing else holds are destroyed, iteratively.
  void free_graph();

  /// A node with its edges, its saved inputs and the shapes of its outputs; room for the outputs that `saved` names.
  static Ref<Node> make(const char* name, SourceLocation where, const Inputs& inputs, std::span<const Tensor> outputs,
                        std::uint64_t saved, Rule& rule);
  static void destroy(Node* node);

 protected:
  Node() : marks() {}
  ~Node();
  /// A node of class N with room for all that follows it, and the shapes of its outputs, output_at(0) ...
  template <class N, class OutputAt>
  static N* allocate(const char* name, SourceLocation where, std::size_t captures, int edges, int saved,
                     std::size_t outputs, const OutputAt& output_at);

  template <class T>
  T* at(std::size_t offset) const {
    return reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(this) + offset);
  }
  void* captures() const { return at<void>(edges_at - rounded(rule->bytes)); }
  std::size_t saved_at() const { return edges_at + edge_count * sizeof(Edge); }
  inline std::size_t outputs_at() const;
  std::int64_t* extents() const { return at<std::int64_t>(outputs_at() + output_count * sizeof(OutputInfo)); }
  void drop_rule();
  static constexpr std::size_t rounded(std::size_t bytes, std::size_t step = 8) {
    return (bytes + step - 1) / step * step;
  }
};

/// A variable. It holds the accumulated gradient, so that edges to it keep the gradient but not the variable's elements
/// alive.
struct Leaf : Node {
  Tensor grad;           // read and written under a LeafLock
  ForkLock lock;         // keeps other threads, whose passes may reach the same leaf, from its gradient
  bool retired = false;  // made by a function of functions that has ended: nobody's variable any more

  static Ref<Node> make(const Shape& shape, DType dtype);
  static Leaf& of(Node& node) { return static_cast<Leaf&>(node); }
};

inline std::size_t Node::outputs_at() const { return is_leaf ? sizeof(Leaf) : sizeof(Node); }

inline Shape Node::output_shape(int k) const {
  const OutputInfo& info = output(k);
  const std::int64_t* from = extents() + info.first_extent;
  Shape shape;
  shape.resize(info.ndim);
  for (std::int64_t& extent : shape) extent = *from++;
  return shape;
}

inline bool Node::has_shape(int k, const Shape& shape) const {
  const OutputInfo& info = output(k);
  if (shape.ndim() != info.ndim) return false;
  const std::int64_t* expected = extents() + info.first_extent;
  for (std::int64_t extent : shape)
    if (extent != *expected++) return false;
  return true;
}

inline bool Node::fits(int k, const Tensor& tensor) const {
  return tensor.impl()->dtype == output(k).dtype && has_shape(k, tensor.impl()->shape);
}

inline void Node::drop_rule() {
  if (rule != nullptr && rule->move != nullptr) rule->move(captures(), nullptr);
  rule = nullptr;
}

inline void Node::drop_saved() {
  saved_bits = 0;
  for (SavedValue& value : saved()) value.value = Tensor();
}

/// Locks a leaf while it lives.
class LeafLock {
 public:
  explicit LeafLock(Leaf& leaf) : leaf_(leaf) { leaf.lock.lock(); }
  ~LeafLock() { leaf_.lock.unlock(); }
  LeafLock(const LeafLock&) = delete;
  LeafLock& operator=(const LeafLock&) = delete;

 private:
  Leaf& leaf_;
};

class Pass;

/// What a Vjp shows of one run of a rule.
struct VjpFrame {
  Pass* pass;  // null where a rule is run by itself
  Node& node;
  Tensor* cotangents;       // of the node's outputs
  std::uint64_t needs = 0;  // bit i: input i
  std::uint64_t taken = 0;  // bit k: the cotangent of output k was handed over
  bool create_graph;
  bool retain_graph;
  InlineVector<Tensor, 3> given = {};          // by input; undefined where the rule gave no answer
  InlineVector<Tensor, 1> restored = {};       // saved outputs, connected to the node again
  InlineVector<SavedValue, 1> handed_on = {};  // cotangents that were handed over, and that others hold too
};

/// Runs the rule of one node by itself. Answers by input; undefined where it has no cotangent.
std::vector<Tensor> run_rule(Node& node, std::vector<Tensor> cotangents, bool create_graph);

/// The value saved under this bit of Uses, or null.
SavedValue* find_saved(Node& node, std::uint64_t bit);

/// Throws std::logic_error when a value that the node saved has been written to since.
void check_saved_versions(const Node& node, SourceLocation where);

}  // namespace internal
}  // namespace xgrad
