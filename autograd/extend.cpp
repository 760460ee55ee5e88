#include "extend.hpp"

#include <bit>

#include "base/allocator.hpp"
#include "engine/node.hpp"
#include "engine/observer.hpp"
#include "grad_mode.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace internal {

void refuse_use(const char* function, const char* what, int index, int count, SourceLocation where) {
  fail<std::out_of_range>(where, concat(function, ": the index must be in [0, ", count, "), but it is ", index,
                                        ". A rule reads at most the first ", count, ' ', what, '.'));
}

}  // namespace internal

namespace {

constexpr std::uint64_t kInputBits = (std::uint64_t{1} << Uses::kMaxInputs) - 1;

/// Whether one of the inputs requires a gradient. Throws std::logic_error where one is undefined.
bool check_inputs(const char* name, SourceLocation where, const Inputs& inputs) {
  bool any = false;
  for (int i = 0; i < inputs.size(); ++i) {
    const TensorImpl* impl = inputs[i].impl();
    check<std::logic_error>(impl != nullptr, where, name, ": its inputs must be tensors, but input ", i,
                            " is undefined. Leave out an optional one.");
    any |= static_cast<bool>(impl->node);
  }
  return any;
}

/// Whether the values named in `bits` are all among so many inputs and outputs.
bool are_there(std::uint64_t bits, int inputs, int outputs) {
  bool inputs_are = inputs >= Uses::kMaxInputs || (bits & kInputBits) >> inputs == 0;
  bool outputs_are = outputs >= Uses::kMaxOutputs || bits >> Uses::kMaxInputs >> outputs == 0;
  return inputs_are && outputs_are;
}

/// The values that the rule reads for those inputs that need a gradient.
std::uint64_t bits_of(const char* name, SourceLocation where, const Inputs& inputs, std::size_t outputs,
                      std::initializer_list<Uses> uses) {
  check<std::logic_error>(uses.size() <= 1 || static_cast<int>(uses.size()) == inputs.size(), where, name,
                          ": uses must have one entry for all inputs or one for each, but there are ", uses.size(),
                          " for ", inputs.size(), " inputs.");
  std::uint64_t bits = 0;
  if (uses.size() == 1) {
    bits = uses.begin()->bits();
  } else if (uses.size() > 1) {
    for (int i = 0; i < inputs.size(); ++i)
      if (inputs[i].impl()->node) bits |= uses.begin()[i].bits();
  }
  check<std::logic_error>(are_there(bits, inputs.size(), static_cast<int>(outputs)), where, name,
                          ": uses must name what is there, but it names more than the ", inputs.size(), " inputs and ",
                          outputs, " outputs.");
  return bits;
}

Tensor view_of(const char* name, SourceLocation where, const Tensor& tensor) {
  const TensorImpl& impl = *tensor.impl();
  try {
    return new_view(tensor, impl.shape, impl.strides, impl.data);
  } catch (const OutOfMemory& error) {
    error.pass_on(name, "a second handle to its result", where);
  }
}

void record_outputs(const char* name, SourceLocation where, const Inputs& inputs, std::span<Tensor> outputs,
                    std::initializer_list<Uses> uses, Rule& rule) {
  check<std::logic_error>(static_cast<bool>(rule), where, name, ": it must have a rule, but that is empty.");
  std::uint64_t bits = bits_of(name, where, inputs, outputs.size(), uses);
  Ref<Node> node = Node::make(name, where, inputs, outputs, bits, rule);
  for (int k = 0; k < static_cast<int>(outputs.size()); ++k) {
    Tensor& output = outputs[k];
    // The user's tensors stay what they are: one that is passed through, or was recorded before, gets a second handle.
    bool is_known = static_cast<bool>(output.impl()->node);
    for (int i = 0; i < inputs.size(); ++i) is_known |= inputs[i].is_same(output);
    if (is_known) [[unlikely]]
      output = view_of(name, where, output);
    TensorImpl& impl = *output.impl();
    // A saved output keeps its elements, but not its own node: that would be a cycle.
    if (k < Uses::kMaxOutputs && (bits & Uses::output(k).bits()) != 0)
      // NOLINTNEXTLINE(bugprone-use-after-move): below, the last output alone takes the handle
      *find_saved(*node, Uses::output(k).bits()) = {view_of(name, where, output), impl.storage->version};
    if (!is_floating(impl.dtype)) continue;
    // A copy takes two locked instructions: the last output takes the handle itself.
    impl.node = k + 1 == static_cast<int>(outputs.size()) ? std::move(node) : node;
    impl.output = k;
  }
  if (observer != nullptr) [[unlikely]]
    observer->recorded(inputs, outputs);
}

}  // namespace

bool is_recording(Inputs inputs) {
  bool any = false;
  for (int i = 0; i < inputs.size(); ++i) any |= inputs[i].defined() && inputs[i].impl()->node;
  return (any && grad_enabled()) || observer != nullptr;
}

Tensor record(const char* name, SourceLocation where, Inputs inputs, Tensor output, std::initializer_list<Uses> uses,
              Rule rule) {
  check<std::logic_error>(output.defined(), where, name, ": its output must be a tensor, but it is undefined.");
  bool linked = check_inputs(name, where, inputs);
  if (observer != nullptr) [[unlikely]]
    observer->computed(name, where, inputs, {&output, 1});
  if (linked && is_floating(output.impl()->dtype) && grad_enabled())
    record_outputs(name, where, inputs, {&output, 1}, uses, rule);
  return output;
}

namespace internal {

Tensor record_known(const char* name, SourceLocation where, Inputs inputs, Tensor output,
                    std::initializer_list<Uses> uses, Rule rule) {
  if (observer != nullptr) [[unlikely]]
    return record(name, where, inputs, std::move(output), uses, std::move(rule));
  record_outputs(name, where, inputs, {&output, 1}, uses, rule);
  return output;
}

}  // namespace internal

std::vector<Tensor> record(const char* name, SourceLocation where, Inputs inputs, std::vector<Tensor> outputs,
                           std::initializer_list<Uses> uses, Rule rule) {
  for (std::size_t k = 0; k < outputs.size(); ++k)
    check<std::logic_error>(outputs[k].defined(), where, name, ": its outputs must be tensors, but output ", k,
                            " is undefined.");
  bool linked = check_inputs(name, where, inputs);
  if (observer != nullptr) [[unlikely]]
    observer->computed(name, where, inputs, outputs);
  if (linked && grad_enabled()) record_outputs(name, where, inputs, outputs, uses, rule);
  return outputs;
}

}  // namespace xgrad
