// Reductions and what is built on them.
#include <tuple>

#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Axes;
using xgrad::NormOptions;
using xgrad::Operand;
using xgrad::ReduceOptions;
using xgrad::Shape;
using xgrad::SumOptions;
using xgrad::Tensor;
using xgrad::VarianceOptions;

using Reduction = Tensor (*)(const Operand&, const Axes&, ReduceOptions);
using SumReduction = Tensor (*)(const Operand&, const Axes&, SumOptions);

int axis_argument(Arguments& args, int position, const char* name) {
  return static_cast<int>(args.integer(position, name));
}
int axis_argument(Arguments& args, int position, const char* name, int fallback) {
  return static_cast<int>(args.integer(position, name, fallback));
}

/// x in the dtype that the call asks for, if it does.
Tensor as_asked(Arguments& args, const Tensor& x, int position = kKeyword) {
  const auto dtype = args.dtype(position, "dtype");
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
  const bool keepdims = args.flag(2, "keepdim", false);
  if (args.given(1, "dim")) return along(x, axis_argument(args, 1, "dim"), {.keepdims = keepdims});
  return keepdims ? reshape(total(x), Shape(std::vector<std::int64_t>(x.ndim(), 1))) : total(x);
}

void add_plain(Registry& ops) {
  const std::pair<const char*, Reduction> functions[] = {
      {"amax", xgrad::amax}, {"amin", xgrad::amin},           {"all", xgrad::all},
      {"any", xgrad::any},   {"logsumexp", xgrad::logsumexp},
  };
  for (const auto& [name, function] : functions)
    ops[name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"), args.reduced_axes(1, "dim"),
                      {.keepdims = args.flag(2, "keepdim", false)});
    };
  const std::pair<const char*, SumReduction> with_dtype[] = {{"sum", xgrad::sum},
                                                             {"mean", xgrad::mean},
                                                             {"prod", xgrad::prod},
                                                             {"nansum", xgrad::nansum},
                                                             {"nanmean", xgrad::nanmean}};
  for (const auto& [name, function] : with_dtype)
    ops[name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"), args.reduced_axes(1, "dim"),
                      {.keepdims = args.flag(2, "keepdim", false), .dtype = args.dtype(kKeyword, "dtype")});
    };
  ops["count_nonzero"] = [](Arguments& args) {
    return count_nonzero(args.tensor(0, "input"), args.reduced_axes(1, "dim"));
  };
  ops["aminmax"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const Axes axes = args.reduced_axes(kKeyword, "dim");
    const ReduceOptions options{.keepdims = args.flag(kKeyword, "keepdim", false)};
    const auto [least, most] = aminmax(x, axes, options);
    // PyTorch's aminmax, of all its reductions, gives a 0-d tensor an axis along which it goes.
    if (x.ndim() == 0 && options.keepdims && args.given(kKeyword, "dim"))
      return Outputs{reshape(least, {1}), reshape(most, {1})};
    return Outputs{least, most};
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
    const auto [deviation, mean] = std_mean(x, axes, options);
    return Outputs{deviation, mean};
  };
  ops["var_mean"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const auto [axes, options] = variance_options(args);
    const auto [variance, mean] = var_mean(x, axes, options);
    return Outputs{variance, mean};
  };
}

void add_norms(Registry& ops) {
  ops["norm"] = [](Arguments& args) {
    const Value& order = args.value(1, "p");
    const Tensor x = as_asked(args, args.tensor(0, "input"), 5);
    const bool keepdims = args.flag(3, "keepdim", false);
    if (order.is_text() && order.text() == "nuc") {
      const Axes axes = args.given(2, "dim") ? args.axes(2, "dim") : Axes{-2, -1};
      return xgrad::linalg::matrix_norm(x, {.ord = "nuc", .axes = axes, .keepdims = keepdims});
    }
    return norm(x, args.reduced_axes(2, "dim"), {.p = vector_order(order), .keepdims = keepdims});
  };
  ops["linalg.vector_norm"] = [](Arguments& args) {
    const double p = args.number(1, "ord", 2);
    return norm(as_asked(args, args.tensor(0, "x")), args.reduced_axes(2, "dim"),
                {.p = p, .keepdims = args.flag(3, "keepdim", false)});
  };
  ops["linalg.matrix_norm"] = [](Arguments& args) {
    const double p = matrix_order(args.value(1, "ord"));
    const Axes axes = args.given(2, "dim") ? args.axes(2, "dim") : Axes{-2, -1};
    return norm(args.tensor(0, "A"), axes, {.p = p, .keepdims = args.flag(3, "keepdim", false)});
  };
  ops["linalg.norm"] = linalg_norm;
  ops["dist"] = [](Arguments& args) {
    return dist(args.tensor(0, "input"), args.tensor(1, "other"), args.number(2, "p", 2));
  };
  ops["renorm"] = [](Arguments& args) {
    return renorm(args.tensor(0, "input"), args.number(1, "p"), axis_argument(args, 2, "dim"),
                  args.number(3, "maxnorm"));
  };
}

void add_softmaxes(Registry& ops) {
  // softmax(x, dim, dtype), but nn.functional.softmax(x, dim, _stacklevel, dtype).
  const std::tuple<const char*, Tensor (*)(const Operand&, int), int> functions[] = {
      {"softmax", xgrad::softmax, 2},
      {"log_softmax", xgrad::log_softmax, 2},
      {"nn.functional.softmax", xgrad::softmax, 3},
      {"nn.functional.log_softmax", xgrad::log_softmax, 3},
      {"nn.functional.softmin", xgrad::softmin, 3},
  };
  for (const auto& [name, function, dtype_position] : functions)
    ops[name] = [function = function, dtype_position = dtype_position](Arguments& args) {
      const Tensor& x = args.tensor(0, "input");
      if (dtype_position == 3) args.value(2, "_stacklevel");  // where PyTorch's warning points to
      // Not told the axis, PyTorch takes the one of the classes in [C], [C, L], [N, C] and so on.
      const int implied = x.ndim() == 0 || x.ndim() == 1 || x.ndim() == 3 ? 0 : 1;
      return function(as_asked(args, x, dtype_position), axis_argument(args, 1, "dim", implied));
    };
}

void add_cumulative(Registry& ops) {
  const std::pair<const char*, Tensor (*)(const Operand&, int, xgrad::CumulativeOptions)> sums[] = {
      {"cumsum", xgrad::cumsum}, {"cumprod", xgrad::cumprod}};
  for (const auto& [name, function] : sums)
    ops[name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"), axis_argument(args, 1, "dim"), {.dtype = args.dtype(kKeyword, "dtype")});
    };
  ops["logcumsumexp"] = [](Arguments& args) {
    return logcumsumexp(args.tensor(0, "input"), axis_argument(args, 1, "dim"));
  };
  const std::pair<const char*, xgrad::Extreme (*)(const Operand&, int)> extremes[] = {{"cummax", xgrad::cummax},
                                                                                      {"cummin", xgrad::cummin}};
  for (const auto& [name, function] : extremes)
    ops[name] = [function = function](Arguments& args) {
      const auto [values, indices] = function(args.tensor(0, "input"), axis_argument(args, 1, "dim"));
      return Outputs{values, indices};
    };
  ops["diff"] = [](Arguments& args) {
    return diff(args.tensor(0, "input"), {.n = static_cast<int>(args.integer(1, "n", 1)),
                                          .axis = axis_argument(args, 2, "dim", -1),
                                          .prepend = args.optional_tensor(3, "prepend"),
                                          .append = args.optional_tensor(4, "append")});
  };
  const std::tuple<const char*, Tensor (*)(const Operand&, xgrad::TrapezoidOptions),
                   Tensor (*)(const Operand&, const Tensor&, xgrad::TrapezoidOptions)>
      integrals[] = {{"trapezoid", xgrad::trapezoid, xgrad::trapezoid},
                     {"trapz", xgrad::trapezoid, xgrad::trapezoid},
                     {"cumulative_trapezoid", xgrad::cumulative_trapezoid, xgrad::cumulative_trapezoid}};
  for (const auto& [name, evenly, between] : integrals)
    ops[name] = [evenly = evenly, between = between](Arguments& args) {
      const Tensor& y = args.tensor(0, "y");
      const xgrad::TrapezoidOptions options{.dx = args.number(kKeyword, "dx", 1),
                                            .axis = axis_argument(args, kKeyword, "dim", -1)};
      return args.given(1, "x") ? between(y, args.tensor(1, "x"), options) : evenly(y, options);
    };
  ops["gradient"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    xgrad::GradientOptions options;
    if (args.given(kKeyword, "dim")) options.axes = args.axes(kKeyword, "dim");
    if (args.given(kKeyword, "spacing")) {
      const Value& spacing = args.value(kKeyword, "spacing");
      if (spacing.is_list() && !spacing.list().empty() && spacing.list()[0].is_tensor())
        options.coordinates = args.tensors(kKeyword, "spacing");
      else if (spacing.is_list())
        for (const Value& distance : spacing.list()) options.spacing.push_back(distance.number());
      else
        options.spacing = {spacing.number()};
    }
    options.edge_order = static_cast<int>(args.integer(kKeyword, "edge_order", 1));
    return Outputs(gradient(x, options));
  };
}

}  // namespace

void add_reductions(Registry& ops) {
  add_cumulative(ops);
  add_plain(ops);
  add_variances(ops);
  add_norms(ops);
  add_softmaxes(ops);
}

}  // namespace conformance
