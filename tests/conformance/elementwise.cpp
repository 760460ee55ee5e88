// Elementwise operations and comparisons.
#include <limits>
#include <numbers>

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

// What a user of xgrad writes in one expression.
void add_expressions(Registry& ops) {
  const std::pair<const char*, Unary> functions[] = {
      {"rsqrt", [](const Operand& x) { return reciprocal(sqrt(x)); }},
      {"log2", [](const Operand& x) { return log(x) / std::numbers::ln2; }},
      {"log10", [](const Operand& x) { return log(x) / std::numbers::ln10; }},
      {"exp2", [](const Operand& x) { return pow(2.0, x); }},
      {"tan", [](const Operand& x) { return sin(x) / cos(x); }},
      {"frac", [](const Operand& x) { return x - trunc(x); }},
      {"deg2rad", [](const Operand& x) { return x * (std::numbers::pi / 180); }},
      {"rad2deg", [](const Operand& x) { return x * (180 / std::numbers::pi); }},
      {"isposinf", [](const Operand& x) { return x == std::numeric_limits<double>::infinity(); }},
      {"isneginf", [](const Operand& x) { return x == -std::numeric_limits<double>::infinity(); }},
  };
  for (const auto& [name, function] : functions)
    ops[name] = [function = function](Arguments& args) { return function(args.tensor(0, "input")); };

  ops["addcmul"] = [](Arguments& args) {
    return args.tensor(0, "input") +
           args.operand(kKeyword, "value", 1) * (args.tensor(1, "tensor1") * args.tensor(2, "tensor2"));
  };
  ops["addcdiv"] = [](Arguments& args) {
    return args.tensor(0, "input") +
           args.operand(kKeyword, "value", 1) * (args.tensor(1, "tensor1") / args.tensor(2, "tensor2"));
  };
  ops["lerp"] = [](Arguments& args) {
    const Tensor& start = args.tensor(0, "input");
    return start + args.operand(2, "weight") * (args.tensor(1, "end") - start);
  };
  ops["masked_fill"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const Tensor& mask = args.tensor(1, "mask");
    return xgrad::where(mask, cast(args.operand(2, "value"), x.dtype()), x);
  };
  ops["float_power"] = [](Arguments& args) {
    return pow(cast(args.operand(0, "input"), DType::float64), cast(args.operand(1, "exponent"), DType::float64));
  };
}

}  // namespace

void add_elementwise(Registry& ops) {
  add_functions(ops);
  add_pairs(ops);
  add_expressions(ops);
}

}  // namespace conformance
