// Functions of PyTorch for which an xgrad user writes an expression: these rows test the operators in it, and are counted
// apart. A row goes when its operator arrives.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Axes;
using xgrad::DType;
using xgrad::Operand;
using xgrad::ReduceOptions;
using xgrad::Shape;
using xgrad::Tensor;

// ---- Reductions and lookups ----

Tensor without_nan(const Tensor& x) { return xgrad::where(isnan(x), 0, x); }

void add_sums_of_expressions(Registry& ops) {
  ops["count_nonzero"] = [](Arguments& args) { return sum(args.tensor(0, "input") != 0, args.reduced_axes(1, "dim")); };
  ops["nansum"] = [](Arguments& args) {
    return sum(without_nan(args.tensor(0, "input")), args.reduced_axes(1, "dim"),
               {.keepdims = args.flag(2, "keepdim", false)});
  };
  ops["nanmean"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const Axes axes = args.reduced_axes(1, "dim");
    const ReduceOptions options{.keepdims = args.flag(2, "keepdim", false)};
    return sum(without_nan(x), axes, options) / sum(logical_not(isnan(x)), axes, options);
  };
  ops["dist"] = [](Arguments& args) {
    return norm(args.tensor(0, "input") - args.tensor(1, "other"), Axes::all(), {.p = args.number(2, "p", 2)});
  };
  ops["nn.functional.embedding"] = [](Arguments& args) {
    const Tensor& indices = args.tensor(0, "input");
    const Tensor& weight = args.tensor(1, "weight");
    Shape shape = indices.shape();
    shape.push_back(weight.size(1));
    return reshape(index_select(weight, 0, reshape(indices, {-1})), shape);
  };
}

}  // namespace

void add_composed(Registry& ops) {
  add_sums_of_expressions(ops);
}

}  // namespace conformance
