// Constructors' arguments that several families of layers, and the operators of their names, have.
#pragma once

#include <optional>
#include <string>

#include <xgrad/autograd/ops/convolution.hpp>
#include <xgrad/autograd/ops/interpolation.hpp>
#include <xgrad/autograd/ops/loss.hpp>
#include <xgrad/autograd/ops/pooling.hpp>
#include "arguments.hpp"

namespace conformance {

xgrad::PerAxis per_axis(Arguments& args, int position, const char* name, std::int64_t fallback);
/// A convolution's padding: numbers, "same" or "valid".
xgrad::Padding padding_argument(Arguments& args, int position);
/// A window's stride; none where it is the window's own size.
xgrad::PerAxis stride_argument(Arguments& args, int position);
/// The size of an adaptive pool: None stands for the extent of x.
xgrad::PerAxis size_argument(Arguments& args, int position);
/// interpolate's scale_factor, one number or one by axis.
xgrad::PerAxisFactor factor_argument(Arguments& args, int position);
xgrad::Interpolation interpolation_named(const std::string& name);
std::optional<std::int64_t> optional_integer(Arguments& args, const char* name);

xgrad::Reduction reduction_argument(Arguments& args);
xgrad::KlDivReduction divergence_reduction(Arguments& args);

}  // namespace conformance
