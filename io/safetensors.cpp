#include "safetensors.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/tensor_impl.hpp"
#include "detail/elements.hpp"
#include "detail/file.hpp"
#include "detail/names.hpp"

namespace xgrad XGRAD_API {
namespace io {
namespace {

using detail::check_file;
using detail::fail_file;
using detail::Shown;
using detail::shown_name;
using detail::Stored;

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kLengthBytes = 8;              // the header's length
constexpr std::size_t kAlignment = 8;                // of the data in the file
constexpr std::size_t kLongestHeader = 100'000'000;  // the format's own bound: others refuse more

struct Name {
  std::string_view text;
  Stored stored;
};
constexpr Name kNames[] = {
    {"F64", Stored::f64},         {"F32", Stored::f32},         {"F16", Stored::f16},      {"BF16", Stored::bf16},
    {"F8_E4M3", Stored::f8_e4m3}, {"F8_E5M2", Stored::f8_e5m2}, {"I64", Stored::i64},      {"U64", Stored::u64},
    {"I32", Stored::i32},         {"U32", Stored::u32},         {"I16", Stored::i16},      {"U16", Stored::u16},
    {"I8", Stored::i8},           {"U8", Stored::u8},           {"BOOL", Stored::boolean},
};

// ---- Reading ----

/// What the header says of one tensor.
struct Entry {
  Stored stored = Stored::boolean;
  Shape shape;
  std::uint64_t offsets[2] = {0, 0};
  bool has_dtype = false, has_shape = false, has_offsets = false;

  std::uint64_t bytes() const { return offsets[1] - offsets[0]; }
};

/// "tensor 'x'", put together only where a message needs it.
struct NamedTensor {
  const std::string& name;
};
void append_text(std::string& out, NamedTensor tensor) { out += "tensor " + shown_name(tensor.name); }

/// Takes the header's JSON piece by piece: a tree of it would be many times as large, and would forget which name was
/// there twice.
class HeaderReader {
 public:
  explicit HeaderReader(const std::string& path) : path_(path) {}

  Contents contents;  // the tensors' names, and the metadata
  std::deque<Entry> entries;

  // ---- What the parser calls ----
  bool null() { return unexpected("null"); }
  bool boolean(bool) { return unexpected("a boolean"); }
  bool number_integer(std::int64_t) { return unexpected("a negative number"); }
  bool number_float(double, const std::string&) { return unexpected("a number that is no integer below 2^64"); }
  bool binary(std::vector<std::uint8_t>&) { return unexpected("binary data"); }
  bool number_unsigned(std::uint64_t value) {
    if (place_ == Place::shape) {
      check_file(value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()), path_, tensor(),
                 ": an extent must be below 2^63, but one is ", value);
      check_file(entry().shape.ndim() < kMaxDims, path_, tensor(), ": xgrad's tensors have at most ", kMaxDims,
                 " axes, but this one has more");
      entry().shape.push_back(static_cast<std::int64_t>(value));
    } else if (place_ == Place::offsets) {
      check_file(offset_count_ < 2, path_, tensor(), ": data_offsets must be two numbers, but there are more");
      entry().offsets[offset_count_++] = value;
    } else {
      return unexpected("a number");
    }
    return true;
  }
  bool string(std::string& value) {
    if (place_ == Place::text) {
      contents.metadata.back().second = std::move(value);
      place_ = Place::metadata;
    } else if (place_ == Place::dtype) {
      const auto* found =
          std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& one) { return one.text == value; });
      check_file(found != std::end(kNames), path_, tensor(), ": the dtype must be one that xgrad reads, but it is ",
                 shown_name(value));
      entry().stored = found->stored;
      place_ = Place::entry;
    } else {
      return unexpected("a text");
    }
    return true;
  }
  bool start_object(std::size_t) {
    if (place_ == Place::start)
      place_ = Place::top;
    else if (place_ == Place::metadata_value)
      place_ = Place::metadata;
    else if (place_ == Place::entry_value)
      place_ = Place::entry;
    else
      return unexpected("an object");
    return true;
  }
  bool end_object() {
    if (place_ == Place::metadata) {
      place_ = Place::top;
    } else if (place_ == Place::entry) {
      const Entry& one = entry();
      check_file(one.has_dtype, path_, tensor(), ": the header must say its dtype, but does not");
      check_file(one.has_shape, path_, tensor(), ": the header must say its shape, but does not");
      check_file(one.has_offsets, path_, tensor(), ": the header must say its data_offsets, but does not");
      place_ = Place::top;
    } else {
      place_ = Place::end;
    }
    return true;
  }
  bool start_array(std::size_t) {
    if (place_ == Place::shape_value)
      place_ = Place::shape;
    else if (place_ == Place::offsets_value)
      place_ = Place::offsets;
    else
      return unexpected("a list");
    return true;
  }
  bool end_array() {
    check_file(place_ != Place::offsets || offset_count_ == 2, path_, tensor(),
               ": data_offsets must be two numbers, but there are ", offset_count_);
    place_ = Place::entry;
    return true;
  }
  bool key(std::string& name) {
    if (place_ == Place::top) {
      if (name == kMetadata) {
        check_file(!has_metadata_, path_, "the header must have one ", kMetadata, ", but it has two");
        has_metadata_ = true;
        place_ = Place::metadata_value;
        return true;
      }
      contents.tensors.emplace_back(std::move(name), Tensor());
      entries.emplace_back();
      offset_count_ = 0;
      place_ = Place::entry_value;
    } else if (place_ == Place::metadata) {
      contents.metadata.emplace_back(std::move(name), std::string());
      place_ = Place::text;
    } else {
      Entry& one = entry();
      if (name == "dtype")
        start_field(one.has_dtype, name, Place::dtype);
      else if (name == "shape")
        start_field(one.has_shape, name, Place::shape_value);
      else if (name == "data_offsets")
        start_field(one.has_offsets, name, Place::offsets_value);
      else
        fail_file(path_, concat(tensor(), ": the header must say dtype, shape and data_offsets, but there is ",
                                shown_name(name)));
    }
    return true;
  }
  template <class Exception>
  bool parse_error(std::size_t position, const std::string&, const Exception&) {
    fail_file(path_,
              concat("the header must be JSON, but it is not, at byte ", kLengthBytes + position, " of the file"));
  }

 private:
  enum class Place : std::uint8_t {
    start,
    top,
    metadata_value,
    metadata,
    text,
    entry_value,
    entry,
    dtype,
    shape_value,
    shape,
    offsets_value,
    offsets,
    end,
  };

  Entry& entry() { return entries.back(); }
  NamedTensor tensor() const { return {contents.tensors.back().first}; }
  void start_field(bool& has, const std::string& name, Place next) {
    check_file(!has, path_, tensor(), ": the header must say ", name, " once, but says it twice");
    has = true;
    place_ = next;
  }
  bool unexpected(const char* what) {
    const std::string_view came = what;
    switch (place_) {
      case Place::start:
        fail_file(path_, concat("the header must be an object, but it is ", came));
      case Place::metadata_value:
        fail_file(path_, concat(kMetadata, " must be an object, but it is ", came));
      case Place::text:
        fail_file(path_, concat(kMetadata, " must be of texts, but ", shown_name(contents.metadata.back().first),
                                " is ", came));
      case Place::entry_value:
        fail_file(path_, concat(tensor(), ": what the header says of it must be an object, but it is ", came));
      case Place::dtype:
        fail_file(path_, concat(tensor(), ": the dtype must be a text, but it is ", came));
      case Place::shape_value:
      case Place::shape:
        fail_file(path_, concat(tensor(), ": the shape must be a list of integers from 0 on, but there is ", came));
      default:
        fail_file(path_, concat(tensor(), ": data_offsets must be two integers from 0 on, but there is ", came));
    }
  }

  const std::string& path_;
  Place place_ = Place::start;
  bool has_metadata_ = false;
  int offset_count_ = 0;
};

/// Throws where a name is there twice.
template <class List>
void check_unique(const std::string& path, const List& list, std::string_view what) {
  const std::string* twice = detail::name_given_twice(list);
  check_file(twice == nullptr, path, "each ", what, " must have a name of its own, but there are two of ",
             [&] { return shown_name(*twice); });
}

/// Throws unless each tensor has as many bytes as its shape and dtype take, and together they are the rest of the file.
void check_layout(const std::string& path, const HeaderReader& header, std::uint64_t buffer) {
  const std::deque<Entry>& entries = header.entries;
  auto named = [&](std::size_t i) { return "tensor " + shown_name(header.contents.tensors[i].first); };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& one = entries[i];
    const std::uint64_t begin = one.offsets[0], end = one.offsets[1];
    if (begin > end || end > buffer)
      fail_file(path, concat(named(i), ": data_offsets must lie in order within the file's ", buffer,
                             " bytes of data, but they are [", begin, ", ", end, "]"));
    std::uint64_t numel = 0, bytes = 0;
    if (!detail::count_elements(one.shape, one.stored, numel, bytes))
      fail_file(path, concat(named(i), ": an int64 must hold the number of elements, but the shape is ", one.shape));
    if (bytes != end - begin)
      fail_file(path, concat(named(i), ": a tensor of ", detail::name(one.stored), ' ', one.shape, " takes ", bytes,
                             " bytes, but data_offsets are [", begin, ", ", end, "]"));
  }

  std::vector<std::uint32_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) {
    return std::pair(entries[a].offsets[0], entries[a].offsets[1]) <
           std::pair(entries[b].offsets[0], entries[b].offsets[1]);
  });
  std::uint64_t at = 0;
  for (std::uint32_t i : order) {
    const std::uint64_t begin = entries[i].offsets[0];
    if (begin != at)
      fail_file(path, concat(named(i), ": the data must lie without ", begin < at ? "overlaps" : "holes",
                             ", but it begins at ", begin, " where what comes before ends at ", at));
    at = entries[i].offsets[1];
  }
  check_file(at == buffer, path, "the data must end where the last tensor does, at ", at, ", but there are ", buffer,
             " bytes");
}

/// Reads what has to be converted, in small parts.
void read_converted(const detail::InputFile& file, const std::string& name, const Entry& entry, std::uint64_t data,
                    const Tensor& tensor) {
  const std::size_t size = detail::size_of(entry.stored), to_size = size_of(tensor.dtype());
  const std::size_t part_count = (16 << 10) / size;
  const auto count = static_cast<std::size_t>(tensor.numel());
  std::vector<char> part(std::min(count, part_count) * size);
  for (std::size_t at = 0; at < count; at += part_count) {
    const std::size_t length = std::min(part_count, count - at);
    file.read(part.data(), length * size, data + entry.offsets[0] + at * size);
    const std::size_t first =
        detail::convert(entry.stored, part.data(), internal::data_of<char>(tensor) + at * to_size, length);
    check_file(first == length, file.path(), "tensor ", Shown{name}, ": ", tensor.dtype(),
               " must hold each element, but element ", at + first, " of ", detail::name(entry.stored),
               " is 2^63 or more");
  }
}

}  // namespace

// ---- Contents ----

namespace {
template <class List>
auto* find_named(List& list, std::string_view name) {
  for (auto& one : list)
    if (one.first == name) return &one.second;
  return static_cast<decltype(&list[0].second)>(nullptr);
}

std::string names_of(const NamedTensors& tensors) {
  std::string names;
  for (const auto& one : tensors) names += concat(names.empty() ? "" : ", ", Shown{one.first});
  return names.empty() ? "none" : names;
}
}  // namespace

bool Contents::contains(std::string_view name) const { return find_named(tensors, name) != nullptr; }
Tensor Contents::operator[](std::string_view name) const {
  const Tensor* found = find_named(tensors, name);
  check<std::out_of_range>(
      found != nullptr, {}, "Contents: there must be a tensor named ", Shown{name},
      ", but the names are: ", [&] { return names_of(tensors); }, '.');
  return *found;
}
const std::string* Contents::text(std::string_view name) const { return find_named(metadata, name); }

namespace {

/// Reads and checks the whole header; answers with where the data begins.
std::uint64_t read_header(const detail::InputFile& file, HeaderReader& header) {
  const std::string& path = file.path();
  check_file(file.size() >= kLengthBytes, path, "a safetensors file begins with 8 bytes, but it has ", file.size());
  unsigned char prefix[kLengthBytes];
  file.read(prefix, kLengthBytes, 0);
  constexpr unsigned char kZip[] = {'P', 'K', 3, 4};
  check_file(
      !std::equal(std::begin(kZip), std::end(kZip), prefix), path,
      "it must be a safetensors file, but it is a zip archive: NumPy's .npz, which must be named so, or PyTorch's "
      "own format, which is not read (in Python, safetensors.torch.save_file(state_dict, ...) writes one that "
      "is)");
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | prefix[i];
  check_file(length <= file.size() - kLengthBytes, path, "the header must lie in the file, of which ",
             file.size() - kLengthBytes, " bytes are left, but it says to have ", length);
  check_file(length > 0, path, "the header must be JSON, but it is empty");

  {
    std::string text(length, '\0');
    file.read(text.data(), length, kLengthBytes);
    check_file(text[0] == '{', path, "the header must begin with '{', but it does not");
    // The parser takes a zero for the end, and would not look at what follows.
    const std::size_t zero = text.find('\0');
    check_file(zero == text.npos, path, "the header must be JSON, but it is not, at byte ", kLengthBytes + zero,
               " of the file");
    nlohmann::json::sax_parse(text.data(), text.data() + length, &header);
  }
  check_unique(path, header.contents.tensors, "tensor");
  check_unique(path, header.contents.metadata, "text of __metadata__");
  const std::uint64_t data = kLengthBytes + length;
  check_layout(path, header, file.size() - data);
  return data;
}

}  // namespace

Metadata read_metadata(const std::string& path, SourceLocation where) {
  CallSite site(where);
  const detail::InputFile file(path);
  HeaderReader header(path);
  read_header(file, header);
  return std::move(header.contents.metadata);
}

Contents read_safetensors(const std::string& path, SourceLocation where) {
  CallSite site(where);
  const detail::InputFile file(path);
  HeaderReader header(path);
  const std::uint64_t data = read_header(file, header);
  NoGrad no_grad;
  Contents contents = std::move(header.contents);
  std::vector<detail::InputFile::Piece> pieces;
  for (std::size_t i = 0; i < header.entries.size(); ++i) {
    const Entry& entry = header.entries[i];
    Tensor& tensor = contents.tensors[i].second;
    tensor = internal::new_tensor(entry.shape, detail::dtype_for(entry.stored));
    if (detail::is_native(entry.stored) && entry.bytes() > 0)
      pieces.push_back({internal::data_of<void>(tensor), entry.bytes(), data + entry.offsets[0]});
  }
  file.read(pieces.data(), pieces.size());
  for (std::size_t i = 0; i < header.entries.size(); ++i) {
    const Entry& entry = header.entries[i];
    const auto& [name, tensor] = contents.tensors[i];
    if (!detail::is_native(entry.stored)) {
      read_converted(file, name, entry, data, tensor);
    } else if (entry.stored == Stored::boolean) {
      const std::size_t wrong = detail::first_wrong_boolean(internal::data_of<void>(tensor), entry.bytes());
      check_file(wrong == entry.bytes(), path, "tensor ", Shown{name}, ": a boolean must be 0 or 1, but element ",
                 wrong, " is neither");
    }
  }
  return contents;
}

// ---- Writing ----

namespace {

std::string as_json(std::string_view text) { return nlohmann::json(text).dump(); }

std::string_view name_of(DType dtype) {
  for (const Name& one : kNames)
    if (one.stored == detail::stored_for(dtype)) return one.text;
  return "";
}

}  // namespace

void write_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata,
                       SourceLocation where) {
  CallSite site(where);
  NoGrad no_grad;
  constexpr std::string_view kFunction = "write_safetensors";
  detail::check_names(kFunction, "tensor", tensors, where);
  detail::check_names(kFunction, "text", metadata, where);
  detail::check_defined(kFunction, tensors, where);
  for (const auto& [name, tensor] : tensors)
    check(name != kMetadata, where, kFunction, ": a tensor's name must not be ", kMetadata,
          ", which stands for the texts, but one is.");
  for (const auto& [name, text] : metadata)
    check(detail::is_utf8(text), where, kFunction, ": a text must be UTF-8, but ", Shown{name}, " is not.");

  // The largest elements first: so each tensor is aligned to its elements.
  std::vector<std::uint32_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    return size_of(tensors[a].second.dtype()) > size_of(tensors[b].second.dtype());
  });
  std::vector<std::uint64_t> begins(tensors.size());
  std::uint64_t at = 0;
  auto bytes_of = [](const Tensor& tensor) {
    return static_cast<std::uint64_t>(tensor.numel()) * size_of(tensor.dtype());
  };
  for (std::uint32_t i : order) {
    begins[i] = at;
    at += bytes_of(tensors[i].second);
  }

  std::string header = "{";
  if (!metadata.empty()) {
    header += concat('"', kMetadata, "\":{");
    for (const auto& [name, text] : metadata) {
      if (header.back() != '{') header += ',';
      header += as_json(name) + ':' + as_json(text);
    }
    header += '}';
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    if (header.size() > 1) header += ',';
    header += concat(as_json(name), ":{\"dtype\":\"", name_of(tensor.dtype()), "\",\"shape\":[");
    for (int axis = 0; axis < tensor.ndim(); ++axis) header += concat(axis == 0 ? "" : ",", tensor.shape()[axis]);
    header += concat("],\"data_offsets\":[", begins[i], ',', begins[i] + bytes_of(tensor), "]}");
  }
  header += '}';
  header.resize((header.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  check(header.size() <= kLongestHeader, where, "write_safetensors: the header must have at most ", kLongestHeader,
        " bytes, but names and texts make it ", header.size(), '.');

  detail::OutputFile file(path);
  char prefix[kLengthBytes];
  for (std::size_t i = 0; i < kLengthBytes; ++i) prefix[i] = static_cast<char>(header.size() >> (8 * i) & 0xFF);
  file.write(prefix, kLengthBytes);
  file.write(header);
  for (std::uint32_t i : order) {
    const Tensor values = contiguous(tensors[i].second);
    file.write(internal::data_of<void>(values), bytes_of(values));
  }
  file.commit();
}

}  // namespace io
}  // namespace xgrad
