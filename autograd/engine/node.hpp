// The graph: what made a tensor, and from what.
#pragma once

#include <memory>
#include <vector>

#include "../extend.hpp"
#include "../base/inline_vector.hpp"
#include "../tensor_impl.hpp"
#include "../rule.hpp"

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
  std::uint32_t version;
};

struct OutputInfo {
  Shape shape;
  DType dtype;
};

/// Rarely used parts of a node, made on demand.
struct NodeExtras {
  struct Hook {
    int output;
    Function<Tensor(const Tensor&)> function;
  };
  std::vector<Hook> hooks;
  std::vector<Tensor> retained;  // by output; the gradients of retain_grad()
  std::vector<bool> retains;
};

/// One recorded operation, or a leaf: a variable that no operation made. A leaf has no rule and no edges, and
/// holds the variable's accumulated gradient, so that edges to it keep the gradient but not the variable's
/// elements alive.
struct Node : RefCounted {
  const char* name = "leaf";
  SourceLocation where;
  bool is_leaf = false;
  bool freed = false;            // a backward pass has used it up
  bool needed = false;           // engine, in the pass `run`: a wanted gradient lies below
  int pending = 0;               // engine, in the pass `run`: uses whose cotangents are still to come
  int slot = 0;                  // engine, in the pass `run`: where its outputs' cotangents are collected
  std::uint64_t run = 0;         // the last backward pass that reached this node
  std::uint64_t wanted_run = 0;  // the last pass that wants the gradient of one of its outputs
  std::uint64_t saved_bits = 0;  // Uses: which values `saved` holds, in order
  Rule rule;
  InlineVector<Edge, 3> edges;
  InlineVector<SavedValue, 3> saved;
  InlineVector<OutputInfo, 1> outputs;
  Tensor grad;                 // of a leaf
  Node* next_dying = nullptr;  // links the nodes that wait to be destroyed
  std::unique_ptr<NodeExtras> extras;

  NodeExtras& need_extras();
  /// Lets rule, saved values and edges go. The producers that nothing else holds are destroyed, iteratively.
  void free_graph();

  static Ref<Node> make(const char* name, SourceLocation where);
  static Ref<Node> make_leaf(const Shape& shape, DType dtype);
  static void destroy(Node* node);
};

class Backward;

/// What a Vjp shows of one run of a rule.
struct VjpFrame {
  Backward* pass;  // null where a rule is run by itself
  Node& node;
  Tensor* cotangents;       // of the node's outputs
  std::uint64_t needs;      // bit i: input i
  std::uint64_t taken = 0;  // bit k: the cotangent of output k was handed over
  bool create_graph;
  bool retain_graph;
  InlineVector<Tensor, 3> given;     // by input; undefined where the rule gave no answer
  InlineVector<Tensor, 1> restored;  // saved outputs, connected to the node again
};

/// Sees each operation that this thread records while it lives: how gradcheck finds the rule at fault.
class RecordObserver {
 public:
  RecordObserver();
  virtual ~RecordObserver();
  RecordObserver(const RecordObserver&) = delete;
  RecordObserver& operator=(const RecordObserver&) = delete;
  virtual void recorded(const Inputs& inputs, std::span<const Tensor> outputs) = 0;

 private:
  RecordObserver* previous_;
};

/// The value saved under this bit of Uses, or null.
SavedValue* find_saved(Node& node, std::uint64_t bit);

/// Throws std::logic_error when a value that the node saved has been written to since.
void check_saved_versions(const Node& node, SourceLocation where);

}  // namespace internal
}  // namespace xgrad
