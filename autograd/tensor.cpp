#include "autograd/tensor.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "autograd/grad.hpp"
#include "autograd/internal/create.hpp"
#include "autograd/internal/node.hpp"
#include "autograd/internal/tensor_impl.hpp"
#include "autograd/internal/vectorize.hpp"
#include "autograd/ops/elementwise.hpp"

namespace xgrad {
namespace internal {

Ref<Storage> Storage::make(std::size_t bytes) {
  auto* storage = new (allocate_block(sizeof(Storage) + bytes)) Storage;
  storage->bytes = bytes;
  count_storage(1, static_cast<std::int64_t>(bytes));
  return Ref<Storage>::adopt(storage);
}

void Storage::destroy(Storage* storage) {
  std::size_t bytes = storage->bytes;
  storage->~Storage();
  free_block(storage, sizeof(Storage) + bytes);
  count_storage(-1, -static_cast<std::int64_t>(bytes));
}

void TensorImpl::destroy(TensorImpl* impl) {
  impl->~TensorImpl();
  free_block(impl, sizeof(TensorImpl));
}

bool compute_contiguous(const Shape& shape, const Strides& strides) {
  std::int64_t step = 1;
  for (int i = shape.ndim() - 1; i >= 0; --i) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

Tensor new_tensor(const Shape& shape, DType dtype) {
  std::int64_t numel = shape.numel();
  // The storage first: when there is no memory for it, nothing is left behind. An expanded tensor may have so many
  // elements that their bytes cannot be counted.
  std::size_t bytes;
  if (__builtin_mul_overflow(static_cast<std::size_t>(numel), size_of(dtype), &bytes))
    bytes = std::numeric_limits<std::size_t>::max() / 2;
  Ref<Storage> storage = Storage::make(bytes);
  auto* impl = new (allocate_block(sizeof(TensorImpl))) TensorImpl;
  impl->data = storage->data();
  impl->storage = std::move(storage);
  impl->shape = shape;
  set_row_major(shape, impl->strides);
  impl->numel = numel;
  impl->dtype = dtype;
  return Tensor(impl);
}

void check_writable(const char* operation, const Tensor& tensor, SourceLocation where) {
  const TensorImpl& impl = *tensor.impl();
  if (impl.contiguous || impl.numel == 0) return;
  for (int axis = 0; axis < impl.shape.ndim(); ++axis)
    check(impl.strides[axis] != 0 || impl.shape[axis] <= 1, where, operation,
          ": each element that is written must have a place of its own, but those along axis ", axis, " of ",
          impl.shape, " share one, as expand() makes it. Write to a copy().");
}

Tensor new_view(const Tensor& base, const Shape& shape, const Strides& strides, void* data) {
  auto* impl = new (allocate_block(sizeof(TensorImpl))) TensorImpl;
  impl->data = data;
  impl->storage = base.impl()->storage;
  impl->shape = shape;
  impl->strides = strides;
  impl->numel = shape.numel();
  impl->dtype = base.impl()->dtype;
  impl->contiguous = compute_contiguous(shape, strides);
  return Tensor(impl);
}

}  // namespace internal

using namespace internal;

namespace {

TensorImpl& defined_impl(const Tensor& tensor, const char* operation, SourceLocation where = {}) {
  check(tensor.defined(), where, operation, ": the tensor must be defined, but it is default-constructed.");
  return *tensor.impl();
}

}  // namespace

Tensor::Tensor(const Tensor& other) : impl_(other.impl_) {
  if (impl_) impl_->retain();
}

Tensor& Tensor::operator=(const Tensor& other) & { return *this = Tensor(other); }

Tensor& Tensor::operator=(Tensor&& other) & noexcept {
  // The old state goes last: its end may reach back to this handle.
  Tensor old(std::exchange(impl_, std::exchange(other.impl_, nullptr)));
  return *this;
}

Tensor::~Tensor() {
  if (impl_ && impl_->release()) TensorImpl::destroy(impl_);
}

const Shape& Tensor::shape(SourceLocation where) const { return defined_impl(*this, "shape", where).shape; }
int Tensor::ndim(SourceLocation where) const { return defined_impl(*this, "ndim", where).shape.ndim(); }
std::int64_t Tensor::numel(SourceLocation where) const { return defined_impl(*this, "numel", where).numel; }
DType Tensor::dtype(SourceLocation where) const { return defined_impl(*this, "dtype", where).dtype; }
const Strides& Tensor::strides(SourceLocation where) const { return defined_impl(*this, "strides", where).strides; }
bool Tensor::is_contiguous(SourceLocation where) const {
  return defined_impl(*this, "is_contiguous", where).contiguous;
}

std::int64_t Tensor::size(int axis, SourceLocation where) const {
  const Shape& shape = defined_impl(*this, "size", where).shape;
  check<std::out_of_range>(shape.ndim() > 0, where, "size: a scalar has no axes, but axis ", axis, " was asked for.");
  return shape[normalize_axis("size", axis, shape.ndim(), where)];
}

namespace {
/// Whether an integer was converted to a floating number without loss. (2^63 itself is no int64.)
template <class T>
bool is_exact(T converted, std::int64_t integer) {
  return converted < T(0x1p63) && static_cast<std::int64_t>(converted) == integer;
}
}  // namespace

template <ElementType T>
T Tensor::element(SourceLocation where) const {
  TensorImpl& impl = defined_impl(*this, "item", where);
  check(impl.numel == 1, where, "item: the tensor must have one element, but its shape is ", impl.shape, ".");
  return dispatch(impl.dtype, [&]<class E>(E) {
    E element = *static_cast<E*>(impl.data);
    if constexpr (std::floating_point<E> && std::same_as<T, std::int64_t>) return element_of<T>("item", element, where);
    T converted = static_cast<T>(element);
    if constexpr (std::same_as<E, std::int64_t> && std::floating_point<T>)
      check(is_exact(converted, element), where, "item: ", dtype_of<T>, " must hold the number, but it is ", element,
            ". Read it by item<std::int64_t>().");
    return converted;
  });
}

template <ElementType T>
std::vector<T> Tensor::elements(SourceLocation where) const {
  TensorImpl& impl = defined_impl(*this, "to_vector", where);
  NoGrad no_grad;
  Tensor converted = contiguous(cast_for("to_vector", {*this, where}, dtype_of<T>));
  const T* first = data_of<T>(converted);
  return std::vector<T>(first, first + impl.numel);
}

template <ElementType T>
const T* Tensor::data(SourceLocation where) const {
  TensorImpl& impl = defined_impl(*this, "data", where);
  check(impl.dtype == dtype_of<T>, where, "data: the tensor's dtype must be ", dtype_of<T>, ", but it is ", impl.dtype,
        ".");
  check(impl.contiguous, where, "data: the tensor must be contiguous, but its shape is ", impl.shape, " with strides ",
        impl.strides, ". Call contiguous() first.");
  return static_cast<const T*>(impl.data);
}

template <ElementType T>
T* Tensor::mutable_data(SourceLocation where) {
  const T* first = std::as_const(*this).template data<T>(where);
  check<std::logic_error>(is_leaf(), where, "mutable_data: the tensor must be a leaf, but '", operation(),
                          "' made it. Write to detach() instead.");
  note_write(*this, where);
  return const_cast<T*>(first);
}

#define XGRAD_INSTANTIATE(T)                                         \
  template T Tensor::element<T>(SourceLocation) const;               \
  template std::vector<T> Tensor::elements<T>(SourceLocation) const; \
  template const T* Tensor::data<T>(SourceLocation) const;           \
  template T* Tensor::mutable_data<T>(SourceLocation);
XGRAD_INSTANTIATE(bool)
XGRAD_INSTANTIATE(std::int64_t)
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

void Tensor::assign(const Operand& operand, SourceLocation where) {
  TensorImpl& impl = defined_impl(*this, "assign", where);
  Tensor value = operand.is_number() ? operand.number_as(impl.dtype, "assign") : operand.tensor("assign");
  const TensorImpl& from = *value.impl();
  check<std::logic_error>(is_leaf(), where, "assign: the tensor must be a leaf, but '", operation(),
                          "' made it. The graph is functional: compute a new tensor instead.");
  check(broadcasts_to(from.shape, impl.shape), where, "assign: the value must broadcast to ", impl.shape,
        ", but its shape is ", from.shape, ".");
  check_writable("assign", *this, where);
  NoGrad no_grad;
  // Read before written: the value may be a view of this very tensor.
  Tensor source = cast_for("assign", {value, where}, impl.dtype);
  if (source.impl()->storage == impl.storage) source = copy(source);
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
  impl.node = requires_grad ? Node::make_leaf(impl.shape, impl.dtype) : Ref<Node>();
  impl.output = 0;
  return *this;
}

Tensor Tensor::grad(SourceLocation where) const {
  const TensorImpl& impl = defined_impl(*this, "grad", where);
  if (!impl.node) return {};
  if (impl.node->is_leaf) return impl.node->grad;
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
    impl.node->grad = std::move(grad);
  } else if (impl.node && impl.node->extras && impl.output < static_cast<int>(impl.node->extras->retained.size())) {
    impl.node->extras->retained[impl.output] = std::move(grad);
  } else {
    check<std::logic_error>(!grad.defined(), where,
                            "set_grad: the tensor must require a gradient. Call set_requires_grad() or retain_grad().");
  }
}

void Tensor::retain_grad(SourceLocation where) {
  TensorImpl& impl = defined_impl(*this, "retain_grad", where);
  check<std::logic_error>(static_cast<bool>(impl.node), where, "retain_grad: the tensor must require a gradient.");
  if (impl.node->is_leaf) return;
  NodeExtras& extras = impl.node->need_extras();
  extras.retained.resize(impl.node->outputs.size());
  extras.retains.resize(impl.node->outputs.size());
  extras.retains[impl.output] = true;
}

void Tensor::add_hook(Function<Tensor(const Tensor&)> hook, SourceLocation where) {
  TensorImpl& impl = defined_impl(*this, "add_hook", where);
  check<std::logic_error>(static_cast<bool>(impl.node), where, "add_hook: the tensor must require a gradient.");
  check(static_cast<bool>(hook), where, "add_hook: the hook must be callable, but it is empty.");
  impl.node->need_extras().hooks.push_back({impl.output, std::move(hook)});
}

Tensor Tensor::detach(SourceLocation where) const {
  const TensorImpl& impl = defined_impl(*this, "detach", where);
  return new_view(*this, impl.shape, impl.strides, impl.data);
}

const char* Tensor::operation(SourceLocation where) const {
  const Ref<Node>& node = defined_impl(*this, "operation", where).node;
  return node ? node->name : "";
}

DType Operand::dtype(const char* operation) const { return tensor_ ? tensor(operation).impl()->dtype : number_dtype_; }

const Tensor& Operand::tensor(const char* operation) const {
  if (tensor_ == nullptr) {
    if (!owned_.defined()) owned_ = number_as(number_dtype_, operation);
    return owned_;
  }
  check(tensor_->defined(), where_, operation,
        ": its operands must be defined tensors, but one is default-constructed.");
  return *tensor_;
}

Tensor Operand::number_as(DType dtype, const char* operation) const {
  Tensor result = new_tensor(Shape{}, dtype);
  if (dtype == DType::int64 && number_dtype_ != DType::float32)
    *data_of<std::int64_t>(result) = integer_;
  else
    dispatch(dtype, [&]<class T>(T) { *data_of<T>(result) = element_of<T>(operation, number_, where_); });
  return result;
}

}  // namespace xgrad
