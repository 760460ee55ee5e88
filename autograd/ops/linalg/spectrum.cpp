#include "spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../../base/launch.hpp"
#include "../../grad_mode.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../detail/result.hpp"
#include "../movement.hpp"
#include "matrices.hpp"

namespace xgrad::internal {
namespace {

/// Which pairs of values agree to rounding, and where the first of them is.
struct EqualPairs {
  Tensor mask;
  std::int64_t matrix = -1, i = 0, j = 0;
};

/// Which pairs of each matrix' n values agree to rounding. Over matrices.
template <class T>
struct ComparePairs {
  const T* values;
  bool* to;
  std::int64_t n;

  static void run(const ComparePairs& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const T* value = a.values + at * a.n;
      bool* to = a.to + at * a.n * a.n;
      T most = 0;
      for (std::int64_t i = 0; i < a.n; ++i) most = std::max(most, std::abs(value[i]));
      const T bound = most * std::numeric_limits<T>::epsilon() * static_cast<T>(a.n);
      for (std::int64_t i = 0; i < a.n; ++i)
        for (std::int64_t j = 0; j < a.n; ++j) to[i * a.n + j] = i == j || std::abs(value[i] - value[j]) <= bound;
    }
  }
};

EqualPairs equal_pairs(const Tensor& given) {
  const Tensor values = contiguous(given.detach());
  const std::int64_t n = values.size(-1);
  Shape shape = values.shape();
  shape.push_back(n);
  EqualPairs pairs{new_tensor(shape, DType::boolean)};
  if (values.numel() == 0) return pairs;
  const std::int64_t count = values.numel() / n;
  dispatch_floating(values.dtype(), [&]<class T>(T) {
    launch(ComparePairs<T>{data_of<T>(values), data_of<bool>(pairs.mask), n}, count, 32768 / (n * n) + 1);
  });
  // Whether a pair is equal decides what the caller does: it is read here.
  const bool* mask = data_of<bool>(pairs.mask);
  for (std::int64_t at = 0; at < count * n * n && pairs.matrix < 0; ++at) {
    const std::int64_t i = at / n % n, j = at % n;
    if (!mask[at] || i == j) continue;
    pairs.matrix = at / (n * n);
    pairs.i = i;
    pairs.j = j;
  }
  return pairs;
}

}  // namespace

Tensor inverse_differences(const char* name, const Tensor& values, const Tensor& weight, linalg::Degenerate degenerate,
                           SourceLocation place) {
  const EqualPairs equal = equal_pairs(values.detach());
  if (equal.matrix >= 0 && degenerate == linalg::Degenerate::refuse)
    check(false, place, name,
          ": values must differ where vectors are differentiated, or values a second time, but values ", equal.i,
          " and ", equal.j, " of ", matrix_at(equal.matrix, equal.mask.shape()), " are equal to rounding (",
          values.detach().to_vector()[static_cast<std::size_t>(equal.matrix * values.size(-1) + equal.i)],
          "). Degenerate::zero leaves out their terms.");
  Tensor differences = unsqueeze(values, -2) - unsqueeze(values, -1);
  if (weight.defined()) differences = differences * weight;
  return where(equal.mask, 0, reciprocal(where(equal.mask, 1, differences)));
}

}  // namespace xgrad::internal
