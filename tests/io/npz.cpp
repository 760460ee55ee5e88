#include <xgrad/io/npy.hpp>

#include <string>
#include <vector>

#include <xgrad/autograd/memory.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "files.hpp"
#include "zip_files.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;
using io::FileError;
using io::read_npz;
using namespace std::string_literals;

namespace {

io::NamedTensors read(const std::vector<Member>& members, const Ending& ending = {}) {
  Folder folder;
  return read_npz(folder.write("x.npz", zip_of(members, ending)));
}

/// What the reader says of the file. It must name the file, and leave no tensor.
std::string refusal(const std::string& bytes) {
  Folder folder;
  const std::string path = folder.write("lie.npz", bytes);
  const std::int64_t storages = memory::stats().storages;
  std::string message = message_of<FileError>([&] { read_npz(path); });
  CHECK(memory::stats().storages == storages);
  CHECK(message.find(path) == 0);
  return message;
}
std::string refused(const std::vector<Member>& members, const Ending& ending = {}) {
  return refusal(zip_of(members, ending));
}

const std::string kArray = array_of({1, 2});

Member changed(Member member, void (*change)(Member&)) {
  change(member);
  return member;
}

}  // namespace

TEST_CASE("archives of every legal form are read", "[io][npz]") {
  const Tensor expected = tensor({1.0F, 2.0F});
  for (bool descriptor : {false, true})
    for (bool zip64 : {false, true})
      for (bool deflate : {false, true})
        for (const char* comment : {"", "a comment", "PK\x05\x06 in a comment"}) {
          Member member = deflate ? deflated_member("b/x.npy", kArray) : Member{.name = "b/x.npy", .bytes = kArray};
          member.descriptor = descriptor;
          member.zip64 = zip64;
          member.flags = 1 << 11;
          const Member other{.name = "a.npy", .bytes = array_of({3})};
          const io::NamedTensors tensors = read({member, other}, {.zip64 = zip64, .comment = comment});
          REQUIRE(tensors.size() == 2);
          CHECK(tensors[0].first == "b/x");
          CHECK(same_bits(tensors[0].second, expected));
          CHECK(same_bits(tensors[1].second, tensor({3.0F})));
        }
}

TEST_CASE("archives that are cut off", "[io][npz]") {
  for (const std::string& whole :
       {zip_of({{.name = "x.npy", .bytes = kArray}}), zip_of({deflated_member("x.npy", kArray)}, {.zip64 = true})}) {
    for (std::size_t size = 0; size<whole.size(); size += size> 200 ? 1 : 7) refusal(whole.substr(0, size));
    refusal(whole + "x");
    refusal("x" + whole);
  }
  CHECK_THAT(refusal(std::string(100, 'x')), Contains("must end in its directory, but there is none"));
  CHECK_THAT(refusal("PK"), Contains("must have at least 22 bytes, but it has 2."));
}

TEST_CASE("archives that lie", "[io][npz]") {
  const Member good{.name = "x.npy", .bytes = kArray}, packed = deflated_member("x.npy", kArray);
  CHECK(read({good}).size() == 1);
  // The directory
  CHECK_THAT(refused({good}, {.count_more = 1}), Contains("2 do not fit into"));
  CHECK_THAT(refused({good, {.name = "y.npy", .bytes = kArray}}, {.count_more = -1}), Contains("but more follows"));
  CHECK_THAT(refused({good}, {.zip64 = true, .count_more = 1 << 30}), Contains("do not fit into"));
  CHECK_THAT(refused({good}, {.begin_shift = 1}), Contains("the directory must end where its record begins"));
  CHECK_THAT(refused({good}, {.zip64 = true, .begin_shift = -1}),
             Contains("the directory must end where its record begins"));
  CHECK_THAT(refused({good}, {.zip64 = true, .locator_shift = 1}), Contains("zip64 record must"));
  CHECK_THAT(refused({good}, {.zip64 = true, .locator_shift = -4}), Contains("zip64 record must be where"));
  CHECK_THAT(refused({good}, {.zip64 = true, .locator_shift = 1LL << 62}), Contains("zip64 record must lie before"));
  // Members
  CHECK_THAT(refused({good, good}), Contains("each array must have a name of its own, but there are two of 'x'."));
  CHECK_THAT(refused({changed(good, [](Member& m) { m.name = m.local_name = "readme.txt"; })}),
             Contains("the archive must be of arrays (name.npy), but there is 'readme.txt'."));
  for (const char* name : {"../x.npy", "/x.npy", "a/../../x.npy", "a\\x.npy"}) {
    Member member = good;
    member.name = member.local_name = name;
    CHECK_THAT(refused({member}), Contains("a name must not lead out of the archive"));
  }
  CHECK_THAT(refused({changed(good, [](Member& m) { m.name = m.local_name = "\xff.npy"; })}),
             Contains("must be UTF-8"));
  CHECK_THAT(refused({changed(good, [](Member& m) { m.name = m.local_name = "a\0b.npy"s; })}),
             Contains("must be UTF-8"));
  CHECK_THAT(refused({changed(good, [](Member& m) { m.local_name = "y.npy"; })}),
             Contains("member 'x.npy': its header must say what the directory says"));
  CHECK_THAT(refused({changed(good, [](Member& m) { m.shift = 1; })}), Contains("member 'x.npy'"));
  CHECK_THAT(refused({changed(good, [](Member& m) { m.shift = 1 << 30; })}),
             Contains("it must lie before the directory"));
  CHECK_THAT(refused({changed(good,
                              [](Member& m) {
                                m.zip64 = true;
                                m.shift = -1;
                              })}),
             Contains("it must lie before the directory"));
  CHECK_THAT(refused({good, changed(good, [](Member& m) { m.shift = -1000; })}), Contains("member 'x.npy'"));
  CHECK_THAT(refused({changed(good, [](Member& m) { m.method = 12; })}), Contains("its method is 12."));
  CHECK_THAT(refused({changed(good, [](Member& m) { m.flags = 1; })}), Contains("must not be encrypted"));
  CHECK_THAT(refused({changed(good, [](Member& m) { m.flags = 64; })}), Contains("its flags say more"));
  CHECK_THAT(refused({changed(good, [](Member& m) { m.checksum ^= 1; })}),
             Contains("array 'x': its checksum must be the archive's"));
  CHECK_THAT(refused({changed(good, [](Member& m) { m.size += 1; })}),
             Contains("what is stored must be as large as it is in the archive"));
  CHECK_THAT(refused({changed(good,
                              [](Member& m) {
                                m.bytes += 'x';
                                m.size += 1;
                              })}),
             Contains("array 'x': an array of float32 [2] takes 8 bytes, but there are 9."));
  CHECK_THAT(refused({{.name = "x.npy", .bytes = "no array"}}), Contains("array 'x': an array begins with \\x93NUMPY"));
  CHECK_THAT(refused({{.name = "x.npy", .bytes = ""}}), Contains("array 'x': an array begins with 8 bytes"));
  // Deflated
  CHECK_THAT(refused({changed(packed, [](Member& m) { m.bytes.resize(m.bytes.size() - 3); })}),
             Contains("array 'x': what is deflated must be whole, but it is cut off."));
  CHECK_THAT(refused({changed(packed, [](Member& m) { m.bytes[10] = static_cast<char>(~m.bytes[10]); })}),
             Contains("array 'x': "));
  CHECK_THAT(refused({changed(packed, [](Member& m) { m.bytes += "xyz"; })}),
             Contains("what is deflated must end where the member does, but it ends before."));
  CHECK_THAT(refused({changed(packed, [](Member& m) { m.checksum ^= 1; })}), Contains("its checksum must be"));
  CHECK_THAT(refused({changed(packed, [](Member& m) { m.size -= 4; })}), Contains("takes 8 bytes, but there are 4."));
  const std::string longer = array_of({1, 2}) + std::string(4, '\0');
  CHECK_THAT(refused({changed(deflated_member("x.npy", longer), [](Member& m) { m.size = kArray.size(); })}),
             Contains("as large as the directory says, but it goes on."));
  const std::string shorter = kArray.substr(0, kArray.size() - 4);
  CHECK_THAT(refused({changed(deflated_member("x.npy", shorter), [](Member& m) { m.size = kArray.size(); })}),
             Contains("as large as the directory says, but it ends before."));
}

TEST_CASE("members that overlap are refused", "[io][npz]") {
  // Two entries of the directory for one member: how a small archive holds as many bytes as one likes.
  const Member member{.name = "x.npy", .bytes = kArray};
  Member again = member;
  again.shift = -static_cast<std::int64_t>(zip_of({member}).size() - 22 - 46 - 5 - 3);
  CHECK_THAT(refused({member, again}), Contains("members must not overlap, but 'x.npy' and 'x.npy' do."));
}

TEST_CASE("archives that would fill the memory are refused before they do", "[io][npz]") {
  // A member that says to be larger than deflate can make it.
  Member bomb = deflated_member("x.npy", kArray);
  bomb.zip64 = true;
  bomb.size = std::uint64_t{1} << 40;
  CHECK_THAT(refused({bomb}), Contains("at most 1100 times as large as in the archive"));
  // One that is as large as it says: 8 MiB of bytes, which would be 64 MiB of int64.
  const std::string zeros =
      npy_of("{'descr': '|u1', 'fortran_order': False, 'shape': (8388608,)}", std::string(8388608, '\0'));
  const std::string path_bytes = zip_of({deflated_member("x.npy", zeros)});
  Folder folder;
  const std::string path = folder.write("bomb.npz", path_bytes);
  memory::reset_peak();
  const std::int64_t before = memory::stats().bytes_live;
  CHECK_THAT(message_of<FileError>([&] { read_npz(path); }), Contains("it takes 67108864 bytes"));
  CHECK(memory::stats().bytes_peak <= before + 8192);
}
