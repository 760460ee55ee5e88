// Matrix products.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Axes;
using xgrad::Operand;
using xgrad::Tensor;

xgrad::AddProductOptions factors(Arguments& args) {
  return {.beta = args.scalar(kKeyword, "beta", 1), .alpha = args.scalar(kKeyword, "alpha", 1)};
}

template <class Function>
Operation added(Function function, const char* a, const char* b) {
  return [=](Arguments& args) {
    return function(args.tensor(0, "input"), args.tensor(1, a), args.tensor(2, b), factors(args));
  };
}

Tensor tensordot(Arguments& args) {
  const Tensor& a = args.tensor(0, "a");
  const Tensor& b = args.tensor(1, "b");
  const Value& axes = args.value(2, "dims");
  if (axes.is_null()) return xgrad::tensordot(a, b);
  if (!axes.is_list()) return xgrad::tensordot(a, b, static_cast<int>(axes.integer()));
  auto list = [](const Value& value) {
    std::vector<int> integers;
    for (const Value& item : value.list()) integers.push_back(static_cast<int>(item.integer()));
    return Axes(integers);
  };
  return xgrad::tensordot(a, b, list(axes.list().at(0)), list(axes.list().at(1)));
}

Tensor cross(Arguments& args) {
  const Tensor& a = args.tensor(0, "input");
  const Tensor& b = args.tensor(1, "other");
  if (!args.given(2, "dim")) return xgrad::cross(a, b);
  return xgrad::cross(a, b, static_cast<int>(args.integer(2, "dim")));
}

void add_contractions(Registry& ops) {
  ops["einsum"] = [](Arguments& args) { return einsum(args.text(0, "equation", ""), args.tensors(1, "operands")); };
  ops["tensordot"] = tensordot;
  ops["inner"] = [](Arguments& args) { return inner(args.tensor(0, "input"), args.tensor(1, "other")); };
  ops["kron"] = [](Arguments& args) { return kron(args.tensor(0, "input"), args.tensor(1, "other")); };
  ops["cross"] = cross;
  ops["addmm"] = added(xgrad::addmm, "mat1", "mat2");
  ops["addmv"] = added(xgrad::addmv, "mat", "vec");
  ops["addr"] = added(xgrad::addr, "vec1", "vec2");
  ops["addbmm"] = added(xgrad::addbmm, "batch1", "batch2");
  ops["baddbmm"] = added(xgrad::baddbmm, "batch1", "batch2");
  ops["cdist"] = [](Arguments& args) {
    args.text(3, "compute_mode", "");  // how PyTorch gets there; the distances are the same
    return cdist(args.tensor(0, "x1"), args.tensor(1, "x2"), args.number(2, "p", 2));
  };
  ops["nn.functional.pdist"] = [](Arguments& args) { return pdist(args.tensor(0, "input"), args.number(1, "p", 2)); };
  ops["trace"] = [](Arguments& args) { return trace(args.tensor(0, "input")); };
}

}  // namespace

void add_products(Registry& ops) {
  const std::pair<const char*, const char*> products[] = {
      {"matmul", "other"}, {"mm", "mat2"}, {"mv", "vec"}, {"bmm", "mat2"}};
  for (const auto& [name, second] : products)
    ops[name] = [second = second](Arguments& args) { return matmul(args.tensor(0, "input"), args.tensor(1, second)); };
  ops["dot"] = [](Arguments& args) {
    return dot(args.tensor(0, "input"), args.tensor(1, args.given(1, "tensor") ? "tensor" : "other"));
  };
  ops["vdot"] = [](Arguments& args) { return dot(args.tensor(0, "input"), args.tensor(1, "other")); };
  ops["outer"] = [](Arguments& args) { return outer(args.tensor(0, "input"), args.tensor(1, "vec2")); };

  add_contractions(ops);

  ops["nn.functional.linear"] = [](Arguments& args) {
    return affine(args.tensor(0, "input"), args.tensor(1, "weight"), args.optional_tensor(2, "bias"));
  };
}

}  // namespace conformance
