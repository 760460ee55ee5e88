#include "gamma.hpp"

#include "../../simd/formulas/special.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../special.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The zeta function, for its derivative to q.
struct Zeta {
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto x, auto q) { return zeta(x, q); }
  static auto slope_b(auto x, auto q) { return -x * zeta(x + 1, q); }
};

}  // namespace

Tensor lgamma(const Operand& x) { return unary("lgamma", x, formulas::Lgamma{}); }
Tensor digamma(const Operand& x) { return unary("digamma", x, formulas::Digamma{}); }
Tensor trigamma(const Tensor& x) { return unary("polygamma", x, formulas::Trigamma{}); }

Tensor polygamma(std::int64_t n, const Operand& x) {
  check(n >= 0, x.where(), "polygamma: the order n must not be negative, but it is ", n, ".");
  if (n == 0) return unary("polygamma", x, formulas::Digamma{});
  if (n == 1) return unary("polygamma", x, formulas::Trigamma{});
  return unary("polygamma", x, formulas::Polygamma{n});
}

Tensor multigammaln(const Operand& x, std::int64_t p) {
  check(p >= 1, x.where(), "multigammaln: the dimension p must be at least 1, but it is ", p, ".");
  constexpr std::int64_t kMost = std::int64_t{1} << 20;  // each element takes so many steps
  check(p <= kMost, x.where(), "multigammaln: the dimension p must be at most ", kMost, ", but it is ", p, ".");
  return unary("multigammaln", x, formulas::Multigammaln{p});
}

Tensor zeta(const Operand& x, const Operand& q) {
  Promoted pair("zeta", x, q, Integers::become_floating);
  Tensor y = new_result("zeta", pair.shape(), pair.dtype(), x.where());
  dispatch_floating(pair.dtype(), [&]<class T>(T) { compute_into<T>(y, Value{Zeta{}}, pair.a(), pair.b()); });
  return record(
      "zeta", x.where(), {pair.a(), pair.b()}, std::move(y), {{}, Uses::input(0) | Uses::input(1)}, [](Vjp& vjp) {
        check<std::logic_error>(!vjp.needs(0), vjp.where(),
                                "zeta: only q may require a gradient, but x does, whose derivative is not offered. Use "
                                "x.detach().");
        give_cotangent<Zeta::b_reads>(vjp, 1, vjp.take_g(), PullB<Zeta>{});
      });
}

}  // namespace xgrad
