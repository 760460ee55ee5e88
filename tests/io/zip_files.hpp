// Arrays and zip archives put together by hand, whose every field can be made to lie.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "files.hpp"

namespace xgrad::testing {

/// An .npy file of version 1 with this header.
inline std::string npy_of(const std::string& header, const std::string& elements) {
  using namespace std::string_literals;
  return "\x93NUMPY\x01\x00"s + little(header.size(), 2) + header + elements;
}

/// An array of float32 [count], as np.save writes it.
inline std::string array_of(std::initializer_list<float> values) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(values.size()) + ",), }";
  header.resize(117, ' ');
  return npy_of(header + '\n', bytes_of<float>(values));
}

inline std::string deflated(const std::string& bytes) {
  std::string result(bytes.size() + 1000, '\0');
  z_stream stream{};
  deflateInit2(&stream, 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

struct Member {
  std::string name;
  std::string bytes;  // as the archive has them
  std::uint64_t size = bytes.size();
  std::uint32_t checksum =
      static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  int method = 0;
  int flags = 0;
  bool descriptor = false;  // sizes and checksum behind the bytes
  bool zip64 = false;       // sizes and place in extra fields
  std::string local_name = name;
  std::int64_t shift = 0;  // of where the directory says it begins
};

inline Member deflated_member(const std::string& name, const std::string& bytes) {
  Member member{.name = name, .bytes = bytes};
  member.bytes = deflated(bytes);
  member.method = 8;
  return member;
}

struct Ending {
  bool zip64 = false;
  std::string comment = {};
  int count_more = 0;            // how many more members the directory is to have
  std::int64_t begin_shift = 0;  // of where the directory is to begin
  std::int64_t locator_shift = 0;
};

inline std::string zip_of(const std::vector<Member>& members, const Ending& ending = {}) {
  std::string archive, directory;
  const std::string kSaturated = "\xff\xff\xff\xff";
  for (const Member& member : members) {
    const std::uint64_t begin = archive.size();
    const int flags = member.flags | (member.descriptor ? 8 : 0);
    const std::string kind = little(static_cast<std::uint64_t>(flags), 2) +
                             little(static_cast<std::uint64_t>(member.method), 2) + little(0, 2) + little(33, 2);
    const std::string sizes = little(member.bytes.size(), 4) + little(member.size, 4);
    const std::string wide = little(1, 2) + little(16, 2) + little(member.size, 8) + little(member.bytes.size(), 8);
    archive += "PK\x03\x04" + little(20, 2) + kind;
    archive += member.descriptor ? std::string(4, '\0') : little(member.checksum, 4);
    archive += member.zip64 ? kSaturated + kSaturated : member.descriptor ? std::string(8, '\0') : sizes;
    const std::string local_extra = member.zip64 ? wide : "";
    archive += little(member.local_name.size(), 2) + little(local_extra.size(), 2) + member.local_name + local_extra;
    archive += member.bytes;
    if (member.descriptor) archive += "PK\x07\x08" + little(member.checksum, 4) + sizes;

    const std::uint64_t said = begin + static_cast<std::uint64_t>(member.shift);
    const std::string extra = member.zip64
                                  ? little(0x5455, 2) + little(1, 2) + "x" + little(1, 2) + little(24, 2) +
                                        little(member.size, 8) + little(member.bytes.size(), 8) + little(said, 8)
                                  : "";
    directory += "PK\x01\x02" + little(45, 2) + little(20, 2) + kind + little(member.checksum, 4);
    directory += member.zip64 ? kSaturated + kSaturated : sizes;
    directory += little(member.name.size(), 2) + little(extra.size(), 2) + little(3, 2) + std::string(8, '\0');
    directory += (member.zip64 ? kSaturated : little(said, 4)) + member.name + extra + "etc";
  }
  const std::uint64_t at = archive.size() + static_cast<std::uint64_t>(ending.begin_shift),
                      count = members.size() + static_cast<std::uint64_t>(ending.count_more);
  archive += directory;
  const std::uint64_t end = archive.size();
  if (ending.zip64) {
    archive += "PK\x06\x06" + little(44, 8) + little(45, 2) + little(45, 2) + std::string(8, '\0') + little(count, 8) +
               little(count, 8) + little(directory.size(), 8) + little(at, 8);
    archive +=
        "PK\x06\x07" + little(0, 4) + little(end + static_cast<std::uint64_t>(ending.locator_shift), 8) + little(1, 4);
    archive += "PK\x05\x06" + little(0, 4) + "\xff\xff\xff\xff" + kSaturated + kSaturated;
  } else {
    archive +=
        "PK\x05\x06" + little(0, 4) + little(count, 2) + little(count, 2) + little(directory.size(), 4) + little(at, 4);
  }
  return archive + little(ending.comment.size(), 2) + ending.comment;
}

}  // namespace xgrad::testing
