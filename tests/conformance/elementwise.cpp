// Elementwise operations and comparisons.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::DType;
using xgrad::Operand;
using xgrad::Tensor;

using Unary = Tensor (*)(const Operand&);
using Binary = Tensor (*)(const Operand&, const Operand&);

Tensor divide(Arguments& args) {
  const Operand a = args.operand(0, "input");
  const Operand b = args.operand(1, "other");
  const std::string rounding = args.text(kKeyword, "rounding_mode", "");
  if (rounding.empty()) return a / b;
  if (rounding != "trunc" || !is_floating(promote(a.dtype(), b.dtype())))
    throw Unsupported("xgrad has no division that rounds");
  return trunc(a / b);
}

Tensor clamp(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  if (args.is_tensor(1, "min") || args.is_tensor(2, "max"))
    return xgrad::clamp(x, args.optional_tensor(1, "min"), args.optional_tensor(2, "max"));
  return xgrad::clamp(x, args.optional_number(1, "min"), args.optional_number(2, "max"));
}

void add_functions(Registry& ops) {
  const std::pair<const char*, Unary> functions[] = {
      {"abs", xgrad::abs},
      {"neg", xgrad::neg},
      {"sign", xgrad::sign},
      {"floor", xgrad::floor},
      {"ceil", xgrad::ceil},
      {"trunc", xgrad::trunc},
      {"exp", xgrad::exp},
      {"expm1", xgrad::expm1},
      {"log", xgrad::log},
      {"log1p", xgrad::log1p},
      {"sqrt", xgrad::sqrt},
      {"square", xgrad::square},
      {"reciprocal", xgrad::reciprocal},
      {"sin", xgrad::sin},
      {"cos", xgrad::cos},
      {"tanh", xgrad::tanh},
      {"erf", xgrad::erf},
      {"sigmoid", xgrad::sigmoid},
      {"isnan", xgrad::isnan},
      {"isinf", xgrad::isinf},
      {"isfinite", xgrad::isfinite},
      {"logical_not", xgrad::logical_not},
  };
  for (const auto& [name, function] : functions)
    ops[name] = [function = function](Arguments& args) { return function(args.operand(0, "input")); };

  ops["round"] = [](Arguments& args) {
    if (args.integer(kKeyword, "decimals", 0) != 0) throw Unsupported("xgrad rounds to whole numbers only");
    return round(args.tensor(0, "input"));
  };
}

void add_pairs(Registry& ops) {
  const std::pair<const char*, Binary> functions[] = {
      {"mul", xgrad::mul},
      {"true_divide", xgrad::div},
      {"pow", xgrad::pow},
      {"maximum", xgrad::maximum},
      {"minimum", xgrad::minimum},
      {"clamp_min", xgrad::maximum},
      {"clamp_max", xgrad::minimum},
      {"eq", xgrad::equal},
      {"ne", xgrad::not_equal},
      {"lt", xgrad::less},
      {"le", xgrad::less_equal},
      {"gt", xgrad::greater},
      {"ge", xgrad::greater_equal},
      {"logical_and", xgrad::logical_and},
      {"logical_or", xgrad::logical_or},
      {"logical_xor", xgrad::logical_xor},
  };
  for (const auto& [name, function] : functions)
    ops[name] = [function = function](Arguments& args) {
      return function(args.operand(0, "input"), args.operand(1, "other"));
    };

  ops["add"] = [](Arguments& args) {
    const Operand a = args.operand(0, "input");
    const Operand b = args.operand(1, "other");
    return args.given(kKeyword, "alpha") ? a + args.operand(kKeyword, "alpha") * b : a + b;
  };
  ops["sub"] = [](Arguments& args) {
    const Operand a = args.operand(0, "input");
    const Operand b = args.operand(1, "other");
    return args.given(kKeyword, "alpha") ? a - args.operand(kKeyword, "alpha") * b : a - b;
  };
  ops["rsub"] = [](Arguments& args) {
    const Operand a = args.operand(0, "input");
    const Operand b = args.operand(1, "other");
    return args.given(kKeyword, "alpha") ? b - args.operand(kKeyword, "alpha") * a : b - a;
  };
  ops["div"] = divide;
  ops["clamp"] = clamp;
  ops["where"] = [](Arguments& args) {
    return xgrad::where(args.tensor(0, "condition"), args.operand(1, "x"), args.operand(2, "y"));
  };
}

}  // namespace

void add_elementwise(Registry& ops) {
  add_functions(ops);
  add_pairs(ops);
}

}  // namespace conformance
