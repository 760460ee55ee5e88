// Sorting, searching, and statistics that go by order or by counting.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Operand;
using xgrad::Picked;
using xgrad::QuantileInterpolation;
using xgrad::ReduceOptions;
using xgrad::Tensor;
using xgrad::Unique;
using xgrad::UniqueOptions;

int axis_argument(Arguments& args, int position, const char* name, int fallback) {
  return static_cast<int>(args.integer(position, name, fallback));
}

Outputs pair_of(const Picked& picked) { return {picked.values, picked.indices}; }

void add_sorts(Registry& ops) {
  // sort(x, dim, descending) and sort(x, stable=..., dim=..., descending=...): xgrad's is always stable.
  ops["sort"] = [](Arguments& args) {
    args.flag(kKeyword, "stable", false);
    return pair_of(sort(args.tensor(0, "input"), axis_argument(args, 1, "dim", -1),
                        {.descending = args.flag(2, "descending", false)}));
  };
  ops["argsort"] = [](Arguments& args) {
    args.flag(kKeyword, "stable", false);
    return argsort(args.tensor(0, "input"), axis_argument(args, 1, "dim", -1),
                   {.descending = args.flag(2, "descending", false)});
  };
  ops["msort"] = [](Arguments& args) { return msort(args.tensor(0, "input")); };
  // Not sorted, PyTorch's order is any: in order is one of them.
  ops["topk"] = [](Arguments& args) {
    args.flag(4, "sorted", true);
    return pair_of(topk(args.tensor(0, "input"), args.integer(1, "k"), axis_argument(args, 2, "dim", -1),
                        {.largest = args.flag(3, "largest", true)}));
  };
  ops["kthvalue"] = [](Arguments& args) {
    return pair_of(kthvalue(args.tensor(0, "input"), args.integer(1, "k"), axis_argument(args, 2, "dim", -1),
                            {.keepdims = args.flag(3, "keepdim", false)}));
  };
  ops["mode"] = [](Arguments& args) {
    return pair_of(
        mode(args.tensor(0, "input"), axis_argument(args, 1, "dim", -1), {.keepdims = args.flag(2, "keepdim", false)}));
  };
  // unique(x, sorted, return_inverse, return_counts, dim); unique_consecutive(x, return_inverse, return_counts, dim).
  const std::tuple<const char*, Unique (*)(const Operand&, UniqueOptions), int> distinct[] = {
      {"unique", xgrad::unique, 2}, {"unique_consecutive", xgrad::unique_consecutive, 1}};
  for (const auto& [name, function, first] : distinct)
    ops[name] = [function = function, first = first](Arguments& args) {
      // Not sorted, PyTorch's order is any: in order is one of them.
      if (first == 2) args.flag(1, "sorted", true);
      UniqueOptions options;
      if (args.given(first + 2, "dim")) options.axis = axis_argument(args, first + 2, "dim", 0);
      const auto [values, inverse, counts] = function(args.tensor(0, "input"), options);
      Outputs outputs{values};
      if (args.flag(first, "return_inverse", false)) outputs.list.push_back(inverse);
      if (args.flag(first + 1, "return_counts", false)) outputs.list.push_back(counts);
      return outputs;
    };
}

void check_int64(Arguments& args) {
  if (args.flag(kKeyword, "out_int32", false)) throw Unsupported("xgrad has no int32");
}

void add_searches(Registry& ops) {
  ops["searchsorted"] = [](Arguments& args) {
    check_int64(args);
    const bool right = args.flag(kKeyword, "right", false);
    const std::string side = args.text(kKeyword, "side", right ? "right" : "left");
    return searchsorted(args.tensor(0, "sorted_sequence"), args.operand(1, "input"),
                        {.right = side == "right", .sorter = args.optional_tensor(kKeyword, "sorter")});
  };
  ops["bucketize"] = [](Arguments& args) {
    check_int64(args);
    return bucketize(args.operand(0, "input"), args.tensor(1, "boundaries"),
                     {.right = args.flag(kKeyword, "right", false)});
  };
  ops["isin"] = [](Arguments& args) {
    args.flag(kKeyword, "assume_unique", false);
    const char* elements = args.given(0, "element") ? "element" : "elements";
    const char* tested = args.given(1, "test_element") ? "test_element" : "test_elements";
    return isin(args.operand(0, elements), args.operand(1, tested), {.invert = args.flag(kKeyword, "invert", false)});
  };
}

QuantileInterpolation interpolation_named(const std::string& name) {
  static const std::map<std::string, QuantileInterpolation> kNames = {{"linear", QuantileInterpolation::linear},
                                                                      {"lower", QuantileInterpolation::lower},
                                                                      {"higher", QuantileInterpolation::higher},
                                                                      {"midpoint", QuantileInterpolation::midpoint},
                                                                      {"nearest", QuantileInterpolation::nearest}};
  const auto found = kNames.find(name);
  if (found == kNames.end()) throw Unsupported("xgrad has no interpolation " + name);
  return found->second;
}

void add_statistics(Registry& ops) {
  const std::tuple<const char*, Tensor (*)(const Operand&), Picked (*)(const Operand&, int, ReduceOptions)> medians[] =
      {{"median", xgrad::median, xgrad::median}, {"nanmedian", xgrad::nanmedian, xgrad::nanmedian}};
  for (const auto& [name, total, along] : medians)
    ops[name] = [total = total, along = along](Arguments& args) {
      const Tensor& x = args.tensor(0, "input");
      if (!args.given(1, "dim")) return Outputs(total(x));
      return pair_of(along(x, axis_argument(args, 1, "dim", -1), {.keepdims = args.flag(2, "keepdim", false)}));
    };
  const std::pair<const char*, Tensor (*)(const Operand&, const Operand&, xgrad::QuantileOptions)> quantiles[] = {
      {"quantile", xgrad::quantile}, {"nanquantile", xgrad::nanquantile}};
  for (const auto& [name, function] : quantiles)
    ops[name] = [function = function](Arguments& args) {
      xgrad::QuantileOptions options;
      if (args.given(2, "dim")) options.axis = axis_argument(args, 2, "dim", -1);
      options.keepdims = args.flag(3, "keepdim", false);
      options.interpolation = interpolation_named(args.text(kKeyword, "interpolation", "linear"));
      return function(args.tensor(0, "input"), args.operand(1, "q"), options);
    };
  ops["bincount"] = [](Arguments& args) {
    return bincount(args.tensor(0, "input"),
                    {.weights = args.optional_tensor(1, "weights"), .min_length = args.integer(2, "minlength", 0)});
  };
  ops["histc"] = [](Arguments& args) {
    return histc(args.tensor(0, "input"), args.integer(1, "bins", 100), args.number(2, "min", 0),
                 args.number(3, "max", 0));
  };
  ops["histogram"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    xgrad::HistogramOptions options{.weights = args.optional_tensor(kKeyword, "weight"),
                                    .density = args.flag(kKeyword, "density", false)};
    if (args.given(kKeyword, "range")) {
      const Value::List& range = args.value(kKeyword, "range").list();
      options.low = range.at(0).number();
      options.high = range.at(1).number();
    }
    const auto [counts, edges] = args.is_tensor(1, "bins") ? histogram(x, args.tensor(1, "bins"), options)
                                                           : histogram(x, args.integer(1, "bins"), options);
    return Outputs{counts, edges};
  };
  ops["cov"] = [](Arguments& args) {
    return cov(args.tensor(0, "input"), {.correction = args.number(kKeyword, "correction", 1),
                                         .frequencies = args.optional_tensor(kKeyword, "fweights"),
                                         .reliabilities = args.optional_tensor(kKeyword, "aweights")});
  };
  ops["corrcoef"] = [](Arguments& args) { return corrcoef(args.tensor(0, "input")); };
}

}  // namespace

void add_ordering(Registry& ops) {
  add_sorts(ops);
  add_searches(ops);
  add_statistics(ops);
}

}  // namespace conformance
