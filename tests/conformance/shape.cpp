// Operations that move elements or make tensors.
#include <optional>

#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Axes;
using xgrad::DType;
using xgrad::Shape;
using xgrad::Tensor;
using xgrad::TensorOptions;

int axis_argument(Arguments& args, int position, const char* name) {
  return static_cast<int>(args.integer(position, name));
}
int axis_argument(Arguments& args, int position, const char* name, int fallback) {
  return static_cast<int>(args.integer(position, name, fallback));
}

Axes axes_or(Arguments& args, int position, const char* name, Axes fallback) {
  return args.given(position, name) ? args.axes(position, name) : fallback;
}

xgrad::DiagonalOptions diagonal_options(Arguments& args, int position, int axis1, int axis2) {
  return {.offset = args.integer(position, "offset", 0),
          .axis1 = axis_argument(args, position + 1, "dim1", axis1),
          .axis2 = axis_argument(args, position + 2, "dim2", axis2)};
}

std::vector<Tensor> tensor_split(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  const int axis = axis_argument(args, 2, "dim", 0);
  for (const char* name : {"indices_or_sections", "tensor_indices_or_sections", "indices", "sections"}) {
    if (!args.given(1, name)) continue;
    if (args.is_tensor(1, name)) return xgrad::tensor_split(x, args.tensor(1, name), axis);
    if (args.value(1, name).is_list()) return xgrad::tensor_split(x, args.integers(1, name), axis);
    return xgrad::tensor_split(x, args.integer(1, name), axis);
  }
  throw Unsupported("the mapping finds neither indices nor sections");
}

using Split = std::vector<Tensor> (*)(const xgrad::Operand&, std::int64_t);
using SplitAt = std::vector<Tensor> (*)(const xgrad::Operand&, const std::vector<std::int64_t>&);

/// hsplit, vsplit or dsplit.
Operation split_along(Split split, SplitAt split_at) {
  return [=](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const char* name = args.given(1, "indices") ? "indices" : "sections";
    return args.value(1, name).is_list() ? split_at(x, args.integers(1, name)) : split(x, args.integer(1, name));
  };
}

void add_views(Registry& ops) {
  ops["reshape"] = [](Arguments& args) { return reshape(args.tensor(0, "input"), args.shape(1, "shape")); };
  // The recorded tensor may have been contiguous where this one is not.
  ops["view"] = [](Arguments& args) { return view(contiguous(args.tensor(0, "input")), args.shape(1, "shape")); };
  ops["reshape_as"] = [](Arguments& args) { return reshape_as(args.tensor(0, "input"), args.tensor(1, "other")); };
  ops["view_as"] = [](Arguments& args) {
    return view_as(contiguous(args.tensor(0, "input")), args.tensor(1, "other"));
  };
  ops["ravel"] = [](Arguments& args) { return ravel(args.tensor(0, "input")); };
  ops["flatten"] = [](Arguments& args) {
    return flatten(args.tensor(0, "input"), axis_argument(args, 1, "start_dim", 0),
                   axis_argument(args, 2, "end_dim", -1));
  };
  ops["unflatten"] = [](Arguments& args) {
    return unflatten(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.integers(2, "sizes"));
  };
  const std::pair<const char*, Tensor (*)(const xgrad::Operand&)> at_least[] = {
      {"atleast_1d", xgrad::atleast_1d}, {"atleast_2d", xgrad::atleast_2d}, {"atleast_3d", xgrad::atleast_3d}};
  for (const auto& [name, function] : at_least)
    ops[name] = [function = function](Arguments& args) {
      std::vector<Tensor> list = args.is_tensor(0, "tensors") ? args.tensors_from(0) : args.tensors(0, "tensors");
      for (Tensor& x : list) x = function(x);
      return list;
    };
  for (const char* name : {"expand", "broadcast_to"})
    ops[name] = [is_expand = std::string(name) == "expand"](Arguments& args) {
      const Tensor& x = args.tensor(0, "input");
      return is_expand ? expand(x, args.shape(1, "size")) : broadcast_to(x, args.shape(1, "size"));
    };
  ops["expand_as"] = [](Arguments& args) { return expand_as(args.tensor(0, "input"), args.tensor(1, "other")); };
  ops["squeeze"] = [](Arguments& args) {
    return squeeze(args.tensor(0, "input"), axes_or(args, 1, "dim", Axes::all()));
  };
  ops["unsqueeze"] = [](Arguments& args) { return unsqueeze(args.tensor(0, "input"), axis_argument(args, 1, "dim")); };
  ops["narrow"] = [](Arguments& args) {
    // The start may be a tensor of one integer.
    const std::int64_t start =
        args.is_tensor(2, "start") ? args.tensor(2, "start").item<std::int64_t>() : args.integer(2, "start");
    return narrow(args.tensor(0, "input"), axis_argument(args, 1, "dim"), start, args.integer(3, "length"));
  };
  ops["select"] = [](Arguments& args) {
    return select(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.integer(2, "index"));
  };
  ops["narrow_copy"] = [](Arguments& args) {
    return copy(narrow(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.integer(2, "start"),
                       args.integer(3, "length")));
  };
  ops["clone"] = [](Arguments& args) { return copy(args.tensor(0, "input")); };
  ops["contiguous"] = [](Arguments& args) { return contiguous(args.tensor(0, "input")); };
  const std::pair<const char*, DType> casts[] = {
      {"double", DType::float64}, {"float", DType::float32}, {"long", DType::int64}, {"bool", DType::boolean}};
  for (const auto& [name, dtype] : casts)
    ops[name] = [dtype = dtype](Arguments& args) { return cast(args.tensor(0, "input"), dtype); };
  ops["type_as"] = [](Arguments& args) { return cast(args.tensor(0, "input"), args.tensor(1, "other").dtype()); };
  for (const char* name : {"Tensor.unfold", "unfold"})
    ops[name] = [](Arguments& args) {
      return unfold(args.tensor(0, "input"), axis_argument(args, 1, "dimension"), args.integer(2, "size"),
                    args.integer(3, "step"));
    };
  ops["sum_to_size"] = [](Arguments& args) { return sum_to_size(args.tensor(0, "input"), args.shape(1, "size")); };
}

void add_orders(Registry& ops) {
  ops["transpose"] = [](Arguments& args) {
    return transpose(args.tensor(0, "input"), axis_argument(args, 1, "dim0"), axis_argument(args, 2, "dim1"));
  };
  ops["swapaxes"] = [](Arguments& args) {
    return swapaxes(args.tensor(0, "input"), axis_argument(args, 1, "axis0"), axis_argument(args, 2, "axis1"));
  };
  ops["swapdims"] = [](Arguments& args) {
    return swapdims(args.tensor(0, "input"), axis_argument(args, 1, "dim0"), axis_argument(args, 2, "dim1"));
  };
  for (const char* name : {"t", "T", "H"}) ops[name] = [](Arguments& args) { return t(args.tensor(0, "input")); };
  for (const char* name : {"mT", "mH", "adjoint"})
    ops[name] = [](Arguments& args) { return transpose(args.tensor(0, "input"), -2, -1); };
  ops["permute"] = [](Arguments& args) { return permute(args.tensor(0, "input"), args.axes(1, "dims")); };
  ops["movedim"] = [](Arguments& args) {
    return movedim(args.tensor(0, "input"), args.axes(1, "source"), args.axes(2, "destination"));
  };
  ops["moveaxis"] = [](Arguments& args) {
    return moveaxis(args.tensor(0, "input"), args.axes(1, "source"), args.axes(2, "destination"));
  };
  ops["flip"] = [](Arguments& args) { return flip(args.tensor(0, "input"), args.axes(1, "dims")); };
  ops["fliplr"] = [](Arguments& args) { return fliplr(args.tensor(0, "input")); };
  ops["flipud"] = [](Arguments& args) { return flipud(args.tensor(0, "input")); };
  ops["rot90"] = [](Arguments& args) {
    return rot90(args.tensor(0, "input"), args.integer(1, "k", 1), axes_or(args, 2, "dims", {0, 1}));
  };
  ops["roll"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const std::vector<std::int64_t> shifts = args.integers(1, "shifts");
    const Axes axes = axes_or(args, 2, "dims", {});
    return axes.list().empty() ? roll(x, shifts.at(0)) : roll(x, shifts, axes.list());
  };
  ops["repeat"] = [](Arguments& args) { return repeat(args.tensor(0, "input"), args.shape(1, "repeats")); };
  ops["tile"] = [](Arguments& args) { return tile(args.tensor(0, "input"), args.shape(1, "dims")); };
  ops["repeat_interleave"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, args.given(0, "repeats") && !args.given(0, "input") ? "repeats" : "input");
    std::optional<int> axis;
    if (args.given(2, "dim")) axis = axis_argument(args, 2, "dim");
    args.integer(kKeyword, "output_size", 0);  // the extent that follows from the repeats
    if (!args.given(1, "repeats")) return repeat_interleave(xgrad::arange(x.size(0)), x);
    return args.is_tensor(1, "repeats") ? repeat_interleave(x, args.tensor(1, "repeats"), axis)
                                        : repeat_interleave(x, args.integer(1, "repeats"), axis);
  };
}

void add_diagonals(Registry& ops) {
  ops["diagonal"] = [](Arguments& args) { return diagonal(args.tensor(0, "input"), diagonal_options(args, 1, 0, 1)); };
  ops["diagonal_scatter"] = [](Arguments& args) {
    return diagonal_scatter(args.tensor(0, "input"), args.tensor(1, "src"), diagonal_options(args, 2, 0, 1));
  };
  ops["diag_embed"] = [](Arguments& args) {
    return diag_embed(args.tensor(0, "input"), diagonal_options(args, 1, -2, -1));
  };
  ops["diag"] = [](Arguments& args) { return diag(args.tensor(0, "input"), args.integer(1, "diagonal", 0)); };
  ops["diagflat"] = [](Arguments& args) { return diagflat(args.tensor(0, "input"), args.integer(1, "offset", 0)); };
  ops["tril"] = [](Arguments& args) { return tril(args.tensor(0, "input"), args.integer(1, "diagonal", 0)); };
  ops["triu"] = [](Arguments& args) { return triu(args.tensor(0, "input"), args.integer(1, "diagonal", 0)); };
  const std::pair<const char*, Tensor (*)(std::int64_t, std::int64_t, std::int64_t, xgrad::SourceLocation)> indices[] =
      {{"tril_indices", xgrad::tril_indices}, {"triu_indices", xgrad::triu_indices}};
  for (const auto& [name, function] : indices)
    ops[name] = [function = function](Arguments& args) {
      if (args.dtype(kKeyword, "dtype").value_or(DType::int64) != DType::int64)
        throw Unsupported("xgrad's indices are int64");
      return function(args.integer(0, "row"), args.integer(1, "col"), args.integer(2, "offset", 0), {});
    };
}

void add_pieces(Registry& ops) {
  ops["split"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "tensor");
    const int axis = axis_argument(args, 2, "dim", 0);
    return args.value(1, "split_size_or_sections").is_list()
               ? split(x, args.integers(1, "split_size_or_sections"), axis)
               : split(x, args.integer(1, "split_size_or_sections"), axis);
  };
  ops["split_with_sizes"] = [](Arguments& args) {
    return split(args.tensor(0, "input"), args.integers(1, "split_sizes"), axis_argument(args, 2, "dim", 0));
  };
  ops["chunk"] = [](Arguments& args) {
    return chunk(args.tensor(0, "input"), args.integer(1, "chunks"), axis_argument(args, 2, "dim", 0));
  };
  ops["tensor_split"] = tensor_split;
  ops["hsplit"] = split_along(xgrad::hsplit, xgrad::hsplit);
  ops["vsplit"] = split_along(xgrad::vsplit, xgrad::vsplit);
  ops["dsplit"] = split_along(xgrad::dsplit, xgrad::dsplit);
  ops["unbind"] = [](Arguments& args) { return unbind(args.tensor(0, "input"), axis_argument(args, 1, "dim", 0)); };
}

/// The tensors, given as a list or one by one.
std::vector<Tensor> list_argument(Arguments& args) {
  if (args.is_tensor(0, "tensors")) return args.tensors_from(0);
  return args.tensors(0, "tensors");
}

void add_joins(Registry& ops) {
  ops["cat"] = [](Arguments& args) { return xgrad::cat(args.tensors(0, "tensors"), axis_argument(args, 1, "dim", 0)); };
  ops["stack"] = [](Arguments& args) {
    return xgrad::stack(args.tensors(0, "tensors"), axis_argument(args, 1, "dim", 0));
  };
  using Join = Tensor (*)(std::span<const Tensor>, xgrad::SourceLocation);
  const std::pair<const char*, Join> joins[] = {{"hstack", xgrad::hstack},
                                                {"vstack", xgrad::vstack},
                                                {"row_stack", xgrad::vstack},
                                                {"dstack", xgrad::dstack},
                                                {"column_stack", xgrad::column_stack},
                                                {"block_diag", xgrad::block_diag},
                                                {"cartesian_prod", xgrad::cartesian_prod}};
  for (const auto& [name, join] : joins)
    ops[name] = [join = join](Arguments& args) { return join(list_argument(args), {}); };
  ops["broadcast_tensors"] = [](Arguments& args) { return xgrad::broadcast_tensors(list_argument(args)); };
  ops["meshgrid"] = [](Arguments& args) {
    const std::string indexing = args.text(kKeyword, "indexing", "ij");
    return xgrad::meshgrid(list_argument(args), indexing == "xy" ? xgrad::GridIndexing::xy : xgrad::GridIndexing::ij);
  };
  ops["combinations"] = [](Arguments& args) {
    return combinations(args.tensor(0, "input"), args.integer(1, "r", 2),
                        {.with_replacement = args.flag(2, "with_replacement", false)});
  };
}

TensorOptions options(Arguments& args, DType fallback) {
  return {.dtype = args.dtype(kKeyword, "dtype").value_or(fallback)};
}

/// arange(end), arange(start, end) and arange(start, end, step): integers of integers alone.
Tensor arange(Arguments& args) {
  const bool end_alone = args.count() == 1 && !args.given(kKeyword, "end");
  const xgrad::Scalar start = end_alone ? 0 : args.scalar(0, "start", 0);
  const xgrad::Scalar end = args.scalar(end_alone ? 0 : 1, "end");
  const xgrad::Scalar step = args.scalar(2, "step", 1);
  if (start.is_integer() && end.is_integer() && step.is_integer())
    return xgrad::arange(start.integer(), end.integer(), step.integer(), options(args, DType::int64));
  return xgrad::arange(start.value(), end.value(), step.value(), options(args, DType::float32));
}

void add_makers(Registry& ops) {
  ops["zeros"] = [](Arguments& args) { return xgrad::zeros(args.shape(0, "size"), options(args, DType::float32)); };
  ops["ones"] = [](Arguments& args) { return xgrad::ones(args.shape(0, "size"), options(args, DType::float32)); };
  ops["new_full"] = [](Arguments& args) {
    return xgrad::full(args.shape(1, "size"), args.scalar(2, "fill_value"),
                       options(args, args.tensor(0, "input").dtype()));
  };
  ops["new_zeros"] = [](Arguments& args) {
    return xgrad::zeros(args.shape(1, "size"), options(args, args.tensor(0, "input").dtype()));
  };
  ops["new_ones"] = [](Arguments& args) {
    return xgrad::ones(args.shape(1, "size"), options(args, args.tensor(0, "input").dtype()));
  };
  ops["zeros_like"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    return cast(zeros_like(x), options(args, x.dtype()).dtype);
  };
  ops["ones_like"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    return cast(ones_like(x), options(args, x.dtype()).dtype);
  };
  ops["full_like"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    return full_like(cast(x, options(args, x.dtype()).dtype), args.scalar(1, "fill_value"));
  };
  ops["fill"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    if (!args.is_tensor(1, "value")) return full_like(x, args.scalar(1, "value"));
    return cast(expand_as(args.tensor(1, "value"), x), x.dtype());
  };
  ops["arange"] = arange;
  ops["linspace"] = [](Arguments& args) {
    return xgrad::linspace(args.scalar(0, "start"), args.scalar(1, "end"), args.integer(2, "steps"),
                           options(args, DType::float32));
  };
  ops["logspace"] = [](Arguments& args) {
    return xgrad::logspace(args.number(0, "start"), args.number(1, "end"), args.integer(2, "steps"),
                           args.number(3, "base", 10), options(args, DType::float32));
  };
  ops["eye"] = [](Arguments& args) {
    const std::int64_t rows = args.integer(0, "n");
    return xgrad::eye(rows, args.integer(1, "m", rows), options(args, DType::float32));
  };
}

}  // namespace

void add_shapes(Registry& ops) {
  add_views(ops);
  add_orders(ops);
  add_diagonals(ops);
  add_pieces(ops);
  add_joins(ops);
  add_makers(ops);
}

}  // namespace conformance
