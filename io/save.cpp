#include "save.hpp"

#include <stdexcept>

#include "detail/named_file.hpp"
#include "npy.hpp"

namespace xgrad XGRAD_API {
namespace io {
namespace {

enum class Format : std::uint8_t { safetensors, npz, npy };

/// The format by the name's ending.
Format format_of(std::string_view function, const std::string& path, SourceLocation where) {
  check(path.find('\0') == path.npos, where, function, ": the file's name must have no NUL, but '", path.c_str(),
        "' goes on after one.");
  if (path.ends_with(".safetensors")) return Format::safetensors;
  if (path.ends_with(".npz")) return Format::npz;
  if (path.ends_with(".npy")) return Format::npy;
  const bool is_pickle = path.ends_with(".pt") || path.ends_with(".pth");
  fail<std::invalid_argument>(
      where, concat(function, ": the file's name must end in .safetensors, .npz or .npy, but it is '", path, "'.",
                    is_pickle ? " PyTorch's own format is not read: in Python, safetensors.torch.save_file(state_dict, "
                                "...) or np.savez(...) writes one that is."
                              : ""));
}

Contents contents_of(const std::string& path, SourceLocation where) {
  switch (format_of("load", path, where)) {
    case Format::safetensors:
      return read_safetensors(path, where);
    case Format::npz:
      return {.tensors = read_npz(path, where), .metadata = {}};
    default:
      return {.tensors = {{"", read_npy(path, where)}}, .metadata = {}};
  }
}

/// Texts go where the format has them, and are left out where it has not.
void save_state(const std::string& path, const NamedTensors& tensors, const Metadata& metadata, SourceLocation where) {
  const bool has_texts = format_of("save", path, where) == Format::safetensors;
  save(path, tensors, has_texts ? metadata : Metadata(), where);
}

}  // namespace

void save(const std::string& path, const NamedTensors& tensors, const Metadata& metadata, SourceLocation where) {
  const Format format = format_of("save", path, where);
  if (format == Format::safetensors) return write_safetensors(path, tensors, metadata, where);
  check(metadata.empty(), where, "save: texts must go to a .safetensors file, but the file is '", path, "'.");
  check(format == Format::npz, where,
        "save: tensors with names must go to a .safetensors or .npz file, but the file is '", path, "'.");
  write_npz(path, tensors, {}, where);
}

void save(const std::string& path, const Tensor& tensor, SourceLocation where) {
  check(format_of("save", path, where) == Format::npy, where,
        "save: a tensor without a name must go to an .npy file, but the file is '", path, "'.");
  write_npy(path, tensor, where);
}

void save(const std::string& path, const nn::Module& model, SourceLocation where) {
  save_state(path, model.state(), {{"class", model.class_name()}}, where);
}

void save(const std::string& path, const optim::Optimizer& optimizer, SourceLocation where) {
  save_state(path, optimizer.state(), optimizer.metadata(), where);
}

Contents load(const std::string& path, SourceLocation where) { return contents_of(path, where); }

void load(const std::string& path, nn::Module& model, SourceLocation where) {
  const Contents contents = contents_of(path, where);
  detail::naming_file(path, [&] { model.load(contents.tensors, where); });
}

nn::LoadReport load_partial(const std::string& path, nn::Module& model, SourceLocation where) {
  const Contents contents = contents_of(path, where);
  nn::LoadReport report;
  detail::naming_file(path, [&] { report = model.load_partial(contents.tensors, where); });
  return report;
}

void load(const std::string& path, optim::Optimizer& optimizer, SourceLocation where) {
  const Contents contents = contents_of(path, where);
  detail::naming_file(path, [&] { optimizer.load_state(contents.tensors, contents.metadata, where); });
}

void load(const std::string& path, Function<void(const NamedTensors&, const Metadata&)> take, SourceLocation where) {
  const Contents contents = contents_of(path, where);
  CallSite site(where);
  detail::naming_file(path, [&] { take(contents.tensors, contents.metadata); });
}

}  // namespace io
}  // namespace xgrad
