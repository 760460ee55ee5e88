// Operators beside xtensor's functions of the same meaning: a second reference, in the words of another library.
#include <xgrad/autograd/xtensor.hpp>

#if __has_include(<xtensor/misc/xmanipulation.hpp>)
#include <xtensor/misc/xmanipulation.hpp>
#else
#include <xtensor/xmanipulation.hpp>
#endif
#include <xtensor-blas/xlinalg.hpp>

#include "op_table.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

Tensor drawn(const Shape& shape, std::uint64_t seed) {
  Generator generator(seed);
  return normal(shape, 0, 1, kDouble, generator);
}
xt::xarray<double> array_of(const Tensor& x) { return as_xtensor<double>(x); }

}  // namespace

TEST_CASE("Elementwise operators, reductions and movements agree with xtensor's", "[op_table][xtensor]") {
  // In another layout than xtensor's own.
  const Tensor x = transpose(drawn({4, 3, 5}, 1), 0, 2), y = drawn({5, 3, 4}, 2);
  const auto a = as_xtensor<double>(x);
  const auto b = as_xtensor<double>(y);
  CHECK(is_close(sin(x) * exp(y), from_xtensor(xt::sin(a) * xt::exp(b)), 1e-14));
  CHECK(is_close(tanh(x) - square(y), from_xtensor(xt::tanh(a) - xt::square(b)), 1e-14));
  CHECK(is_close(where(x > y, x, -y), from_xtensor(xt::where(a > b, a, -b))));
  CHECK(is_close(sum(x, {0, 2}), from_xtensor(xt::sum(a, {0, 2}))));
  CHECK(is_close(mean(x, 1), from_xtensor(xt::mean(a, {1}))));
  CHECK(is_close(prod(x, 2), from_xtensor(xt::prod(a, {2}))));
  CHECK(is_close(amax(x, 0), from_xtensor(xt::amax(a, {0}))));
  CHECK(is_close(flip(x, 1), from_xtensor(xt::flip(a, 1))));
  CHECK(is_close(roll(x, 2, 0), from_xtensor(xt::roll(a, 2, 0))));
  CHECK(is_close(permute(x, {2, 0, 1}), from_xtensor(xt::transpose(array_of(x), {2, 0, 1}))));
}

TEST_CASE("Products and functions of matrices agree with xt::linalg's", "[op_table][xtensor]") {
  const Tensor x = drawn({4, 4}, 3) + 8 * eye(4, kDouble), y = drawn({4, 6}, 4), v = drawn({4}, 5), w = drawn({4}, 6);
  const xt::xarray<double> a = array_of(x), b = array_of(y), c = array_of(v), d = array_of(w);
  CHECK(is_close(matmul(x, y), from_xtensor(xt::linalg::dot(a, b))));
  CHECK(is_close(outer(v, w), from_xtensor(xt::linalg::outer(c, d))));
  CHECK(is_close(kron(x, y), from_xtensor(xt::linalg::kron(a, b))));
  CHECK(is_close(tensordot(x, y, 1), from_xtensor(xt::linalg::tensordot(a, b, 1))));
  CHECK(is_close(linalg::inv(x), from_xtensor(xt::linalg::inv(a)), 1e-11));
  CHECK(is_close(linalg::solve(x, y), from_xtensor(xt::linalg::solve(a, b)), 1e-11));
  CHECK(is_close(linalg::pinv(y), from_xtensor(xt::linalg::pinv(b)), 1e-10));
  CHECK(is_close(linalg::matrix_power(x, 3), from_xtensor(xt::linalg::matrix_power(a, 3)), 1e-11));
  CHECK(linalg::det(x).item() == Approx(xt::linalg::det(a)));
  CHECK(linalg::matrix_rank(y).item<int>() == xt::linalg::matrix_rank(b));
}
