#include "backward.hpp"

#include <algorithm>

#include "../grad_mode.hpp"
#include "observer.hpp"
#include "sum.hpp"

namespace xgrad XGRAD_API {
namespace internal {

void Backward::enter(Node& node) {
  check_not_freed(node);
  mark(node);
  workspace_->path.push_back({&node, 0});
}

// A node is left after all below it, so it is then known whether it is needed.
void Backward::leave(Node& node) {
  bool below = false;
  for (const Edge& edge : node.edges()) {
    if (!edge.producer || !is_needed(*edge.producer)) continue;
    below = true;
    if (!edge.producer->is_leaf) ++edge.producer->marks.pending;
  }
  if (!below) return;
  node.marks.needed = 1;
  check_saved_versions(node, where_);
}

// Depth first, without recursion: a chain of a million nodes must not fill the call stack.
void Backward::discover(std::span<const Tensor> outputs) {
  auto& path = workspace_->path;
  for (const Tensor& output : outputs) {
    if (Node& root = *output.impl()->node; look_at(root)) enter(root);
    while (!path.empty()) {
      auto& [node, next] = path.back();
      if (next < node->edge_count) {
        Node* producer = node->edges()[next++].producer.get();
        if (producer != nullptr && look_at(*producer)) enter(*producer);
      } else {
        Node& done = *node;
        path.pop_back();
        leave(done);
      }
    }
  }
  if (depends_on_others()) create_graph_ = retain_graph_ = true;
}

void Backward::run(std::span<const Tensor> outputs, std::span<const Tensor> cotangents) {
  GradMode mode(create_graph_);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    TensorImpl& output = *outputs[i].impl();
    if (!is_needed(*output.node)) continue;
    try {
      deliver(*output.node, output.output, cotangents.empty() ? filled(output.shape, output.dtype, 1) : cotangents[i]);
    } catch (const OutOfMemory& error) {
      error.pass_on(output.node->name, "its own cotangent", output.node->where);
    }
  }
  for (const Tensor& output : outputs) {
    const Ref<Node>& node = output.impl()->node;
    if (node->is_leaf || !is_needed(*node) || node->marks.pending != 0) continue;
    node->marks.pending = -1;  // an output named twice starts once
    workspace_->ready.push_back(node);
  }
  while (!workspace_->ready.empty()) {
    Ref<Node> node = std::move(workspace_->ready.back());
    workspace_->ready.pop_back();
    try {
      process(*node);
    } catch (const OutOfMemory& error) {
      error.pass_on(node->name, "its cotangents", node->where);
    }
  }
  for (auto& entry : workspace_->leaves)
    if (entry.node->extras && entry.sum.defined()) run_hooks(*entry.node, &entry.sum);
}

/// Adds to what has come for an output of a node that is needed.
void Backward::deliver(Node& producer, int output, Tensor cotangent) {
  Tensor& sum = producer.is_leaf ? workspace_->leaves.insert(Leaf::of(producer)).sum : cotangents_of(producer)[output];
  if (observer != nullptr && sum.defined()) [[unlikely]] {
    const Tensor before = sum, added = cotangent;  // held, so that neither is written over
    accumulate(sum, std::move(cotangent), create_graph_);
    return observer->summed(producer, before, added, sum);
  }
  accumulate(sum, std::move(cotangent), create_graph_);
}

void Backward::process(Node& node) {
  Tensor* cotangents = cotangents_of(node);
  before_rule(node, cotangents);
  VjpFrame frame{.pass = this,
                 .node = node,
                 .cotangents = cotangents,
                 .create_graph = create_graph_,
                 .retain_graph = retain_graph_};
  for (int i = 0; i < node.edge_count; ++i) {
    Node* producer = node.edges()[i].producer.get();
    if (producer == nullptr || !is_still_needed(*producer)) continue;
    frame.needs |= std::uint64_t{1} << std::min(i, 63);
  }
  if (frame.needs != 0) {
    frame.given.grow(node.edge_count);
    call_rule(frame);
  }
  // Let go of first, so that a buffer the rule merely passed on is the receiver's own.
  for (int k = 0; k < node.output_count; ++k) cotangents[k] = Tensor();
  frame.restored.clear();
  if (frame.needs == 0) return;
  if (!retain_graph_) {
    // Used up from here on, even if an error keeps the edges from being followed to the end.
    node.freed = true;
    node.drop_saved();
  }
  for (int i = 0; i < node.edge_count; ++i) {
    Edge& edge = node.edges()[i];
    if (!edge.producer || !is_needed(*edge.producer)) continue;
    if (frame.given[i].defined()) deliver(*edge.producer, edge.output, std::move(frame.given[i]));
    if (edge.producer->is_leaf || --edge.producer->marks.pending > 0) continue;
    workspace_->ready.push_back(retain_graph_ ? edge.producer : std::move(edge.producer));
  }
  if (!retain_graph_) node.free_graph();
}

PulledBack pull_back(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                     std::span<const Tensor> cotangents, PassOptions options, SourceLocation where) {
  std::vector<Tensor> kept_outputs, kept_cotangents;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    kept_outputs.push_back(outputs[i]);
    kept_cotangents.push_back(cotangents[i]);
  }
  if (kept_outputs.empty()) {
    PulledBack nothing;
    for (const Tensor& input : inputs) nothing.gradients.push_back(filled(input.impl()->shape, input.impl()->dtype, 0));
    return nothing;
  }
  Backward pass(options, where);
  pass.want(inputs);
  pass.discover(kept_outputs);
  pass.run(kept_outputs, kept_cotangents);
  return {pass.take_results(true), pass.depends_on_others(), pass.creates_graph()};
}

}  // namespace internal
}  // namespace xgrad
