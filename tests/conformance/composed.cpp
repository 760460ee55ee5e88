// Functions of PyTorch for which an xgrad user writes an expression: these rows test the operators in it, and are counted
// apart. A row goes when its operator arrives.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Shape;
using xgrad::Tensor;

// ---- Lookups ----

void add_lookups(Registry& ops) {
  ops["nn.functional.embedding"] = [](Arguments& args) {
    const Tensor& indices = args.tensor(0, "input");
    const Tensor& weight = args.tensor(1, "weight");
    Shape shape = indices.shape();
    shape.push_back(weight.size(1));
    return reshape(index_select(weight, 0, reshape(indices, {-1})), shape);
  };
}

}  // namespace

void add_composed(Registry& ops) { add_lookups(ops); }

}  // namespace conformance
