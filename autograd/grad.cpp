#include "grad.hpp"

#include <atomic>
#include <bit>
#include <memory>

#include "engine/leaf_table.hpp"
#include "engine/node.hpp"
#include "kernels/elementwise.hpp"
#include "ops/create.hpp"
#include "ops/elementwise.hpp"

namespace xgrad {

using namespace internal;

namespace {

// Numbers the passes, so that the marks a pass leaves on nodes need no clearing.
std::atomic<std::uint64_t> last_run{0};

/// Adds g to what has come so far, in a buffer that nobody else sees where there is one.
void accumulate(Tensor& sum, Tensor g, bool create_graph) {
  if (!sum.defined()) {
    sum = std::move(g);
  } else if (create_graph) {
    sum = sum + g;
  } else if (owns_elements(sum)) {
    add_into(sum, g);
  } else if (owns_elements(g)) {
    add_into(g, sum);
    sum = std::move(g);
  } else {
    sum = sum + g;
  }
}

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
  std::vector<Visit> path;
  std::vector<Ref<Node>> ready;
  std::vector<Tensor> cotangents;
  std::vector<Retained> retained;
  LeafTable leaves;

  void clear() {
    path.clear();
    ready.clear();
    cotangents.clear();
    retained.clear();
    leaves.clear();
  }
};
thread_local std::unique_ptr<Workspace> spare_workspace;

// Whether a pass is under way on this thread: one that starts meanwhile was started by a hook or a rule.
thread_local bool is_running = false;

/// The marks of a pass on a node, put aside while a pass inside of that one goes through the node.
struct Marks {
  explicit Marks(Node& node)
      : node(Ref<Node>::share(&node)),
        needed(node.needed),
        pending(node.pending),
        slot(node.slot),
        run(node.run),
        wanted_run(node.wanted_run) {}
  void put_back() const {
    node->needed = needed;
    node->pending = pending;
    node->slot = slot;
    node->run = run;
    node->wanted_run = wanted_run;
  }

  Ref<Node> node;
  bool needed;
  int pending;
  int slot;
  std::uint64_t run;
  std::uint64_t wanted_run;
};

/// A tensor whose gradient was asked for. Hooks may reassign the handle by which it was named.
struct Wanted {
  Ref<Node> node;
  int output;
};

}  // namespace

namespace internal {

/// One pass: find what is reachable and needed, run the rules in an order by use counts, hand out the
/// gradients.
class Backward {
 public:
  Backward(bool create_graph, bool retain_graph, SourceLocation where)
      : create_graph_(create_graph),
        retain_graph_(retain_graph || create_graph),
        where_(where),
        run_(++last_run),
        workspace_(spare_workspace ? std::move(spare_workspace) : std::make_unique<Workspace>()),
        is_nested_(std::exchange(is_running, true)) {}

  ~Backward() {
    is_running = is_nested_;
    while (!displaced_.empty()) {
      displaced_.back().put_back();
      displaced_.pop_back();
    }
    workspace_->clear();
    spare_workspace = std::move(workspace_);
  }

  /// Asks for the gradients of these tensors alone. Without it, those of all leaves.
  void want(std::span<const Tensor> inputs) {
    all_leaves_ = false;
    wanted_.reserve(inputs.size());
    results_.resize(inputs.size());
    for (const Tensor& input : inputs) {
      Node& node = *input.impl()->node;
      wanted_.push_back({input.impl()->node, input.impl()->output});
      if (node.is_leaf) {
        workspace_->leaves.insert(&node);
      } else {
        put_aside(node);
        node.wanted_run = run_;
      }
    }
  }

  void run(std::span<const Tensor> outputs, std::span<const Tensor> cotangents) {
    for (const Tensor& output : outputs) discover(output.impl()->node.get());
    GradMode mode(create_graph_);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      TensorImpl& output = *outputs[i].impl();
      Tensor seed = cotangents.empty() ? ones(output.shape, {.dtype = output.dtype}) : cotangents[i];
      deliver(*output.node, output.output, std::move(seed));
    }
    for (const Tensor& output : outputs) {
      const Ref<Node>& node = output.impl()->node;
      if (node->is_leaf || !node->needed || node->pending != 0) continue;
      node->pending = -1;  // an output named twice starts once
      workspace_->ready.push_back(node);
    }
    while (!workspace_->ready.empty()) {
      Ref<Node> node = std::move(workspace_->ready.back());
      workspace_->ready.pop_back();
      process(*node);
    }
    for (auto& [leaf, sum] : workspace_->leaves)
      if (leaf->extras && sum.defined()) run_hooks(*leaf, &sum);
  }

  /// Adds the gradients of leaves, and of tensors that retain theirs, to their Tensor::grad().
  void store() {
    GradMode mode(create_graph_);
    for (auto& [leaf, sum] : workspace_->leaves)
      if (sum.defined()) store(leaf->grad, std::move(sum));
    for (auto& [node, output, gradient] : workspace_->retained)
      store(node->extras->retained[output], std::move(gradient));
  }

  /// Where the cotangents of what an edge leads to are added up, if something has come and nobody else can see it.
  Tensor* sum_so_far(const Edge& edge) {
    if (create_graph_) return nullptr;
    Node& producer = *edge.producer;
    Tensor* sum =
        producer.is_leaf ? workspace_->leaves.find(&producer) : &workspace_->cotangents[producer.slot + edge.output];
    return sum != nullptr && sum->defined() && owns_elements(*sum) ? sum : nullptr;
  }

  /// The gradients of the tensors wanted, undefined where no output depends on one.
  std::vector<Tensor> take_results() {
    for (std::size_t i = 0; i < wanted_.size(); ++i)
      if (const Ref<Node>& node = wanted_[i].node; node->is_leaf) results_[i] = *workspace_->leaves.find(node.get());
    return std::move(results_);
  }

 private:
  /// Keeps what another pass that is under way has marked on the node.
  void put_aside(Node& node) {
    if (is_nested_) [[unlikely]]
      displaced_.emplace_back(node);
  }

  /// `gradient` may be the caller's cotangent or a view.
  void store(Tensor& to, Tensor gradient) {
    // What a gradient shares with others must not change under them when it is added to later.
    bool shared = !create_graph_ && !to.defined() && !owns_elements(gradient);
    accumulate(to, shared ? copy(gradient) : std::move(gradient), create_graph_);
  }

  void check_not_freed(const Node& node) const {
    if (!node.freed) [[likely]]
      return;
    // The gradient of a freed node's output itself needs nothing of what was freed.
    check<std::logic_error>(
        node.wanted_run == run_ && wanted_.size() == 1, where_, "backward: the graph must not be used up, but '",
        node.name, "' (recorded at ", node.where,
        ") was freed by an earlier backward pass. Give that pass {.retain_graph = true}, or detach() here.");
  }

  bool is_needed(const Node& node) const {
    if (node.is_leaf) return all_leaves_ || workspace_->leaves.find(&node) != nullptr;
    return node.run == run_ && node.needed;
  }

  void enter(Node* node) {
    check_not_freed(*node);
    put_aside(*node);
    node->run = run_;
    node->needed = node->wanted_run == run_;
    node->pending = 0;
    node->slot = static_cast<int>(workspace_->cotangents.size());
    workspace_->cotangents.resize(workspace_->cotangents.size() + node->outputs.size());
    workspace_->path.push_back({node, 0});
  }

  /// Depth first without recursion. A node is left after all below it, so it is then known whether it is
  /// needed.
  void discover(Node* root) {
    if (root->is_leaf || root->run == run_) return;
    enter(root);
    auto& path = workspace_->path;
    while (!path.empty()) {
      auto& [node, next] = path.back();
      if (next < node->edges.size()) {
        Node* producer = node->edges[next++].producer.get();
        if (producer != nullptr && !producer->is_leaf && producer->run != run_) enter(producer);
        continue;
      }
      Node* done = node;
      path.pop_back();
      bool below = false;
      for (const Edge& edge : done->edges) {
        if (!edge.producer || !is_needed(*edge.producer)) continue;
        below = true;
        if (!edge.producer->is_leaf) ++edge.producer->pending;
      }
      done->needed |= below;
      if (below) check_saved_versions(*done, where_);
    }
  }

  void deliver(Node& producer, int output, Tensor cotangent) {
    if (producer.is_leaf) {
      if (Tensor* sum = all_leaves_ ? &workspace_->leaves.insert(&producer) : workspace_->leaves.find(&producer))
        accumulate(*sum, std::move(cotangent), create_graph_);
    } else if (producer.needed) {
      accumulate(workspace_->cotangents[producer.slot + output], std::move(cotangent), create_graph_);
    }
  }

  void check_still_mine(const Node& node) const {
    check<std::logic_error>(node.run == run_, where_, "backward: the graph was changed by another pass through '",
                            node.name, "' while this one ran. Separate threads need separate graphs.");
  }

  void process(Node& node) {
    check_still_mine(node);
    Tensor* cotangents = &workspace_->cotangents[node.slot];
    if (node.extras) run_hooks(node, cotangents);
    // Hooks and rules may have gone through the graph themselves, and hooks may have written to values.
    check_not_freed(node);
    if (hooks_ran_) check_saved_versions(node, where_);
    if (node.wanted_run == run_) collect_wanted(node, cotangents);

    VjpFrame frame{.pass = this,
                   .node = node,
                   .cotangents = cotangents,
                   .needs = 0,
                   .create_graph = create_graph_,
                   .retain_graph = retain_graph_,
                   .given = {},
                   .restored = {}};
    bool below = false;
    for (int i = 0; i < node.edges.size(); ++i) {
      Node* producer = node.edges[i].producer.get();
      if (producer == nullptr) continue;
      if (!producer->is_leaf) check_still_mine(*producer);
      if (!is_needed(*producer)) continue;
      frame.needs |= std::uint64_t{1} << std::min(i, 63);
      below = true;
    }
    if (below) {
      frame.given.grow(node.edges.size());
      bool reached = false;
      for (int k = 0; k < node.outputs.size(); ++k) reached |= cotangents[k].defined();
      if (reached) {
        Vjp vjp(frame);
        node.rule(vjp);
      }
    }
    // Let go of first, so that a buffer the rule merely passed on is the receiver's own.
    for (int k = 0; k < node.outputs.size(); ++k) workspace_->cotangents[node.slot + k] = Tensor();
    frame.restored.clear();
    if (!below) return;
    if (!retain_graph_) {
      // Used up from here on, even if an error keeps the edges from being followed to the end.
      node.freed = true;
      node.saved.clear();
    }
    for (int i = 0; i < node.edges.size(); ++i) {
      Edge& edge = node.edges[i];
      if (!edge.producer || !is_needed(*edge.producer)) continue;
      if (frame.given[i].defined()) deliver(*edge.producer, edge.output, std::move(frame.given[i]));
      if (edge.producer->is_leaf || --edge.producer->pending > 0) continue;
      workspace_->ready.push_back(retain_graph_ ? edge.producer : std::move(edge.producer));
    }
    if (!retain_graph_) node.free_graph();
  }

  void run_hooks(Node& node, Tensor* cotangents) {
    // By index and from a copy of the handle: a hook may add hooks.
    for (std::size_t i = 0; i < node.extras->hooks.size(); ++i) {
      auto hook = node.extras->hooks[i];
      Tensor& cotangent = cotangents[hook.output];
      if (!cotangent.defined()) continue;
      hooks_ran_ = true;
      Tensor replaced = hook.function(cotangent);
      if (!replaced.defined()) continue;
      check<std::logic_error>(replaced.shape() == cotangent.shape() && replaced.dtype() == cotangent.dtype(), where_,
                              "backward: a hook's result must be ", cotangent.dtype(), " ", cotangent.shape(),
                              " as the gradient it replaces, but it is ", replaced.dtype(), " ", replaced.shape(), ".");
      cotangent = std::move(replaced);
    }
    auto& retains = node.extras->retains;
    for (std::size_t k = 0; all_leaves_ && k < retains.size(); ++k)
      if (retains[k] && cotangents[k].defined())
        workspace_->retained.push_back({Ref<Node>::share(&node), k, cotangents[k]});
  }

  void collect_wanted(Node& node, Tensor* cotangents) {
    for (std::size_t i = 0; i < wanted_.size(); ++i)
      if (wanted_[i].node.get() == &node) results_[i] = cotangents[wanted_[i].output];
  }

  bool create_graph_;
  bool retain_graph_;
  bool all_leaves_ = true;
  bool hooks_ran_ = false;
  SourceLocation where_;
  std::uint64_t run_;
  std::unique_ptr<Workspace> workspace_;
  bool is_nested_;                // inside of another pass of this thread
  std::vector<Marks> displaced_;  // of the passes around this one
  std::vector<Wanted> wanted_;
  std::vector<Tensor> results_;
};

}  // namespace internal

Tensor* Vjp::sum_so_far(int i) {
  return frame_.pass != nullptr && needs(i) ? frame_.pass->sum_so_far(frame_.node.edges[i]) : nullptr;
}

namespace {

void check_outputs(const char* operation, std::span<const Tensor> outputs, std::span<const Tensor> cotangents,
                   SourceLocation where) {
  check(!outputs.empty(), where, operation, ": at least one output is needed.");
  check(cotangents.empty() || cotangents.size() == outputs.size(), where, operation, ": there must be one cotangent ",
        "for each output, but there are ", cotangents.size(), " for ", outputs.size(), " outputs.");
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& output = outputs[i];
    check(output.defined(), where, operation, ": the output must be defined.");
    check<std::logic_error>(
        output.requires_grad(), where, operation,
        ": the output must depend on a tensor that requires a gradient, but it does not. Call "
        "set_requires_grad() on a variable before computing with it, outside of NoGrad. A gradient that is "
        "differentiated in turn is taken with {.create_graph = true}.");
    if (cotangents.empty()) {
      check(output.numel() == 1, where, operation, ": the output must have one element, but its shape is ",
            output.shape(), ". Reduce it with sum() or mean(), or pass a cotangent of that shape.");
    } else {
      const Tensor& cotangent = cotangents[i];
      check(cotangent.defined(), where, operation, ": the cotangent must be ", output.dtype(), " ", output.shape(),
            " as its output, but it is undefined.");
      check(cotangent.shape() == output.shape() && cotangent.dtype() == output.dtype(), where, operation,
            ": the cotangent must be ", output.dtype(), " ", output.shape(), " as its output, but it is ",
            cotangent.dtype(), " ", cotangent.shape(), ".");
    }
  }
}

}  // namespace

std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> cotangents, GradOptions options, SourceLocation where) {
  check_outputs("grad", outputs, cotangents, where);
  for (const Tensor& input : inputs) {
    check(input.defined(), where, "grad: the input must be defined.");
    check<std::logic_error>(input.requires_grad(), where, "grad: the input must require a gradient, but a ",
                            input.dtype(), " tensor of shape ", input.shape(), " does not. Call set_requires_grad().");
  }
  Backward pass(options.create_graph, options.retain_graph, where);
  pass.want(inputs);
  pass.run(outputs, cotangents);
  std::vector<Tensor> results = pass.take_results();
  for (std::size_t i = 0; i < results.size() && !options.allow_unused; ++i) {
    if (results[i].defined()) [[likely]]
      continue;
    std::string shape = inputs[i].defined() ? concat(" of shape ", inputs[i].shape()) : "";
    fail<std::logic_error>(where, concat("grad: the outputs must depend on each input, but not on input ", i, shape,
                                         ". Pass {.allow_unused = true} for an undefined gradient."));
  }
  return results;
}

Tensor grad(const Tensor& output, const Tensor& input, GradOptions options, SourceLocation where) {
  return std::move(grad(std::span(&output, 1), std::span(&input, 1), {}, options, where)[0]);
}

std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs, GradOptions options,
                         SourceLocation where) {
  return grad(std::span(&output, 1), std::span(inputs), {}, options, where);
}

void backward(std::span<const Tensor> outputs, std::span<const Tensor> cotangents, BackwardOptions options,
              SourceLocation where) {
  check_outputs("backward", outputs, cotangents, where);
  Backward pass(options.create_graph, options.retain_graph, where);
  pass.run(outputs, cotangents);
  pass.store();
}

}  // namespace xgrad
