#include "tensor.hpp"

#include <cmath>

#include "base/launch.hpp"
#include "base/substitution.hpp"
#include "tensor_impl.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor::Tensor(const Tensor& other) : impl_(other.impl_) {
  if (impl_ == nullptr) return;
  if (impl_->is_marked()) [[unlikely]]
    if (Substitution* substitution = Substitution::active()) impl_ = substitution->of(other);
  impl_->retain();
}

Tensor& Tensor::operator=(const Tensor& other) & { return *this = Tensor(other); }

void Tensor::let_go(TensorImpl* impl) noexcept {
  if (impl->release()) TensorImpl::destroy(impl);
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
    if constexpr (std::same_as<E, double> && std::same_as<T, float>)
      check(std::isfinite(converted) || !std::isfinite(element), where,
            "item: float32 must hold the number, but it is ", element, ". Read it by item<double>().");
    return converted;
  });
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
                          "' made it. Write to detach(), or take it under NoGrad.");
  note_write(*this, where);
  return const_cast<T*>(first);
}

#define XGRAD_INSTANTIATE(T)                               \
  template T Tensor::element<T>(SourceLocation) const;     \
  template const T* Tensor::data<T>(SourceLocation) const; \
  template T* Tensor::mutable_data<T>(SourceLocation);
XGRAD_INSTANTIATE(bool)
XGRAD_INSTANTIATE(std::int64_t)
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

Tensor Tensor::detach(SourceLocation where) const {
  const TensorImpl& impl = defined_impl(*this, "detach", where);
  try {
    return new_view(*this, impl.shape, impl.strides, impl.data);
  } catch (const OutOfMemory& error) {
    error.pass_on("detach", "a view", where);
  }
}

DType Operand::dtype(const char* operation) const {
  if (tensor_ != nullptr) return tensor(operation).impl()->dtype;
  return is_floating(number_dtype_) ? default_dtype() : number_dtype_;
}

const Tensor& Operand::tensor(const char* operation) const {
  if (tensor_ == nullptr) {
    if (!owned_.defined()) owned_ = number_as(dtype(), operation);
    return owned_;
  }
  check(tensor_->defined(), where_, operation,
        ": its operands must be defined tensors, but one is not: ", kWhyUndefined);
  internal::entered_operation = {operation, where_};
  return *tensor_;
}

namespace {

/// *to = value. Over [0, 1).
template <class T>
struct PutNumber {
  T* to;
  T value;

  static void run(const PutNumber& a, std::int64_t, std::int64_t) { *a.to = a.value; }
};

}  // namespace

Tensor Operand::number_as(DType dtype, const char* operation) const {
  Tensor result = new_tensor(Shape{}, dtype);
  if (dtype == DType::int64 && number_dtype_ != DType::float32)
    launch(PutNumber<std::int64_t>{data_of<std::int64_t>(result), integer_}, 1, 1);
  else
    dispatch(dtype, [&]<class T>(T) {
      launch(PutNumber<T>{data_of<T>(result), element_of<T>(operation, number_, where_)}, 1, 1);
    });
  return result;
}

}  // namespace xgrad
