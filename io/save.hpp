// save() and load(): tensors, models and optimizers in files whose names say the format.
#pragma once

#include <concepts>
#include <string>

#include "../autograd/function.hpp"
#include "../autograd/tensor.hpp"
#include "../nn/module.hpp"
#include "../optim/optimizer.hpp"
#include "safetensors.hpp"

namespace xgrad XGRAD_API {
namespace data {
class Preparation;  // its files are those of preparation.hpp
}
namespace io {

/// Writes tensors to a file, whole or not at all, in the format that its name's ending says: .safetensors (with texts),
/// or .npz (without).
///
/// Throws: std::invalid_argument for another ending, for texts that the format does not have, and as
/// write_safetensors() and write_npz(); FileError where the file cannot be written. What was there before is as it was
/// then.
/// Example: `io::save("data.safetensors", {{"x", x}, {"y", y}});`
void save(const std::string& path, const NamedTensors& tensors, const Metadata& metadata = {},
          SourceLocation where = SourceLocation::current());
/// Writes one tensor to a file whose name ends in .npy.
void save(const std::string& path, const Tensor& tensor, SourceLocation where = SourceLocation::current());
/// Writes a model's parameters and buffers under their dotted names (Module::state()), in safetensors with its class as
/// the text `class`.
/// Example: `io::save("mlp.safetensors", model);`
void save(const std::string& path, const nn::Module& model, SourceLocation where = SourceLocation::current());
/// Writes what an optimizer keeps, under the names of Optimizer::state() (`state.hidden.weight.mean`), in safetensors
/// with the texts of Optimizer::metadata().
/// Example: `io::save("adam.safetensors", adam);`
void save(const std::string& path, const optim::Optimizer& optimizer, SourceLocation where = SourceLocation::current());

/// Writes the state of an object that has tensors and texts to a .safetensors file.
/// Example: `io::save("vocabulary.safetensors", vocabulary);`
template <HasContents T>
requires(!std::derived_from<T, optim::Optimizer> &&
         !std::same_as<T, data::Preparation>) void save(const std::string& path, const T& object,
                                                        SourceLocation where = SourceLocation::current()) {
  save(path, NamedTensors(object.state()), Metadata(object.metadata()), where);
}

/// Reads the tensors of a file, whose name ends in .safetensors, .npz or .npy (one tensor, under the name "").
///
/// Throws: std::invalid_argument for another ending; FileError as read_safetensors(), read_npz() and read_npy().
/// Example: `Tensor x = io::load("data.npz")["x"];`
Contents load(const std::string& path, SourceLocation where = SourceLocation::current());
/// Reads a model's parameters and buffers, as Module::load() takes them: strictly. A file that PyTorch's weights were
/// written to is one as well.
///
/// Throws: FileError for a file that is none; std::invalid_argument, naming file and tensors, where names and shapes
/// are not the model's. Nothing is changed then.
/// Example: `Mlp model; io::load("mlp.safetensors", model);`
void load(const std::string& path, nn::Module& model, SourceLocation where = SourceLocation::current());
/// Reads what fits a model, as Module::load_partial() takes it, and answers with what was left out.
///
/// Throws: FileError for a file that is none, std::invalid_argument as Module::load_partial(). Nothing is changed then.
/// Example: `std::cout << io::load_partial("body.safetensors", model).text();`
nn::LoadReport load_partial(const std::string& path, nn::Module& model,
                            SourceLocation where = SourceLocation::current());
/// Reads what an optimizer keeps and the options of its groups, as Optimizer::load_state() takes them: the next step is
/// then the one that the other would have made. (.npz has no texts, and the options stay.)
///
/// Throws: FileError for a file that is none; std::invalid_argument, naming file and entries, where they are not this
/// optimizer's, or another class saved them. Nothing is changed then.
/// Example: `optim::Adam adam(model.named_parameters()); io::load("adam.safetensors", adam);`
void load(const std::string& path, optim::Optimizer& optimizer, SourceLocation where = SourceLocation::current());

/// Hands the tensors and texts of a file to `take`, whose std::invalid_argument then begins with the file's name.
void load(const std::string& path, Function<void(const NamedTensors& tensors, const Metadata& texts)> take,
          SourceLocation where = SourceLocation::current());
/// Reads the state of an object that has tensors and texts.
/// Example: `Vocabulary vocabulary; io::load("vocabulary.safetensors", vocabulary);`
template <HasContents T>
requires(!std::derived_from<T, optim::Optimizer> &&
         !std::same_as<T, data::Preparation>) void load(const std::string& path, T& object,
                                                        SourceLocation where = SourceLocation::current()) {
  auto take = [&object](const NamedTensors& tensors, const Metadata& texts) { object.load_state(tensors, texts); };
  load(path, Function<void(const NamedTensors&, const Metadata&)>(take), where);
}

}  // namespace io
}  // namespace xgrad
