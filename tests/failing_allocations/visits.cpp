// The gradient of a function at a point takes one pass, and nothing traverses the graph before it. Who traverses a
// graph has to note which nodes were seen: in a list of its own, which takes memory for each node, or in the nodes'
// marks, which takes a pass's number. Both are counted here.
#include <cstdint>

#include <xgrad/autograd/engine/node.hpp>
#include <xgrad/autograd/tensor_impl.hpp>
#include <xgrad/xgrad.hpp>
#include "../support.hpp"
#include "failing_new.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

/// The number of a pass that is made for it: the passes in between are those that were made since another one.
std::uint64_t number_of_next_pass() {
  Tensor y = variable(2) * 3;
  y.backward();
  return y.impl()->node->marks.run;
}

struct Cost {
  std::uint64_t passes;
  long allocations;
};

/// Of f() once it has run before: the lists that a thread keeps for its passes have grown then.
template <class F>
Cost cost_of(const F& f) {
  f();
  const std::uint64_t first = number_of_next_pass();
  const long before = count_of_new();
  f();
  const long after = count_of_new();
  return {number_of_next_pass() - first - 1, after - before};
}

Tensor chain(Tensor y, int length) {
  for (int i = 0; i < length; ++i) y = y * 0.999;
  return y;
}

/// f by the length of the chain that it differentiates.
template <class F>
void check_cost(const F& f, std::uint64_t passes) {
  f(20'000);
  const Cost brief = cost_of([&] { f(100); }), lasting = cost_of([&] { f(20'000); });
  CHECK(brief.passes == passes);
  CHECK(lasting.passes == passes);
  CHECK(lasting.allocations == brief.allocations);
}

}  // namespace

TEST_CASE("A function's gradient takes one pass and no list of its nodes", "[visits]") {
  const Tensor x = f64(1.5), outer = variable(0.5);
  SECTION("at a constant") {
    check_cost([&](int length) { grad([&](const Tensor& a) { return chain(a, length); }, x); }, 1);
  }
  SECTION("at a constant, with the value") {
    check_cost([&](int length) { value_and_grad([&](const Tensor& a) { return chain(a, length); }, x); }, 1);
  }
  SECTION("of a function that captures a variable") {
    check_cost([&](int length) { grad([&](const Tensor& a) { return chain(a, length) * outer; }, x); }, 1);
  }
  SECTION("at a variable, so that the gradient is recorded") {
    check_cost([&](int length) { grad([&](const Tensor& a) { return chain(a, length); }, outer); }, 1);
  }
  SECTION("of a closure and its parameter") {
    check_cost([&](int length) { grad([&] { return chain(outer, length); }, {outer}); }, 1);
  }
  SECTION("pulled back") {
    check_cost([&](int length) { vjp([&](const Tensor& a) { return chain(a, length); }, x, f64(1)); }, 1);
  }
  SECTION("pushed forward: a pass, and one through it") {
    check_cost([&](int length) { jvp([&](const Tensor& a) { return chain(a, length); }, x, f64(1)); }, 2);
  }
  SECTION("within another function's gradient, whose graph is long") {
    check_cost(
        [&](int length) {
          grad(
              [&](const Tensor& a) {
                const Tensor far = chain(a, length);
                return grad([&](const Tensor& b) { return sum(b * b * far); }, x);
              },
              x);
        },
        2);
  }
}
