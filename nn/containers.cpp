#include "containers.hpp"

#include "../autograd/ops/arithmetic.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace detail {

void refuse_place(const Module& list, std::int64_t index, std::size_t size, SourceLocation where) {
  if (size == 0)
    fail<std::out_of_range>(where, concat(list, ": there must be a module at ", index, ", but the list is empty."));
  fail<std::out_of_range>(where,
                          concat(list, ": the index must be in [-", size, ", ", size, "), but it is ", index, "."));
}

void refuse_name(const Module& dictionary, const std::string& name, const std::vector<std::string>& names,
                 SourceLocation where) {
  fail<std::out_of_range>(where, concat(dictionary, ": there must be a module '", name,
                                        "', but there are: ", names.empty() ? "none" : listed(names), "."));
}

}  // namespace detail

Tensor Residual::operator()(const Operand& x) const {
  return call(x, [&] {
    const Tensor& input = x.tensor("Residual");
    Tensor y = inner_(input, x.where());
    check(
        y.defined() && y.shape() == input.shape(), x.where(), "inner must keep x's shape ", input.shape(),
        ", but it answered with ", [&] { return y.defined() ? to_string(y.shape()) : std::string("none"); }, ".");
    return x + Operand(y, x.where());
  });
}

Tensor Lambda::operator()(const Operand& x) const {
  return call(x, [&] { return function_(x.tensor("Lambda"), x.where()); });
}

}  // namespace nn
}  // namespace xgrad
