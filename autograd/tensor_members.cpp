// The members of Tensor that stand on the graph and on operators: the class is declared below both, so that a user
// finds x[0], x.assign() and x.backward() where he looks for them. Here too the end of a TensorImpl, which lets its
// node go. The one file whose declarations are on a lower floor.
#include "engine/node.hpp"
#include "grad.hpp"
#include "kernels/elementwise.hpp"
#include "ops/arithmetic.hpp"
#include "ops/cast.hpp"
#include "ops/choose.hpp"
#include "ops/detail/promote.hpp"
#include "ops/detail/result.hpp"
#include "ops/index.hpp"
#include "tensor.hpp"
#include "tensor_impl.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

internal::TensorImpl::TensorImpl() = default;
internal::TensorImpl::~TensorImpl() = default;

void internal::TensorImpl::destroy(TensorImpl* impl) {
  impl->~TensorImpl();
  free_block(impl, sizeof(TensorImpl));
}

Tensor Tensor::operator[](const Indices& indices) const { return get(Operand(*this, indices.where()), indices); }

template <ElementType T>
std::vector<T> Tensor::elements(SourceLocation where) const {
  TensorImpl& impl = defined_impl(*this, "to_vector", where);
  NoGrad no_grad;
  Tensor converted = contiguous(Operand(cast_for("to_vector", {*this, where}, dtype_of<T>), where));
  const T* first = data_of<T>(converted);
  return std::vector<T>(first, first + impl.numel);
}

#define XGRAD_INSTANTIATE(T) template std::vector<T> Tensor::elements<T>(SourceLocation) const;
XGRAD_INSTANTIATE(bool)
XGRAD_INSTANTIATE(std::int64_t)
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

void Tensor::assign(const Operand& operand, SourceLocation where) && {
  const TensorImpl& impl = defined_impl(*this, "assign", where);
  check<std::logic_error>(!impl.unique() || !impl.storage->unique() || impl.storage->is_borrowed(), where,
                          "assign: what is written must be seen by somebody, but this tensor ", impl.shape,
                          " is gone at the end of the line: x[mask] and x[positions] are copies of elements, as all "
                          "that is computed. Use index_put(x, mask, value), which makes a new tensor.");
  assign(operand, where);
}

void Tensor::assign(const Operand& operand, SourceLocation where) & {
  TensorImpl& impl = defined_impl(*this, "assign", where);
  Tensor value = operand.is_number() ? operand.number_as(impl.dtype, "assign") : operand.tensor("assign");
  const TensorImpl& from = *value.impl();
  check<std::logic_error>(
      is_leaf(), where, "assign: the tensor must be a leaf, but '", operation(),
      "' made it. The graph is functional: compute a new tensor. To write into a part of a variable, "
      "take the part under NoGrad, or of its detach().");
  check(broadcasts_to(from.shape, impl.shape), where, "assign: the value must broadcast to ", impl.shape,
        ", but its shape is ", from.shape, ".");
  check_writable("assign", *this, where);
  NoGrad no_grad;
  // Read before written: the value may be a view of this very tensor, or borrow the same array.
  Tensor source = cast_for("assign", {value, where}, impl.dtype);
  if (may_overlap(*source.impl(), impl)) source = copy(source);
  note_write(*this, where);
  copy_into(*this, source);
}

bool Tensor::requires_grad(SourceLocation where) const {
  return static_cast<bool>(defined_impl(*this, "requires_grad", where).node);
}

bool Tensor::is_leaf(SourceLocation where) const {
  const Ref<Node>& node = defined_impl(*this, "is_leaf", where).node;
  return !node || node->is_leaf;
}

Tensor& Tensor::set_requires_grad(bool requires_grad, SourceLocation where) {
  TensorImpl& impl = defined_impl(*this, "set_requires_grad", where);
  check<std::logic_error>(is_leaf(), where, "set_requires_grad: the tensor must be a leaf, but '", operation(),
                          "' made it. Call detach() for a leaf with its elements.");
  check(!requires_grad || is_floating(impl.dtype), where,
        "set_requires_grad: only float32 and float64 tensors have gradients, but the dtype is ", impl.dtype, ".");
  if (requires_grad == static_cast<bool>(impl.node)) return *this;
  impl.node = requires_grad ? Leaf::make(impl.shape, impl.dtype) : Ref<Node>();
  impl.output = 0;
  if (requires_grad) impl.mark();  // nn::check_registration() meets it in a copy of what holds it
  return *this;
}

Tensor Tensor::grad(SourceLocation where) const {
  const TensorImpl& impl = defined_impl(*this, "grad", where);
  if (!impl.node) return {};
  if (impl.node->is_leaf) {
    LeafLock lock(Leaf::of(*impl.node));
    return Leaf::of(*impl.node).grad;
  }
  const NodeExtras* extras = impl.node->extras.get();
  if (extras == nullptr || impl.output >= static_cast<int>(extras->retained.size())) return {};
  return extras->retained[impl.output];
}

void Tensor::set_grad(Tensor grad, SourceLocation where) {
  TensorImpl& impl = defined_impl(*this, "set_grad", where);
  if (grad.defined())
    check(grad.shape() == impl.shape && grad.dtype() == impl.dtype, where, "set_grad: the gradient must be ",
          impl.dtype, " ", impl.shape, " as the tensor, but it is ", grad.dtype(), " ", grad.shape(), ".");
  if (impl.node && impl.node->is_leaf) {
    LeafLock lock(Leaf::of(*impl.node));
    std::swap(Leaf::of(*impl.node).grad, grad);  // the old one dies after the lock
  } else if (impl.node && impl.node->extras && impl.output < static_cast<int>(impl.node->extras->retained.size())) {
    impl.node->extras->retained[impl.output] = std::move(grad);
  } else {
    check<std::logic_error>(
        !grad.defined(), where,
        "set_grad: the tensor must require a gradient, but it does not. Call set_requires_grad() or retain_grad().");
  }
}

void Tensor::retain_grad(SourceLocation where) {
  TensorImpl& impl = defined_impl(*this, "retain_grad", where);
  check<std::logic_error>(static_cast<bool>(impl.node), where,
                          "retain_grad: the tensor must require a gradient, but it does not.");
  if (impl.node->is_leaf) return;
  NodeExtras& extras = impl.node->need_extras();
  extras.retained.resize(impl.node->output_count);
  extras.retains.resize(impl.node->output_count);
  extras.retains[impl.output] = true;
}

namespace {
HookHandle add_hook_to(const Tensor& tensor, NodeExtras::Hook hook, bool callable, SourceLocation where) {
  TensorImpl& impl = defined_impl(tensor, "add_hook", where);
  check<std::logic_error>(static_cast<bool>(impl.node), where,
                          "add_hook: the tensor must require a gradient, but it does not. Call set_requires_grad().");
  check(callable, where, "add_hook: the hook must be callable, but it is empty.");
  hook.output = impl.output;
  return impl.node->need_extras().hooks.add(std::move(hook));
}
}  // namespace

HookHandle Tensor::add_hook(Function<Tensor(const Tensor&)> hook, SourceLocation where) {
  bool callable = static_cast<bool>(hook);
  return add_hook_to(
      *this, {0, [hook = std::move(hook)](const Tensor& gradient, const Tensor&) { return hook(gradient); }, Tensor()},
      callable, where);
}

HookHandle Tensor::add_hook(Function<Tensor(const Tensor&, const Tensor&)> hook, SourceLocation where) {
  bool callable = static_cast<bool>(hook);
  return add_hook_to(*this, {0, std::move(hook), defined() ? detach() : Tensor()}, callable, where);
}

const char* Tensor::operation(SourceLocation where) const {
  const Ref<Node>& node = defined_impl(*this, "operation", where).node;
  return node ? node->name : "";
}

void Tensor::backward(BackwardOptions options, SourceLocation where) const {
  xgrad::backward(std::span(this, 1), {}, options, where);
}

void Tensor::backward(const Tensor& cotangent, BackwardOptions options, SourceLocation where) const {
  xgrad::backward(std::span(this, 1), std::span(&cotangent, 1), options, where);
}

}  // namespace xgrad
