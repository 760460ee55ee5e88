// What a model needs of a table's rows, saved with the model.
#pragma once

#include <string>

#include "../data/preparation.hpp"
#include "../nn/module.hpp"

namespace xgrad XGRAD_API {
namespace io {

/// Writes a model and the preparation of its inputs to one safetensors file: the model's tensors under their dotted
/// names, the preparation's tensors and texts under `preparation.`.
///
/// Throws: std::invalid_argument for a name that ends otherwise than in .safetensors, and a model that has a tensor of
/// the preparation's names; FileError where the file cannot be written. What was there before is as it was then.
/// Example: `io::save("titanic.safetensors", model, preparation);`
void save(const std::string& path, const nn::Module& model, const data::Preparation& preparation,
          SourceLocation where = SourceLocation::current());
/// Writes a preparation alone.
void save(const std::string& path, const data::Preparation& preparation,
          SourceLocation where = SourceLocation::current());

/// Reads a model and the preparation of its inputs, as save() of both wrote them.
///
/// Throws: FileError for a file that is none; std::invalid_argument, naming the file, where the model's tensors are not
/// those of the file, or there is no preparation in it. Nothing is changed then.
/// Example: `io::load("titanic.safetensors", model, preparation); Tensor y = model(preparation.transform(table));`
void load(const std::string& path, nn::Module& model, data::Preparation& preparation,
          SourceLocation where = SourceLocation::current());
/// Reads a preparation, from a file of its own or one that has a model beside it: a model whose layers' sizes the
/// features tell can be made then.
void load(const std::string& path, data::Preparation& preparation, SourceLocation where = SourceLocation::current());

}  // namespace io
}  // namespace xgrad
