// The bridge is included last, after `using namespace xgrad;`, and xtensor itself before it: any order compiles.
#include <xgrad/xgrad.hpp>

using namespace xgrad;

#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xarray.hpp>
#else
#include <xtensor/xarray.hpp>
#endif

#include <xgrad/autograd/xtensor.hpp>

#include "../catch.hpp"

TEST_CASE("the bridge is included in any order", "[xtensor]") {
  xt::xarray<double> a = {{1, 2, 3}, {4, 5, 6}};
  Tensor t = from_xtensor(2 * a + 1);
  CHECK(t.to_vector<double>() == std::vector<double>{3, 5, 7, 9, 11, 13});
  CHECK(xt::sum(as_xtensor<double>(t))() == 48);
  // The namespace that xtl's data() must not meet.
  CHECK(data::Dataset{zeros({3}), zeros({3})}.size() == 3);
}
