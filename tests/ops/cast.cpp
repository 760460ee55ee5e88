#include <xgrad/autograd/ops/cast.hpp>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

TEST_CASE("a cast is recorded, and its gradient converted back", "[elementwise][cast][dtype]") {
  Tensor x = tensor({1.5, -2.5}).set_requires_grad();
  Tensor y = cast(x, DType::float64);
  CHECK(y.dtype() == DType::float64);
  CHECK(grad(sum(y * y), x).dtype() == DType::float32);
  CHECK(cast(x, DType::int64).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, -2});
  CHECK(cast(doubles({0, kNan, 2}), DType::boolean).to_vector<bool>() == std::vector<bool>{false, true, true});
  CHECK(cast(x, DType::float32).is_same(x));
}

TEST_CASE("cast refuses to make integers of what none is", "[elementwise][cast]") {
  for (double wrong : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e30, 0x1p63})
    CHECK_THROWS_WITH(cast(from_vector(std::vector<double>{1, wrong, 2}), DType::int64),
                      Contains("cast: an int64 must hold each element") && Contains("at cast.cpp:"));
  CHECK_THROWS_WITH(cast(std::nan(""), DType::int64), Contains("cast: an int64 must hold the number, but it is nan"));
  CHECK(cast(from_vector(std::vector<double>{-0x1p63, 2.7}), DType::int64).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), 2});
  CHECK(cast(zeros({0}), DType::int64).numel() == 0);
}
