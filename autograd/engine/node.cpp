#include "node.hpp"

#include <bit>

#include "../grad.hpp"
#include "../ops/create.hpp"

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
    check<std::logic_error>(saved.value.defined(), where, "backward: '", node.name, "' recorded at ", node.where,
                            " has handed its values over to a pass that failed. Compute the outputs anew.");
    const Storage& storage = *saved.value.impl()->storage;
    if (storage.version == saved.version) [[likely]]
      continue;
    fail<std::logic_error>(
        where, concat("backward: the values that '", node.name, "' saved at ", node.where,
                      " must be unchanged, but a tensor of shape ", saved.value.shape(), " was overwritten at ",
                      storage.written, ". Write after the backward pass, or compute with a copy."));
  }
}

namespace {

thread_local RecordObserver* record_observer = nullptr;

bool requires_grad(const Tensor& tensor) { return tensor.defined() && tensor.impl()->node; }

void check_inputs(const char* name, SourceLocation where, const Inputs& inputs) {
  for (int i = 0; i < inputs.size(); ++i)
    check<std::logic_error>(inputs[i].defined(), where, name, ": its inputs must be tensors, but input ", i,
                            " is undefined. Leave out an optional one.");
}

void save(Node& node, Tensor value) {
  std::uint32_t version = value.impl()->storage->version;
  node.saved.emplace_back(std::move(value), version);
}

/// Whether the values named in `bits` are all among so many inputs and outputs.
bool are_there(std::uint64_t bits, int inputs, int outputs) {
  constexpr std::uint64_t kInputs = (std::uint64_t{1} << Uses::kMaxInputs) - 1;
  bool inputs_are = inputs >= Uses::kMaxInputs || (bits & kInputs) >> inputs == 0;
  bool outputs_are = outputs >= Uses::kMaxOutputs || bits >> Uses::kMaxInputs >> outputs == 0;
  return inputs_are && outputs_are;
}

/// The node with its edges and saved inputs, or null when there is nothing to record.
Ref<Node> start_recording(const char* name, SourceLocation where, const Inputs& inputs, int outputs,
                          std::initializer_list<Uses> uses, Rule& rule, std::uint64_t& bits) {
  if (!is_recording(inputs)) return {};
  check<std::logic_error>(static_cast<bool>(rule), where, name, ": it must have a rule, but that is empty.");
  check<std::logic_error>(uses.size() <= 1 || static_cast<int>(uses.size()) == inputs.size(), where, name,
                          ": uses must have one entry for all inputs or one for each, but there are ", uses.size(),
                          " for ", inputs.size(), " inputs.");
  Ref<Node> node = Node::make(name, where);
  node->rule = std::move(rule);
  node->edges.reserve(inputs.size());
  bits = 0;
  for (int i = 0; i < inputs.size(); ++i) {
    const TensorImpl& input = *inputs[i].impl();
    node->edges.emplace_back(input.node, input.output);
    if (input.node && uses.size() > 0) bits |= uses.begin()[uses.size() == 1 ? 0 : i].bits();
  }
  check<std::logic_error>(are_there(bits, inputs.size(), outputs), where, name,
                          ": uses must name what is there, but it names more than the ", inputs.size(), " inputs and ",
                          outputs, " outputs.");
  node->saved_bits = bits;
  for (std::uint64_t left = bits & ((std::uint64_t{1} << Uses::kMaxInputs) - 1); left != 0; left &= left - 1)
    save(*node, inputs[std::countr_zero(left)]);
  return node;
}

Tensor view_of(const TensorImpl& impl, const Tensor& tensor) {
  return new_view(tensor, impl.shape, impl.strides, impl.data);
}

void attach_output(Ref<Node> node, const Inputs& inputs, Tensor& output, int k, std::uint64_t bits) {
  // The user's tensors stay what they are: one that is passed through, or was recorded before, gets a second handle.
  bool is_known = static_cast<bool>(output.impl()->node);
  for (int i = 0; i < inputs.size(); ++i) is_known |= inputs[i].is_same(output);
  if (is_known) [[unlikely]]
    output = view_of(*output.impl(), output);
  TensorImpl& impl = *output.impl();
  node->outputs.emplace_back(impl.shape, impl.dtype);
  // A saved output keeps its elements, but not its own node: that would be a cycle.
  if (k < Uses::kMaxOutputs && (bits & Uses::output(k).bits()) != 0) save(*node, view_of(impl, output));
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

Tensor record(const char* name, SourceLocation where, Inputs inputs, Tensor output, std::initializer_list<Uses> uses,
              Rule rule) {
  std::uint64_t bits;
  check<std::logic_error>(output.defined(), where, name, ": its output must be a tensor, but it is undefined.");
  check_inputs(name, where, inputs);
  if (!is_floating(output.impl()->dtype)) return output;
  if (Ref<Node> node = start_recording(name, where, inputs, 1, uses, rule, bits)) {
    attach_output(std::move(node), inputs, output, 0, bits);
    if (record_observer != nullptr) [[unlikely]]
      record_observer->recorded(inputs, {&output, 1});
  }
  return output;
}

std::vector<Tensor> record(const char* name, SourceLocation where, Inputs inputs, std::vector<Tensor> outputs,
                           std::initializer_list<Uses> uses, Rule rule) {
  std::uint64_t bits;
  int count = static_cast<int>(outputs.size());
  for (int k = 0; k < count; ++k)
    check<std::logic_error>(outputs[k].defined(), where, name, ": its outputs must be tensors, but output ", k,
                            " is undefined.");
  check_inputs(name, where, inputs);
  if (Ref<Node> node = start_recording(name, where, inputs, count, uses, rule, bits)) {
    for (int k = 0; k < count; ++k) attach_output(node, inputs, outputs[k], k, bits);
    if (record_observer != nullptr) [[unlikely]]
      record_observer->recorded(inputs, outputs);
  }
  return outputs;
}

// ---- Vjp ----

namespace {

/// Throws std::logic_error unless the operation has this input, or output.
void check_input(const Node& node, int i) {
  check<std::logic_error>(0 <= i && i < node.edges.size(), node.where, node.name, ": its rule asks for input ", i,
                          ", but the operation has ", node.edges.size(), " (counted from 0).");
}
void check_output(const Node& node, int k) {
  check<std::logic_error>(0 <= k && k < node.outputs.size(), node.where, node.name, ": its rule asks for output ", k,
                          ", but the operation has ", node.outputs.size(), " (counted from 0).");
}

/// What the producer of an input knows of it.
const OutputInfo& info_of(const Node& node, int i) {
  check_input(node, i);
  const Edge& edge = node.edges[i];
  check<std::logic_error>(static_cast<bool>(edge.producer), node.where, node.name,
                          ": its rule asks for the shape or dtype of input ", i,
                          ", which needs no gradient. Ask needs() first, or name the input in Uses.");
  return edge.producer->outputs[edge.output];
}

}  // namespace

const Tensor& Vjp::g(int output) {
  check_output(frame_.node, output);
  check<std::logic_error>((frame_.taken >> std::min(output, 63) & 1) == 0, frame_.node.where, frame_.node.name,
                          ": its rule reads the cotangent of output ", output, " after take_g().");
  Tensor& cotangent = frame_.cotangents[output];
  const OutputInfo& info = frame_.node.outputs[output];
  if (!cotangent.defined()) cotangent = zeros(info.shape, {.dtype = info.dtype});
  return cotangent;
}

Tensor Vjp::take_g(int output) {
  g(output);
  if (output < 63) frame_.taken |= std::uint64_t(1) << output;
  return std::move(frame_.cotangents[output]);
}

bool Vjp::has(int output) const {
  check_output(frame_.node, output);
  return frame_.cotangents[output].defined();
}

namespace {
SavedValue* saved_output(Node& node, int k) {
  check_output(node, k);
  SavedValue* saved = find_saved(node, Uses::output(k).bits());
  check<std::logic_error>(saved != nullptr, node.where, node.name, ": its rule reads output ", k,
                          ", which it does not save. Name it in Uses.");
  return saved;
}
}  // namespace

const Tensor& Vjp::input(int i) {
  check_input(frame_.node, i);
  const SavedValue* saved = find_saved(frame_.node, Uses::input(i).bits());
  check<std::logic_error>(saved != nullptr, where(), frame_.node.name, ": its rule reads input ", i,
                          ", which it does not save. Name it in Uses.");
  return saved->value;
}

const Tensor& Vjp::output(int k) {
  const SavedValue* saved = saved_output(frame_.node, k);
  if (!frame_.create_graph) return saved->value;
  frame_.restored.grow(frame_.node.outputs.size());  // all at once: references to them are handed out
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

const Shape& Vjp::shape(int i) const { return info_of(frame_.node, i).shape; }
DType Vjp::dtype(int i) const { return info_of(frame_.node, i).dtype; }

// An operation with more than 64 inputs shares the last bit; it also looks at the edge.
bool Vjp::needs(int i) const {
  if (i < 0 || i >= frame_.node.edges.size()) return false;  // an optional input that was left out
  return (frame_.needs >> (i < 64 ? i : 63) & 1) != 0 && frame_.node.edges[i].producer;
}

void Vjp::give(int i, Tensor cotangent) {
  check_input(frame_.node, i);
  if (!needs(i)) return;
  const Edge& edge = frame_.node.edges[i];
  const OutputInfo& expected = edge.producer->outputs[edge.output];
  bool fits =
      cotangent.defined() && cotangent.impl()->shape == expected.shape && cotangent.impl()->dtype == expected.dtype;
  if (!fits)
    fail<std::logic_error>(
        where(), concat(frame_.node.name, ": the cotangent of input ", i, " must be ", expected.dtype, " ",
                        expected.shape, ", but the rule gave ",
                        cotangent.defined() ? concat(cotangent.dtype(), " ", cotangent.shape()) : "nothing", "."));
  check<std::logic_error>(!frame_.given[i].defined(), where(), frame_.node.name, ": its rule gave input ", i,
                          " two cotangents. Give their sum.");
  frame_.given[i] = std::move(cotangent);
}

bool Vjp::creates_graph() const { return frame_.create_graph; }
SourceLocation Vjp::where() const { return frame_.node.where; }

}  // namespace xgrad
