// Has a reader read files that are nearly right: good ones with a few changes, the same for a seed on every machine.
//
//   xgrad_fuzz safetensors|npy|npz|checkpoint [files] [seed]
//
// Where a compiler has libFuzzer (clang++, -DXGRAD_FUZZERS=ON), xgrad_libfuzzer looks for inputs by itself.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "../io/zip_files.hpp"
#include "readers.hpp"

using namespace xgrad::testing;
using namespace std::string_literals;

namespace {

/// SplitMix64: Steele, Lea, Flood, OOPSLA 2014.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t count) { return count == 0 ? 0 : next() % count; }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  template <class List>
  const auto& pick(const List& list) {
    return list[below(std::size(list))];
  }

 private:
  std::uint64_t state_;
};

// ---- Changes ----

const std::vector<std::string> kNumbers = {"0",
                                           "1",
                                           "2",
                                           "3",
                                           "4",
                                           "8",
                                           "16",
                                           "-1",
                                           "-0",
                                           "255",
                                           "256",
                                           "65536",
                                           "4294967295",
                                           "4294967296",
                                           "2147483648",
                                           "9223372036854775807",
                                           "9223372036854775808",
                                           "18446744073709551615",
                                           "18446744073709551616",
                                           "4611686018427387904",
                                           "1e3",
                                           "1.5",
                                           "0x10",
                                           "007",
                                           "",
                                           "99999999999999999999999999999999",
                                           "1L"};
const std::vector<std::string> kTokens = {"{",
                                          "}",
                                          "[",
                                          "]",
                                          "(",
                                          ")",
                                          ",",
                                          ":",
                                          "\"",
                                          "'",
                                          "null",
                                          "true",
                                          "False",
                                          "True",
                                          "\\",
                                          "\\u0000",
                                          "\\ud800",
                                          "\0"s,
                                          "\xff",
                                          "\"dtype\"",
                                          "\"shape\"",
                                          "\"data_offsets\"",
                                          "__metadata__",
                                          "\"F64\"",
                                          "\"U8\"",
                                          "\"BOOL\"",
                                          "\"F16\"",
                                          "\"F8_E4M3\"",
                                          "'descr'",
                                          "'<f8'",
                                          "'|O'",
                                          "'>u2'",
                                          "'|b1'",
                                          "'fortran_order'",
                                          "'shape'",
                                          "PK\x03\x04",
                                          "PK\x01\x02",
                                          "PK\x05\x06",
                                          "PK\x06\x06",
                                          "[[[[[[[[[[[[[[[[[[[[",
                                          "{\"a\":{\"a\":{\"a\":"};

/// Where the digits of some number begin and how many they are.
bool find_number(const std::string& text, Dice& dice, std::size_t& begin, std::size_t& length) {
  if (text.empty()) return false;
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  begin = dice.below(text.size());
  while (begin < text.size() && !digit(begin)) ++begin;
  for (length = 0; begin + length < text.size() && digit(begin + length); ++length) {
  }
  return length > 0;
}

void change(std::string& text, Dice& dice) {
  const std::size_t at = dice.below(text.size() + 1),
                    length = dice.below(std::min<std::size_t>(text.size() - at, 40) + 1);
  std::size_t begin = 0, digits = 0;
  switch (dice.below(11)) {
    case 0:
    case 1:
    case 2:
      if (find_number(text, dice, begin, digits)) text.replace(begin, digits, dice.pick(kNumbers));
      break;
    case 3:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << dice.below(8)));
      break;
    case 4:
      if (at < text.size())
        text[at] = static_cast<char>(dice.pick(std::vector<int>{0, 1, 0x7f, 0x80, 0xff, ' ', '"', '{', 8}));
      break;
    case 5:
      text.erase(at, length);
      break;
    case 6:
      text.insert(at, dice.pick(kTokens));
      break;
    case 7:
      text.insert(dice.below(text.size() + 1), text.substr(at, length));
      break;
    case 8:
      if (text.size() < 100000) text.insert(at, text.substr(at, dice.below(text.size() - at + 1)));
      break;
    case 9:
      for (std::size_t i = 0, width = std::size_t{1} << dice.below(4); i < width && at + i < text.size(); ++i)
        text[at + i] = static_cast<char>(dice.chance(50) ? 0xff : 0);
      break;
    default:
      if (dice.chance(20)) text.resize(at);
  }
}

void change_some(std::string& text, Dice& dice, int percent) {
  if (!dice.chance(percent)) return;
  for (std::size_t i = 1 + dice.below(4); i > 0; --i) change(text, dice);
}

// ---- Files ----

const std::vector<std::string> kHeaders = {
    R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"U8","shape":[5],"data_offsets":[24,29]}})",
    R"({"__metadata__":{"k":"v","k2":""},"x.weight":{"shape":[2],"data_offsets":[3,19],"dtype":"I64"},"f":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}   )",
    R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"u":{"dtype":"U64","shape":[1],"data_offsets":[8,16]},"e":{"dtype":"F8_E5M2","shape":[0,9],"data_offsets":[16,16]},"s":{"dtype":"BF16","shape":[],"data_offsets":[16,18]}})",
    R"({})",
    R"({"a":{"dtype":"I8","shape":[150,200],"data_offsets":[0,30000]}})",
};
const std::vector<std::size_t> kDataSizes = {29, 19, 18, 0, 30000};

const std::string kCheckpointHeader =
    R"({"__metadata__":{"format":"xgrad.checkpoint","format_version":"1","random":"{\"generators\":[[1,0,5]],\"next_stream\":1,\"seed\":1}",)"
    R"("parts":"[\"step\",\"loss\",\"text\",\"losses\",\"tensor\",\"position\"]","step":"{\"kind\":\"integer\",\"value\":3}",)"
    R"("loss":"{\"kind\":\"number\",\"value\":\"0.25\"}","text":"{\"kind\":\"text\"}","text.value":"abc","losses":"{\"kind\":\"list\"}",)"
    R"("tensor":"{\"kind\":\"tensor\"}","position":"{\"kind\":\"batches\",\"passes\":1,\"points\":2}"},)"
    R"("losses":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"tensor":{"dtype":"F32","shape":[2],"data_offsets":[32,40]},)"
    R"("position.order":{"dtype":"I64","shape":[2],"data_offsets":[16,32]}})";

std::string bytes(std::size_t count, Dice& dice) {
  std::string text(count, '\0');
  for (char& c : text) c = static_cast<char>(dice.chance(60) ? dice.below(2) : dice.next());
  return text;
}

std::string safetensors_file(std::string header, std::size_t data_size, Dice& dice) {
  std::string data = bytes(data_size, dice);
  change_some(header, dice, 80);
  change_some(data, dice, 20);
  const std::uint64_t length = dice.chance(90)   ? header.size()
                               : dice.chance(50) ? dice.next()
                                                 : header.size() + dice.below(20) - 10;
  return little(length, 8) + header + data;
}

std::string array_file(Dice& dice) {
  struct Form {
    const char* header;
    std::size_t size;
  };
  static const std::vector<Form> kForms = {
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }          \n", 24},
      {"{'descr': '>i2', 'fortran_order': True, 'shape': (3, 4, 2), }\n", 48},
      {"{'shape': (5,), 'fortran_order': False, 'descr': '|u1'}", 5},
      {"{'descr': '|b1', 'fortran_order': True, 'shape': (2, 2)}", 4},
      {"{'descr': '<f2', 'fortran_order': False, 'shape': ()}", 2},
      {"{'descr': '>f8', 'fortran_order': True, 'shape': (0, 7)}", 0},
      {"{'descr': '<u8', 'fortran_order': False, 'shape': (1000,)}", 8000},
      {"{'descr': '|i1', 'fortran_order': True, 'shape': (300, 100)}", 30000},
  };
  const Form& form = dice.pick(kForms);
  std::string header = form.header, elements = bytes(form.size, dice);
  change_some(header, dice, 70);
  change_some(elements, dice, 20);
  const std::size_t version = dice.chance(90) ? 1 + dice.below(3) : dice.below(256);
  const std::uint64_t length = dice.chance(90) ? header.size() : dice.next();
  return "\x93NUMPY"s + static_cast<char>(version) + '\0' + little(length, version == 1 ? 2 : 4) + header + elements;
}

std::string archive_file(Dice& dice) {
  std::vector<Member> members;
  for (std::size_t i = dice.below(4); i > 0; --i) {
    const std::string name = dice.pick(std::vector<std::string>{"a.npy", "b/c.npy", "d.npy", "e.npy", "../f.npy"});
    std::string array = dice.chance(60) ? array_of({1, 2, 3}) : array_file(dice);
    Member member = dice.chance(50) ? deflated_member(name, array) : Member{.name = name, .bytes = array};
    if (dice.chance(10)) change(member.bytes, dice);
    if (dice.chance(5)) member.size = dice.chance(50) ? dice.next() : member.size + dice.below(9) - 4;
    if (dice.chance(5)) member.method = static_cast<int>(dice.below(20));
    if (dice.chance(5)) member.flags = 1 << dice.below(16);
    if (dice.chance(5)) member.shift = static_cast<std::int64_t>(dice.below(400)) - 200;
    if (dice.chance(5)) change(member.local_name, dice);
    member.descriptor = dice.chance(30);
    member.zip64 = dice.chance(30);
    members.push_back(member);
  }
  Ending ending;
  ending.zip64 = dice.chance(30);
  if (dice.chance(10)) ending.comment = bytes(dice.below(60), dice);
  if (dice.chance(4)) ending.count_more = static_cast<int>(dice.below(100)) - 50;
  if (dice.chance(4)) ending.begin_shift = static_cast<std::int64_t>(dice.below(100)) - 50;
  if (dice.chance(4)) ending.locator_shift = static_cast<std::int64_t>(dice.below(100)) - 50;
  std::string archive = zip_of(members, ending);
  change_some(archive, dice, 50);
  return archive;
}

std::string file_for(std::string_view reader, Dice& dice) {
  std::string file;
  if (reader == "npz") return archive_file(dice);
  if (reader == "npy") {
    file = array_file(dice);
  } else if (reader == "checkpoint") {
    file = safetensors_file(kCheckpointHeader, 40, dice);
  } else {
    const std::size_t which = dice.below(kHeaders.size());
    file = safetensors_file(kHeaders[which], kDataSizes[which], dice);
  }
  change_some(file, dice, 20);
  return file;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || !is_reader(argv[1])) {
    std::fprintf(stderr, "usage: xgrad_fuzz safetensors|npy|npz|checkpoint [files] [seed]\n");
    return 2;
  }
  const long files = argc > 2 ? std::atol(argv[2]) : 20000;
  const std::uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  long was_read = 0;
  double worst = 0;
  for (long i = 0; i < files; ++i) {
    Dice dice(seed * 0x9E3779B97F4A7C15 + static_cast<std::uint64_t>(i));
    const std::string file = file_for(argv[1], dice);
    const Outcome outcome = read_bytes(argv[1], file.data(), file.size());
    was_read += outcome.was_read;
    if (outcome.most_bytes > 0) worst = std::max(worst, static_cast<double>(outcome.most_bytes));
  }
  std::printf("%s: %ld files of seed %llu, %ld read and %ld refused; %.0f bytes at most\n", argv[1], files,
              static_cast<unsigned long long>(seed), was_read, files - was_read, worst);
  // Were all of them refused, or all of them read, it would not test what it should.
  return was_read > files / 50 && was_read < files - files / 50 ? 0 : 1;
}
