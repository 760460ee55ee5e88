#include "promote.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "result.hpp"

namespace xgrad::internal {
namespace {

/// Operands decide the common dtype by weight: tensors with axes, scalar tensors, numbers.
int weight(const char* name, const Operand& operand) {
  if (operand.is_number()) return 0;
  return operand.tensor(name).ndim() == 0 ? 1 : 2;
}

/// A lighter operand decides only where it is of a later kind: boolean, integer, floating.
DType outweigh(DType heavy, DType light) {
  if (is_floating(heavy)) return heavy;
  return heavy == DType::boolean || is_floating(light) ? promote(heavy, light) : heavy;
}

DType common_dtype(const char* name, const Operand& a, const Operand& b) {
  int weight_a = weight(name, a);
  int weight_b = weight(name, b);
  DType dtype_a = a.dtype(name), dtype_b = b.dtype(name);
  if (weight_a == weight_b) return promote(dtype_a, dtype_b);
  return weight_a > weight_b ? outweigh(dtype_a, dtype_b) : outweigh(dtype_b, dtype_a);
}

/// The dtype of many: first those of one weight among themselves, so that their order does not matter.
class CommonDType {
 public:
  void add(int weight, DType operand) {
    std::optional<DType>& dtype = by_weight_[weight];
    dtype = dtype ? promote(*dtype, operand) : operand;
  }
  /// There must be one.
  DType dtype() const {
    std::optional<DType> common;
    for (std::optional<DType> dtype : by_weight_)
      if (dtype) common = common ? outweigh(*dtype, *common) : *dtype;
    return *common;
  }

 private:
  std::optional<DType> by_weight_[3];
};

}  // namespace

DType common_dtype(const char* name, std::initializer_list<const Operand*> operands) {
  CommonDType common;
  for (const Operand* operand : operands) common.add(weight(name, *operand), operand->dtype(name));
  return common.dtype();
}

DType common_dtype(std::span<const Tensor> tensors) {
  CommonDType common;
  for (const Tensor& tensor : tensors) common.add(tensor.ndim() == 0 ? 1 : 2, tensor.dtype());
  return common.dtype();
}

Promoted::Promoted(const char* name, const Operand& left, const Operand& right, Integers integers)
    : dtype_(integers == Integers::stay ? common_dtype(name, left, right)
                                        : to_floating(common_dtype(name, left, right))),
      a_(convert(left, name, left.where(), converted_a_)),
      b_(convert(right, name, left.where(), converted_b_)),
      shape_(broadcast_shapes(name, a_->shape(), b_->shape(), left.where())) {}

const Tensor* Promoted::convert(const Operand& operand, const char* name, SourceLocation where,
                                Tensor& converted) const {
  if (!operand.is_number() && operand.dtype(name) == dtype_) return &operand.tensor(name);
  converted =
      operand.is_number() ? operand.number_as(dtype_, name) : cast_for(name, {operand.tensor(name), where}, dtype_);
  return &converted;
}

namespace {

template <class T>
bool fits_int64(T x) {
  return T(-0x1p63) <= x && x < T(0x1p63);
}

/// Says whether int64 can hold each element.
template <class T>
struct FindUnfit {
  const T* x;
  std::atomic<bool>* found;
  static void run(const FindUnfit& a, std::int64_t begin, std::int64_t end) {
    bool fits = true;
    for (std::int64_t i = begin; i < end; ++i) fits &= fits_int64(a.x[i]);
    if (!fits) a.found->store(true, std::memory_order_relaxed);
  }
};

/// Throws std::invalid_argument where int64 cannot hold an element.
template <class T>
void check_fits_int64(const char* operation, const Tensor& given, SourceLocation where) {
  Tensor x = given;
  if (!x.is_contiguous()) {
    x = new_tensor(given.shape(), given.dtype());
    copy_into(x, given);
  }
  const T* elements = data_of<T>(x);
  std::atomic<bool> found = false;
  launch(FindUnfit<T>{elements, &found}, x.numel(), kElementwiseGrain);
  if (!found) return;
  const T* unfit = std::find_if(elements, elements + x.numel(), [](T element) { return !fits_int64(element); });
  check(false, where, operation, ": an int64 must hold each element, but element ", unfit - elements, " of ", x.numel(),
        " is ", static_cast<double>(*unfit), ".");
}

}  // namespace

Tensor cast_for(const char* operation, const Operand& x, DType dtype) {
  if (x.is_number()) return x.number_as(dtype, operation);  // at once: as a float32 tensor it would lose digits
  const Tensor& tensor = x.tensor(operation);
  if (tensor.dtype() == dtype) return tensor;
  if (dtype == DType::int64 && is_floating(tensor.dtype()))
    dispatch_floating(tensor.dtype(), [&]<class T>(T) { check_fits_int64<T>(operation, tensor, x.where()); });
  Tensor y = new_result(operation, tensor.shape(), dtype, x.where());
  copy_into(y, tensor);
  return record("cast", x.where(), {tensor}, std::move(y), {},
                [](Vjp& vjp) { vjp.give(0, cast_for("cast", vjp.g(), vjp.dtype(0))); });
}

}  // namespace xgrad::internal
