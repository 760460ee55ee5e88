// Matrix products.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Tensor;

}  // namespace

void add_products(Registry& ops) {
  for (const char* name : {"matmul", "mm", "mv", "bmm"})
    ops[name] = [](Arguments& args) { return matmul(args.tensor(0, "input"), args.tensor(1, "other")); };
  ops["dot"] = [](Arguments& args) { return dot(args.tensor(0, "input"), args.tensor(1, "other")); };
  ops["outer"] = [](Arguments& args) { return outer(args.tensor(0, "input"), args.tensor(1, "vec2")); };

  ops["nn.functional.linear"] = [](Arguments& args) {
    return affine(args.tensor(0, "input"), args.tensor(1, "weight"), args.optional_tensor(2, "bias"));
  };
}

}  // namespace conformance
