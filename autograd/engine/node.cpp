#include "node.hpp"

#include <algorithm>
#include <bit>

#include "../grad_mode.hpp"

namespace xgrad XGRAD_API {
namespace internal {

namespace {

// Nodes are numbered by a clock of the thread, which runs ahead of all nodes it has seen: so numbers grow along every
// path of the graph, and with time on one thread, without an atomic counter.
thread_local std::uint64_t clock = 0;

}  // namespace

static_assert(sizeof(PassMarks) == 16 && sizeof(OutputInfo) == 8);
// An add of two matrices, its rule with a flag: 168 of the 192 bytes that its block has.
static_assert(sizeof(Node) + 8 + 2 * sizeof(Edge) + sizeof(OutputInfo) + 2 * sizeof(std::int64_t) <= 192);

template <class N, class OutputAt>
N* Node::allocate(const char* name, SourceLocation where, std::size_t captures, int edges, int saved,
                  std::size_t outputs, const OutputAt& output_at) {
  static_assert(sizeof(N) % alignof(Edge) == 0 && sizeof(N) % alignof(SavedValue) == 0);
  std::size_t extents = 0;
  for (std::size_t k = 0; k < outputs; ++k) extents += static_cast<std::size_t>(output_at(k)->shape.ndim());
  std::size_t edges_at = sizeof(N) + outputs * sizeof(OutputInfo) + extents * sizeof(std::int64_t);
  if (captures > 0) edges_at = rounded(edges_at, alignof(std::max_align_t)) + rounded(captures);
  std::size_t bytes = edges_at + edges * sizeof(Edge) + saved * sizeof(SavedValue);
  N* node = new (allocate_block_for(name, "a graph node", bytes, where)) N;
  node->block_bytes = static_cast<std::uint32_t>(bytes);
  node->name = name;
  node->where = CallSite::or_else(where);
  node->edges_at = static_cast<std::uint32_t>(edges_at);
  node->is_leaf = std::is_same_v<N, Leaf>;
  node->edge_count = edges;
  node->saved_count = static_cast<std::uint8_t>(saved);
  node->output_count = static_cast<std::int32_t>(outputs);
  std::int64_t* to = node->extents();
  std::int32_t first = 0;
  for (std::size_t k = 0; k < outputs; ++k) {
    const Shape& shape = output_at(k)->shape;
    new (&node->output(static_cast<int>(k)))
        OutputInfo{first, static_cast<std::int8_t>(shape.ndim()), output_at(k)->dtype};
    for (std::int64_t extent : shape) to[first++] = extent;
  }
  count_node(1);
  return node;
}

Ref<Node> Node::make(const char* name, SourceLocation where, const Inputs& inputs, std::span<const Tensor> outputs,
                     std::uint64_t saved_bits, Rule& rule) {
  Node* node = allocate<Node>(name, where, rule.bytes(), inputs.size(), std::popcount(saved_bits), outputs.size(),
                              [outputs](std::size_t k) { return outputs[k].impl(); });
  node->rule = rule.move_to(node->at<void>(node->edges_at - rounded(rule.bytes())));
  node->saved_bits = saved_bits;
  std::uint64_t number = clock;
  Edge* edge = node->edges().data();
  for (int i = 0; i < inputs.size(); ++i) {
    const TensorImpl& input = *inputs[i].impl();
    new (edge++) Edge{input.node, input.output};
    if (input.node) number = std::max(number, input.node->number);
  }
  node->number = clock = number + 1;
  SavedValue* slot = node->saved().data();
  for (std::uint64_t left = saved_bits; left != 0; left &= left - 1) {
    int bit = std::countr_zero(left);
    if (bit < Uses::kMaxInputs)
      new (slot++) SavedValue{inputs[bit], inputs[bit].impl()->storage->version};
    else
      new (slot++) SavedValue();
  }
  return Ref<Node>::adopt(node);
}

Ref<Node> Leaf::make(const Shape& shape, DType dtype) {
  TensorImpl like;
  like.shape = shape;
  like.dtype = dtype;
  Leaf* leaf = allocate<Leaf>("leaf", {}, 0, 0, 0, 1, [&like](std::size_t) { return &like; });
  leaf->number = ++clock;
  return Ref<Node>::adopt(leaf);
}

// Destroying a node lets its producers go, and with them whole chains. The nodes that fall meanwhile wait in
// a list rather than on the call stack, so a graph of any depth is freed with a few frames.
void Node::destroy(Node* node) {
  static thread_local Node* waiting = nullptr;
  static thread_local bool busy = false;
  node->next_dying = waiting;
  waiting = node;
  if (busy) return;
  busy = true;
  while (waiting != nullptr) {
    Node* dying = waiting;
    waiting = dying->next_dying;
    std::size_t bytes = dying->block_bytes;
    if (dying->is_leaf)
      static_cast<Leaf*>(dying)->~Leaf();
    else
      dying->~Node();
    free_block(dying, bytes);
    count_node(-1);
  }
  busy = false;
}

Node::~Node() {
  for (SavedValue& value : saved()) value.~SavedValue();
  for (Edge& edge : edges()) edge.~Edge();
  drop_rule();
}

NodeExtras& Node::need_extras() {
  if (!extras) extras = std::make_unique<NodeExtras>();
  return *extras;
}

void Node::free_graph() {
  freed = true;
  drop_rule();
  drop_saved();
  for (Edge& edge : edges()) edge.producer = {};
}

std::vector<Tensor> run_rule(Node& node, std::vector<Tensor> cotangents, bool create_graph) {
  GradMode mode(create_graph);
  VjpFrame frame{.pass = nullptr,
                 .node = node,
                 .cotangents = cotangents.data(),
                 .create_graph = create_graph,
                 .retain_graph = true};
  for (int i = 0; i < node.edge_count; ++i)
    if (node.edges()[i].producer) frame.needs |= std::uint64_t{1} << std::min(i, 63);
  frame.given.grow(node.edge_count);
  Vjp vjp(frame);
  node.run_rule(vjp);
  std::vector<Tensor> given;
  for (Tensor& cotangent : frame.given) given.push_back(std::move(cotangent));
  return given;
}

SavedValue* find_saved(Node& node, std::uint64_t bit) {
  if ((node.saved_bits & bit) == 0) return nullptr;
  return &node.saved()[std::popcount(node.saved_bits & (bit - 1))];
}

void check_saved_versions(const Node& node, SourceLocation where) {
  if (node.saved_bits == 0) return;
  for (const SavedValue& saved : node.saved()) {
    check<std::logic_error>(
        saved.value.defined(), where, "backward: '", node.name, "' recorded at ", node.where,
        " must hold the values that it saved, but it has handed them over to a pass that failed. Compute the "
        "outputs anew.");
    const Storage& storage = *saved.value.impl()->storage;
    if (storage.version == saved.version) [[likely]]
      continue;
    fail<std::logic_error>(
        where, concat("backward: the values that '", node.name, "' saved at ", node.where,
                      " must be unchanged, but a tensor of shape ", saved.value.shape(), " was overwritten at ",
                      storage.written, ". Write after the backward pass, or compute with a copy."));
  }
}

}  // namespace internal
}  // namespace xgrad
