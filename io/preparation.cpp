#include "preparation.hpp"

#include <algorithm>
#include <string_view>

#include "detail/named_file.hpp"
#include "safetensors.hpp"

namespace xgrad XGRAD_API {
namespace io {
namespace {

constexpr std::string_view kPreparation = "preparation.";

void check_ending(std::string_view function, const std::string& path, SourceLocation where) {
  check(path.ends_with(".safetensors"), where, function,
        ": a preparation has texts, so that the file's name must end in .safetensors, but it is '", path, "'.");
}

void add(const data::Preparation& preparation, Contents& contents) {
  for (const auto& [name, tensor] : preparation.state())
    contents.tensors.emplace_back(concat(kPreparation, name), tensor);
  for (const auto& [name, text] : preparation.metadata())
    contents.metadata.emplace_back(concat(kPreparation, name), text);
}

/// The preparation in a file; what is left of the tensors is the model's.
data::Preparation taken(const std::string& path, Contents& contents, SourceLocation where) {
  data::NamedTensors state;
  data::Metadata metadata;
  // By its very names: a model may have a layer called "preparation".
  const data::NamedTensors own = data::Preparation().state();
  for (const auto& [name, unused] : own) {
    const auto found =
        std::find_if(contents.tensors.begin(), contents.tensors.end(),
                     [&, &wanted = name](const auto& entry) { return entry.first == concat(kPreparation, wanted); });
    if (found == contents.tensors.end()) continue;
    state.emplace_back(name, found->second);
    contents.tensors.erase(found);
  }
  for (const auto& [name, text] : contents.metadata)
    if (name.starts_with(kPreparation)) metadata.emplace_back(name.substr(kPreparation.size()), text);
  data::Preparation preparation;
  detail::naming_file(path, [&] { preparation.load_state(state, metadata, where); });
  return preparation;
}

}  // namespace

void save(const std::string& path, const nn::Module& model, const data::Preparation& preparation,
          SourceLocation where) {
  check_ending("save", path, where);
  Contents contents{model.state(), {{"class", model.class_name()}}};
  add(preparation, contents);
  write_safetensors(path, contents.tensors, contents.metadata, where);
}

void save(const std::string& path, const data::Preparation& preparation, SourceLocation where) {
  check_ending("save", path, where);
  Contents contents;
  add(preparation, contents);
  write_safetensors(path, contents.tensors, contents.metadata, where);
}

void load(const std::string& path, nn::Module& model, data::Preparation& preparation, SourceLocation where) {
  check_ending("load", path, where);
  Contents contents = read_safetensors(path, where);
  data::Preparation loaded = taken(path, contents, where);
  detail::naming_file(path, [&] { model.load(contents.tensors, where); });
  preparation = std::move(loaded);
}

void load(const std::string& path, data::Preparation& preparation, SourceLocation where) {
  check_ending("load", path, where);
  Contents contents = read_safetensors(path, where);
  preparation = taken(path, contents, where);
}

}  // namespace io
}  // namespace xgrad
