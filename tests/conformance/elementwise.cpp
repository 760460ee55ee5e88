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
  const std::string rounding = args.text(kKeyword, "rounding_mode", "");
  const xgrad::Rounding mode = rounding == "floor"   ? xgrad::Rounding::floor
                               : rounding == "trunc" ? xgrad::Rounding::trunc
                                                     : xgrad::Rounding::none;
  return div(args.operand(0, "input"), args.operand(1, "other"), mode);
}

Tensor clamp(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  if (args.is_tensor(1, "min") || args.is_tensor(2, "max"))
    return xgrad::clamp(x, args.optional_tensor(1, "min"), args.optional_tensor(2, "max"));
  return xgrad::clamp(x, args.optional_scalar(1, "min"), args.optional_scalar(2, "max"));
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
      {"rsqrt", xgrad::rsqrt},
      {"positive", xgrad::positive},
      {"frac", xgrad::frac},
      {"exp2", xgrad::exp2},
      {"log2", xgrad::log2},
      {"log10", xgrad::log10},
      {"tan", xgrad::tan},
      {"asin", xgrad::asin},
      {"acos", xgrad::acos},
      {"atan", xgrad::atan},
      {"sinh", xgrad::sinh},
      {"cosh", xgrad::cosh},
      {"asinh", xgrad::asinh},
      {"acosh", xgrad::acosh},
      {"atanh", xgrad::atanh},
      {"deg2rad", xgrad::deg2rad},
      {"rad2deg", xgrad::rad2deg},
      {"isposinf", xgrad::isposinf},
      {"isneginf", xgrad::isneginf},
      {"signbit", xgrad::signbit},
      {"bitwise_not", xgrad::bitwise_not},
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
    return round(args.tensor(0, "input"), static_cast<int>(args.integer(kKeyword, "decimals", 0)));
  };
  ops["nan_to_num"] = [](Arguments& args) {
    return nan_to_num(args.tensor(0, "input"), {.nan = args.number(1, "nan", 0),
                                                .posinf = args.optional_number(2, "posinf"),
                                                .neginf = args.optional_number(3, "neginf")});
  };
  ops["frexp"] = [](Arguments& args) {
    const xgrad::Frexp parts = frexp(args.tensor(0, "input"));
    return Outputs{parts.mantissa, parts.exponent};
  };
}

/// A function of two operands, the second of which has this name.
Operation pair(Binary function, const char* second) {
  return [=](Arguments& args) { return function(args.operand(0, "input"), args.operand(1, second)); };
}

void add_reflected(Registry& ops) {
  const std::pair<const char*, Binary> functions[] = {
      {"__radd__", [](const Operand& a, const Operand& b) { return xgrad::add(a, b); }},
      {"__rsub__", [](const Operand& a, const Operand& b) { return xgrad::sub(a, b); }},
      {"__rmul__", xgrad::mul},
      {"__rdiv__", static_cast<Binary>(xgrad::div)},
      {"__rtruediv__", static_cast<Binary>(xgrad::div)},
      {"__rfloordiv__", xgrad::floor_divide},
      {"__rmod__", xgrad::remainder},
      {"__rmatmul__", [](const Operand& a, const Operand& b) { return xgrad::matmul(a, b); }},
      {"__rand__", xgrad::bitwise_and},
      {"__ror__", xgrad::bitwise_or},
      {"__rxor__", xgrad::bitwise_xor},
  };
  for (const auto& [name, function] : functions)
    ops[name] = [function = function](Arguments& args) {
      return function(args.operand(1, "other"), args.operand(0, "input"));
    };
  // PyTorch makes the base a constant.
  ops["__rpow__"] = [](Arguments& args) {
    const Operand exponent = args.operand(0, "input");
    return args.is_tensor(1, "other") ? xgrad::pow(args.tensor(1, "other").detach(), exponent)
                                      : xgrad::pow(args.operand(1, "other"), exponent);
  };
}

void add_pairs(Registry& ops) {
  const std::pair<const char*, Binary> functions[] = {
      {"mul", xgrad::mul},
      {"maximum", xgrad::maximum},
      {"minimum", xgrad::minimum},
      {"fmax", xgrad::fmax},
      {"fmin", xgrad::fmin},
      {"floor_divide", xgrad::floor_divide},
      {"fmod", xgrad::fmod},
      {"remainder", xgrad::remainder},
      {"copysign", xgrad::copysign},
      {"nextafter", xgrad::nextafter},
      {"ldexp", xgrad::ldexp},
      {"atan2", xgrad::atan2},
      {"hypot", xgrad::hypot},
      {"logaddexp", xgrad::logaddexp},
      {"logaddexp2", xgrad::logaddexp2},
      {"bitwise_and", xgrad::bitwise_and},
      {"bitwise_or", xgrad::bitwise_or},
      {"bitwise_xor", xgrad::bitwise_xor},
      {"bitwise_left_shift", xgrad::bitwise_left_shift},
      {"bitwise_right_shift", xgrad::bitwise_right_shift},
      {"gcd", xgrad::gcd},
      {"lcm", xgrad::lcm},
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
  for (const auto& [name, function] : functions) ops[name] = pair(function, "other");
  ops["pow"] = pair(xgrad::pow, "exponent");
  ops["float_power"] = pair(xgrad::float_power, "exponent");
  ops["clamp_min"] = pair(xgrad::clamp_min, "min");
  ops["clamp_max"] = pair(xgrad::clamp_max, "max");
  ops["heaviside"] = pair(xgrad::heaviside, "values");

  ops["add"] = [](Arguments& args) {
    const Operand a = args.operand(0, "input"), b = args.operand(1, "other");
    return args.given(kKeyword, "alpha") ? add(a, b, args.operand(kKeyword, "alpha")) : add(a, b);
  };
  ops["sub"] = [](Arguments& args) {
    const Operand a = args.operand(0, "input"), b = args.operand(1, "other");
    return args.given(kKeyword, "alpha") ? sub(a, b, args.operand(kKeyword, "alpha")) : sub(a, b);
  };
  ops["rsub"] = [](Arguments& args) {
    return rsub(args.operand(0, "input"), args.operand(1, "other"), args.operand(kKeyword, "alpha", 1));
  };
  ops["div"] = divide;
  ops["clamp"] = clamp;
  ops["where"] = [](Arguments& args) -> Outputs {
    const Tensor& condition = args.tensor(0, "condition");
    // Of a condition alone it is nonzero(condition, as_tuple=True).
    if (!args.given(1, "input")) return nonzero_tuple(condition);
    return xgrad::where(condition, args.operand(1, "input"), args.operand(2, args.given(2, "y") ? "y" : "other"));
  };
  ops["masked_fill"] = [](Arguments& args) {
    return masked_fill(args.tensor(0, "input"), args.tensor(1, "mask"), args.operand(2, "value"));
  };
  ops["isclose"] = [](Arguments& args) {
    return isclose(args.tensor(0, "input"), args.tensor(1, "other"),
                   {.rtol = args.number(2, "rtol", 1e-5),
                    .atol = args.number(3, "atol", 1e-8),
                    .equal_nan = args.flag(4, "equal_nan", false)});
  };
  ops["addcmul"] = [](Arguments& args) {
    return addcmul(args.tensor(0, "input"), args.tensor(1, "tensor1"), args.tensor(2, "tensor2"),
                   args.operand(kKeyword, "value", 1));
  };
  ops["addcdiv"] = [](Arguments& args) {
    return addcdiv(args.tensor(0, "input"), args.tensor(1, "tensor1"), args.tensor(2, "tensor2"),
                   args.number(kKeyword, "value", 1));
  };
  ops["lerp"] = [](Arguments& args) {
    return lerp(args.tensor(0, "input"), args.tensor(1, "end"), args.operand(2, "weight"));
  };
}

}  // namespace

void add_elementwise(Registry& ops) {
  add_functions(ops);
  add_pairs(ops);
  add_reflected(ops);
}

}  // namespace conformance
