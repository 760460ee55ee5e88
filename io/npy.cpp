#include "npy.hpp"

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/tensor_impl.hpp"
#include "detail/array.hpp"
#include "detail/file.hpp"
#include "detail/names.hpp"
#include "detail/zip.hpp"

namespace xgrad XGRAD_API {
namespace io {
namespace {

using detail::check_file;
using detail::Shown;
using detail::shown_name;

constexpr std::string_view kNpy = ".npy";

class FileSource final : public detail::ByteSource {
 public:
  explicit FileSource(const detail::InputFile& file) : file_(file) {}
  void read(void* to, std::size_t count) override {
    file_.read(to, count, at_);
    at_ += count;
  }
  std::uint64_t left() const override { return file_.size() - at_; }
  [[noreturn]] void fail(std::string problem) const override { detail::fail_file(file_.path(), std::move(problem)); }
  void check_size(std::uint64_t) const override {}  // at most eight times the file's

 private:
  const detail::InputFile& file_;
  std::uint64_t at_ = 0;
};

/// The elements of a contiguous tensor as bytes.
std::string_view bytes_of(const Tensor& tensor) {
  return {internal::data_of<char>(tensor), static_cast<std::size_t>(tensor.numel()) * size_of(tensor.dtype())};
}

/// Whether a name would lead somewhere else where somebody unpacks the archive into a folder.
bool leads_out(std::string_view name) {
  if (name.starts_with('/') || name.find('\\') != name.npos || name.find('\0') != name.npos) return true;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

void write_npy(const std::string& path, const Tensor& tensor, SourceLocation where) {
  CallSite site(where);
  NoGrad no_grad;
  check(tensor.defined(), where, "write_npy: the tensor must be defined, but it is not.");
  const Tensor values = contiguous(tensor);
  detail::OutputFile file(path);
  file.write(detail::array_header(values));
  file.write(bytes_of(values));
  file.commit();
}

Tensor read_npy(const std::string& path, SourceLocation where) {
  CallSite site(where);
  const detail::InputFile file(path);
  FileSource source(file);
  return detail::read_array(source);
}

void write_npz(const std::string& path, const NamedTensors& tensors, NpzOptions options, SourceLocation where) {
  CallSite site(where);
  NoGrad no_grad;
  constexpr std::string_view kFunction = "write_npz";
  constexpr std::size_t kLongest = 60'000;
  detail::check_names(kFunction, "tensor", tensors, where);
  detail::check_defined(kFunction, tensors, where);
  for (const auto& [name, tensor] : tensors) {
    check(!name.empty() && name.size() <= kLongest, where, kFunction, ": a name must have 1 to ", kLongest,
          " bytes, but one has ", name.size(), '.');
    check(!leads_out(name), where, kFunction, ": a name must not lead out of the archive, but ", Shown{name}, " does.");
  }
  detail::OutputFile file(path);
  detail::ZipWriter archive(file);
  for (const auto& [name, tensor] : tensors) {
    const Tensor values = contiguous(tensor);
    archive.add(name + std::string(kNpy), detail::array_header(values), bytes_of(values), options.compress);
  }
  archive.finish();
  file.commit();
}

NamedTensors read_npz(const std::string& path, SourceLocation where) {
  CallSite site(where);
  const detail::InputFile file(path);
  const std::vector<detail::ZipMember> members = detail::zip_directory(file);
  NamedTensors tensors;
  tensors.reserve(members.size());
  for (const detail::ZipMember& member : members) {
    check_file(!member.name.ends_with("/data.pkl"), path,
               "the archive must be NumPy's, but it is PyTorch's own format, which is not read: in Python, "
               "safetensors.torch.save_file(state_dict, ...) or np.savez(...) writes one that is");
    check_file(member.name.ends_with(kNpy), path, "the archive must be of arrays (name.npy), but there is ",
               Shown{member.name});
    check_file(!leads_out(member.name), path, "a name must not lead out of the archive, but ", Shown{member.name},
               " does");
    tensors.emplace_back(member.name.substr(0, member.name.size() - kNpy.size()), Tensor());
  }
  const std::string* twice = detail::name_given_twice(tensors);
  check_file(twice == nullptr, path, "each array must have a name of its own, but there are two of ",
             [&] { return shown_name(*twice); });
  for (std::size_t i = 0; i < members.size(); ++i) {
    auto source = detail::ZipSource::open(file, members[i], "array " + shown_name(tensors[i].first));
    tensors[i].second = detail::read_array(*source);
    source->finish();
  }
  return tensors;
}

}  // namespace io
}  // namespace xgrad
