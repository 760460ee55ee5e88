// Special functions.
#include <xgrad/autograd/ops/special.hpp>
#include "registry.hpp"

namespace conformance {

using xgrad::Operand;
using xgrad::Tensor;

void add_special(Registry& ops) {
  using Unary = Tensor (*)(const Operand&);
  const std::pair<const char*, Unary> functions[] = {
      {"erfc", xgrad::erfc},
      {"erfinv", xgrad::erfinv},
      {"lgamma", xgrad::lgamma},
      {"digamma", xgrad::digamma},
      {"i0", xgrad::i0},
      {"sinc", xgrad::sinc},
      {"special.erf", xgrad::erf},
      {"special.erfc", xgrad::erfc},
      {"special.erfcx", xgrad::erfcx},
      {"special.erfinv", xgrad::erfinv},
      {"special.gammaln", xgrad::lgamma},
      {"special.digamma", xgrad::digamma},
      {"special.psi", xgrad::digamma},
      {"special.entr", xgrad::entr},
      {"special.sinc", xgrad::sinc},
      {"special.i0", xgrad::i0},
      {"special.i0e", xgrad::i0e},
      {"special.i1", xgrad::i1},
      {"special.i1e", xgrad::i1e},
      {"special.modified_bessel_i0", xgrad::i0},
      {"special.modified_bessel_i1", xgrad::i1},
      {"special.modified_bessel_k0", xgrad::bessel_k0},
      {"special.modified_bessel_k1", xgrad::bessel_k1},
      {"special.bessel_j0", xgrad::bessel_j0},
      {"special.bessel_j1", xgrad::bessel_j1},
      {"special.bessel_y0", xgrad::bessel_y0},
      {"special.bessel_y1", xgrad::bessel_y1},
      {"special.ndtr", xgrad::ndtr},
      {"special.ndtri", xgrad::ndtri},
      {"special.log_ndtr", xgrad::log_ndtr},
  };
  for (const auto& [name, function] : functions)
    ops[name] = [function = function](Arguments& args) { return function(args.operand(0, "input")); };

  using Binary = Tensor (*)(const Operand&, const Operand&);
  const std::pair<const char*, Binary> pairs[] = {
      {"xlogy", xgrad::xlogy},
      {"special.xlogy", xgrad::xlogy},
      {"special.xlog1py", xgrad::xlog1py},
      {"special.zeta", xgrad::zeta},
  };
  for (const auto& [name, function] : pairs)
    ops[name] = [function = function](Arguments& args) {
      return function(args.operand(0, "input"), args.operand(1, "other"));
    };

  ops["logit"] = ops["special.logit"] = [](Arguments& args) {
    const std::optional<double> eps = args.optional_number(1, "eps");
    return eps ? xgrad::logit(args.operand(0, "input"), *eps) : xgrad::logit(args.operand(0, "input"));
  };
  ops["polygamma"] = ops["special.polygamma"] = [](Arguments& args) {
    return xgrad::polygamma(args.integer(0, "n"), args.operand(1, "input"));
  };
  ops["mvlgamma"] = ops["special.multigammaln"] = [](Arguments& args) {
    return xgrad::multigammaln(args.operand(0, "input"), args.integer(1, "p"));
  };
}

}  // namespace conformance
