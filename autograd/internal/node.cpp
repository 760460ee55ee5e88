#include "autograd/internal/node.hpp"

#include <bit>

#include "autograd/grad.hpp"
#include "autograd/ops/create.hpp"

namespace xgrad {
namespace internal {

Ref<Node> Node::make(const char* name, SourceLocation where) {
  Node* node = new (allocate_block(sizeof(Node))) Node;
  node->name = name;
  node->where = CallSite::or_else(where);
  count_node(1);
  return Ref<Node>::adopt(node);
}

Ref<Node> Node::make_leaf(const Shape& shape, DType dtype) {
  Ref<Node> node = make("leaf", {});
  node->is_leaf = true;
  node->outputs.emplace_back(shape, dtype);
  return node;
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
    dying->~Node();
    free_block(dying, sizeof(Node));
    count_node(-1);
  }
  busy = false;
}

NodeExtras& Node::need_extras() {
  if (!extras) extras = std::make_unique<NodeExtras>();
  return *extras;
}

void Node::free_graph() {
  freed = true;
  rule.clear();
  saved.clear();
  saved_bits = 0;
  edges.clear();
}

SavedValue* find_saved(Node& node, std::uint64_t bit) {
  if ((node.saved_bits & bit) == 0) return nullptr;
  return &node.saved[std::popcount(node.saved_bits & (bit - 1))];
}

void check_saved_versions(const Node& node, SourceLocation where) {
  for (const SavedValue& saved : node.saved) {
    check<std::logic_error>(saved.value.defined(), where, "backward: '", node.name, "' recorded at ",
                            node.where,
                            " has handed its values over to a pass that failed. Compute the outputs anew.");
    const Storage& storage = *saved.value.impl()->storage;
    if (storage.version == saved.version) [[likely]]
      continue;
    fail<std::logic_error>(where, concat("backward: the values that '", node.name, "' saved at ", node.where,
                                         " must be unchanged, but a tensor of shape ", saved.value.shape(),
                                         " was overwritten at ", storage.written,
                                         ". Write after the backward pass, or compute with a copy."));
  }
}

namespace {

thread_local RecordObserver* record_observer = nullptr;

bool requires_grad(const Tensor& tensor) { return static_cast<bool>(tensor.impl()->node); }

void save(Node& node, Tensor value) {
  std::uint32_t version = value.impl()->storage->version;
  node.saved.emplace_back(std::move(value), version);
}

/// The node with its edges and saved inputs, or null when there is nothing to record.
Ref<Node> start_recording(const char* name, SourceLocation where, const Inputs& inputs,
                          std::initializer_list<Uses> uses, Rule& rule, std::uint64_t& bits) {
  if (!is_recording(inputs)) return {};
  Ref<Node> node = Node::make(name, where);
  node->rule = std::move(rule);
  node->edges.reserve(inputs.size());
  bits = 0;
  for (int i = 0; i < inputs.size(); ++i) {
    const TensorImpl& input = *inputs[i].impl();
    node->edges.emplace_back(input.node, input.output);
    if (input.node && uses.size() > 0) bits |= uses.begin()[uses.size() == 1 ? 0 : i].bits();
  }
  node->saved_bits = bits;
  for (std::uint64_t left = bits & ((std::uint64_t{1} << Uses::kMaxInputs) - 1); left != 0; left &= left - 1)
    save(*node, inputs[std::countr_zero(left)]);
  return node;
}

void attach_output(Ref<Node> node, Tensor& output, int k, std::uint64_t bits) {
  TensorImpl& impl = *output.impl();
  node->outputs.emplace_back(impl.shape, impl.dtype);
  // A saved output keeps its elements, but not its own node: that would be a cycle.
  if ((bits & Uses::output(k).bits()) != 0)
    save(*node, new_view(output, impl.shape, impl.strides, impl.data));
  if (!is_floating(impl.dtype)) return;
  impl.node = std::move(node);
  impl.output = k;
}

}  // namespace

RecordObserver::RecordObserver() : previous_(std::exchange(record_observer, this)) {}
RecordObserver::~RecordObserver() { record_observer = previous_; }

}  // namespace internal

using namespace internal;

bool is_recording(Inputs inputs) {
  bool any = false;
  for (int i = 0; i < inputs.size(); ++i) any |= requires_grad(inputs[i]);
  return any && grad_enabled();
}

Tensor record(const char* name, SourceLocation where, Inputs inputs, Tensor output,
              std::initializer_list<Uses> uses, Rule rule) {
  std::uint64_t bits;
  if (!is_floating(output.dtype())) return output;
  if (Ref<Node> node = start_recording(name, where, inputs, uses, rule, bits)) {
    attach_output(std::move(node), output, 0, bits);
    if (record_observer != nullptr) [[unlikely]]
      record_observer->recorded(inputs, {&output, 1});
  }
  return output;
}

std::vector<Tensor> record(const char* name, SourceLocation where, Inputs inputs, std::vector<Tensor> outputs,
                           std::initializer_list<Uses> uses, Rule rule) {
  std::uint64_t bits;
  if (Ref<Node> node = start_recording(name, where, inputs, uses, rule, bits)) {
    for (int k = 0; k < static_cast<int>(outputs.size()); ++k) attach_output(node, outputs[k], k, bits);
    if (record_observer != nullptr) [[unlikely]]
      record_observer->recorded(inputs, outputs);
  }
  return outputs;
}

// ---- Vjp ----

const Tensor& Vjp::g(int output) {
  Tensor& cotangent = frame_.cotangents[output];
  const OutputInfo& info = frame_.node.outputs[output];
  if (!cotangent.defined()) cotangent = zeros(info.shape, {.dtype = info.dtype});
  return cotangent;
}

Tensor Vjp::take_g(int output) {
  g(output);
  return std::move(frame_.cotangents[output]);
}

bool Vjp::has(int output) const { return frame_.cotangents[output].defined(); }

namespace {
SavedValue* saved_output(Node& node, int k) {
  SavedValue* saved = find_saved(node, Uses::output(k).bits());
  check<std::logic_error>(saved != nullptr, node.where, node.name, ": its rule reads output ", k,
                          ", which it does not save. Name it in Uses.");
  return saved;
}
}  // namespace

const Tensor& Vjp::input(int i) {
  const SavedValue* saved = find_saved(frame_.node, Uses::input(i).bits());
  check<std::logic_error>(saved != nullptr, where(), frame_.node.name, ": its rule reads input ", i,
                          ", which it does not save. Name it in Uses.");
  return saved->value;
}

const Tensor& Vjp::output(int k) {
  const SavedValue* saved = saved_output(frame_.node, k);
  if (!frame_.create_graph) return saved->value;
  frame_.restored.grow(k + 1);
  Tensor& restored = frame_.restored[k];
  if (!restored.defined()) {
    const TensorImpl& impl = *saved->value.impl();
    restored = new_view(saved->value, impl.shape, impl.strides, impl.data);
    restored.impl()->node = Ref<Node>::share(&frame_.node);
    restored.impl()->output = k;
  }
  return restored;
}

Tensor Vjp::take_output(int k) {
  SavedValue* saved = saved_output(frame_.node, k);
  return frame_.retain_graph ? saved->value : std::move(saved->value);
}

const Shape& Vjp::shape(int i) const {
  const Edge& edge = frame_.node.edges[i];
  return edge.producer->outputs[edge.output].shape;
}

DType Vjp::dtype(int i) const {
  const Edge& edge = frame_.node.edges[i];
  return edge.producer->outputs[edge.output].dtype;
}

// An operation with more than 64 inputs shares the last bit; it also looks at the edge.
bool Vjp::needs(int i) const {
  return (frame_.needs >> (i < 64 ? i : 63) & 1) != 0 && frame_.node.edges[i].producer;
}

void Vjp::give(int i, Tensor cotangent) {
  if (!needs(i)) return;
  const Edge& edge = frame_.node.edges[i];
  const OutputInfo& expected = edge.producer->outputs[edge.output];
  bool fits = cotangent.defined() && cotangent.impl()->shape == expected.shape &&
              cotangent.impl()->dtype == expected.dtype;
  if (!fits)
    fail<std::logic_error>(
        where(),
        concat(frame_.node.name, ": the cotangent of input ", i, " must be ", expected.dtype, " ",
               expected.shape, ", but the rule gave ",
               cotangent.defined() ? concat(cotangent.dtype(), " ", cotangent.shape()) : "nothing", "."));
  frame_.given[i] = std::move(cotangent);
}

bool Vjp::creates_graph() const { return frame_.create_graph; }
SourceLocation Vjp::where() const { return frame_.node.where; }

}  // namespace xgrad
