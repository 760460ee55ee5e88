// Files in the safetensors format: tensors under names, and texts under names beside them.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../autograd/tensor.hpp"
#include "../data/file.hpp"

namespace xgrad XGRAD_API {
namespace io {

using data::FileError;

/// Tensors with their names, in order: what Module::state() and Optimizer::state() answer with.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
/// Texts with their names: what a file says of its tensors.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// What a file holds: tensors, and texts about them (in safetensors files alone). It stands for the tensors wherever
/// these are asked for: `model.load(io::load("mlp.npz"))`, `for (auto& [name, tensor] : io::load("data.npz"))`.
struct Contents {
  NamedTensors tensors;
  Metadata metadata;

  operator const NamedTensors&() const { return tensors; }
  auto begin() const { return tensors.begin(); }
  auto end() const { return tensors.end(); }
  std::size_t size() const { return tensors.size(); }

  /// Whether there is a tensor of that name.
  bool contains(std::string_view name) const;
  /// The tensor of that name: `io::load("data.npz")["x"]`. Throws std::out_of_range where there is none, with the names
  /// that there are.
  Tensor operator[](std::string_view name) const;
  Tensor operator[](std::integral auto) const = delete;  // by number: contents.tensors[0].second
  /// The text of that name; null where there is none.
  const std::string* text(std::string_view name) const;
};

/// An object whose state is tensors and texts: data::Preparation, optimizers, classes of the user's.
template <class T>
concept HasContents = requires(const T& object, T& changed, const NamedTensors& state, const Metadata& texts) {
  { object.state() } -> std::convertible_to<NamedTensors>;
  { object.metadata() } -> std::convertible_to<Metadata>;
  changed.load_state(state, texts);
};

/// Writes tensors and texts as a safetensors file. It appears under its name when all of it is on the disk, in place of
/// the file that was there; where something fails, that stays as it is.
///
/// Shapes: any.
/// Dtype: boolean as BOOL, int64 as I64, float32 as F32, float64 as F64.
/// Throws: std::invalid_argument for a name that is given twice, is "__metadata__" or no UTF-8, and for an undefined
/// tensor; FileError where the file cannot be written.
/// Source: https://huggingface.co/docs/safetensors, "Format".
/// Example: `io::write_safetensors("data.safetensors", {{"x", x}, {"y", y}}, {{"made by", "train.cpp"}});`
void write_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata = {},
                       SourceLocation where = SourceLocation::current());

/// Reads a safetensors file, its tensors and texts in the order of its header. All of the header is checked before
/// memory is taken for a tensor.
///
/// Dtype: BOOL is boolean; I64, I32, I16, I8, U8, U16, U32 and U64 are int64; F32, F16, BF16, F8_E4M3 and F8_E5M2 are
/// float32; F64 is float64. No element is rounded.
/// Throws: FileError, naming file and tensor, where the file is missing or truncated, or its header is not what the
/// format asks for: JSON of that form without duplicate names, tensors of known dtypes that fill the rest of the file
/// without holes and overlaps. Also for a U64 from 2^63 on, and a BOOL that is neither 0 nor 1.
/// Source: https://huggingface.co/docs/safetensors, "Format".
/// Example: `io::Contents file = io::read_safetensors("data.safetensors"); Tensor x = file["x"];`
Contents read_safetensors(const std::string& path, SourceLocation where = SourceLocation::current());

/// Reads the texts of a safetensors file without its tensors.
///
/// Throws: FileError as read_safetensors().
/// Example:
/// `for (auto& [name, text] : io::read_metadata("data.safetensors")) std::cout << name << ": " << text << '\n';`
Metadata read_metadata(const std::string& path, SourceLocation where = SourceLocation::current());

}  // namespace io
}  // namespace xgrad
