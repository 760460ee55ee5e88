#include "rule.hpp"

#include <algorithm>

#include "engine/node.hpp"
#include "engine/pass.hpp"
#include "engine/sum.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// Throws std::logic_error unless the operation has this input, or output.
void check_input(const Node& node, int i) {
  check<std::logic_error>(0 <= i && i < node.edge_count, node.where, node.name, ": its rule must ask for inputs below ",
                          node.edge_count, ", counted from 0, but it asks for input ", i, ".");
}
void check_output(const Node& node, int k) {
  check<std::logic_error>(0 <= k && k < node.output_count, node.where, node.name,
                          ": its rule must ask for outputs below ", node.output_count,
                          ", counted from 0, but it asks for output ", k, ".");
}

/// The edge to the producer of an input, which knows its shape and dtype.
const Edge& edge_of(const Node& node, int i) {
  check_input(node, i);
  const Edge& edge = node.edges()[i];
  check<std::logic_error>(static_cast<bool>(edge.producer), node.where, node.name,
                          ": its rule must ask for the shape or dtype of inputs that need a gradient, but input ", i,
                          " needs none. Ask needs() first, or name the input in Uses.");
  return edge;
}

SavedValue* saved_output(Node& node, int k) {
  check_output(node, k);
  SavedValue* saved = find_saved(node, Uses::output(k).bits());
  check<std::logic_error>(saved != nullptr, node.where, node.name,
                          ": its rule must read outputs that it saves, but it does not save output ", k,
                          ". Name it in Uses.");
  return saved;
}

}  // namespace

const Tensor& Vjp::g(int output) {
  check_output(frame_.node, output);
  check<std::logic_error>(
      (frame_.taken >> std::min(output, 63) & 1) == 0, frame_.node.where, frame_.node.name,
      ": its rule must read the cotangent of an output before take_g(), but it reads that of output ", output,
      " after it.");
  Tensor& cotangent = frame_.cotangents[output];
  if (!cotangent.defined()) cotangent = filled(frame_.node.output_shape(output), frame_.node.output(output).dtype, 0);
  return cotangent;
}

Tensor Vjp::take_g(int output) {
  const Tensor& cotangent = g(output);
  if (output < 63) frame_.taken |= std::uint64_t(1) << output;
  const TensorImpl& impl = *cotangent.impl();
  if (!impl.unique() || !impl.storage->unique()) frame_.handed_on.emplace_back(cotangent, impl.storage->version);
  return std::move(frame_.cotangents[output]);
}

bool Vjp::has(int output) const {
  check_output(frame_.node, output);
  return frame_.cotangents[output].defined();
}

const Tensor& Vjp::input(int i) {
  check_input(frame_.node, i);
  const SavedValue* saved = find_saved(frame_.node, Uses::input(i).bits());
  check<std::logic_error>(saved != nullptr, where(), frame_.node.name,
                          ": its rule must read inputs that it saves, but it does not save input ", i,
                          ". Name it in Uses.");
  return saved->value;
}

const Tensor& Vjp::output(int k) {
  const SavedValue* saved = saved_output(frame_.node, k);
  if (!frame_.create_graph) return saved->value;
  frame_.restored.grow(frame_.node.output_count);  // all at once: references to them are handed out
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

Shape Vjp::shape(int i) const {
  const Edge& edge = edge_of(frame_.node, i);
  return edge.producer->output_shape(edge.output);
}

bool Vjp::has_shape(int i, const Tensor& tensor) const {
  const Edge& edge = edge_of(frame_.node, i);
  return edge.producer->has_shape(edge.output, tensor.impl()->shape);
}

DType Vjp::dtype(int i) const {
  const Edge& edge = edge_of(frame_.node, i);
  return edge.producer->output(edge.output).dtype;
}

// An operation with more than 64 inputs shares the last bit; it also looks at the edge.
bool Vjp::needs(int i) const {
  if (i < 0 || i >= frame_.node.edge_count) return false;  // an optional input that was left out
  return (frame_.needs >> (i < 64 ? i : 63) & 1) != 0 && frame_.node.edges()[i].producer;
}

void Vjp::give(int i, Tensor cotangent) {
  check_input(frame_.node, i);
  if (!needs(i)) return;
  const Edge& edge = frame_.node.edges()[i];
  if (!cotangent.defined() || !edge.producer->fits(edge.output, cotangent))
    fail<std::logic_error>(
        where(), concat(frame_.node.name, ": the cotangent of input ", i, " must be ", dtype(i), " ", shape(i),
                        ", but the rule gave ",
                        cotangent.defined() ? concat(cotangent.dtype(), " ", cotangent.shape()) : "nothing", "."));
  check<std::logic_error>(!frame_.given[i].defined(), where(), frame_.node.name,
                          ": its rule must give each input one cotangent, but it gave input ", i,
                          " two. Give their sum.");
  frame_.given[i] = std::move(cotangent);
}

Tensor* Vjp::sum_so_far(int i) {
  return frame_.pass != nullptr && needs(i) ? frame_.pass->sum_so_far(frame_.node.edges()[i]) : nullptr;
}

SumPlace Vjp::place_of_sum(int i) {
  if (frame_.pass == nullptr || !needs(i)) return {};
  return frame_.pass->place_of_sum(frame_.node.edges()[i]);
}

bool Vjp::creates_graph() const { return frame_.create_graph; }
SourceLocation Vjp::where() const { return frame_.node.where; }

}  // namespace xgrad
