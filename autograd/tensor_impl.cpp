#include "tensor_impl.hpp"

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "base/overlap.hpp"

namespace xgrad XGRAD_API {
namespace internal {

Ref<Storage> Storage::make(std::size_t bytes) {
  auto* storage = new (allocate_block(sizeof(Storage) + bytes)) Storage;
  storage->bytes = bytes;
  count_storage(1, static_cast<std::int64_t>(bytes));
  return Ref<Storage>::adopt(storage);
}

void Storage::destroy(Storage* storage) {
  std::size_t bytes = storage->bytes;
  if (storage->give_back != nullptr) storage->give_back(storage->owner);
  storage->~Storage();
  free_block(storage, sizeof(Storage) + bytes);
  count_storage(-1, -static_cast<std::int64_t>(bytes));
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

Tensor new_foreign(void* data, const Shape& shape, const Strides& strides, DType dtype, void* owner,
                   void (*release)(void* owner)) {
  std::int64_t numel = shape.numel();
  Ref<Storage> storage = Storage::make(0);
  auto* impl = new (allocate_block(sizeof(TensorImpl))) TensorImpl;
  storage->owner = owner;  // from here on nothing throws
  storage->give_back = release;
  impl->data = data;
  impl->storage = std::move(storage);
  impl->shape = shape;
  impl->strides = strides;
  impl->numel = numel;
  impl->dtype = dtype;
  impl->contiguous = compute_contiguous(shape, strides);
  return Tensor(impl);
}

bool may_overlap(const TensorImpl& a, const TensorImpl& b) {
  const auto elements_of = [](const TensorImpl& x) {
    return Elements{x.data, static_cast<std::int64_t>(size_of(x.dtype)), x.shape, x.strides};
  };
  if (a.contiguous && b.contiguous) {
    // An optimizer comes here several times for each parameter in each step.
    const auto begin_a = reinterpret_cast<std::uintptr_t>(a.data), begin_b = reinterpret_cast<std::uintptr_t>(b.data);
    return a.numel != 0 && b.numel != 0 &&
           begin_a < begin_b + static_cast<std::uintptr_t>(b.numel) * size_of(b.dtype) &&
           begin_b < begin_a + static_cast<std::uintptr_t>(a.numel) * size_of(a.dtype);
  }
  return may_overlap(elements_of(a), elements_of(b));
}

void check_writable(const char* operation, const Tensor& tensor, SourceLocation where) {
  const TensorImpl& impl = *tensor.impl();
  if (impl.contiguous || impl.numel == 0) return;
  const int axis = overlapping_axis(impl.shape, impl.strides);
  if (axis < 0) return;
  check(impl.strides[axis] != 0, where, operation,
        ": each element that is written must have a place of its own, but those along axis ", axis, " of ", impl.shape,
        " share one, as expand() makes it. Write to a copy().");
  fail<std::invalid_argument>(
      where, concat(operation, ": each element that is written must have a place of its own, but those along axis ",
                    axis, " of ", impl.shape, " overlap, as unfold() makes them. Write to a copy()."));
}

Tensor new_view(const Tensor& base, const Shape& shape, const Strides& strides, void* data) {
  std::int64_t numel = shape.numel();  // first, as it may throw
  auto* impl = new (allocate_block(sizeof(TensorImpl))) TensorImpl;
  impl->data = data;
  impl->storage = base.impl()->storage;
  impl->shape = shape;
  impl->strides = strides;
  impl->numel = numel;
  impl->dtype = base.impl()->dtype;
  impl->contiguous = compute_contiguous(shape, strides);
  return Tensor(impl);
}

template <class T>
T element_of(const char* operation, double number, SourceLocation where) {
  if constexpr (std::same_as<T, bool>) {
    return number != 0;
  } else {
    if constexpr (std::same_as<T, std::int64_t>)
      check(-0x1p63 <= number && number < 0x1p63, where, operation, ": an int64 must hold the number, but it is ",
            number, ".");
    return static_cast<T>(number);
  }
}
template bool element_of(const char*, double, SourceLocation);
template std::int64_t element_of(const char*, double, SourceLocation);
template float element_of(const char*, double, SourceLocation);
template double element_of(const char*, double, SourceLocation);

}  // namespace internal
}  // namespace xgrad
