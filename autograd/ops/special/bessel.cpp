#include "bessel.hpp"

#include "../../simd/formulas/special.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../special.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor i0(const Operand& x) { return unary("i0", x, formulas::I0{}); }
Tensor i0e(const Operand& x) { return unary("i0e", x, formulas::I0e{}); }
Tensor i1(const Operand& x) { return unary("i1", x, formulas::I1{}); }
Tensor i1e(const Operand& x) { return unary("i1e", x, formulas::I1e{}); }
Tensor bessel_k0(const Operand& x) { return unary("bessel_k0", x, formulas::BesselK0{}); }
Tensor bessel_k1(const Operand& x) { return unary("bessel_k1", x, formulas::BesselK1{}); }
Tensor bessel_j0(const Operand& x) { return unary("bessel_j0", x, formulas::BesselJ{0}); }
Tensor bessel_j1(const Operand& x) { return unary("bessel_j1", x, formulas::BesselJ{1}); }
Tensor bessel_y0(const Operand& x) { return unary("bessel_y0", x, formulas::BesselY{0}); }
Tensor bessel_y1(const Operand& x) { return unary("bessel_y1", x, formulas::BesselY{1}); }

Tensor i1_slope(const Tensor& x) { return unary("i1_slope", x, formulas::I1Slope{}); }
Tensor i0e_slope(const Tensor& x) { return unary("i0e_slope", x, formulas::I0eSlope{}); }
Tensor i1e_slope(const Tensor& x) { return unary("i1e_slope", x, formulas::I1eSlope{}); }
Tensor bessel_i(int n, const Tensor& x) { return unary("bessel_i", x, formulas::BesselI{n}); }
Tensor bessel_j(int n, const Tensor& x) { return unary("bessel_j", x, formulas::BesselJ{n}); }
Tensor bessel_y(int n, const Tensor& x) { return unary("bessel_y", x, formulas::BesselY{n}); }
Tensor bessel_decay(int n, const Tensor& x) { return unary("bessel_decay", x, formulas::BesselDecay{n}); }

}  // namespace xgrad
