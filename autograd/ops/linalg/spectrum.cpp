#include "spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../../grad_mode.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
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

EqualPairs equal_pairs(const Tensor& values) {
  const std::int64_t n = values.size(-1);
  Shape shape = values.shape();
  shape.push_back(n);
  EqualPairs pairs{new_tensor(shape, DType::boolean)};
  bool* mask = data_of<bool>(pairs.mask);
  dispatch_floating(values.dtype(), [&]<class T>(T) {
    const std::vector<T> all = values.to_vector<T>();
    for (std::int64_t at = 0; at < values.numel(); at += n) {
      const T* value = all.data() + at;
      T most = 0;
      for (std::int64_t i = 0; i < n; ++i) most = std::max(most, std::abs(value[i]));
      const T bound = most * std::numeric_limits<T>::epsilon() * static_cast<T>(n);
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j) {
          const bool is_equal = i == j || std::abs(value[i] - value[j]) <= bound;
          *mask++ = is_equal;
          if (is_equal && i != j && pairs.matrix < 0) {
            pairs.matrix = at / n;
            pairs.i = i;
            pairs.j = j;
          }
        }
    }
  });
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
