#include "array.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include "../../autograd/tensor_impl.hpp"
#include "file.hpp"

namespace xgrad::io::detail {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kPart = 16 << 10;  // bytes that are converted at once

struct Header {
  Stored stored = Stored::f64;
  bool is_big_endian = false;
  bool is_fortran = false;
  Shape shape;
};

/// The header is a dict as Python writes it: of three keys in any order, with spaces anywhere.
class HeaderParser {
 public:
  HeaderParser(const ByteSource& source, std::string_view text) : source_(source), text_(text) {}

  Header parse() {
    Header header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::string_view key = string("a key");
      expect(':');
      if (key == "descr") {
        once(has_descr, key);
        descr(header);
      } else if (key == "fortran_order") {
        once(has_order, key);
        header.is_fortran = truth();
      } else if (key == "shape") {
        once(has_shape, key);
        shape(header.shape);
      } else {
        source_.fail(
            concat("the header must have the keys descr, fortran_order and shape, but there is ", shown_name(key)));
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (at_ != text_.size()) fail("nothing");
    for (auto [has, key] : {std::pair(has_descr, "descr"), {has_order, "fortran_order"}, {has_shape, "shape"}})
      if (!has)
        source_.fail(concat("the header must have the keys descr, fortran_order and shape, but there is no ", key));
    return header;
  }

 private:
  [[noreturn]] void fail(std::string_view expected) const {
    source_.fail(concat("the header must be a dict as NumPy writes it, with ", expected, " at its byte ", at_,
                        ", but there is ", at_ < text_.size() ? shown_name(text_.substr(at_, 20)) : "its end"));
    __builtin_unreachable();  // g++ does not see it through a virtual function
  }
  void once(bool& has, std::string_view key) const {
    if (has) source_.fail(concat("the header must have each key once, but has ", key, " twice"));
    has = true;
  }
  void skip_spaces() {
    while (at_ < text_.size() && std::string_view(" \t\n\r\f").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail({&c, 1});
  }
  bool take_word(std::string_view word) {
    skip_spaces();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  std::string_view string(std::string_view what) {
    skip_spaces();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    if (quote != '\'' && quote != '"') fail(what);
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == text_.npos) fail(what);
    const std::string_view found = text_.substr(at_ + 1, end - at_ - 1);
    if (found.find('\\') != found.npos) fail(what);
    at_ = end + 1;
    return found;
  }
  bool truth() {
    if (take_word("True")) return true;
    if (take_word("False")) return false;
    fail("True or False");
  }
  std::int64_t integer() {
    skip_spaces();
    const std::size_t begin = at_;
    std::int64_t value = 0;
    bool fits = true;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
             !__builtin_add_overflow(value, text_[at_] - '0', &value);
    if (at_ == begin) fail("an integer from 0 on");
    if (!fits)
      source_.fail(concat("an extent must be below 2^63, but one is ", shown_name(text_.substr(begin, at_ - begin))));
    take('L');  // as Python 2 wrote them
    return value;
  }
  void shape(Shape& shape) {
    expect('(');
    bool has_comma = true;
    while (!take(')')) {
      if (!has_comma) fail(", or )");
      const std::int64_t extent = integer();
      if (shape.ndim() == kMaxDims)
        source_.fail(concat("xgrad's tensors have at most ", kMaxDims, " axes, but this array has more"));
      shape.push_back(extent);
      has_comma = take(',');
    }
    // (3) is a number in parentheses; NumPy refuses it as well.
    if (shape.ndim() == 1 && !has_comma) fail(", before )");
  }
  void descr(Header& header) {
    skip_spaces();
    if (at_ < text_.size() && (text_[at_] == '[' || text_[at_] == '('))
      source_.fail("the elements must be numbers or booleans, but they are records");
    const std::string_view descr = string("a dtype");
    std::string_view kind = descr;
    char order = '=';
    if (!kind.empty() && std::string_view("<>|=").find(kind[0]) != std::string_view::npos) {
      order = kind[0];
      kind.remove_prefix(1);
    }
    struct Kind {
      std::string_view text;
      Stored stored;
    };
    constexpr Kind kKinds[] = {
        {"b1", Stored::boolean}, {"?", Stored::boolean}, {"i1", Stored::i8},  {"i2", Stored::i16}, {"i4", Stored::i32},
        {"i8", Stored::i64},     {"u1", Stored::u8},     {"u2", Stored::u16}, {"u4", Stored::u32}, {"u8", Stored::u64},
        {"f2", Stored::f16},     {"f4", Stored::f32},    {"f8", Stored::f64}};
    for (const Kind& one : kKinds)
      if (one.text == kind) {
        header.stored = one.stored;
        header.is_big_endian = order == '>';
        return;
      }
    const char first = kind.empty() ? ' ' : kind[0];
    const char* what = first == 'O'                                   ? "Python objects, which only Python reads"
                       : first == 'c'                                 ? "complex numbers"
                       : first == 'S' || first == 'U' || first == 'a' ? "texts"
                       : first == 'M' || first == 'm'                 ? "dates and times"
                       : first == 'V'                                 ? "records"
                       : first == 'f'                                 ? "floating numbers of another size"
                                                                      : "something else";
    source_.fail(concat("the elements must be numbers or booleans of up to 8 bytes, but they are ", what, " (",
                        shown_name(descr), ")"));
  }

  const ByteSource& source_;
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Version and header; the elements are what comes next.
Header read_header(ByteSource& source) {
  constexpr std::size_t kFixed = 8;  // magic and version
  if (source.left() < kFixed) source.fail("an array begins with 8 bytes of NumPy's, but there are fewer");
  char fixed[kFixed];
  source.read(fixed, kFixed);
  if (std::string_view(fixed, kMagic.size()) != kMagic)
    source.fail("an array begins with \\x93NUMPY, but this begins with something else");
  const int version = static_cast<unsigned char>(fixed[6]), minor = static_cast<unsigned char>(fixed[7]);
  if (version < 1 || version > 3 || minor != 0)
    source.fail(concat("the format's version must be 1.0, 2.0 or 3.0, but it is ", version, '.', minor));
  const std::size_t width = version == 1 ? 2 : 4;
  if (source.left() < width) source.fail("the array ends before its header");
  unsigned char digits[4] = {};
  source.read(digits, width);
  const std::uint64_t length =
      digits[0] | digits[1] << 8 | digits[2] << 16 | static_cast<std::uint64_t>(digits[3]) << 24;
  if (length > source.left())
    source.fail(concat("the header must lie in the file, of which ", source.left(),
                       " bytes are left, but it says to have ", length));
  // NumPy's own headers have some hundred bytes; it refuses those above 10,000 unless it is told to trust them.
  constexpr std::uint64_t kLongest = 64 << 10;
  if (length > kLongest) source.fail(concat("the header must have at most ", kLongest, " bytes, but it has ", length));
  std::string text(length, '\0');
  source.read(text.data(), length);
  return HeaderParser(source, text).parse();
}

/// Reads elements that lie in the tensor's order.
void read_in_order(ByteSource& source, const Header& header, const Tensor& tensor, void* part, std::size_t part_count) {
  const std::size_t to_size = size_of(tensor.dtype()), size = size_of(header.stored);
  const auto count = static_cast<std::size_t>(tensor.numel());
  char* to = internal::data_of<char>(tensor);
  if (is_native(header.stored)) {
    source.read(to, count * size);
    if (header.is_big_endian) swap_bytes(header.stored, to, count);
    const std::size_t wrong = header.stored == Stored::boolean ? first_wrong_boolean(to, count) : count;
    if (wrong != count) source.fail(concat("a boolean must be 0 or 1, but element ", wrong, " is neither"));
    return;
  }
  for (std::size_t at = 0; at < count; at += part_count) {
    const std::size_t length = std::min(part_count, count - at);
    source.read(part, length * size);
    if (header.is_big_endian) swap_bytes(header.stored, part, length);
    const std::size_t first = convert(header.stored, part, to + at * to_size, length);
    if (first != length)
      source.fail(concat(tensor.dtype(), " must hold each element, but element ", at + first, " is 2^63 or more"));
  }
}

/// Reads elements that lie in Fortran's order, the first axis fastest: column after column to where it belongs.
void read_columns(ByteSource& source, const Header& header, const Tensor& tensor, void* part, std::size_t part_count) {
  const Shape& shape = tensor.shape();
  const Strides& strides = tensor.strides();
  const std::size_t to_size = size_of(tensor.dtype()), size = size_of(header.stored);
  const auto count = static_cast<std::size_t>(tensor.numel());
  char* to = internal::data_of<char>(tensor);
  Shape place = Shape::filled(shape.ndim(), 0);
  std::int64_t offset = 0;
  for (std::size_t at = 0; at < count; at += part_count) {
    const std::size_t length = std::min(part_count, count - at);
    source.read(part, length * size);
    if (header.is_big_endian) swap_bytes(header.stored, part, length);
    for (std::size_t i = 0; i < length;) {
      const auto run = std::min(length - i, static_cast<std::size_t>(shape[0] - place[0]));
      const std::size_t first = convert(header.stored, static_cast<char*>(part) + i * size,
                                        to + static_cast<std::size_t>(offset) * to_size, run, strides[0]);
      if (first != run)
        source.fail(
            header.stored == Stored::boolean
                ? concat("a boolean must be 0 or 1, but element ", at + i + first, " is neither")
                : concat(tensor.dtype(), " must hold each element, but element ", at + i + first, " is 2^63 or more"));
      i += run;
      place[0] += static_cast<std::int64_t>(run);
      offset += static_cast<std::int64_t>(run) * strides[0];
      for (int axis = 0; axis < shape.ndim() && place[axis] == shape[axis]; ++axis) {
        offset -= shape[axis] * strides[axis];
        place[axis] = 0;
        if (axis + 1 == shape.ndim()) break;
        ++place[axis + 1];
        offset += strides[axis + 1];
      }
    }
  }
}

}  // namespace

Tensor read_array(ByteSource& source) {
  const Header header = read_header(source);
  std::uint64_t numel = 0, bytes = 0, to_bytes = 0;
  const DType dtype = dtype_for(header.stored);
  if (!count_elements(header.shape, header.stored, numel, bytes) ||
      !count_elements(header.shape, stored_for(dtype), numel, to_bytes))
    source.fail(concat("an int64 must hold the number of elements, but the shape is ", header.shape));
  if (bytes != source.left())
    source.fail(concat("an array of ", name(header.stored), ' ', header.shape, " takes ", bytes,
                       " bytes, but there are ", source.left()));
  source.check_size(to_bytes);

  Tensor tensor = internal::new_tensor(header.shape, dtype);
  if (numel == 0) return tensor;
  const bool is_fortran = header.is_fortran && header.shape.ndim() > 1;
  const std::size_t part_count = std::min<std::size_t>(numel, kPart / size_of(header.stored));
  std::vector<char> part(is_fortran || !is_native(header.stored) ? part_count * size_of(header.stored) : 0);
  (is_fortran ? read_columns : read_in_order)(source, header, tensor, part.data(), part_count);
  return tensor;
}

std::string array_header(const Tensor& tensor) {
  constexpr std::string_view kDescr[] = {"|b1", "<i8", "<f4", "<f8"};
  std::string text =
      concat("{'descr': '", kDescr[static_cast<int>(tensor.dtype())], "', 'fortran_order': False, 'shape': (");
  for (int axis = 0; axis < tensor.ndim(); ++axis) text += concat(axis == 0 ? "" : " ", tensor.shape()[axis], ',');
  if (tensor.ndim() > 1) text.pop_back();
  text += "), }";
  constexpr std::size_t kBefore = 10;  // magic, version and length
  const std::size_t whole = (kBefore + text.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  text.resize(whole - kBefore - 1, ' ');
  text += '\n';
  std::string header(kMagic);
  header += '\1';
  header += '\0';
  header += static_cast<char>(text.size() & 0xFF);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace xgrad::io::detail
