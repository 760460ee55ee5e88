#include "layer_arguments.hpp"

namespace conformance {

xgrad::PerAxis per_axis(Arguments& args, int position, const char* name, std::int64_t fallback) {
  if (!args.given(position, name)) return fallback;
  return xgrad::PerAxis(args.integers(position, name));
}

xgrad::Padding padding_argument(Arguments& args, int position) {
  if (!args.given(position, "padding")) return 0;
  if (!args.value(position, "padding").is_text()) return xgrad::Padding(per_axis(args, position, "padding", 0));
  return args.text(position, "padding", "") == "same" ? xgrad::Padding::same : xgrad::Padding::valid;
}

xgrad::PerAxis stride_argument(Arguments& args, int position) {
  if (!args.given(position, "stride") || args.integers(position, "stride").empty()) return {};
  return per_axis(args, position, "stride", 1);
}

xgrad::PerAxis size_argument(Arguments& args, int position) {
  const Value& size = args.value(position, "output_size");
  if (!size.is_list()) return size.is_null() ? xgrad::kSameExtent : args.integer(position, "output_size");
  std::vector<std::int64_t> extents;
  for (const Value& each : size.list()) extents.push_back(each.is_null() ? xgrad::kSameExtent : each.integer());
  return xgrad::PerAxis(extents);
}

xgrad::PerAxisFactor factor_argument(Arguments& args, int position) {
  if (!args.given(position, "scale_factor")) return {};
  const Value& factor = args.value(position, "scale_factor");
  if (!factor.is_list()) return args.number(position, "scale_factor");
  const Value::List& list = factor.list();
  if (list.size() == 1) return {list[0].number()};
  if (list.size() == 2) return {list[0].number(), list[1].number()};
  return {list.at(0).number(), list.at(1).number(), list.at(2).number()};
}

xgrad::Interpolation interpolation_named(const std::string& name) {
  return name == "nearest"         ? xgrad::Interpolation::nearest
         : name == "nearest-exact" ? xgrad::Interpolation::nearest_exact
         : name == "area"          ? xgrad::Interpolation::area
         : name == "bicubic"       ? xgrad::Interpolation::cubic
                                   : xgrad::Interpolation::linear;
}

std::optional<std::int64_t> optional_integer(Arguments& args, const char* name) {
  if (!args.given(kKeyword, name)) return std::nullopt;
  return args.integer(kKeyword, name);
}

xgrad::Reduction reduction_argument(Arguments& args) {
  // The old names of "none", "mean" and "sum".
  const bool reduces = args.flag(kKeyword, "reduce", true), averages = args.flag(kKeyword, "size_average", true);
  const std::string name = args.text(kKeyword, "reduction", "mean");
  if (args.given(kKeyword, "reduce") || args.given(kKeyword, "size_average"))
    return !reduces ? xgrad::Reduction::none : averages ? xgrad::Reduction::mean : xgrad::Reduction::sum;
  if (name == "mean") return xgrad::Reduction::mean;
  if (name == "sum") return xgrad::Reduction::sum;
  if (name == "none") return xgrad::Reduction::none;
  throw Unsupported("xgrad has no reduction " + name);
}

xgrad::KlDivReduction divergence_reduction(Arguments& args) {
  if (args.text(kKeyword, "reduction", "mean") == "batchmean") return xgrad::KlDivReduction::batchmean;
  switch (reduction_argument(args)) {
    case xgrad::Reduction::mean:
      return xgrad::KlDivReduction::mean;
    case xgrad::Reduction::sum:
      return xgrad::KlDivReduction::sum;
    default:
      return xgrad::KlDivReduction::none;
  }
}

}  // namespace conformance
