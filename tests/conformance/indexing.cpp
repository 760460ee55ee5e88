// Picking elements, and adding into picked places.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::DType;
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

bool is_whole(const Value& item) {
  if (!item["slice"].is_list()) return false;
  const Value::List& bounds = item["slice"].list();
  return bounds[0].is_null() && bounds[1].is_null() && bounds[2].is_null();
}

bool is_advanced(const Value& item) { return item.is_list() || item.is_tensor() || item.is_boolean(); }

Index to_index(const Value& item) {
  if (item.is_null()) return xgrad::newaxis;
  if (item.is_integer()) return item.integer();
  if (item["ellipsis"].is_boolean()) return xgrad::ellipsis;
  return to_slice(item);
}

/// index_select along one axis, the place of the only list of positions; positions may count from the end.
Tensor select_positions(const Tensor& x, int axis, const Tensor& positions) {
  if (positions.dtype() != DType::int64 || positions.ndim() != 1)
    throw Unsupported("xgrad indexes by one-dimensional positions only");
  return index_select(x, axis, xgrad::where(positions < 0, positions + x.size(axis), positions));
}

Outputs get_item(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  const Value::List& items = args.value(1, "index").list();
  int advanced = 0;
  int axis = 0;
  bool others_whole = true;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (is_advanced(items[i])) {
      ++advanced;
      axis = static_cast<int>(i);
    } else if (!is_whole(items[i])) {
      others_whole = false;
    }
  }
  if (advanced == 0) {
    std::vector<Index> indices;
    for (const Value& item : items) indices.push_back(to_index(item));
    return get(x, Indices(std::move(indices)));
  }
  if (advanced > 1 || !others_whole) throw Unsupported("xgrad indexes by positions along one axis only");
  const Value& item = items[static_cast<std::size_t>(axis)];
  if (item.is_tensor()) return select_positions(x, axis, args.tensor_of(item, "1." + std::to_string(axis)));
  std::vector<std::int64_t> positions;
  for (const Value& position : item.list()) positions.push_back(position.integer());
  return select_positions(x, axis, xgrad::from_vector(positions));
}

Tensor take_along(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  const Tensor& indices = args.tensor(1, "indices");
  if (!args.given(2, "dim")) return gather(reshape(x, {-1}), 0, reshape(indices, {-1}));
  const int axis = axis_argument(args, 2, "dim");
  const int at = axis < 0 ? axis + x.ndim() : axis;
  Shape along_x = x.shape();
  Shape along_indices = indices.shape();
  along_x[at] = along_indices[at] = 1;
  const Shape common = xgrad::broadcast_shapes("take_along_dim", along_x, along_indices, {});
  along_x = along_indices = common;
  along_x[at] = x.shape()[at];
  along_indices[at] = indices.shape()[at];
  return gather(expand(x, along_x), axis, expand(indices, along_indices));
}

}  // namespace

void add_indexing(Registry& ops) {
  ops["__getitem__"] = get_item;
  ops["gather"] = [](Arguments& args) {
    return gather(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.tensor(2, "index"));
  };
  ops["take_along_dim"] = take_along;
  ops["index_select"] = [](Arguments& args) {
    return index_select(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.tensor(2, "index"));
  };
  ops["index_add"] = [](Arguments& args) {
    return index_add(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.tensor(2, "index"),
                     args.operand(kKeyword, "alpha", 1) * args.tensor(3, "source"));
  };
  ops["scatter_add"] = [](Arguments& args) {
    return scatter_add(args.tensor(0, "input"), axis_argument(args, 1, "dim"), args.tensor(2, "index"),
                       args.tensor(3, "src"));
  };
  ops["take"] = [](Arguments& args) {
    const Tensor& indices = args.tensor(1, "index");
    return reshape(select_positions(reshape(args.tensor(0, "input"), {-1}), 0, reshape(indices, {-1})),
                   indices.shape());
  };
  ops["nn.functional.one_hot"] = [](Arguments& args) {
    return one_hot(args.tensor(0, "input"), args.integer(1, "num_classes", -1));
  };
}

}  // namespace conformance
