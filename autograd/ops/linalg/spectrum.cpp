#include "spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../../base/launch.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/result.hpp"
#include "../diagonal.hpp"
#include "../movement.hpp"
#include "../reduce.hpp"
#include "matrices.hpp"

namespace xgrad::internal {
namespace {

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

/// Which pairs of values [..., n] agree to rounding (i = j always does): [..., n, n].
Tensor equal_pairs(const Tensor& given) {
  const Tensor values = contiguous(given.detach());
  const std::int64_t n = values.size(-1);
  Shape shape = values.shape();
  shape.push_back(n);
  Tensor mask = new_tensor(shape, DType::boolean);
  if (values.numel() == 0) return mask;
  dispatch_floating(values.dtype(), [&]<class T>(T) {
    launch(ComparePairs<T>{data_of<T>(values), data_of<bool>(mask), n}, values.numel() / n, 32768 / (n * n) + 1);
  });
  return mask;
}

/// The first true element of a mask, or -1.
std::int64_t first_of(const Tensor& given) {
  const Tensor mask = contiguous(given);
  const bool* data = data_of<bool>(mask);
  const std::int64_t at = std::find(data, data + mask.numel(), true) - data;
  return at < mask.numel() ? at : -1;
}

/// Throws for the pair at `at` of a mask [..., n, n].
void refuse_equal(const char* name, const Tensor& values, const Shape& shape, std::int64_t at, bool has_option,
                  SourceLocation place) {
  const std::int64_t n = shape[-1], i = at / n % n, j = at % n, matrix = at / (n * n);
  check(false, place, name,
        ": values must differ where vectors are differentiated, or values a second time, but values ", i, " and ", j,
        " of ", matrix_at(matrix, shape), " are equal to rounding (",
        values.detach().to_vector()[static_cast<std::size_t>(matrix * n + i)], ").",
        has_option ? " Degenerate::zero leaves out their terms." : "");
}

Tensor row_of(const Tensor& x) { return unsqueeze(x, -2); }
Tensor column_of(const Tensor& x) { return unsqueeze(x, -1); }

}  // namespace

Tensor inverse_differences(const char* name, const Tensor& values, const Tensor& used, linalg::Degenerate degenerate,
                           SourceLocation place) {
  const Tensor equal = equal_pairs(values);
  if (degenerate == linalg::Degenerate::refuse) {
    const Tensor refused = logical_and(equal, logical_or(row_of(used), column_of(used)));
    const Tensor is_pair = diag_embed(ones(values.shape(), {.dtype = values.dtype()})) == 0;
    if (const std::int64_t at = first_of(logical_and(refused, is_pair)); at >= 0)
      refuse_equal(name, values, equal.shape(), at, true, place);
  }
  const Tensor differences = row_of(values) - column_of(values);
  return xgrad::where(equal, 0, reciprocal(xgrad::where(equal, 1, differences)));
}

Tensor SlopeTerms::divided(const Tensor& numerators, const Tensor& denominators, const Tensor& is_zero,
                           const Tensor& stays, const Tensor& p, const Tensor& s, bool of_pairs) const {
  if (degenerate == linalg::Degenerate::refuse) {
    const Tensor refused = logical_and(logical_and(is_zero, logical_not(stays)), p.detach() != 0);
    const std::int64_t at = first_of(refused);
    if (at >= 0 && of_pairs) refuse_equal(name, s, refused.shape(), at, has_option, where);
    check(
        at < 0, where, name, ": values must not be 0 where they are differentiated a second time, but value ",
        at % refused.size(-1), " of ",
        [&] { return matrix_at(at / (refused.size(-1) * refused.size(-2)), refused.shape()); }, " is 0 to rounding.",
        has_option ? " Degenerate::zero leaves out its terms." : "");
  }
  return xgrad::where(is_zero, 0, numerators / xgrad::where(is_zero, 1, denominators)) * p;
}

Tensor SlopeTerms::differences(const Tensor& g, const Tensor& s, const Tensor& p) const {
  const Tensor slope = g.detach();
  Tensor stays = diag_embed(ones(s.shape(), {.dtype = s.dtype()})) != 0;
  if (slopes != Slopes::vary) {
    const Tensor equal = column_of(slope) == row_of(slope);
    stays = logical_or(stays, slopes == Slopes::constant ? equal : logical_and(equal, column_of(slope) == 0));
  }
  return divided(column_of(g) - row_of(g), column_of(s) - row_of(s), equal_pairs(s), stays, p, s, true);
}

Tensor SlopeTerms::sums(const Tensor& g, const Tensor& s, const Tensor& p) const {
  const Tensor sum = column_of(s) + row_of(s), slope = g.detach();
  Tensor stays = logical_and(column_of(slope) == 0, row_of(slope) == 0);
  if (slopes == Slopes::vary) stays = zeros(stays.shape(), {.dtype = DType::boolean});
  return divided(column_of(g) + row_of(g), sum, sum.detach() <= column_of(rounding_of(s)), stays, p, s, false);
}

Tensor SlopeTerms::singles(const Tensor& g, const Tensor& s, const Tensor& p) const {
  Tensor stays = g.detach() == 0;
  if (slopes == Slopes::vary) stays = zeros(stays.shape(), {.dtype = DType::boolean});
  return divided(row_of(g), row_of(s), row_of(s.detach() <= rounding_of(s)), row_of(stays), p, s, false);
}

Slopes slopes_of(const Tensor& g) { return g.requires_grad() ? Slopes::vary : Slopes::constant; }

Tensor rounding_of(const Tensor& values) {
  if (values.size(-1) == 0) return sum(values.detach(), -1, {.keepdims = true});
  const double epsilon = values.dtype() == DType::float32 ? double{std::numeric_limits<float>::epsilon()}
                                                          : std::numeric_limits<double>::epsilon();
  return amax(abs(values.detach()), -1, {.keepdims = true}) * (epsilon * static_cast<double>(values.size(-1)));
}

}  // namespace xgrad::internal
