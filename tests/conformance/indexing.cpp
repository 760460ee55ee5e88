// Picking elements, and adding into picked places.
#include <map>
#include <optional>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/pick.hpp>
#include <xgrad/autograd/ops/scatter.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Index;
using xgrad::Indices;
using xgrad::Shape;
using xgrad::Tensor;

int axis_argument(Arguments& args, int position, const char* name) {
  return static_cast<int>(args.integer(position, name));
}

std::optional<std::int64_t> bound(const Value& value) {
  if (value.is_null()) return std::nullopt;
  return value.integer();
}

xgrad::Slice to_slice(const Value& item) {
  const Value::List& bounds = item["slice"].list();
  return xgrad::slice(bound(bounds[0]), bound(bounds[1]), bound(bounds[2]).value_or(1));
}

std::vector<std::int64_t> integers_of(const Value& list) {
  std::vector<std::int64_t> integers;
  for (const Value& item : list.list()) integers.push_back(item.integer());
  return integers;
}

Index to_index(Arguments& args, const Value& item, const std::string& path) {
  if (item.is_null()) return xgrad::newaxis;
  if (item.is_boolean()) return item.boolean();
  if (item.is_integer()) return item.integer();
  if (item.is_list()) return integers_of(item);
  if (item.is_tensor()) return args.tensor_of(item, path);
  if (item["ellipsis"].is_boolean()) return xgrad::ellipsis;
  return to_slice(item);
}

/// The items of an index list that stands at this position.
Indices indices_of(Arguments& args, int position, const char* name) {
  std::vector<Index> items;
  const std::string prefix = args.path(position, name) + ".";
  for (const Value& item : args.value(position, name).list())
    items.push_back(to_index(args, item, prefix + std::to_string(items.size())));
  return Indices(std::move(items));
}

xgrad::ScatterReduction reduction_named(const std::string& name) {
  using xgrad::ScatterReduction;
  static const std::map<std::string, ScatterReduction> kReductions = {{"sum", ScatterReduction::sum},
                                                                      {"prod", ScatterReduction::prod},
                                                                      {"mean", ScatterReduction::mean},
                                                                      {"amax", ScatterReduction::amax},
                                                                      {"amin", ScatterReduction::amin}};
  const auto found = kReductions.find(name);
  if (found == kReductions.end()) throw Unsupported("xgrad has no reduction " + name);
  return found->second;
}

Tensor scatter(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  const int axis = axis_argument(args, 1, "dim");
  const Tensor& indices = args.tensor(2, "index");
  const xgrad::Operand source = args.operand(3, args.given(kKeyword, "value") ? "value" : "src");
  const std::string reduction = args.text(kKeyword, "reduce", "");
  if (reduction.empty()) return xgrad::scatter(x, axis, indices, source);
  return scatter_reduce(x, axis, indices, source, reduction_named(reduction == "add" ? "sum" : "prod"));
}

void add_picking(Registry& ops) {
  ops["nonzero"] = [](Arguments& args) -> Outputs {
    const Tensor& x = args.tensor(0, "input");
    if (args.flag(kKeyword, "as_tuple", false)) return nonzero_tuple(x);
    return nonzero(x);
  };
  ops["argwhere"] = [](Arguments& args) { return argwhere(args.tensor(0, "input")); };
  ops["masked_select"] = [](Arguments& args) { return masked_select(args.tensor(0, "input"), args.tensor(1, "mask")); };
  ops["take"] = [](Arguments& args) { return take(args.tensor(0, "input"), args.tensor(1, "index")); };
  ops["take_along_dim"] = [](Arguments& args) {
    std::optional<int> axis;
    if (args.given(2, "dim")) axis = axis_argument(args, 2, "dim");
    return take_along_dim(args.tensor(0, "input"), args.tensor(1, "indices"), axis);
  };
}

void add_scatters(Registry& ops) {
  ops["scatter"] = scatter;
  ops["scatter_reduce"] = [](Arguments& args) {
    return scatter_reduce(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.tensor(2, "index"),
                          args.tensor(3, "src"), reduction_named(args.text(4, "reduce", "")),
                          {.include_self = args.flag(kKeyword, "include_self", true)});
  };
  ops["index_copy"] = [](Arguments& args) {
    return index_copy(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.tensor(2, "index"),
                      args.tensor(3, "source"));
  };
  ops["index_fill"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    return index_fill(x, axis_argument(args, 1, "dim"), args.tensor(2, "index"), args.operand(3, "value"));
  };
  ops["index_put"] = [](Arguments& args) {
    return index_put(args.tensor(0, "input"), indices_of(args, 1, "indices"), args.tensor(2, "values"),
                     {.accumulate = args.flag(3, "accumulate", false)});
  };
  ops["put"] = [](Arguments& args) {
    return put(args.tensor(0, "input"), args.tensor(1, "index"), args.tensor(2, "source"),
               {.accumulate = args.flag(3, "accumulate", false)});
  };
  ops["masked_scatter"] = [](Arguments& args) {
    return masked_scatter(args.tensor(0, "input"), args.tensor(1, "mask"), args.tensor(2, "source"));
  };
  ops["select_scatter"] = [](Arguments& args) {
    return select_scatter(args.tensor(0, "input"), args.tensor(1, "src"), axis_argument(args, 2, "dim"),
                          args.integer(3, "index"));
  };
  ops["slice_scatter"] = [](Arguments& args) {
    const auto bound = [&](int position, const char* name) -> std::optional<std::int64_t> {
      if (!args.given(position, name)) return std::nullopt;
      return args.integer(position, name);
    };
    return slice_scatter(args.tensor(0, "input"), args.tensor(1, "src"), static_cast<int>(args.integer(2, "dim", 0)),
                         xgrad::slice(bound(3, "start"), bound(4, "end"), args.integer(5, "step", 1)));
  };
}

/// One number, or one for each axis.
Shape numbers_of(Arguments& args, int position, const char* name, std::int64_t fallback) {
  return args.given(position, name) ? Shape(args.integers(position, name)) : Shape{fallback};
}

xgrad::PatchOptions patch_options(Arguments& args, int position) {
  return {.dilation = numbers_of(args, position, "dilation", 1),
          .padding = numbers_of(args, position + 1, "padding", 0),
          .stride = numbers_of(args, position + 2, "stride", 1)};
}

void add_borders(Registry& ops) {
  ops["nn.functional.pad"] = [](Arguments& args) {
    using xgrad::PadMode;
    static const std::map<std::string, PadMode> kModes = {{"constant", PadMode::constant},
                                                          {"reflect", PadMode::reflect},
                                                          {"replicate", PadMode::replicate},
                                                          {"circular", PadMode::circular}};
    const auto mode = kModes.find(args.text(2, "mode", "constant"));
    if (mode == kModes.end()) throw Unsupported("xgrad has no such mode of padding");
    return pad(args.tensor(0, "input"), args.integers(1, "pad"),
               {.mode = mode->second, .value = args.scalar(3, "value", 0)});
  };
  ops["constant_pad_nd"] = [](Arguments& args) {
    return pad(args.tensor(0, "input"), args.integers(1, "pad"), {.value = args.scalar(2, "value", 0)});
  };
  ops["nn.functional.unfold"] = [](Arguments& args) {
    return unfold(args.tensor(0, "input"), numbers_of(args, 1, "kernel_size", 1), patch_options(args, 2));
  };
  ops["nn.functional.fold"] = [](Arguments& args) {
    return fold(args.tensor(0, "input"), numbers_of(args, 1, "output_size", 1), numbers_of(args, 2, "kernel_size", 1),
                patch_options(args, 3));
  };
  ops["nn.functional.pixel_shuffle"] = [](Arguments& args) {
    return pixel_shuffle(args.tensor(0, "input"), args.integer(1, "upscale_factor"));
  };
  ops["nn.functional.pixel_unshuffle"] = [](Arguments& args) {
    return pixel_unshuffle(args.tensor(0, "input"), args.integer(1, "downscale_factor"));
  };
}

}  // namespace

void add_indexing(Registry& ops) {
  add_borders(ops);
  add_picking(ops);
  add_scatters(ops);
  ops["__getitem__"] = [](Arguments& args) { return get(args.tensor(0, "input"), indices_of(args, 1, "index")); };
  ops["gather"] = [](Arguments& args) {
    args.flag(3, "sparse_grad", false);  // how PyTorch keeps the gradient
    return gather(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.tensor(2, "index"));
  };
  ops["index_select"] = [](Arguments& args) {
    return index_select(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.tensor(2, "index"));
  };
  ops["index_add"] = [](Arguments& args) {
    return index_add(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.tensor(2, "index"),
                     args.tensor(3, "source"), {.alpha = args.scalar(kKeyword, "alpha", 1)});
  };
  ops["scatter_add"] = [](Arguments& args) {
    return scatter_add(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.tensor(2, "index"),
                       args.tensor(3, "src"));
  };
  ops["nn.functional.one_hot"] = [](Arguments& args) {
    return one_hot(args.tensor(0, "input"), args.integer(1, "num_classes", -1));
  };
}

}  // namespace conformance
