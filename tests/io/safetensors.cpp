#include <xgrad/io/safetensors.hpp>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <xgrad/autograd/memory.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "files.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;
using io::Contents;
using io::FileError;
using io::read_safetensors;
using io::write_safetensors;
using namespace std::string_literals;

namespace {

std::string file_of(const std::string& header, const std::string& data) {
  return little(header.size(), 8) + header + data;
}

/// What the reader says of the file. It must name the file, and leave no tensor.
std::string refusal(const std::string& bytes) {
  Folder folder;
  const std::string path = folder.write("lie.safetensors", bytes);
  const std::int64_t storages = memory::stats().storages;
  std::string message = message_of<FileError>([&] { read_safetensors(path); });
  CHECK(memory::stats().storages == storages);
  CHECK(message.find(path) == 0);
  return message;
}

std::string refused_header(const std::string& header, const std::string& data = "") {
  return refusal(file_of(header, data));
}

Contents read(const std::string& header, const std::string& data) {
  Folder folder;
  return read_safetensors(folder.write("good.safetensors", file_of(header, data)));
}

/// The only tensor of a file with elements of one dtype.
Tensor read_as(const std::string& dtype, const std::string& data, std::int64_t count) {
  return read(
      concat("{\"x\":{\"dtype\":\"", dtype, "\",\"shape\":[", count, "],\"data_offsets\":[0,", data.size(), "]}}"),
      data)["x"];
}

}  // namespace

TEST_CASE("what is written to safetensors is read again, bit by bit", "[io][safetensors]") {
  Folder folder;
  const Tensor matrix = reshape(arange(0, 12, 1, {.dtype = DType::float64}), {3, 4});
  const io::NamedTensors tensors = {
      {"layer.weight", matrix},
      {"transposed", transpose(matrix, 0, 1)},
      {"scalar", tensor(2.5, {.dtype = DType::float32})},
      {"empty", zeros({3, 0, 2})},
      {"flags", tensor({true, false, true})},
      {"labels", from_vector(std::vector<std::int64_t>{-1, 7, std::numeric_limits<std::int64_t>::max()})},
      {"special", tensor({-0.0, std::nan(""), HUGE_VAL, 5e-324}, {.dtype = DType::float64})},
      {"", ones({2})},
      {"quote \" \\ \n and \xc3\xa4", ones({1})},
  };
  const io::Metadata metadata = {{"made by", "a test"}, {"empty", ""}, {"text", "\"\\\n\xe2\x82\xac"}};
  write_safetensors(folder("all.safetensors"), tensors, metadata);
  const Contents contents = read_safetensors(folder("all.safetensors"));

  REQUIRE(contents.tensors.size() == tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    INFO(tensors[i].first);
    CHECK(contents.tensors[i].first == tensors[i].first);
    CHECK(same_bits(contents.tensors[i].second, tensors[i].second));
    CHECK(contents.tensors[i].second.is_contiguous());
  }
  CHECK(contents.metadata == metadata);
  CHECK(folder.count() == 1);

  // The header's length is a multiple of 8, so that the data is aligned, and the data is all of the rest.
  const std::string bytes = folder.read("all.safetensors");
  CHECK(static_cast<unsigned char>(bytes[0]) % 8 == 0);

  write_safetensors(folder("none.safetensors"), {});
  CHECK(folder.read("none.safetensors") == "\x08\0\0\0\0\0\0\0{}      "s);
  CHECK(read_safetensors(folder("none.safetensors")).tensors.empty());
}

TEST_CASE("tensors of a file are found by name", "[io][safetensors]") {
  Folder folder;
  write_safetensors(folder("x"), {{"x", ones({2})}}, {{"key", "value"}});
  const Contents contents = read_safetensors(folder("x"));
  CHECK(contents.contains("x"));
  CHECK_FALSE(contents.contains("y"));
  CHECK(*contents.text("key") == "value");
  CHECK(contents.text("x") == nullptr);
  CHECK(message_of<std::out_of_range>([&] { contents["y"]; }) ==
        "Contents: there must be a tensor named 'y', but the names are: 'x'.");
}

TEST_CASE("a safetensors file's keys may come in any order", "[io][safetensors]") {
  const Contents contents = read(
      "{\"b\":{\"data_offsets\":[4,12],\"shape\":[2],\"dtype\":\"F32\"},"
      " \"__metadata__\" : {}, \"a\":{\"shape\":[],\"dtype\":\"F32\",\"data_offsets\":[0,4]}}   ",
      bytes_of<float>({1, 2, 3}));
  REQUIRE(contents.tensors.size() == 2);
  CHECK(contents.tensors[0].first == "b");
  CHECK(contents["b"].to_vector() == std::vector<double>{2, 3});
  CHECK(contents["a"].item() == 1);
  CHECK(contents["a"].ndim() == 0);
  CHECK(read("{}", "").tensors.empty());
}

TEST_CASE("dtypes that xgrad has not are converted to one that holds them", "[io][safetensors]") {
  CHECK(same_bits(read_as("U8", "\x00\x7f\xff"s, 3), tensor({0, 127, 255})));
  CHECK(same_bits(read_as("I8", "\x00\x7f\xff"s, 3), tensor({0, 127, -1})));
  CHECK(same_bits(read_as("U16", bytes_of<std::uint16_t>({0, 65535}), 2), tensor({0, 65535})));
  CHECK(same_bits(read_as("I16", bytes_of<std::int16_t>({-32768, 3}), 2), tensor({-32768, 3})));
  CHECK(same_bits(read_as("U32", bytes_of<std::uint32_t>({4294967295U}), 1), tensor({4294967295})));
  CHECK(same_bits(read_as("I32", bytes_of<std::int32_t>({-5, 6}), 2), tensor({-5, 6})));
  CHECK(same_bits(read_as("U64", bytes_of<std::uint64_t>({9223372036854775807U}), 1),
                  full({1}, 1, {.dtype = DType::int64}) * 9223372036854775807));
  CHECK(same_bits(read_as("I64", bytes_of<std::int64_t>({-9}), 1), tensor({-9})));
  CHECK(same_bits(read_as("BOOL", "\x01\x00"s, 2), tensor({true, false})));
  CHECK(same_bits(read_as("F64", bytes_of<double>({0.1}), 1), tensor({0.1}, {.dtype = DType::float64})));

  // Half precision: 1, the smallest number, the largest, -0, -infinity, nan.
  Tensor half = read_as("F16", bytes_of<std::uint16_t>({0x3C00, 0x0001, 0x7BFF, 0x8000, 0xFC00, 0x7E00}), 6);
  CHECK(half.dtype() == DType::float32);
  std::vector<float> values = half.to_vector<float>();
  CHECK(std::vector<float>(values.begin(), values.begin() + 3) == std::vector<float>{1, 0x1p-24F, 65504});
  CHECK(std::signbit(values[3]));
  CHECK(values[4] == -HUGE_VALF);
  CHECK(std::isnan(values[5]));
  values = read_as("BF16", bytes_of<std::uint16_t>({0x3F80, 0xC2F7, 0x0001}), 3).to_vector<float>();
  CHECK(values == std::vector<float>{1, -123.5F, 0x1p-133F});
  values = read_as("F8_E4M3", "\x38\x7e\x01\xff\x80"s, 5).to_vector<float>();
  CHECK(std::vector<float>(values.begin(), values.begin() + 3) == std::vector<float>{1, 448, 0x1p-9F});
  CHECK(std::isnan(values[3]));
  CHECK((values[4] == 0 && std::signbit(values[4])));
  values = read_as("F8_E5M2", "\x3c\x7b\x01\x7c\x7e"s, 5).to_vector<float>();
  CHECK(std::vector<float>(values.begin(), values.begin() + 4) == std::vector<float>{1, 57344, 0x1p-16F, HUGE_VALF});
  CHECK(std::isnan(values[4]));
}

TEST_CASE("every half is the number that its bits say", "[io][safetensors]") {
  std::string bytes;
  for (int bits = 0; bits < 65536; ++bits) bytes += little(static_cast<std::uint64_t>(bits), 2);
  const std::vector<float> values = read_as("F16", bytes, 65536).to_vector<float>();
  int wrong = 0;
  for (int bits = 0; bits < 65536; ++bits) {
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    double expected = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    if (exponent == 31) expected = mantissa == 0 ? HUGE_VAL : std::nan("");
    if (bits >> 15) expected = -expected;
    const bool same = std::isnan(expected) ? std::isnan(values[bits]) : expected == static_cast<double>(values[bits]);
    wrong += !same;
  }
  CHECK(wrong == 0);
}

TEST_CASE("elements that no dtype holds are refused", "[io][safetensors]") {
  CHECK_THAT(refused_header(R"({"big":{"dtype":"U64","shape":[2],"data_offsets":[0,16]}})",
                            bytes_of<std::uint64_t>({1, 1ULL << 63})),
             Contains("tensor 'big': int64 must hold each element, but element 1 of uint64 is 2^63 or more."));
  CHECK_THAT(refused_header(R"({"flag":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}})", "\x01\x00\x02"s),
             Contains("tensor 'flag': a boolean must be 0 or 1, but element 2 is neither."));
  for (const char* dtype : {"F4", "F8_E8M0", "C64", "f32", "", "F32 "})
    CHECK_THAT(refused_header(concat(R"({"x":{"dtype":")", dtype, R"(","shape":[],"data_offsets":[0,4]}})"), "1234"),
               Contains(concat("tensor 'x': the dtype must be one that xgrad reads, but it is '", dtype, "'.")));
}

TEST_CASE("safetensors files that are cut off or something else", "[io][safetensors]") {
  Folder folder;
  write_safetensors(folder("whole"), {{"x", ones({3})}, {"y", ones({2, 2}, {.dtype = DType::float64})}}, {{"a", "b"}});
  const std::string whole = folder.read("whole");
  for (std::size_t size = 0; size < whole.size(); ++size) refusal(whole.substr(0, size));
  CHECK_THAT(refusal(whole + "x"),
             Contains("the data must end where the last tensor does, at 44, but there are 45 bytes."));
  CHECK_THAT(refusal("PK\x03\x04 and so on"), Contains("it must be a safetensors file, but it is a zip archive"));
  CHECK_THAT(refusal(little(0, 8)), Contains("it is empty"));
  CHECK_THAT(refusal(little(~0ULL, 8) + "{}"), Contains("but it says to have 18446744073709551615."));
  CHECK_THAT(message_of<FileError>([&] { read_safetensors(folder("missing")); }),
             Contains("the file cannot be opened: No such file or directory."));
  CHECK_THAT(message_of<FileError>([&] { read_safetensors(folder.path()); }), Contains("but it is a folder."));
  CHECK_THAT(message_of<FileError>([&] { read_safetensors("/dev/null"); }), Contains("must be a regular one"));
  CHECK_THAT(message_of<FileError>([&] { read_safetensors(folder("missing")); }), Contains(" at safetensors.cpp:"));
}

TEST_CASE("headers of safetensors that lie", "[io][safetensors]") {
  const std::string x = R"("x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})", data(8, 'a');
  auto with = [&](const std::string& shape, const std::string& offsets) {
    return refused_header(R"({"x":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}", data);
  };
  // Offsets
  CHECK_THAT(
      with("[2]", "[0,12]"),
      Contains("tensor 'x': data_offsets must lie in order within the file's 8 bytes of data, but they are [0, 12]."));
  CHECK_THAT(with("[2]", "[8,0]"), Contains("must lie in order"));
  CHECK_THAT(with("[2]", "[0,18446744073709551615]"), Contains("must lie in order"));
  CHECK_THAT(with("[2]", "[18446744073709551612,4]"), Contains("must lie in order"));
  CHECK_THAT(with("[2]", "[0,18446744073709551616]"), Contains("a number that is no integer below 2^64"));
  CHECK_THAT(with("[2]", "[-0,8]"), Contains("negative"));
  CHECK_THAT(with("[2]", "[0,8.0]"), Contains("no integer"));
  CHECK_THAT(with("[2]", "[0,8e0]"), Contains("no integer"));
  CHECK_THAT(with("[2]", "[0]"), Contains("must be two numbers, but there are 1"));
  CHECK_THAT(with("[2]", "[0,8,8]"), Contains("must be two numbers, but there are more"));
  CHECK_THAT(with("[2]", "[]"), Contains("must be two numbers, but there are 0"));
  CHECK_THAT(with("[2]", "8"), Contains("data_offsets must be two integers"));
  CHECK_THAT(with("[2]", "[[0,8]]"), Contains("data_offsets must be two integers"));
  CHECK_THAT(with("[1]", "[0,4]"),
             Contains("the data must end where the last tensor does, at 4, but there are 8 bytes."));
  CHECK_THAT(with("[1]", "[4,8]"),
             Contains("the data must lie without holes, but it begins at 4 where what comes before ends at 0."));
  CHECK_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)" + x + "}", data),
             Contains("the data must lie without overlaps"));
  CHECK_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)" + x + "}", data),
             Contains("the data must lie without overlaps"));
  CHECK_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},)" + x + "}", data),
             Contains("the data must lie without overlaps"));
  // Shapes
  CHECK_THAT(with("[3]", "[0,8]"),
             Contains("tensor 'x': a tensor of float32 [3] takes 12 bytes, but data_offsets are [0, 8]."));
  CHECK_THAT(with("[4294967296,4294967296]", "[0,8]"), Contains("an int64 must hold the number of elements"));
  CHECK_THAT(with("[4611686018427387904]", "[0,0]"), Contains("an int64 must hold the number of elements"));
  CHECK_THAT(with("[4611686018427387906]", "[0,8]"), Contains("an int64 must hold the number of elements"));
  CHECK_THAT(with("[0,4294967296,4294967296]", "[0,0]"), Contains("an int64 must hold the number of elements"));
  CHECK_THAT(with("[9223372036854775808]", "[0,8]"), Contains("an extent must be below 2^63"));
  CHECK_THAT(with("[-2]", "[0,8]"),
             Contains("the shape must be a list of integers from 0 on, but there is a negative number."));
  CHECK_THAT(with("[2.5]", "[0,8]"), Contains("the shape must be a list"));
  CHECK_THAT(with("2", "[0,8]"), Contains("the shape must be a list"));
  CHECK_THAT(with("null", "[0,8]"), Contains("but there is null"));
  CHECK_THAT(with("[[2]]", "[0,8]"), Contains("but there is a list"));
  CHECK_THAT(with("[1,1,1,1,1,1,1,1,2]", "[0,8]"), Contains("xgrad's tensors have at most 8 axes"));
  // Names
  CHECK_THAT(refused_header("{" + x + "," + x + "}", data),
             Contains("each tensor must have a name of its own, but there are two of 'x'."));
  CHECK_THAT(refused_header("{" + x + R"(,"\u0078":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}})", data),
             Contains("there are two of 'x'"));
  CHECK_THAT(refused_header(R"({"__metadata__":{"a":"1","a":"2"},)" + x + "}", data), Contains("there are two of 'a'"));
  CHECK_THAT(refused_header(R"({"__metadata__":{},"__metadata__":{},)" + x + "}", data), Contains("but it has two"));
  CHECK_THAT(refused_header(R"({"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", data),
             Contains("the header must say dtype once"));
  CHECK_THAT(refused_header(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}})", data),
             Contains("but there is 'more'"));
  CHECK_THAT(refused_header(R"({"x":{"dtype":"F32","shape":[2]}})", data), Contains("must say its data_offsets"));
  CHECK_THAT(refused_header(R"({"x":{"dtype":"F32","data_offsets":[0,8]}})", data), Contains("must say its shape"));
  CHECK_THAT(refused_header(R"({"x":{"shape":[2],"data_offsets":[0,8]}})", data), Contains("must say its dtype"));
  CHECK_THAT(refused_header(R"({"x":3})", data), Contains("must be an object, but it is a number"));
  CHECK_THAT(refused_header(R"({"x":{"dtype":3,"shape":[2],"data_offsets":[0,8]}})", data),
             Contains("the dtype must be a text"));
  CHECK_THAT(refused_header(R"({"__metadata__":{"a":1},)" + x + "}", data),
             Contains("__metadata__ must be of texts, but 'a' is a number."));
  CHECK_THAT(refused_header(R"({"__metadata__":{"a":{}},)" + x + "}", data), Contains("'a' is an object"));
  CHECK_THAT(refused_header(R"({"__metadata__":[],)" + x + "}", data), Contains("__metadata__ must be an object"));
  // JSON
  CHECK_THAT(refused_header("[]", ""), Contains("must begin with '{'"));
  CHECK_THAT(refused_header(" {}", ""), Contains("must begin with '{'"));
  CHECK_THAT(refused_header("{" + x + ",}", data), Contains("the header must be JSON, but it is not, at byte"));
  CHECK_THAT(refused_header("{" + x + "} {}", data), Contains("must be JSON"));
  CHECK_THAT(refused_header("{" + x + "}\0"s, data), Contains("must be JSON"));
  CHECK_THAT(refused_header("{" + x + "}\0and more"s, data), Contains("must be JSON"));
  CHECK_THAT(refused_header("{\"\xff\":{}}"), Contains("must be JSON"));
  CHECK_THAT(refused_header("{'x':1}"), Contains("must be JSON"));
  CHECK_THAT(refused_header("{\"a\":" + std::string(1 << 20, '[')), Contains("must be an object, but it is a list"));
  CHECK_THAT(refused_header(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"y":)" + std::string(1 << 20, '{')),
             Contains("but there is 'y'"));
  // A long name is cut short.
  CHECK(refused_header(R"({")" + std::string(100000, 'n') + R"(":3})").size() < 700);
}

TEST_CASE("a lie in a header costs no memory", "[io][safetensors]") {
  Folder folder;
  const std::string path = folder.write(
      "lie", file_of(R"({"x":{"dtype":"F32","shape":[250000000000],"data_offsets":[0,1000000000000]}})", "1234"));
  memory::reset_peak();
  const std::int64_t before = memory::stats().bytes_live;
  CHECK_THROWS_AS(read_safetensors(path), FileError);
  CHECK(memory::stats().bytes_peak <= before + 8192);
}

TEST_CASE("what cannot be written to safetensors is refused, and changes nothing", "[io][safetensors]") {
  Folder folder;
  const std::string path = folder("x.safetensors");
  write_safetensors(path, {{"x", ones({2})}});
  const std::string before = folder.read("x.safetensors");
  const io::NamedTensors twice = {{"a", ones({1})}, {"a", ones({1})}};
  const std::string message = message_of<std::invalid_argument>([&] { write_safetensors(path, twice); });
  CHECK(message == "write_safetensors: each tensor must have a name of its own, but there are two of 'a'. at " +
                       place(__LINE__ - 2));
  CHECK_THROWS_WITH(write_safetensors(path, {{"__metadata__", ones({1})}}), Contains("must not be __metadata__"));
  CHECK_THROWS_WITH(write_safetensors(path, {{"a", Tensor()}}), Contains("tensors must be defined, but 'a' is not."));
  CHECK_THROWS_WITH(write_safetensors(path, {{"\xff", ones({1})}}), Contains("must be UTF-8"));
  CHECK_THROWS_WITH(write_safetensors(path, {}, {{"a", "\xc3"}}), Contains("must be UTF-8"));
  CHECK_THROWS_WITH(write_safetensors(path, {}, {{"a", ""}, {"a", ""}}), Contains("two of 'a'"));
  CHECK_THROWS_AS(write_safetensors(folder("no/folder/x"), {}), FileError);
  CHECK_THROWS_AS(write_safetensors(folder.path(), {}), FileError);
  CHECK_THROWS_AS(write_safetensors("", {}), FileError);
  CHECK_THROWS_WITH(write_safetensors("/dev/null", {}), Contains("must be a regular one"));
  CHECK(folder.read("x.safetensors") == before);
  CHECK(folder.count() == 1);
}

TEST_CASE("a file that cannot be written to its end leaves what was there", "[io][safetensors]") {
  Folder folder;
  const std::string path = folder("x.safetensors");
  write_safetensors(path, {{"x", ones({2})}});
  const std::string before = folder.read("x.safetensors");
  // As if the disk were full after 100,000 bytes.
  rlimit old{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
  const rlimit small{100000, old.rlim_max};
  auto* const handler = signal(SIGXFSZ, SIG_IGN);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string message = message_of<FileError>([&] { write_safetensors(path, {{"x", ones({1000, 1000})}}); });
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, handler);
  CHECK(message.find(path + ": the file cannot be written: File too large. What was there before is as it was.") == 0);
  CHECK(folder.read("x.safetensors") == before);
  CHECK(folder.count() == 1);
}

TEST_CASE("a file is replaced as a whole: links and permissions stay", "[io][safetensors]") {
  Folder folder;
  write_safetensors(folder("target"), {{"x", ones({2})}});
  chmod(folder("target").c_str(), 0640);
  REQUIRE(symlink("target", folder("link").c_str()) == 0);
  write_safetensors(folder("link"), {{"y", ones({3})}});
  CHECK(std::filesystem::is_symlink(folder("link")));
  CHECK(read_safetensors(folder("target")).contains("y"));
  struct stat status {};
  REQUIRE(stat(folder("target").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
  CHECK(folder.count() == 2);
}
