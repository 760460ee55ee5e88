// Operators of one's own whose values xtensor computes: docs/extending.md walks through this file, too.
#include <xgrad/autograd/xtensor.hpp>

#include <cmath>

#include <xgrad/autograd/check/check_operator.hpp>
#include <xgrad/autograd/extend.hpp>
#include "../support.hpp"

// Where xtensor keeps its headers: xtensor/misc/xmanipulation.hpp from 0.26 on.
#if __has_include(<xtensor/misc/xmanipulation.hpp>)
#include <xtensor/misc/xmanipulation.hpp>
#else
#include <xtensor/xmanipulation.hpp>
#endif
#include <xtensor-blas/xlinalg.hpp>

using namespace xgrad;
using namespace xgrad::testing;

namespace {

// ---- An expression of xtensor's ----

template <class T>
Tensor second_differences(const Tensor& x) {
  auto u = as_xtensor<T>(x);
  return from_xtensor(xt::roll(u, 1, 0) - 2 * u + xt::roll(u, -1, 0));
}

/// Second differences along the first axis, which closes to a ring: [n, ...] -> [n, ...]. The operator is its own
/// transpose.
Tensor ring_laplacian(const Operand& operand) {
  const Tensor& x = operand.tensor("ring_laplacian");
  check(is_floating(x.dtype()) && x.ndim() > 0 && x.numel() > 0, operand.where(),
        "ring_laplacian: x must be floating and have elements along an axis, but it is ", x.dtype(), " ", x.shape(),
        ".");
  Tensor value = x.detach();
  value = x.dtype() == DType::float32 ? second_differences<float>(value) : second_differences<double>(value);
  return record("ring_laplacian", operand.where(), {x}, value, {},
                [](Vjp& vjp) { vjp.give(0, ring_laplacian(vjp.g())); });
}

// ---- A call of xt::linalg ----

template <class T>
Tensor inverse_by_xtensor(const Tensor& x) {
  xt::xarray<T> matrix = as_xtensor<T>(x);
  return from_xtensor(xt::xarray<T>(xt::linalg::inv(matrix)));
}

/// The inverse of one matrix. Gradient -y^T g y^T.
Tensor inverse(const Operand& operand) {
  const Tensor& x = operand.tensor("inverse");
  check(is_floating(x.dtype()) && x.ndim() == 2 && x.size(0) == x.size(1) && x.numel() > 0, operand.where(),
        "inverse: x must be a floating square matrix, but it is ", x.dtype(), " ", x.shape(), ".");
  Tensor y = x.detach();
  try {
    y = x.dtype() == DType::float32 ? inverse_by_xtensor<float>(y) : inverse_by_xtensor<double>(y);
  } catch (const std::runtime_error&) {
    check(false, operand.where(), "inverse: x must be invertible, but it is singular.");
  }
  return record("inverse", operand.where(), {x}, y, {Uses::output()}, [](Vjp& vjp) {
    Tensor transposed = transpose(vjp.output());
    vjp.give(0, -matmul(matmul(transposed, vjp.g()), transposed));
  });
}

Tensor well_conditioned(const Tensor& x) {
  return x.defined() && is_floating(x.dtype()) && x.ndim() == 2 && x.size(0) == x.size(1)
             ? x + 4 * static_cast<double>(x.size(0)) * eye(x.size(0), {.dtype = x.dtype()})
             : x;
}

}  // namespace

TEST_CASE("An operator whose value is an expression of xtensor's", "[extend][xtensor]") {
  check_operator(
      {.name = "ring_laplacian",
       .function = [](const Tensor& x) { return ring_laplacian(x); },
       .shapes = {{{5}}, {{1}}, {{4, 3}}, {{2, 3, 2}}},
       .expected = [](std::span<const Tensor> x) { return roll(x[0], 1, 0) - 2 * x[0] + roll(x[0], -1, 0); }});
  CHECK_THROWS_WITH(ring_laplacian(f64(1.)),
                    Catch::Contains("ring_laplacian: x must be floating and have elements along"));
}

TEST_CASE("An operator that calls xt::linalg", "[extend][xtensor]") {
  check_operator({.name = "inverse",
                  .function = [](const Tensor& x) { return inverse(well_conditioned(x)); },
                  .shapes = {{{3, 3}}, {{1, 1}}},
                  .expected = [](std::span<const Tensor> x) { return linalg::inv(well_conditioned(x[0])); },
                  .rtol = 1e-10,
                  .rtol32 = 1e-4});
  CHECK_THROWS_WITH(inverse(zeros({2, 2})), Catch::Contains("inverse: x must be invertible, but it is singular. at "
                                                            "extend_xtensor.cpp:"));
}
