// Operations that move elements or make tensors.
#include <numeric>

#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Axes;
using xgrad::DType;
using xgrad::Index;
using xgrad::Indices;
using xgrad::Shape;
using xgrad::Tensor;
using xgrad::TensorOptions;

int axis_argument(Arguments& args, int position, const char* name) {
  return static_cast<int>(args.integer(position, name));
}
int axis_argument(Arguments& args, int position, const char* name, int fallback) {
  return static_cast<int>(args.integer(position, name, fallback));
}

/// Axis `axis` of x indexed, the others whole.
Tensor indexed(const Tensor& x, int axis, Index index) {
  std::vector<Index> items(axis < 0 ? axis + x.ndim() : axis, xgrad::slice());
  items.push_back(index);
  return get(x, Indices(std::move(items)));
}

/// x with axes of extent 1 as PyTorch's atleast_1d, atleast_2d and atleast_3d add them.
Tensor with_axes(const Tensor& x, int ndim) {
  Tensor y = x;
  if (y.ndim() == 0 && ndim >= 1) y = reshape(y, {1});
  if (y.ndim() == 1 && ndim >= 2) y = unsqueeze(y, 0);
  if (y.ndim() == 2 && ndim >= 3) y = unsqueeze(y, 2);
  return y;
}

std::vector<Tensor> with_axes(std::vector<Tensor> list, int ndim) {
  for (Tensor& x : list) x = with_axes(x, ndim);
  return list;
}

Tensor move_axes(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  const std::vector<std::int64_t> from = args.integers(1, "source");
  const std::vector<std::int64_t> to = args.integers(2, "destination");
  const auto at = [&](std::int64_t axis) { return static_cast<int>(axis < 0 ? axis + x.ndim() : axis); };
  std::vector<int> order(x.ndim(), -1);
  std::vector<int> rest(x.ndim());
  std::iota(rest.begin(), rest.end(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    order[at(to[i])] = at(from[i]);
    std::erase(rest, at(from[i]));
  }
  auto next = rest.begin();
  for (int& axis : order)
    if (axis < 0) axis = *next++;
  return permute(x, order);
}

std::vector<Tensor> tensor_split(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  const int axis = axis_argument(args, 2, "dim", 0);
  std::vector<std::int64_t> bounds;
  std::int64_t sections = 0;
  if (args.is_tensor(1, "indices")) {
    const Tensor& indices = args.tensor(1, "indices");
    bounds = indices.to_vector<std::int64_t>();
    if (indices.ndim() == 0) sections = bounds[0];
  } else if (args.value(1, "sections").is_list()) {
    bounds = args.integers(1, "indices");
  } else {
    sections = args.integer(1, "sections");
  }
  const std::int64_t extent = x.size(axis);
  if (sections > 0) {
    bounds.clear();
    for (std::int64_t i = 1; i < sections; ++i)
      bounds.push_back(i * (extent / sections) + std::min(i, extent % sections));
  }
  std::vector<Tensor> pieces;
  std::int64_t start = 0;
  for (std::int64_t stop : bounds) {
    pieces.push_back(indexed(x, axis, xgrad::slice(start, stop)));
    start = stop;
  }
  pieces.push_back(indexed(x, axis, xgrad::slice(start)));
  return pieces;
}

void add_views(Registry& ops) {
  for (const char* name : {"reshape", "view"})
    ops[name] = [](Arguments& args) { return reshape(args.tensor(0, "input"), args.shape(1, "shape")); };
  for (const char* name : {"reshape_as", "view_as"})
    ops[name] = [](Arguments& args) { return reshape(args.tensor(0, "input"), args.tensor(1, "other").shape()); };
  ops["ravel"] = [](Arguments& args) { return reshape(args.tensor(0, "input"), {-1}); };
  ops["flatten"] = [](Arguments& args) {
    return flatten(args.tensor(0, "input"), axis_argument(args, 1, "start_dim", 0),
                   axis_argument(args, 2, "end_dim", -1));
  };
  ops["unflatten"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const int axis = axis_argument(args, 1, "dim");
    Shape shape = x.shape();
    int at = axis < 0 ? axis + x.ndim() : axis;
    shape.erase(at);
    for (std::int64_t extent : args.integers(2, "sizes")) shape.insert(at++, extent);
    return reshape(x, shape);
  };
  ops["transpose"] = [](Arguments& args) {
    return transpose(args.tensor(0, "input"), axis_argument(args, 1, "dim0"), axis_argument(args, 2, "dim1"));
  };
  ops["t"] = [](Arguments& args) { return transpose(args.tensor(0, "input")); };
  ops["permute"] = [](Arguments& args) { return permute(args.tensor(0, "input"), args.axes(1, "dims")); };
  ops["movedim"] = move_axes;
  for (const char* name : {"expand", "broadcast_to"})
    ops[name] = [](Arguments& args) { return expand(args.tensor(0, "input"), args.shape(1, "size")); };
  ops["expand_as"] = [](Arguments& args) { return expand(args.tensor(0, "input"), args.tensor(1, "other").shape()); };
  ops["squeeze"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    return args.given(1, "dim") ? squeeze(x, args.axes(1, "dim")) : squeeze(x);
  };
  ops["unsqueeze"] = [](Arguments& args) { return unsqueeze(args.tensor(0, "input"), axis_argument(args, 1, "dim")); };
  ops["flip"] = [](Arguments& args) { return flip(args.tensor(0, "input"), args.axes(1, "dims")); };
  ops["fliplr"] = [](Arguments& args) { return flip(args.tensor(0, "input"), 1); };
  ops["flipud"] = [](Arguments& args) { return flip(args.tensor(0, "input"), 0); };
  ops["narrow"] = [](Arguments& args) {
    return narrow(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.integer(2, "start"),
                  args.integer(3, "length"));
  };
  ops["select"] = [](Arguments& args) {
    return indexed(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.integer(2, "index"));
  };
  ops["sum_to_size"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    if (x.dtype() == DType::boolean) throw Unsupported("xgrad's sum_to keeps the dtype");
    return sum_to(x, args.shape(1, "size"));
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
    const Tensor& x = args.tensor(0, "input");
    const std::int64_t chunks = args.integer(1, "chunks");
    const int axis = axis_argument(args, 2, "dim", 0);
    return split(x, (x.size(axis) + chunks - 1) / chunks, axis);
  };
  ops["tensor_split"] = tensor_split;
  ops["unbind"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const int axis = axis_argument(args, 1, "dim", 0);
    std::vector<Tensor> slices;
    for (std::int64_t i = 0; i < x.size(axis); ++i) slices.push_back(indexed(x, axis, i));
    return slices;
  };
}

void add_joins(Registry& ops) {
  ops["cat"] = [](Arguments& args) { return xgrad::cat(args.tensors(0, "tensors"), axis_argument(args, 1, "dim", 0)); };
  ops["stack"] = [](Arguments& args) {
    return xgrad::stack(args.tensors(0, "tensors"), axis_argument(args, 1, "dim", 0));
  };
  ops["hstack"] = [](Arguments& args) {
    const std::vector<Tensor> list = with_axes(args.tensors(0, "tensors"), 1);
    return xgrad::cat(list, list.front().ndim() == 1 ? 0 : 1);
  };
  ops["vstack"] = [](Arguments& args) { return xgrad::cat(with_axes(args.tensors(0, "tensors"), 2), 0); };
  ops["dstack"] = [](Arguments& args) { return xgrad::cat(with_axes(args.tensors(0, "tensors"), 3), 2); };
  const std::pair<const char*, int> at_least[] = {{"atleast_1d", 1}, {"atleast_2d", 2}, {"atleast_3d", 3}};
  for (const auto& [name, ndim] : at_least)
    ops[name] = [ndim = ndim](Arguments& args) {
      return args.is_tensor(0, "tensors") ? with_axes(args.tensors_from(0), ndim)
                                          : with_axes(args.tensors(0, "tensors"), ndim);
    };
}

TensorOptions options(Arguments& args, DType fallback) {
  return {.dtype = args.dtype(kKeyword, "dtype").value_or(fallback)};
}

void add_makers(Registry& ops) {
  ops["zeros"] = [](Arguments& args) { return xgrad::zeros(args.shape(0, "size"), options(args, DType::float32)); };
  ops["ones"] = [](Arguments& args) { return xgrad::ones(args.shape(0, "size"), options(args, DType::float32)); };
  ops["new_full"] = [](Arguments& args) {
    return xgrad::full(args.shape(1, "size"), args.number(2, "fill_value"),
                       options(args, args.tensor(0, "input").dtype()));
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
    return full_like(cast(x, options(args, x.dtype()).dtype), args.number(1, "fill_value"));
  };
  ops["arange"] = [](Arguments& args) {
    if (args.count() == 1 && !args.given(kKeyword, "end"))
      return xgrad::arange(0, args.number(0, "end"), 1, options(args, DType::int64));
    return xgrad::arange(args.number(0, "start"), args.number(1, "end"), args.number(2, "step", 1),
                         options(args, DType::int64));
  };
  ops["linspace"] = [](Arguments& args) {
    return xgrad::linspace(args.number(0, "start"), args.number(1, "end"), args.integer(2, "steps"),
                           options(args, DType::float32));
  };
  ops["eye"] = [](Arguments& args) {
    const std::int64_t rows = args.integer(0, "n");
    return xgrad::eye(rows, args.integer(1, "m", rows), options(args, DType::float32));
  };
}

}  // namespace

void add_shapes(Registry& ops) {
  add_views(ops);
  add_pieces(ops);
  add_joins(ops);
  add_makers(ops);
}

}  // namespace conformance
