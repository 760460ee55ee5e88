// The arguments of one recorded call, read by position or name and by type. It notes which were read, so that
// an option that a mapping does not know cannot be ignored silently.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <xgrad/autograd/scalar.hpp>
#include <xgrad/autograd/tensor.hpp>
#include "archive.hpp"
#include "value.hpp"

namespace conformance {

/// In place of a position: the argument is given by name alone.
inline constexpr int kKeyword = -1;

class Arguments {
 public:
  /// Loads every tensor among the arguments. Those whose path is a key of `leaves` require gradients; `pre`
  /// maps paths to a transformation that the call sees instead of the leaf.
  Arguments(const Value& positional, const Value& keywords, const Archive& archive, const Value& leaves = {},
            const Value& pre = {});

  /// Number of positional arguments.
  int count() const { return static_cast<int>(positional_->list().size()); }
  /// Whether the argument is there and not None. Does not count as read.
  bool given(int position, const char* name) const { return !find(position, name).is_null(); }
  /// Whether the argument is there by name, and None.
  bool is_none(const char* name) const;
  bool is_tensor(int position, const char* name) const { return find(position, name).is_tensor(); }

  // Each takes the argument's position (or kKeyword) and name. Without a fallback the argument must be there.
  // They throw Unsupported where the argument is of another kind. As PyTorch's own functions they take NumPy's names of
  // the common arguments as well: `axis` for `dim`.
  const xgrad::Tensor& tensor(int position, const char* name);
  /// An undefined Tensor for None.
  xgrad::Tensor optional_tensor(int position, const char* name);
  std::vector<xgrad::Tensor> tensors(int position, const char* name);
  /// The positional arguments from this position on, all of them tensors.
  std::vector<xgrad::Tensor> tensors_from(int position);
  /// A tensor, or a number as an operand.
  xgrad::Operand operand(int position, const char* name);
  xgrad::Operand operand(int position, const char* name, std::int64_t fallback);
  xgrad::Scalar scalar(int position, const char* name);
  xgrad::Scalar scalar(int position, const char* name, xgrad::Scalar fallback);
  std::optional<xgrad::Scalar> optional_scalar(int position, const char* name);
  double number(int position, const char* name);
  double number(int position, const char* name, double fallback);
  std::optional<double> optional_number(int position, const char* name);
  std::int64_t integer(int position, const char* name);
  std::int64_t integer(int position, const char* name, std::int64_t fallback);
  bool flag(int position, const char* name, bool fallback);
  std::string text(int position, const char* name, const std::string& fallback);
  std::optional<xgrad::DType> dtype(int position, const char* name);
  /// An axis or a list of them.
  xgrad::Axes axes(int position, const char* name);
  /// The same for reductions: None and the empty list mean every axis.
  xgrad::Axes reduced_axes(int position, const char* name);
  /// An integer or a list of integers.
  std::vector<std::int64_t> integers(int position, const char* name);
  /// A list of extents, or extents as separate arguments from this position on.
  xgrad::Shape shape(int position, const char* name);
  const Value& value(int position, const char* name);

  /// Throws Unsupported, naming it, when an argument other than None was not read.
  void check_all_read() const;

  /// Every tensor among the arguments.
  std::vector<xgrad::Tensor> all_tensors() const;

  /// Tensors as the call sees them, and the leaves, by path.
  const xgrad::Tensor& at(const std::string& path) const;
  const xgrad::Tensor& leaf(const std::string& path) const;
  /// The tensor that a value names; it stands at this path.
  const xgrad::Tensor& tensor_of(const Value& value, const std::string& path) const;
  /// Path of an argument.
  std::string path(int position, const char* name) const;

 private:
  bool is_positional(int position) const { return position >= 0 && position < count(); }
  /// The name by which the argument was given: its own, or the one that NumPy calls it by.
  const char* keyword(const char* name) const;
  const Value& find(int position, const char* name) const;
  const Value& required(int position, const char* name);
  void load(const Value& value, const std::string& path, const Archive& archive, const Value& leaves, const Value& pre);

  const Value* positional_;
  const Value* keywords_;
  std::map<std::string, xgrad::Tensor> tensors_;
  std::map<std::string, xgrad::Tensor> leaves_;
  std::set<std::string> read_;
};

/// The dtype that PyTorch's name stands for.
xgrad::DType dtype_named(const std::string& name);

/// The elements on and below (above) the diagonals of the last two axes, zeros elsewhere.
xgrad::Tensor lower_triangle(const xgrad::Tensor& x);
xgrad::Tensor upper_triangle(const xgrad::Tensor& x);

}  // namespace conformance
