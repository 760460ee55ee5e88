#include "vectors.hpp"

#include <algorithm>

#include "../../autograd/base/launch.hpp"
#include "../../autograd/each.hpp"
#include "../../autograd/ops/arithmetic.hpp"
#include "../../autograd/ops/cast.hpp"
#include "../../autograd/ops/create.hpp"
#include "../../autograd/ops/index.hpp"
#include "../../autograd/ops/movement.hpp"
#include "../../autograd/ops/reduce.hpp"
#include "../../autograd/tensor_impl.hpp"

namespace xgrad::optim {
namespace {

// A block's sum is made by one thread, and lies in the core's first cache while it is.
constexpr std::int64_t kBlock = 4096;
constexpr std::int64_t kLanes = 32;

/// For each block: y += a x where `adds`, and the sum of y z.
template <class T, bool adds>
struct BlockDots {
  T* y;
  const T* x;
  const T* z;
  double* sums;
  T a;
  std::int64_t size;

  static void run(const BlockDots& k, std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t first = block * kBlock, last = std::min(first + kBlock, k.size);
      T lanes[kLanes] = {};
      std::int64_t i = first;
      for (; i + kLanes <= last; i += kLanes)
        for (std::int64_t j = 0; j < kLanes; ++j) {
          if constexpr (adds) k.y[i + j] += k.a * k.x[i + j];
          lanes[j] += k.y[i + j] * k.z[i + j];
        }
      for (std::int64_t j = 0; i < last; ++i, ++j) {
        if constexpr (adds) k.y[i] += k.a * k.x[i];
        lanes[j] += k.y[i] * k.z[i];
      }
      for (std::int64_t half = kLanes / 2; half > 0; half /= 2)
        for (std::int64_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
      k.sums[block] = static_cast<double>(lanes[0]);
    }
  }
};

template <bool adds>
double block_dots(const Tensor& y, double a, const Tensor& x, const Tensor& z) {
  const std::int64_t size = y.numel(), blocks = (size + kBlock - 1) / kBlock;
  double few[64];
  std::vector<double> many;
  double* sums = few;
  if (blocks > 64) {
    many.resize(blocks);
    sums = many.data();
  }
  internal::dispatch_floating(y.dtype(), [&]<class T>(T) {
    internal::launch(BlockDots<T, adds>{internal::data_of<T>(y), internal::data_of<T>(x), internal::data_of<T>(z), sums,
                                        static_cast<T>(a), size},
                     blocks, 16);
  });
  double total = 0;
  for (std::int64_t block = 0; block < blocks; ++block) total += sums[block];
  return total;
}

}  // namespace

std::int64_t ParameterVector::size() const {
  std::int64_t size = 0;
  for (const Tensor& parameter : parameters_) size += parameter.numel();
  return size;
}

Tensor ParameterVector::values() const {
  std::vector<Tensor> parts;
  for (const Tensor& parameter : parameters_) parts.push_back(parameter.detach());
  return joined(parts);
}

Tensor ParameterVector::gradients() const {
  std::vector<Tensor> parts;
  for (const Tensor& parameter : parameters_) parts.push_back(parameter.grad());
  return joined(parts);
}

Tensor ParameterVector::joined(const std::vector<Tensor>& parts) const {
  std::vector<Tensor> flat;
  for (std::size_t i = 0; i < parts.size(); ++i)
    flat.push_back(parts[i].defined() ? reshape(parts[i], {parts[i].numel()})
                                      : zeros({parameters_[i].numel()}, {.dtype = parameters_[i].dtype()}));
  return flat.size() == 1 ? copy(flat[0]) : cat(flat);
}

void ParameterVector::assign(const Tensor& vector) { assign(parts(vector)); }

void ParameterVector::assign(std::span<const Tensor> parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) each(parameters_[i], parts[i], [](auto& w, auto value) { w = value; });
}

std::vector<Tensor> ParameterVector::parts(const Tensor& vector) const {
  std::vector<Tensor> views;
  std::int64_t first = 0;
  const bool is_rows = vector.ndim() == 2;
  for (const Tensor& parameter : parameters_) {
    const std::int64_t size = parameter.numel();
    Shape shape = parameter.shape();
    if (is_rows) {
      shape.resize(parameter.ndim() + 1);
      shape[0] = vector.size(0);
      for (int axis = 0; axis < parameter.ndim(); ++axis) shape[axis + 1] = parameter.size(axis);
    }
    views.push_back(reshape(narrow(vector, is_rows ? 1 : 0, first, size), shape));
    first += size;
  }
  return views;
}

double dot(const Tensor& x, const Tensor& y) { return block_dots<false>(x, 0, x, y); }

void add_scaled(Tensor& y, double a, const Tensor& x) {
  each(y, x, [a](auto& y, auto x) { y += a * x; });
}

double add_scaled_dot(Tensor& y, double a, const Tensor& x, const Tensor& z) { return block_dots<true>(y, a, x, z); }

Tensor moved(const Tensor& x, double t, const Tensor& d) {
  Tensor sum = zeros_like(x);
  each(sum, x, d, [t](auto& sum, auto x, auto d) { sum = x + t * d; });
  return sum;
}

double largest_of(const Tensor& x) { return x.numel() == 0 ? 0 : amax(abs(x), Axes::all()).item(); }

}  // namespace xgrad::optim
