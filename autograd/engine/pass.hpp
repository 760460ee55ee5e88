// What surrounds the algorithm of a backward pass (backward.hpp): what is wanted, marks on nodes, passes inside of
// passes, hooks, checks, and where the gradients go.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "leaf_table.hpp"
#include "node.hpp"

namespace xgrad XGRAD_API {
namespace internal {

struct PassOptions {
  bool create_graph = false;   // record the gradients' own graph
  bool retain_graph = false;   // keep the graph; implied by create_graph
  bool follow_others = false;  // create_graph where the outputs depend on a variable that is not wanted
};

/// Lists that one pass needs; kept by the thread for its next pass.
struct Workspace {
  struct Visit {
    Node* node;
    int next_edge;
  };
  /// The gradient of an output whose retain_grad() was called.
  struct Retained {
    Ref<Node> node;
    std::size_t output;
    Tensor gradient;
  };
  /// What becomes of one gradient once nothing can fail any more; afterwards the old one, which dies without a lock.
  struct Update {
    Tensor* target;
    Tensor value;
    bool in_place;
  };
  std::vector<Visit> path;
  std::vector<Ref<Node>> ready;
  std::vector<Tensor> cotangents;
  std::vector<Retained> retained;
  std::vector<Update> updates;
  std::vector<Leaf*> locked;
  LeafTable leaves;

  void clear();
};

/// Where cotangents of a tensor are added up already.
struct SumPlace {
  Tensor* sum = nullptr;  // null where there is none yet, or others can see it. Without gaps
  Tensor view;            // its elements as the tensor's: another shape or order where views lie between

  /// Whether the elements lie as the tensor's do.
  bool is_direct() const { return view.is_contiguous() && view.shape() == sum->shape(); }
};

class Pass {
 public:
  Pass(PassOptions options, SourceLocation where);
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  /// Asks for the gradients of these tensors alone. Without it, those of all leaves.
  void want(std::span<const Tensor> inputs);
  /// After discovery: whether some output was computed from input i.
  bool reaches(std::size_t i);
  /// After discovery: whether some output depends on a variable that is not wanted (noticed with follow_others alone).
  bool depends_on_others() const { return on_others_; }
  bool creates_graph() const { return create_graph_; }
  /// After the pass: the gradients of the tensors wanted; zeros, or undefined, where none came.
  std::vector<Tensor> take_results(bool zeros);
  /// Adds the gradients of leaves, and of tensors that retain theirs, to their Tensor::grad(): all, or none when memory
  /// runs out.
  void store();

  /// Where the cotangents of what an edge leads to are added up, if something has come and nobody else can see it.
  Tensor* sum_so_far(const Edge& edge);
  /// The place of that sum, where the gradient's graph is wanted too. Where nothing has come for a view that few rules
  /// add to, it is the sum for what was viewed: a loop that takes rows of new views of one tensor is linear in their
  /// number.
  SumPlace place_of_sum(const Edge& edge);

  /// Whether a pass is under way on this thread, so that the caller is a hook or a rule.
  static bool is_under_way();
  /// The number of the pass whose hooks run on this thread, the innermost; 0 outside of hooks.
  static std::uint64_t of_hooks();

 protected:
  bool is_entered(const Node& node) const { return node.marks.run == run_ && node.marks.entered; }
  bool is_wanted(const Node& node) const { return node.marks.run == run_ && node.marks.wanted; }
  bool is_needed(const Node& node) const;
  /// Whether a producer is needed, asked while rules run. Throws std::logic_error where another thread's pass has taken
  /// the node over.
  bool is_still_needed(const Node& producer) const;
  /// Notes, of an edge's producer, what the outputs depend on. Answers whether the pass goes on below it.
  bool look_at(Node& producer);
  void mark(Node& node);
  void check_not_freed(const Node& node) const {
    if (node.freed) [[unlikely]]
      fail_freed(node);
  }
  void check_still_mine(const Node& node) const {
    if (node.marks.run != run_) [[unlikely]]
      fail_not_mine(node);
  }
  /// Hooks, and the checks of what they may have done; then the gradients that were asked for are taken.
  void before_rule(Node& node, Tensor* cotangents);
  /// Runs the rule, and checks that it has not written into what others hold.
  void call_rule(VjpFrame& frame);
  void run_hooks(Node& node, Tensor* cotangents);
  Tensor* cotangents_of(const Node& node) { return workspace_->cotangents.data() + node.marks.slot; }

  bool create_graph_;
  bool retain_graph_;
  bool all_leaves_ = true;
  SourceLocation where_;
  std::unique_ptr<Workspace> workspace_;

 private:
  /// The marks of a pass on a node, put aside while a pass inside of that one traverses the node.
  struct Displaced {
    Ref<Node> node;
    PassMarks marks;
  };
  /// A tensor whose gradient was asked for. Hooks may reassign the handle by which it was named.
  struct Wanted {
    Ref<Node> node;
    int output;
  };

  /// The sum for what an edge leads to, or null.
  Tensor* unshared_sum(const Edge& edge);
  void mark_anew(Node& node);
  void fail_freed(const Node& node) const;
  void fail_not_mine(const Node& node) const;
  void check_unwritten(const char* who, const Node& node, const Tensor& cotangent, std::uint32_t version) const;
  /// What is put where `old` is; or added to it, where `in_place`, when nothing can fail any more.
  Tensor prepared(const Tensor& old, Tensor gradient, bool& in_place) const;

  bool follow_others_;
  bool on_others_ = false;
  bool hooks_ran_ = false;
  bool is_nested_;  // inside of another pass of this thread
  std::uint64_t run_;
  std::uint64_t oldest_ = 0;          // no wanted node has a smaller number
  std::vector<Displaced> displaced_;  // of the passes around this one
  std::vector<Wanted> wanted_;
  std::vector<std::size_t> wanted_by_node_;  // in the order of the nodes' addresses; empty where few are wanted
  std::vector<Tensor> results_;
};

// What runs once or more for each edge.

inline void Pass::mark(Node& node) {
  if (node.marks.run != run_) mark_anew(node);
  node.marks.entered = 1;
  node.marks.needed = node.marks.wanted;
  node.marks.slot = static_cast<std::uint32_t>(workspace_->cotangents.size());
  workspace_->cotangents.resize(workspace_->cotangents.size() + static_cast<std::size_t>(node.output_count));
}

inline bool Pass::is_needed(const Node& node) const {
  if (!node.is_leaf) return node.marks.run == run_ && node.marks.needed;
  if (all_leaves_) return !static_cast<const Leaf&>(node).retired;
  return workspace_->leaves.find(&node) != nullptr;
}

inline bool Pass::is_still_needed(const Node& producer) const {
  if (!producer.is_leaf && producer.number >= oldest_) check_still_mine(producer);
  return is_needed(producer);
}

inline bool Pass::look_at(Node& producer) {
  if (!producer.is_leaf) {
    // Nothing wanted lies below what is older than all that is wanted.
    if (producer.number >= oldest_) return !is_entered(producer);
    on_others_ |= follow_others_;
  } else if (!all_leaves_) {
    if (LeafTable::Entry* entry = workspace_->leaves.find(&producer))
      entry->reached = true;
    else if (follow_others_ && !Leaf::of(producer).retired)
      on_others_ = true;
  }
  return false;
}

}  // namespace internal
}  // namespace xgrad
