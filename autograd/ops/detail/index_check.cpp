#include "index_check.hpp"

#include <algorithm>
#include <atomic>

#include "../../base/launch.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "result.hpp"

namespace xgrad::internal {

namespace {

// Indices from which checking them is worth a second thread.
constexpr std::int64_t kCheckGrain = 65536;

/// Whether an index is outside of [least, extent), and whether one is negative. Over indices.
struct CheckIndices {
  const std::int64_t* indices;
  std::int64_t least, extent;
  std::atomic<bool>*wrong, *negative;

  static void run(const CheckIndices& a, std::int64_t begin, std::int64_t end) {
    const auto least = static_cast<std::uint64_t>(a.least);
    const std::uint64_t size = static_cast<std::uint64_t>(a.extent) - least;
    bool wrong = false;  // a loop without a way out is vectorised
    std::int64_t signs = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      wrong |= static_cast<std::uint64_t>(a.indices[i]) - least >= size;
      signs |= a.indices[i];
    }
    if (wrong) a.wrong->store(true, std::memory_order_relaxed);
    if (signs < 0) a.negative->store(true, std::memory_order_relaxed);
  }
};

/// to = the index, counted from the start where it was from the end. Over indices.
struct WrapIndices {
  const std::int64_t* indices;
  std::int64_t* to;
  std::int64_t extent;

  static void run(const WrapIndices& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) a.to[i] = a.indices[i] < 0 ? a.indices[i] + a.extent : a.indices[i];
  }
};

/// Throws for the first index outside of [least, extent), which is looked for outside of kernels: they do not throw.
[[noreturn]] void fail_index(const char* operation, const Tensor& indices, std::int64_t least, std::int64_t extent,
                             const Shape& shape, int axis, SourceLocation where) {
  const auto* values = data_of<std::int64_t>(indices);
  std::int64_t at =
      std::find_if(values, values + indices.numel(), [=](std::int64_t i) { return i < least || i >= extent; }) - values;
  fail<std::out_of_range>(
      where, concat(operation, ": indices must be in [", least, ", ", extent, ") on axis ", axis, " of x ", shape,
                    ", but the one at ", position_of(at, indices.shape()), " is ", values[at], "."));
}

/// Whether one of the indices is negative, after checking them all.
bool check_indices(const char* operation, const Tensor& indices, std::int64_t least, std::int64_t extent,
                   const Shape& shape, int axis, SourceLocation where) {
  std::atomic<bool> wrong = false, negative = false;
  launch(CheckIndices{data_of<std::int64_t>(indices), least, extent, &wrong, &negative}, indices.numel(), kCheckGrain);
  if (wrong) [[unlikely]]
    fail_index(operation, indices, least, extent, shape, axis, where);
  return negative;
}

std::int64_t extent_of(const Shape& shape, int axis) { return shape.ndim() == 0 ? 1 : shape[axis]; }

}  // namespace

bool all_below(const std::int64_t* indices, std::int64_t count, std::int64_t extent) {
  bool wrong = false;
  for (std::int64_t i = 0; i < count; ++i)
    wrong |= static_cast<std::uint64_t>(indices[i]) >= static_cast<std::uint64_t>(extent);
  return !wrong;
}

Tensor unchecked_indices(const char* operation, const Tensor& indices, SourceLocation where) {
  check(indices.defined(), where, operation,
        ": the indices must be defined, but they are not: ", internal::kWhyUndefined);
  check(indices.dtype() == DType::int64, where, operation, ": the indices must be int64, but they are ",
        indices.dtype(), ".");
  if (indices.is_contiguous()) return indices;
  Tensor dense = new_result(operation, indices.shape(), DType::int64, where);
  copy_into(dense, indices);
  return dense;
}

Tensor checked_indices(const char* operation, const Tensor& indices, const Tensor& x, int axis, SourceLocation where) {
  Tensor checked = unchecked_indices(operation, indices, where);
  check_indices(operation, checked, 0, extent_of(x.shape(), axis), x.shape(), axis, where);
  return checked;
}

Tensor wrapped_indices(const char* operation, const Tensor& indices, const Shape& shape, int axis,
                       SourceLocation where) {
  Tensor checked = unchecked_indices(operation, indices, where);
  const std::int64_t extent = extent_of(shape, axis);
  if (!check_indices(operation, checked, -extent, extent, shape, axis, where)) return checked;
  Tensor wrapped = new_result(operation, checked.shape(), DType::int64, where);
  launch(WrapIndices{data_of<std::int64_t>(checked), data_of<std::int64_t>(wrapped), extent}, checked.numel(),
         kCheckGrain);
  return wrapped;
}

}  // namespace xgrad::internal
