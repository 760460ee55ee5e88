// Matrix products.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Operand;
using xgrad::Tensor;

Tensor inner(Arguments& args) {
  const Tensor& a = args.tensor(0, "input");
  const Tensor& b = args.tensor(1, "other");
  if (a.ndim() == 0 || b.ndim() == 0) return a * b;
  if (b.ndim() > 2) throw Unsupported("xgrad has no contraction of tensors with more than two axes");
  return matmul(a, transpose(b));
}

/// x times a factor, if there is one.
Tensor scaled(Arguments& args, const char* factor, const Tensor& x) {
  if (!args.given(kKeyword, factor)) return x;
  if (!is_floating(x.dtype()) && args.value(kKeyword, factor).is_floating())
    throw Unsupported("xgrad does not round a factor to an integer");
  return args.operand(kKeyword, factor) * x;
}

/// beta input + alpha (a product of the other two).
Operation added_product(Tensor (*product)(const Operand&, const Operand&)) {
  return [product](Arguments& args) {
    return scaled(args, "beta", args.tensor(0, "input")) +
           scaled(args, "alpha", product(args.tensor(1, "mat1"), args.tensor(2, "mat2")));
  };
}

}  // namespace

void add_products(Registry& ops) {
  for (const char* name : {"matmul", "mm", "mv", "bmm"})
    ops[name] = [](Arguments& args) { return matmul(args.tensor(0, "input"), args.tensor(1, "other")); };
  ops["dot"] = [](Arguments& args) { return dot(args.tensor(0, "input"), args.tensor(1, "other")); };
  ops["outer"] = [](Arguments& args) { return outer(args.tensor(0, "input"), args.tensor(1, "vec2")); };
  ops["inner"] = inner;
  ops["linalg.vecdot"] = [](Arguments& args) {
    return sum(args.tensor(0, "x") * args.tensor(1, "y"), static_cast<int>(args.integer(kKeyword, "dim", -1)));
  };
  ops["linalg.multi_dot"] = [](Arguments& args) {
    const std::vector<Tensor> factors = args.tensors(0, "tensors");
    Tensor product = factors.front();
    for (std::size_t i = 1; i < factors.size(); ++i) product = matmul(product, factors[i]);
    return product;
  };

  for (const char* name : {"addmm", "addmv", "baddbmm"}) ops[name] = added_product(xgrad::matmul);
  ops["addr"] = added_product(xgrad::outer);
  ops["addbmm"] = added_product([](const Operand& a, const Operand& b) { return sum(matmul(a, b), 0); });

  ops["nn.functional.linear"] = [](Arguments& args) {
    return affine(args.tensor(0, "input"), args.tensor(1, "weight"), args.optional_tensor(2, "bias"));
  };
}

}  // namespace conformance
