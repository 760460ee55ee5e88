#include "zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "names.hpp"

namespace xgrad::io::detail {
namespace {

// Source: PKWARE, APPNOTE.TXT 6.3.9, section 4.3.
constexpr std::uint32_t kLocalHeader = 0x04034b50, kDirectoryEntry = 0x02014b50, kDirectoryEnd = 0x06054b50,
                        kDirectoryEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::size_t kLocalSize = 30, kEntrySize = 46, kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20;
constexpr std::uint32_t kSaturated = 0xFFFFFFFF;  // the number stands in the extra field
constexpr std::uint16_t kSaturated16 = 0xFFFF;
constexpr int kDescriptorFlag = 1 << 3, kUtf8Flag = 1 << 11;
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint16_t kZip64 = 1;  // the extra field's kind

// Deflate makes at most 1,032 bytes of one.
constexpr std::uint64_t kMostInflation = 1100;
// What a small file may become all the same.
constexpr std::uint64_t kFreeBytes = 64 << 10;

/// Whole numbers out of bytes, the lowest first.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}
  bool has(std::size_t count) const { return bytes_.size() - at_ >= count; }
  std::uint64_t take(int count) {
    std::uint64_t value = 0;
    for (int i = count; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(bytes_[at_ + static_cast<std::size_t>(i)]);
    at_ += static_cast<std::size_t>(count);
    return value;
  }
  std::uint16_t u16() { return static_cast<std::uint16_t>(take(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(take(4)); }
  std::uint64_t u64() { return take(8); }
  std::string_view text(std::size_t count) {
    const std::string_view part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }
  void skip(std::size_t count) { at_ += count; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

std::string read_text(const InputFile& file, std::size_t count, std::uint64_t at) {
  std::string text(count, '\0');
  file.read(text.data(), count, at);
  return text;
}

// ---- Reading ----

struct Directory {
  std::uint64_t count = 0, size = 0, at = 0;
};

/// Finds the directory by the record at the archive's end, which a comment may follow.
Directory find_directory(const InputFile& file) {
  const std::string& path = file.path();
  check_file(file.size() >= kEndSize, path, "a zip archive must have at least ", kEndSize, " bytes, but it has ",
             file.size());
  const std::size_t length = std::min<std::uint64_t>(file.size(), kEndSize + kSaturated16);
  const std::uint64_t begin = file.size() - length;
  const std::string tail = read_text(file, length, begin);
  std::size_t place = tail.npos;
  for (std::size_t at = length - kEndSize + 1; at-- > 0 && place == tail.npos;) {
    Fields fields(std::string_view(tail).substr(at));
    if (fields.u32() != kDirectoryEnd) continue;
    fields.skip(16);
    if (fields.u16() == length - at - kEndSize) place = at;
  }
  check_file(place != tail.npos, path,
             "a zip archive must end in its directory, but there is none: it is cut off, or something else");

  Fields fields(std::string_view(tail).substr(place + 4));
  const std::uint16_t disk = fields.u16(), first_disk = fields.u16(), count_here = fields.u16(), count = fields.u16();
  Directory directory{count, fields.u32(), 0};
  directory.at = fields.u32();
  std::uint64_t end = begin + place;

  const bool has_locator =
      end >= kLocator64Size && Fields(read_text(file, 4, end - kLocator64Size)).u32() == kLocator64;
  if (!has_locator) {
    check_file(disk == 0 && first_disk == 0 && count_here == count, path,
               "the archive must be in one part, but it is in several");
  } else {
    const std::string located = read_text(file, kLocator64Size, end - kLocator64Size);
    Fields locator(located);
    locator.skip(4);
    const std::uint32_t its_disk = locator.u32();
    const std::uint64_t at = locator.u64();
    const std::uint32_t disks = locator.u32();
    check_file(its_disk == 0 && disks <= 1, path, "the archive must be in one part, but it is in several");
    check_file(end - kLocator64Size >= kEnd64Size && at <= end - kLocator64Size - kEnd64Size, path,
               "the directory's zip64 record must lie before its locator, but it is to be at ", at);
    const std::string record = read_text(file, kEnd64Size, at);
    Fields wide(record);
    check_file(wide.u32() == kDirectoryEnd64 && wide.u64() == end - kLocator64Size - at - 12, path,
               "the directory's zip64 record must be where its locator says, but it is not");
    wide.skip(4);
    check_file(wide.u32() == 0 && wide.u32() == 0, path, "the archive must be in one part, but it is in several");
    const std::uint64_t wide_here = wide.u64();
    const Directory narrow = directory;
    directory.count = wide.u64();
    directory.size = wide.u64();
    directory.at = wide.u64();
    const bool agrees = wide_here == directory.count &&
                        (narrow.count == kSaturated16 || narrow.count == directory.count) &&
                        (narrow.size == kSaturated || narrow.size == directory.size) &&
                        (narrow.at == kSaturated || narrow.at == directory.at);
    check_file(agrees, path, "the directory's zip64 record must say what the plain one says, but it contradicts it");
    end = at;
  }
  check_file(directory.at <= end && directory.size == end - directory.at, path,
             "the directory must end where its record begins, at ", end, ", but it is to begin at ", directory.at,
             " and to have ", directory.size, " bytes");
  check_file(directory.count <= directory.size / kEntrySize, path, "the directory must have room for its entries, but ",
             directory.count, " do not fit into ", directory.size, " bytes");
  return directory;
}

/// Takes from the zip64 extra field those numbers that are too large for their own.
bool take_zip64(std::string_view extra, std::initializer_list<std::uint64_t*> numbers) {
  bool needed = false;
  for (const std::uint64_t* number : numbers) needed = needed || *number == kSaturated;
  Fields fields(extra);
  while (fields.has(4)) {
    const std::uint16_t kind = fields.u16(), size = fields.u16();
    if (!fields.has(size)) return !needed;
    const std::string_view body = fields.text(size);
    if (kind != kZip64) continue;
    Fields wide(body);
    for (std::uint64_t* number : numbers) {
      if (*number != kSaturated) continue;
      if (!wide.has(8)) return false;
      *number = wide.u64();
    }
    return true;
  }
  return !needed;
}

/// Finds the member's bytes by its local header, which must say what the directory says.
void find_data(const InputFile& file, ZipMember& member, std::uint16_t method, int flags, std::uint64_t directory) {
  const std::string& path = file.path();
  auto check_local = [&](bool holds, std::string_view problem) {
    check_file(holds, path, "member ", Shown{member.name}, ": ", problem);
  };
  check_local(member.begin <= directory && directory - member.begin >= kLocalSize,
              "it must lie before the directory, but it does not");
  const std::string header = read_text(file, kLocalSize, member.begin);
  Fields fields(header);
  check_local(fields.u32() == kLocalHeader, "it must begin with a header, but it does not");
  fields.skip(2);
  const int local_flags = fields.u16();
  const std::uint16_t local_method = fields.u16();
  fields.skip(4);
  const std::uint32_t checksum = fields.u32();
  std::uint64_t stored_size = fields.u32(), size = fields.u32();
  const std::uint16_t name_length = fields.u16(), extra_length = fields.u16();
  member.data = member.begin + kLocalSize + name_length + extra_length;
  check_local(member.data <= directory && directory - member.data >= member.stored_size,
              "it must lie before the directory, but it does not");
  const std::string texts = read_text(file, name_length + extra_length, member.begin + kLocalSize);
  constexpr std::string_view kContradiction = "its header must say what the directory says, but it contradicts it";
  check_local(std::string_view(texts).substr(0, name_length) == member.name, kContradiction);
  check_local(local_method == method && (local_flags & kDescriptorFlag) == (flags & kDescriptorFlag), kContradiction);
  check_local(take_zip64(std::string_view(texts).substr(name_length), {&size, &stored_size}), kContradiction);
  // With a descriptor behind the bytes, the header need not know: then all three are 0.
  const bool unknown = (flags & kDescriptorFlag) != 0;
  check_local((unknown && checksum == 0) || checksum == member.checksum, kContradiction);
  check_local((unknown && size == 0) || size == member.size, kContradiction);
  check_local((unknown && stored_size == 0) || stored_size == member.stored_size, kContradiction);
}

/// Reads the next entry of the directory, which begins at `directory`, and finds its member.
ZipMember read_entry(const InputFile& file, Fields& fields, std::uint64_t directory) {
  const std::string& path = file.path();
  constexpr std::string_view kBroken = "the directory must be of entries, but one is cut off or something else";
  check_file(fields.has(kEntrySize) && fields.u32() == kDirectoryEntry, path, kBroken);
  fields.skip(4);
  const int flags = fields.u16();
  const std::uint16_t method = fields.u16();
  fields.skip(4);
  ZipMember member;
  member.checksum = fields.u32();
  member.stored_size = fields.u32();
  member.size = fields.u32();
  const std::uint16_t name_length = fields.u16(), extra_length = fields.u16(), comment_length = fields.u16();
  const std::uint16_t disk = fields.u16();
  fields.skip(6);
  member.begin = fields.u32();
  check_file(fields.has(std::size_t{name_length} + extra_length + comment_length), path, kBroken);
  member.name = fields.text(name_length);
  const std::string_view extra = fields.text(extra_length);
  fields.skip(comment_length);

  auto check_member = [&](bool holds, const auto&... problem) {
    check_file(holds, path, "member ", Shown{member.name}, ": ", problem...);
  };
  check_member(is_utf8(member.name) && member.name.find('\0') == std::string::npos,
               "a name must be UTF-8, but it is not");
  check_member((flags & ~(kDescriptorFlag | kUtf8Flag | 2 | 4)) == 0,
               (flags & 1) != 0 ? "it must not be encrypted, but it is"
                                : "it must be plain or deflated, but its flags say more");
  check_member(method == kStored || method == kDeflated, "it must be stored (0) or deflated (8), but its method is ",
               method);
  check_member(disk == 0 || disk == kSaturated16, "the archive must be in one part, but it is in several");
  check_member(take_zip64(extra, {&member.size, &member.stored_size, &member.begin}),
               "its size must be known, but the zip64 field that is to have it is cut off or missing");
  member.is_deflated = method == kDeflated;
  check_member(member.is_deflated || member.size == member.stored_size,
               "what is stored must be as large as it is in the archive, but it is ", member.size, " and ",
               member.stored_size);
  find_data(file, member, method, flags, directory);
  check_member(!member.is_deflated || member.size / kMostInflation <= member.stored_size,
               "what is deflated must be at most ", kMostInflation, " times as large as in the archive, but it is ",
               member.size, " bytes of ", member.stored_size);
  return member;
}

/// What a stored member and a deflated one have in common.
class MemberSource : public ZipSource {
 public:
  MemberSource(const InputFile& file, const ZipMember& member, std::string what)
      : file_(file), member_(member), what_(std::move(what)), left_(member.size) {}

  std::uint64_t left() const final { return left_; }
  [[noreturn]] void fail(std::string problem) const final { fail_file(file_.path(), what_ + ": " + problem); }
  void check_size(std::uint64_t bytes) const final {
    if (!member_.is_deflated || bytes <= kFreeBytes || bytes / kMostInflation <= member_.stored_size) return;
    fail(concat("a tensor must be at most ", kMostInflation, " times as large as what is deflated, but it takes ",
                bytes, " bytes, and the archive has ", member_.stored_size,
                ". Save it uncompressed, or as a dtype that xgrad has"));
  }
  void read(void* to, std::size_t count) final {
    if (count > left_) fail("it must have all its elements, but it ends before they do");
    take(to, count);
    left_ -= count;
    checksum_ = static_cast<std::uint32_t>(crc32_z(checksum_, static_cast<const Bytef*>(to), count));
  }
  void finish() final {
    if (left_ != 0) fail(concat("it must end with its elements, but ", left_, " bytes follow"));
    check_end();
    if (checksum_ != member_.checksum) fail("its checksum must be the archive's, but it is not: the file is damaged");
  }

 protected:
  virtual void take(void* to, std::size_t count) = 0;
  virtual void check_end() {}

  const InputFile& file_;
  const ZipMember& member_;

 private:
  std::string what_;
  std::uint64_t left_;
  std::uint32_t checksum_ = 0;
};

class StoredSource final : public MemberSource {
 public:
  using MemberSource::MemberSource;

 private:
  void take(void* to, std::size_t count) override {
    file_.read(to, count, member_.data + at_);
    at_ += count;
  }

  std::uint64_t at_ = 0;
};

class DeflatedSource final : public MemberSource {
 public:
  DeflatedSource(const InputFile& file, const ZipMember& member, std::string what)
      : MemberSource(file, member, std::move(what)) {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    part_.resize(std::min<std::uint64_t>(member.stored_size, kPart));
  }
  ~DeflatedSource() override { inflateEnd(&stream_); }

 private:
  static constexpr std::size_t kPart = 64 << 10;

  void take(void* to, std::size_t count) override {
    auto* at = static_cast<Bytef*>(to);
    while (count > 0) {
      const auto room = static_cast<uInt>(std::min<std::size_t>(count, 1U << 30));
      const std::size_t got = inflate_some(at, room);
      if (got == 0) fail("what is deflated must be as large as the directory says, but it ends before");
      at += got;
      count -= got;
    }
  }
  void check_end() override {
    Bytef more;
    if (inflate_some(&more, 1) != 0) fail("what is deflated must be as large as the directory says, but it goes on");
    if (fed_ != member_.stored_size || stream_.avail_in != 0)
      fail("what is deflated must end where the member does, but it ends before");
  }
  /// Answers with how many bytes it has written: 0 where the stream has ended.
  std::size_t inflate_some(Bytef* to, uInt room) {
    stream_.next_out = to;
    stream_.avail_out = room;
    while (stream_.avail_out > 0 && !has_ended_) {
      if (stream_.avail_in == 0 && fed_ < member_.stored_size) {
        const std::size_t count = std::min<std::uint64_t>(part_.size(), member_.stored_size - fed_);
        file_.read(part_.data(), count, member_.data + fed_);
        fed_ += count;
        stream_.next_in = reinterpret_cast<Bytef*>(part_.data());
        stream_.avail_in = static_cast<uInt>(count);
      }
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_MEM_ERROR) throw std::bad_alloc();
      has_ended_ = code == Z_STREAM_END;
      if (code != Z_OK && code != Z_STREAM_END)
        fail(stream_.avail_in == 0 && fed_ == member_.stored_size
                 ? "what is deflated must be whole, but it is cut off"
                 : "what is deflated must be whole, but it is damaged");
    }
    return room - stream_.avail_out;
  }

  z_stream stream_{};
  std::string part_;
  std::uint64_t fed_ = 0;
  bool has_ended_ = false;
};

}  // namespace

std::vector<ZipMember> zip_directory(const InputFile& file) {
  const Directory directory = find_directory(file);
  const std::string text = read_text(file, directory.size, directory.at);
  Fields fields(text);
  std::vector<ZipMember> members;
  members.reserve(directory.count);
  for (std::uint64_t i = 0; i < directory.count; ++i) members.push_back(read_entry(file, fields, directory.at));
  check_file(!fields.has(1), file.path(), "the directory must be of ", directory.count, " entries, but more follows");

  std::vector<const ZipMember*> order;
  for (const ZipMember& member : members) order.push_back(&member);
  std::sort(order.begin(), order.end(), [](const ZipMember* a, const ZipMember* b) { return a->begin < b->begin; });
  for (std::size_t i = 1; i < order.size(); ++i)
    check_file(order[i]->begin >= order[i - 1]->end(), file.path(), "members must not overlap, but ",
               Shown{order[i - 1]->name}, " and ", Shown{order[i]->name}, " do");
  return members;
}

std::unique_ptr<ZipSource> ZipSource::open(const InputFile& file, const ZipMember& member, std::string what) {
  if (member.is_deflated) return std::make_unique<DeflatedSource>(file, member, std::move(what));
  return std::make_unique<StoredSource>(file, member, std::move(what));
}

// ---- Writing ----

namespace {

/// Whole numbers as bytes, the lowest first.
class Record {
 public:
  Record& add(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFF);
    return *this;
  }
  Record& u16(std::uint64_t value) { return add(value, 2); }
  Record& u32(std::uint64_t value) { return add(value, 4); }
  Record& u64(std::uint64_t value) { return add(value, 8); }
  Record& text(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

bool is_wide(std::uint64_t number) { return number >= kSaturated; }
std::uint64_t narrow(std::uint64_t number, bool wide) { return wide ? kSaturated : number; }
/// Deflate may make a few bytes more of what it cannot compress.
bool has_wide_sizes(const ZipMember& member) { return is_wide(member.size + member.size / 1000 + 1024); }

/// Version, flags, method and time: the same in both headers. Time is 1980-01-01, so that equal arrays give equal
/// files.
void add_kind(Record& record, const ZipMember& member, bool wide) {
  const bool is_ascii =
      std::all_of(member.name.begin(), member.name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  record.u16(wide ? 45 : 20).u16(is_ascii ? 0 : kUtf8Flag).u16(member.is_deflated ? kDeflated : kStored);
  record.u16(0).u16(1 << 5 | 1).u32(member.checksum);
}

std::string local_header(const ZipMember& member) {
  const bool wide = has_wide_sizes(member);
  Record record;
  record.u32(kLocalHeader);
  add_kind(record, member, wide);
  record.u32(narrow(member.stored_size, wide)).u32(narrow(member.size, wide));
  record.u16(member.name.size()).u16(wide ? 20 : 0).text(member.name);
  if (wide) record.u16(kZip64).u16(16).u64(member.size).u64(member.stored_size);
  return std::string(record.bytes());
}

}  // namespace

std::uint64_t ZipWriter::write_deflated(std::string_view first, std::string_view second) {
  z_stream stream{};
  constexpr int kMemory = 8;  // zlib's own default
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, deflateEnd);
  const std::uint64_t begin = file_.size();
  std::string part(64 << 10, '\0');
  auto run = [&](std::string_view bytes, bool is_last) {
    for (bool done = false; !done;) {
      const std::size_t count = std::min<std::size_t>(bytes.size(), 1U << 30);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream.avail_in = static_cast<uInt>(count);
      bytes.remove_prefix(count);
      const int flush = is_last && bytes.empty() ? Z_FINISH : Z_NO_FLUSH;
      do {
        stream.next_out = reinterpret_cast<Bytef*>(part.data());
        stream.avail_out = static_cast<uInt>(part.size());
        deflate(&stream, flush);
        file_.write(part.data(), part.size() - stream.avail_out);
      } while (stream.avail_out == 0);
      done = bytes.empty();
    }
  };
  run(first, false);
  run(second, true);
  return file_.size() - begin;
}

void ZipWriter::add(const std::string& name, std::string_view first, std::string_view second, bool deflate) {
  ZipMember member;
  member.name = name;
  member.is_deflated = deflate;
  member.size = first.size() + second.size();
  member.stored_size = member.size;
  uLong checksum = crc32_z(0, reinterpret_cast<const Bytef*>(first.data()), first.size());
  checksum = crc32_z(checksum, reinterpret_cast<const Bytef*>(second.data()), second.size());
  member.checksum = static_cast<std::uint32_t>(checksum);
  member.begin = file_.size();
  file_.write(local_header(member));
  if (deflate) {
    member.stored_size = write_deflated(first, second);
    file_.write_at(member.begin, local_header(member));
  } else {
    file_.write(first);
    file_.write(second);
  }
  members_.push_back(std::move(member));
}

void ZipWriter::finish() {
  const std::uint64_t begin = file_.size();
  for (const ZipMember& member : members_) {
    const bool wide_sizes = has_wide_sizes(member), wide_begin = is_wide(member.begin);
    Record record;
    record.u32(kDirectoryEntry).u16(45);
    add_kind(record, member, wide_sizes || wide_begin);
    record.u32(narrow(member.stored_size, wide_sizes)).u32(narrow(member.size, wide_sizes));
    const int extra = (wide_sizes ? 16 : 0) + (wide_begin ? 8 : 0);
    record.u16(member.name.size())
        .u16(extra == 0 ? 0 : static_cast<std::uint64_t>(extra) + 4)
        .u16(0)
        .u16(0)
        .u16(0)
        .u32(0);
    record.u32(narrow(member.begin, wide_begin)).text(member.name);
    if (extra > 0) record.u16(kZip64).u16(static_cast<std::uint64_t>(extra));
    if (wide_sizes) record.u64(member.size).u64(member.stored_size);
    if (wide_begin) record.u64(member.begin);
    file_.write(record.bytes());
  }
  const std::uint64_t end = file_.size(), size = end - begin, count = members_.size();
  Record record;
  if (count >= kSaturated16 || is_wide(size) || is_wide(begin)) {
    record.u32(kDirectoryEnd64)
        .u64(kEnd64Size - 12)
        .u16(45)
        .u16(45)
        .u32(0)
        .u32(0)
        .u64(count)
        .u64(count)
        .u64(size)
        .u64(begin);
    record.u32(kLocator64).u32(0).u64(end).u32(1);
  }
  const std::uint64_t shown = std::min<std::uint64_t>(count, kSaturated16);
  record.u32(kDirectoryEnd).u16(0).u16(0).u16(shown).u16(shown);
  record.u32(std::min<std::uint64_t>(size, kSaturated)).u32(std::min<std::uint64_t>(begin, kSaturated)).u16(0);
  file_.write(record.bytes());
}

}  // namespace xgrad::io::detail
