#include "pick.hpp"

#include "../base/launch.hpp"
#include "../kernels/elementwise.hpp"
#include "../tensor_impl.hpp"
#include "cast.hpp"
#include "detail/index_check.hpp"
#include "detail/promote.hpp"
#include "detail/result.hpp"
#include "index.hpp"
#include "index/places.hpp"
#include "movement.hpp"
#include "pieces.hpp"
#include "views.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

// Positions from which cutting them up is worth a second thread.
constexpr std::int64_t kPositionGrain = 16384;

/// row[i] = the position along each axis of element flat[i]. Over elements.
struct CutPositions {
  std::int64_t* row;
  const std::int64_t* flat;
  int ndim;
  std::int64_t extent[kMaxDims];

  static void run(const CutPositions& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t left = a.flat[i];
      std::int64_t* to = a.row + i * a.ndim;
      for (int k = a.ndim - 1; k > 0; --k) {
        to[k] = left % a.extent[k];
        left /= a.extent[k];
      }
      if (a.ndim > 0) to[0] = left;
    }
  }
};

Tensor nonzero_of(const char* operation, const Operand& operand) {
  const Tensor& x = operand.tensor(operation);
  SourceLocation where = operand.where();
  Tensor mask = x;
  if (x.dtype() != DType::boolean || !x.is_contiguous()) {
    mask = new_checked(operation, x.shape(), DType::boolean, where);
    if (x.numel() > 0) copy_into(mask, x);
  }
  Tensor flat = positions_of(operation, mask, where);
  Tensor result = new_checked(operation, {flat.numel(), x.ndim()}, DType::int64, where);
  CutPositions kernel{data_of<std::int64_t>(result), data_of<std::int64_t>(flat), x.ndim(), {}};
  for (int k = 0; k < x.ndim(); ++k) kernel.extent[k] = x.shape()[k];
  launch(kernel, flat.numel(), kPositionGrain);
  return result;
}

}  // namespace

Tensor nonzero(const Operand& x) { return nonzero_of("nonzero", x); }
Tensor argwhere(const Operand& x) { return nonzero_of("argwhere", x); }

std::vector<Tensor> nonzero_tuple(const Operand& x) {
  Tensor rows = nonzero_of("nonzero_tuple", {atleast_1d(Operand(x.tensor("nonzero_tuple"), x.where())), x.where()});
  return unbind(Operand(rows, x.where()), 1);
}

Tensor masked_select(const Operand& operand, const Tensor& mask) {
  const Tensor& x = operand.tensor("masked_select");
  SourceLocation where = operand.where();
  check(mask.defined(), where, "masked_select: the mask must be defined, but it is not: ", internal::kWhyUndefined);
  check(mask.dtype() == DType::boolean, where, "masked_select: the mask must be boolean, but it is ", mask.dtype(),
        ".");
  Shape shape = broadcast_shapes("masked_select", x.shape(), mask.shape(), where);
  Tensor wide = x.shape() == shape ? x : expand(operand, shape), all = mask;
  if (mask.shape() != shape || !mask.is_contiguous()) {
    all = new_checked("masked_select", shape, DType::boolean, where);
    if (all.numel() > 0) copy_into(all, mask);
  }
  return pick_masked_at("masked_select", wide, all, where);
}

Tensor take(const Operand& operand, const Tensor& indices) {
  const Tensor& x = operand.tensor("take");
  SourceLocation where = operand.where();
  Tensor checked = wrapped_indices("take", indices, {x.numel()}, 0, where);
  return pick_at("take", reshape(operand, {x.numel()}), {0, 1}, checked, where);
}

Tensor take_along_dim(const Operand& operand, const Tensor& indices, std::optional<int> given_axis) {
  const Tensor& x = operand.tensor("take_along_dim");
  SourceLocation where = operand.where();
  check(indices.defined(), where,
        "take_along_dim: the indices must be defined, but they are not: ", internal::kWhyUndefined);
  CallSite site(where);
  if (!given_axis) {
    Tensor flat = reshape(x, {x.numel()});
    Tensor checked = checked_indices("take_along_dim", indices, flat, 0, where);
    return pick_at("take_along_dim", flat, {0, 1}, reshape(checked, {checked.numel()}), where);
  }
  check(x.ndim() == indices.ndim(), where, "take_along_dim: x and indices must have as many axes, but they are ",
        x.shape(), " and ", indices.shape(), ".");
  int axis = normalize_axis("take_along_dim", *given_axis, x.ndim(), where);
  Tensor checked = checked_indices("take_along_dim", indices, x, axis, where);
  if (x.ndim() == 0) return gather(x, axis, checked);
  Shape of_x = x.shape(), of_indices = indices.shape();
  of_x[axis] = of_indices[axis] = 1;
  Shape common = broadcast_shapes("take_along_dim", of_x, of_indices, where);
  of_x = of_indices = common;
  of_x[axis] = x.shape()[axis];
  of_indices[axis] = indices.shape()[axis];
  checked_numel("take_along_dim", of_x, where);
  checked_numel("take_along_dim", of_indices, where);
  return gather(expand(x, of_x), axis, expand(checked, of_indices));
}

}  // namespace xgrad
