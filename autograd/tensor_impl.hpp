// The state behind a Tensor handle: storage, layout, and its place in the graph.
#pragma once

#include "base/allocator.hpp"
#include "base/ref.hpp"
#include "scalar.hpp"
#include "tensor.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// Elements, shared by all views of them. The header and the elements are one block, but where the elements are another
/// library's: see new_foreign().
struct alignas(kBlockAlignment) Storage : RefCounted {
  std::uint32_t version = 0;  // raised by each write after the first
  std::size_t bytes = 0;
  SourceLocation written;                    // the last of those writes
  void* owner = nullptr;                     // of foreign elements
  void (*give_back)(void* owner) = nullptr;  // null where they are borrowed: the owner sees to them

  void* data() { return this + 1; }
  /// Whether the elements stay another library's, which sees them too, and may lend them again.
  bool is_borrowed() const { return owner != nullptr && give_back == nullptr; }

  static Ref<Storage> make(std::size_t bytes);
  static void destroy(Storage* storage);
};
static_assert(sizeof(Storage) == kBlockAlignment);

struct Node;

struct TensorImpl : RefCounted {
  bool marked = false;  // for good, by mark(): lies beside the count, which a copy touches anyway
  Ref<Storage> storage;
  void* data = nullptr;  // first element: storage->data() plus the view's offset
  Shape shape;
  Strides strides;
  std::int64_t numel = 1;
  DType dtype = DType::float32;
  bool contiguous = true;
  int output = 0;  // which of the node's outputs this is
  Ref<Node> node;  // what made it, or a leaf node; null for a constant

  TensorImpl();
  ~TensorImpl();  // both with the members of Tensor that need the node, in tensor_members.cpp

  /// Threads may copy the tensor meanwhile. (Without <atomic>, as in RefCounted.)
  void mark() { __atomic_store_n(&marked, true, __ATOMIC_RELAXED); }
  bool is_marked() const { return __atomic_load_n(&marked, __ATOMIC_RELAXED); }

  static void destroy(TensorImpl* impl);
};

/// What the tensor is, after checking that it is defined.
inline TensorImpl& defined_impl(const Tensor& tensor, const char* operation, SourceLocation where) {
  check(tensor.defined(), where, operation, ": the tensor must be defined, but it is not: ", kWhyUndefined);
  return *tensor.impl();
}

/// A fresh contiguous tensor, its elements not set.
Tensor new_tensor(const Shape& shape, DType dtype);

/// A view of the same storage. `data` is its first element.
Tensor new_view(const Tensor& base, const Shape& shape, const Strides& strides, void* data);

/// A tensor of elements that another library allocated, without a copy. With the last tensor of them `release` is
/// called with the owner; where it is null they are borrowed, must outlive all tensors of them, and are not written
/// over by rules.
Tensor new_foreign(void* data, const Shape& shape, const Strides& strides, DType dtype, void* owner,
                   void (*release)(void* owner));

bool compute_contiguous(const Shape& shape, const Strides& strides);

/// Marks the elements as written by the code at `where`.
inline void note_write(const Tensor& tensor, SourceLocation where) {
  Storage& storage = *tensor.impl()->storage;
  ++storage.version;
  storage.written = CallSite::or_else(where);
}

/// Whether elements of two tensors may share memory, as those of views of one storage, and of handles that borrow one
/// array.
bool may_overlap(const TensorImpl& a, const TensorImpl& b);

/// Throws std::invalid_argument where elements of a tensor that is to be written share memory.
void check_writable(const char* operation, const Tensor& tensor, SourceLocation where);

/// The number as an element: not 0 is true, integers truncate. Throws std::invalid_argument where int64
/// cannot hold it.
template <class T>
T element_of(const char* operation, double number, SourceLocation where);
/// The same of a number that may be an integer: an int64 takes it as it is.
template <class T>
T element_of(const char* operation, Scalar number, SourceLocation where) {
  if constexpr (std::same_as<T, std::int64_t>)
    if (number.is_integer()) return number.integer();
  return element_of<T>(operation, number.value(), where);
}

/// Whether nobody else can see this handle's elements, so that they may be overwritten.
inline bool owns_elements(const Tensor& tensor) {
  TensorImpl* impl = tensor.impl();
  const Storage& storage = *impl->storage;
  return impl->unique() && storage.unique() && impl->contiguous && !storage.is_borrowed();
}

template <class T>
T* data_of(const Tensor& tensor) {
  return static_cast<T*>(tensor.impl()->data);
}

/// Calls f with a value of the C++ type of `dtype` as a type tag: dispatch(dtype, []<class T>(T) { ... }).
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::boolean:
      return f(bool{});
    case DType::int64:
      return f(std::int64_t{});
    case DType::float32:
      return f(float{});
    default:
      return f(double{});
  }
}

/// dispatch() for float32 and float64 alone.
template <class F>
decltype(auto) dispatch_floating(DType dtype, F&& f) {
  return dtype == DType::float32 ? f(float{}) : f(double{});
}

}  // namespace internal
}  // namespace xgrad
