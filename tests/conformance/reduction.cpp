// Reductions and what is built on them.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Axes;
using xgrad::NormOptions;
using xgrad::Operand;
using xgrad::ReduceOptions;
using xgrad::Tensor;
using xgrad::VarianceOptions;

using Reduction = Tensor (*)(const Operand&, const Axes&, ReduceOptions);

/// x in the dtype that the call asks for, if it does.
Tensor as_asked(Arguments& args, const Tensor& x) {
  const auto dtype = args.dtype(kKeyword, "dtype");
  return dtype ? cast(x, *dtype) : x;
}

// std(x, unbiased), std(x, dim, unbiased, keepdim) and std(x, dim, correction=1, keepdim=False).
std::pair<Axes, VarianceOptions> variance_options(Arguments& args) {
  const bool short_form = args.count() > 1 && args.value(1, "dim").is_boolean();
  const Axes axes = short_form ? Axes::all() : args.reduced_axes(1, "dim");
  const bool unbiased = args.flag(short_form ? 1 : 2, "unbiased", true);
  const double correction = args.number(kKeyword, "correction", unbiased ? 1 : 0);
  return {axes, {.correction = correction, .keepdims = args.flag(3, "keepdim", false)}};
}

double vector_order(const Value& order) {
  if (order.is_null()) return 2;
  if (!order.is_text()) return order.number();
  if (order.text() == "fro") return 2;
  throw Unsupported("xgrad has no norm " + order.text());
}

// Of matrix norms xgrad has Frobenius's, the vector norm over two axes.
double matrix_order(const Value& order) {
  if (order.is_null() || (order.is_text() && order.text() == "fro")) return 2;
  throw Unsupported("xgrad has no such matrix norm");
}

Outputs linalg_norm(Arguments& args) {
  const Tensor& x = args.tensor(0, "A");
  const Value& order = args.value(1, "ord");
  const Value& dim = args.value(2, "dim");
  const bool of_matrix = dim.is_null() ? !order.is_null() && x.ndim() == 2 : dim.is_list() && dim.list().size() == 2;
  const double p = of_matrix ? matrix_order(order) : vector_order(order);
  return norm(x, args.reduced_axes(2, "dim"), {.p = p, .keepdims = args.flag(3, "keepdim", false)});
}

Outputs largest_or_smallest(Arguments& args, Tensor (*pair)(const Operand&, const Operand&),
                            Tensor (*total)(const Operand&),
                            xgrad::Extreme (*along)(const Operand&, int, ReduceOptions)) {
  const Tensor& x = args.tensor(0, "input");
  if (args.is_tensor(1, "other")) return pair(x, args.tensor(1, "other"));
  if (!args.given(1, "dim")) return total(x);
  const auto [values, indices] =
      along(x, static_cast<int>(args.integer(1, "dim")), {.keepdims = args.flag(2, "keepdim", false)});
  return {values, indices};
}

Tensor extreme_position(Arguments& args, Tensor (*total)(const Operand&),
                        Tensor (*along)(const Operand&, int, ReduceOptions)) {
  const Tensor& x = args.tensor(0, "input");
  if (!args.given(1, "dim")) return total(x);
  return along(x, static_cast<int>(args.integer(1, "dim")), {.keepdims = args.flag(2, "keepdim", false)});
}

void add_plain(Registry& ops) {
  const std::pair<const char*, Reduction> functions[] = {
      {"mean", xgrad::mean}, {"amax", xgrad::amax}, {"amin", xgrad::amin},
      {"all", xgrad::all},   {"any", xgrad::any},   {"logsumexp", xgrad::logsumexp},
  };
  for (const auto& [name, function] : functions)
    ops[name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"), args.reduced_axes(1, "dim"),
                      {.keepdims = args.flag(2, "keepdim", false)});
    };
  const std::pair<const char*, Reduction> with_dtype[] = {{"sum", xgrad::sum}, {"prod", xgrad::prod}};
  for (const auto& [name, function] : with_dtype)
    ops[name] = [function = function](Arguments& args) {
      const Tensor x = as_asked(args, args.tensor(0, "input"));
      return as_asked(args, function(x, args.reduced_axes(1, "dim"), {.keepdims = args.flag(2, "keepdim", false)}));
    };
  ops["aminmax"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const Axes axes = args.reduced_axes(kKeyword, "dim");
    const ReduceOptions options{.keepdims = args.flag(kKeyword, "keepdim", false)};
    if (x.ndim() == 0 && options.keepdims) throw Unsupported("PyTorch's aminmax gives a 0-d tensor an axis");
    return Outputs{amin(x, axes, options), amax(x, axes, options)};
  };
  ops["max"] = [](Arguments& args) { return largest_or_smallest(args, xgrad::maximum, xgrad::max, xgrad::max); };
  ops["min"] = [](Arguments& args) { return largest_or_smallest(args, xgrad::minimum, xgrad::min, xgrad::min); };
  ops["argmax"] = [](Arguments& args) { return extreme_position(args, xgrad::argmax, xgrad::argmax); };
  ops["argmin"] = [](Arguments& args) { return extreme_position(args, xgrad::argmin, xgrad::argmin); };
}

void add_variances(Registry& ops) {
  ops["std"] = [](Arguments& args) {
    const auto [axes, options] = variance_options(args);
    return xgrad::std(args.tensor(0, "input"), axes, options);
  };
  ops["var"] = [](Arguments& args) {
    const auto [axes, options] = variance_options(args);
    return xgrad::var(args.tensor(0, "input"), axes, options);
  };
  ops["std_mean"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const auto [axes, options] = variance_options(args);
    return Outputs{xgrad::std(x, axes, options), mean(x, axes, {.keepdims = options.keepdims})};
  };
  ops["var_mean"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const auto [axes, options] = variance_options(args);
    return Outputs{xgrad::var(x, axes, options), mean(x, axes, {.keepdims = options.keepdims})};
  };
}

void add_norms(Registry& ops) {
  ops["norm"] = [](Arguments& args) {
    const double p = vector_order(args.value(1, "p"));
    return norm(args.tensor(0, "input"), args.reduced_axes(2, "dim"),
                {.p = p, .keepdims = args.flag(3, "keepdim", false)});
  };
  ops["linalg.vector_norm"] = [](Arguments& args) {
    const double p = args.number(1, "ord", 2);
    return norm(args.tensor(0, "x"), args.reduced_axes(2, "dim"), {.p = p, .keepdims = args.flag(3, "keepdim", false)});
  };
  ops["linalg.matrix_norm"] = [](Arguments& args) {
    const double p = matrix_order(args.value(1, "ord"));
    const Axes axes = args.given(2, "dim") ? args.axes(2, "dim") : Axes{-2, -1};
    return norm(args.tensor(0, "A"), axes, {.p = p, .keepdims = args.flag(3, "keepdim", false)});
  };
  ops["linalg.norm"] = linalg_norm;
}

void add_softmaxes(Registry& ops) {
  const std::pair<const char*, Tensor (*)(const Operand&, int)> functions[] = {
      {"softmax", xgrad::softmax},
      {"log_softmax", xgrad::log_softmax},
      {"nn.functional.softmax", xgrad::softmax},
      {"nn.functional.log_softmax", xgrad::log_softmax},
      {"nn.functional.softmin", [](const Operand& x, int axis) { return softmax(-x, axis); }},
  };
  for (const auto& [name, function] : functions)
    ops[name] = [function = function](Arguments& args) {
      return function(as_asked(args, args.tensor(0, "input")), static_cast<int>(args.integer(1, "dim")));
    };
}

}  // namespace

void add_reductions(Registry& ops) {
  add_plain(ops);
  add_variances(ops);
  add_norms(ops);
  add_softmaxes(ops);
}

}  // namespace conformance
