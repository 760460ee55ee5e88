#include "arguments.hpp"

#include <xgrad/autograd/ops.hpp>

namespace conformance {
namespace {

using xgrad::Axes;
using xgrad::DType;
using xgrad::Operand;
using xgrad::Shape;
using xgrad::Tensor;

Tensor transformed(const std::string& name, const Tensor& x) {
  if (name == "add_transpose") return x + transpose(x, -2, -1);
  if (name == "tril") return lower_triangle(x);
  if (name == "triu") return upper_triangle(x);
  throw Unsupported("the runner knows no transformation " + name);
}

}  // namespace

Tensor lower_triangle(const Tensor& x) {
  const Tensor rows = unsqueeze(xgrad::arange(x.size(-2)), 1);
  return xgrad::where(rows >= xgrad::arange(x.size(-1)), x, 0);
}

Tensor upper_triangle(const Tensor& x) {
  const Tensor rows = unsqueeze(xgrad::arange(x.size(-2)), 1);
  return xgrad::where(rows <= xgrad::arange(x.size(-1)), x, 0);
}

DType dtype_named(const std::string& name) {
  for (DType dtype : {DType::float32, DType::float64, DType::int64})
    if (name == xgrad::name(dtype)) return dtype;
  if (name == "bool") return DType::boolean;
  throw Unsupported("xgrad has no dtype " + name);
}

Arguments::Arguments(const Value& positional, const Value& keywords, const Archive& archive, const Value& leaves,
                     const Value& pre)
    : positional_(&positional), keywords_(&keywords) {
  for (std::size_t i = 0; i < positional.list().size(); ++i)
    load(positional.list()[i], std::to_string(i), archive, leaves, pre);
  for (const auto& [name, value] : keywords.members()) load(value, name, archive, leaves, pre);
}

void Arguments::load(const Value& value, const std::string& path, const Archive& archive, const Value& leaves,
                     const Value& pre) {
  if (value.is_list()) {
    for (std::size_t i = 0; i < value.list().size(); ++i)
      load(value.list()[i], path + "." + std::to_string(i), archive, leaves, pre);
    return;
  }
  if (!value.is_tensor()) return;
  Tensor tensor = archive.load(value["tensor"].text());
  for (const auto& [leaf, gradient] : leaves.is_object() ? leaves.members() : Value::Members{})
    if (leaf == path) leaves_[path] = tensor.set_requires_grad();
  const Value& transformation = pre[path];
  if (!transformation.is_null()) tensor = transformed(transformation.text(), tensor);
  tensors_[path] = archive.laid_out(tensor);
}

bool Arguments::is_none(const char* name) const {
  for (const auto& [own_name, value] : keywords_->members())
    if (own_name == name) return value.is_null();
  return false;
}

const char* Arguments::keyword(const char* name) const {
  static const std::pair<std::string_view, const char*> kOthers[] = {
      {"dim", "axis"}, {"keepdim", "keepdims"}, {"input", "self"}, {"input", "x"},
      {"input", "a"},  {"input", "x1"},         {"other", "x2"}};
  if ((*keywords_)[name].is_null())
    for (const auto& [own, other] : kOthers)
      if (own == name && !(*keywords_)[other].is_null()) return other;
  return name;
}

const Value& Arguments::find(int position, const char* name) const {
  return is_positional(position) ? positional_->list()[position] : (*keywords_)[keyword(name)];
}

std::string Arguments::path(int position, const char* name) const {
  return is_positional(position) ? std::to_string(position) : keyword(name);
}

const Value& Arguments::value(int position, const char* name) {
  read_.insert(path(position, name));
  return find(position, name);
}

const Value& Arguments::required(int position, const char* name) {
  const Value& found = value(position, name);
  if (found.is_null()) throw Unsupported(std::string("the argument ") + name + " is not given");
  return found;
}

const Tensor& Arguments::tensor_of(const Value& value, const std::string& path) const {
  if (!value.is_tensor()) throw Unsupported("the argument " + path + " is not a tensor");
  return at(path);
}

const Tensor& Arguments::tensor(int position, const char* name) {
  return tensor_of(required(position, name), path(position, name));
}

Tensor Arguments::optional_tensor(int position, const char* name) {
  const Value& found = value(position, name);
  return found.is_null() ? Tensor() : tensor_of(found, path(position, name));
}

std::vector<Tensor> Arguments::tensors(int position, const char* name) {
  std::vector<Tensor> list;
  const std::string prefix = path(position, name) + ".";
  for (const Value& item : required(position, name).list())
    list.push_back(tensor_of(item, prefix + std::to_string(list.size())));
  return list;
}

std::vector<Tensor> Arguments::tensors_from(int position) {
  std::vector<Tensor> list;
  for (; position < count(); ++position) list.push_back(tensor(position, ""));
  return list;
}

Operand Arguments::operand(int position, const char* name) {
  const Value& found = required(position, name);
  if (found.is_boolean()) return found.boolean();
  if (found.is_integer()) return found.integer();
  if (found.is_floating()) return found.number();
  return tensor_of(found, path(position, name));
}

Operand Arguments::operand(int position, const char* name, std::int64_t fallback) {
  return given(position, name) ? operand(position, name) : Operand(fallback);
}

xgrad::Scalar Arguments::scalar(int position, const char* name) {
  const Value& found = required(position, name);
  return found.is_floating() ? xgrad::Scalar(found.number()) : xgrad::Scalar(found.integer());
}

xgrad::Scalar Arguments::scalar(int position, const char* name, xgrad::Scalar fallback) {
  return given(position, name) ? scalar(position, name) : fallback;
}

std::optional<xgrad::Scalar> Arguments::optional_scalar(int position, const char* name) {
  if (given(position, name)) return scalar(position, name);
  return std::nullopt;
}

double Arguments::number(int position, const char* name) { return required(position, name).number(); }

double Arguments::number(int position, const char* name, double fallback) {
  return optional_number(position, name).value_or(fallback);
}

std::optional<double> Arguments::optional_number(int position, const char* name) {
  const Value& found = value(position, name);
  if (found.is_null()) return std::nullopt;
  return found.number();
}

std::int64_t Arguments::integer(int position, const char* name) {
  const Value& found = required(position, name);
  return found.is_tensor() ? at(path(position, name)).item<std::int64_t>() : found.integer();
}

std::int64_t Arguments::integer(int position, const char* name, std::int64_t fallback) {
  const Value& found = value(position, name);
  return found.is_null() ? fallback : found.integer();
}

bool Arguments::flag(int position, const char* name, bool fallback) {
  const Value& found = value(position, name);
  return found.is_null() ? fallback : found.boolean();
}

std::string Arguments::text(int position, const char* name, const std::string& fallback) {
  const Value& found = value(position, name);
  return found.is_null() ? fallback : found.text();
}

std::optional<DType> Arguments::dtype(int position, const char* name) {
  const Value& found = value(position, name);
  if (found.is_null()) return std::nullopt;
  return dtype_named(found["dtype"].text());
}

Axes Arguments::axes(int position, const char* name) {
  const std::vector<std::int64_t> list = integers(position, name);
  return std::vector<int>(list.begin(), list.end());
}

Axes Arguments::reduced_axes(int position, const char* name) {
  const Value& found = value(position, name);
  if (found.is_null() || (found.is_list() && found.list().empty())) return Axes::all();
  return axes(position, name);
}

std::vector<std::int64_t> Arguments::integers(int position, const char* name) {
  const Value& found = required(position, name);
  if (!found.is_list()) return {found.integer()};
  std::vector<std::int64_t> list;
  for (const Value& item : found.list()) list.push_back(item.integer());
  return list;
}

Shape Arguments::shape(int position, const char* name) {
  Shape shape;
  if (!find(position, name).is_integer()) {
    for (std::int64_t extent : integers(position, name)) shape.push_back(extent);
    return shape;
  }
  for (; position < count(); ++position) shape.push_back(integer(position, name));
  return shape;
}

namespace {

/// Whether an argument says only where and how PyTorch keeps the result, which the answer does not depend on.
bool is_about_storage(const std::string& name, const Value& value) {
  if (name == "device") return value.is_text() && value.text() == "cpu";
  if (name == "requires_grad" || name == "pin_memory") return value.is_boolean();
  return name == "layout" || name == "memory_format" || name == "_stacklevel";
}

}  // namespace

void Arguments::check_all_read() const {
  for (int i = 0; i < count(); ++i)
    if (!positional_->list()[i].is_null() && !read_.contains(std::to_string(i)))
      throw Unsupported("the mapping knows no argument at position " + std::to_string(i));
  for (const auto& [name, value] : keywords_->members())
    if (!value.is_null() && !read_.contains(name) && !is_about_storage(name, value))
      throw Unsupported("the mapping knows no argument " + name);
}

std::vector<Tensor> Arguments::all_tensors() const {
  std::vector<Tensor> list;
  for (const auto& [path, tensor] : tensors_) list.push_back(tensor);
  return list;
}

const Tensor& Arguments::at(const std::string& path) const {
  const auto found = tensors_.find(path);
  if (found == tensors_.end()) throw std::runtime_error("no tensor stands at the path " + path);
  return found->second;
}

const Tensor& Arguments::leaf(const std::string& path) const {
  const auto found = leaves_.find(path);
  if (found == leaves_.end()) throw std::runtime_error("no differentiable tensor stands at the path " + path);
  return found->second;
}

}  // namespace conformance
