#include <xgrad/autograd/ops.hpp>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

TEST_CASE("tails of every length are right", "[elementwise][layouts]") {
  for (std::int64_t n = 0; n < 40; ++n) {
    Tensor x = arange(0, double(n), 1, {.dtype = DType::float32});
    std::vector<double> y = values(x * x + 1);
    REQUIRE(std::int64_t(y.size()) == n);
    for (std::int64_t i = 0; i < n; ++i) REQUIRE(y[i] == double(i) * i + 1);
  }
}

TEST_CASE("every mixture of layouts gives what contiguous copies give", "[elementwise][layouts][layout]") {
  Tensor base = normal({6, 40, 70}, 0, 1, {.dtype = DType::float64});
  std::vector<Tensor> layouts{
      base[{slice(0, 3), slice(0, 20), slice(0, 30)}],
      permute(base, {0, 2, 1})[{slice(0, 3), slice(0, 20), slice(0, 30)}],
      permute(base, {2, 1, 0})[{slice(0, 3), slice(0, 20), slice(0, 6)}][{ellipsis, slice(0, 1)}],
      flip(base, 2)[{slice(0, 6, 2), slice(20, 40), slice(0, 60, 2)}],
      base[{slice(1, 2), slice(0, 20), slice(0, 1)}],
      base[{0, 0, slice(0, 30)}],
      base[{slice(0, 3), slice(0, 1), slice(5, 6)}],
      base[{0, 0, 0}],
  };
  for (std::size_t i = 0; i < layouts.size(); ++i)
    for (std::size_t j = 0; j < layouts.size(); ++j) {
      INFO("layouts " << i << " and " << j);
      Shape shape = broadcast_shapes("test", layouts[i].shape(), layouts[j].shape(), {});
      Tensor a = contiguous(expand(layouts[i], shape));
      Tensor b = contiguous(expand(layouts[j], shape));
      REQUIRE(values(layouts[i] * layouts[j]) == values(a * b));
      REQUIRE(values(where(layouts[i] > 0, layouts[j], 0)) == values(where(a > 0, b, 0)));
    }
}

TEST_CASE("long transposed operands are tiled right", "[elementwise][layouts][layout]") {
  Tensor a = normal({130, 201}), b = normal({201, 130});
  Tensor y = a + transpose(b);
  const float* pa = a.data<float>();
  const float* pb = b.data<float>();
  const float* py = y.data<float>();
  for (int r = 0; r < 130; ++r)
    for (int c = 0; c < 201; ++c) REQUIRE(py[r * 201 + c] == pa[r * 201 + c] + pb[c * 130 + r]);
}

TEST_CASE("tiles take constants, columns and every element size", "[elementwise][layouts][layout]") {
  Tensor x = normal({2, 201, 130}, 0, 1, {.dtype = DType::float64});
  Tensor constant = expand(full({}, 3, {.dtype = DType::float64}), {2, 130, 201});
  Tensor column = normal({2, 130, 1}, 0, 1, {.dtype = DType::float64});
  Tensor turned = transpose(x);
  CHECK(values(turned * constant) == values(contiguous(turned) * 3));
  CHECK(values(where(turned > 0, constant, column)) ==
        values(where(contiguous(turned) > 0, contiguous(constant), contiguous(expand(column, {2, 130, 201})))));
  for (DType dtype : {DType::boolean, DType::int64, DType::float32, DType::float64}) {
    CAPTURE(dtype);
    Tensor numbers = cast(x * 2, dtype);
    CHECK(values(cast(transpose(numbers), DType::float64)) == values(transpose(cast(numbers, DType::float64))));
    CHECK(values(cast(contiguous(transpose(numbers)), DType::float64)) ==
          values(transpose(cast(numbers, DType::float64))));
  }
}
