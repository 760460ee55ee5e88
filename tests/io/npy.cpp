#include <xgrad/io/npy.hpp>

#include <cmath>
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
using io::read_npy;
using io::read_npz;
using io::write_npy;
using io::write_npz;
using namespace std::string_literals;

namespace {

Tensor read(const std::string& bytes) {
  Folder folder;
  return read_npy(folder.write("x.npy", bytes));
}
Tensor read(const std::string& header, const std::string& elements) { return read(npy_of(header, elements)); }

/// What the reader says of the file. It must name the file, and leave no tensor.
std::string refusal(const std::string& bytes) {
  Folder folder;
  const std::string path = folder.write("lie.npy", bytes);
  const std::int64_t storages = memory::stats().storages;
  std::string message = message_of<FileError>([&] { read_npy(path); });
  CHECK(memory::stats().storages == storages);
  CHECK(message.find(path) == 0);
  return message;
}
std::string refused(const std::string& header, const std::string& elements = "") {
  return refusal(npy_of(header, elements));
}

const std::string kTwo = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";

}  // namespace

TEST_CASE("what is written to npy is read again, bit by bit", "[io][npy]") {
  Folder folder;
  const Tensor matrix = reshape(arange(0, 12, 1, {.dtype = DType::float64}), {3, 4});
  for (const Tensor& x :
       {matrix, transpose(matrix, 0, 1), tensor(2.5), zeros({3, 0, 2}), tensor({true, false}), tensor({-1, 7}),
        tensor({-0.0, std::nan(""), HUGE_VAL}), ones({1, 1, 1, 1, 1, 1, 1, 2}), zeros({0})}) {
    write_npy(folder("x.npy"), x);
    CHECK(same_bits(read_npy(folder("x.npy")), x));
    const std::string bytes = folder.read("x.npy");
    CHECK((bytes.size() - x.numel() * size_of(x.dtype())) % 64 == 0);
    CHECK(bytes[bytes.size() - x.numel() * size_of(x.dtype()) - 1] == '\n');
  }
  write_npy(folder("x.npy"), tensor({1.0F}));
  CHECK(folder.read("x.npy").substr(10, 62) == "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }     ");
  CHECK_THROWS_WITH(write_npy(folder("y.npy"), Tensor()), Contains("write_npy: the tensor must be defined"));
  CHECK(folder.count() == 1);
}

TEST_CASE("an npy header may have its keys in any order, and spaces anywhere", "[io][npy]") {
  const std::string elements = bytes_of<float>({1, 2});
  for (const std::string header :
       {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "{'shape':(2,),'fortran_order':False,'descr':'<f4'}",
        "  { \"fortran_order\" :\tFalse , 'shape' : ( 2 , ) , 'descr' : '=f4' , }  \n",
        "{'shape': (2L,), 'descr': '<f4', 'fortran_order': True}"}) {
    INFO(header);
    CHECK(same_bits(read(header, elements), tensor({1.0F, 2.0F})));
    for (int version : {2, 3}) {
      const std::string bytes = "\x93NUMPY"s + static_cast<char>(version) + '\0' + little(header.size(), 4) + header;
      CHECK(same_bits(read(bytes + elements), tensor({1.0F, 2.0F})));
    }
  }
}

TEST_CASE("npy elements of every kind become those of a tensor", "[io][npy]") {
  auto as = [](const std::string& descr, const std::string& elements, const std::string& shape = "(2,)") {
    return read("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + "}", elements);
  };
  CHECK(same_bits(as("|b1", "\x01\x00"s), tensor({true, false})));
  CHECK(same_bits(as("|i1", "\xff\x01"s), tensor({-1, 1})));
  CHECK(same_bits(as("|u1", "\xff\x01"s), tensor({255, 1})));
  CHECK(same_bits(as(">i2", "\xff\xfe\x00\x01"s), tensor({-2, 1})));
  CHECK(same_bits(as("<u2", "\xff\xfe\x00\x01"s), tensor({65279, 256})));
  CHECK(same_bits(as(">i4", "\x00\x00\x00\x02\xff\xff\xff\xff"s), tensor({2, -1})));
  CHECK(same_bits(as(">u4", "\x00\x00\x00\x02\xff\xff\xff\xff"s), tensor({2, 4294967295})));
  CHECK(same_bits(as(">i8", "\x00\x00\x00\x00\x00\x00\x00\x02"s, "()"), tensor(2)));
  CHECK(same_bits(as(">f2", "\x3c\x00\xc0\x00"s), tensor({1.0F, -2.0F})));
  CHECK(same_bits(as(">f4", "\x3f\x80\x00\x00\xc0\x00\x00\x00"s), tensor({1.0F, -2.0F})));
  CHECK(same_bits(as(">f8", "\x3f\xf0\x00\x00\x00\x00\x00\x00"s, "()"), tensor(1.0, kDouble)));
  CHECK(same_bits(as("<f8", bytes_of<double>({0.5, -1}), "(1, 2)"), tensor({{0.5, -1.0}}, kDouble)));
  CHECK_THAT(refused("{'descr': '<u8', 'fortran_order': False, 'shape': (2,)}", bytes_of<std::uint64_t>({1, ~0ULL})),
             Contains("int64 must hold each element, but element 1 is 2^63 or more."));
  CHECK_THAT(refused("{'descr': '<u8', 'fortran_order': True, 'shape': (1,2)}", bytes_of<std::uint64_t>({1, ~0ULL})),
             Contains("int64 must hold each element, but element 1 is 2^63 or more."));
  CHECK_THAT(refused("{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", "\x01\x03"),
             Contains("a boolean must be 0 or 1, but element 1 is neither."));
  CHECK_THAT(refused("{'descr': '|b1', 'fortran_order': True, 'shape': (2,1)}", "\x01\x03"),
             Contains("a boolean must be 0 or 1, but element 1 is neither."));
}

TEST_CASE("Fortran's order becomes C's", "[io][npy]") {
  for (const Shape& shape : {Shape{2, 3}, Shape{3, 1, 4, 2}, Shape{1, 5}, Shape{300, 500}, Shape{4, 0, 3}}) {
    // Element i of the file, the first axis fastest.
    Tensor turned = arange(0, static_cast<double>(shape.numel()), 1, {.dtype = DType::int64});
    std::vector<std::int64_t> reversed(shape.begin(), shape.end());
    std::reverse(reversed.begin(), reversed.end());
    turned = reshape(turned, Shape(reversed));
    std::vector<int> axes;
    for (int axis = shape.ndim(); axis-- > 0;) axes.push_back(axis);
    const Tensor expected = contiguous(permute(turned, axes));
    std::string four, eight;
    for (std::int64_t i = 0; i < shape.numel(); ++i) {
      four += little(static_cast<std::uint64_t>(i), 4);
      eight += little(static_cast<std::uint64_t>(i), 8);
    }
    std::string text;
    for (std::int64_t extent : shape) text += std::to_string(extent) + ", ";
    const std::string header = "', 'fortran_order': True, 'shape': (" + text + ")}";
    CHECK(same_bits(read("{'descr': '<i4" + header, four), expected));
    CHECK(same_bits(read("{'descr': '<i8" + header, eight), expected));
  }
}

TEST_CASE("npy files that are cut off, or lie", "[io][npy]") {
  const std::string elements = bytes_of<float>({1, 2}), whole = npy_of(kTwo, elements);
  CHECK(read(whole).numel() == 2);
  for (std::size_t size = 0; size < whole.size(); ++size) refusal(whole.substr(0, size));
  CHECK_THAT(refusal(whole + "x"), Contains("an array of float32 [2] takes 8 bytes, but there are 9."));
  CHECK_THAT(refusal("\x93NUMPZ\x01\x00\x00\x00"s), Contains("begins with \\x93NUMPY"));
  CHECK_THAT(refusal("\x93NUMPY\x04\x00\x00\x00"s), Contains("version must be 1.0, 2.0 or 3.0, but it is 4.0."));
  CHECK_THAT(refusal("\x93NUMPY\x01\x01\x00\x00"s), Contains("but it is 1.1."));
  CHECK_THAT(refusal("\x93NUMPY\x02\x00\xff\xff\xff\xff{}"s), Contains("but it says to have 4294967295."));
  CHECK_THAT(refusal("\x93NUMPY\x02\x00"s + little(70000, 4) + std::string(70000, ' ')),
             Contains("must have at most 65536 bytes"));

  auto with = [&](const std::string& descr, const std::string& order, const std::string& shape) {
    return refused("{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + "}", elements);
  };
  CHECK_THAT(with("'|O'", "False", "(1,)"), Contains("but they are Python objects, which only Python reads ('|O')."));
  CHECK_THAT(with("'<c8'", "False", "(1,)"), Contains("complex numbers"));
  CHECK_THAT(with("'<U2'", "False", "(1,)"), Contains("texts"));
  CHECK_THAT(with("'|S8'", "False", "(1,)"), Contains("texts"));
  CHECK_THAT(with("'<M8[s]'", "False", "(1,)"), Contains("dates and times"));
  CHECK_THAT(with("'|V8'", "False", "(1,)"), Contains("records"));
  CHECK_THAT(with("[('a', '<f4'), ('b', '<f4')]", "False", "(1,)"), Contains("but they are records."));
  CHECK_THAT(with("'<f16'", "False", "(1,)"), Contains("floating numbers of another size"));
  CHECK_THAT(with("'<i3'", "False", "(1,)"), Contains("something else ('<i3')"));
  CHECK_THAT(with("''", "False", "(1,)"), Contains("something else"));
  CHECK_THAT(with("'<f4'", "0", "(2,)"), Contains("with True or False at its byte 34, but there is '0, "));
  CHECK_THAT(with("'<f4'", "False", "(2)"), Contains("with , before )"));
  CHECK_THAT(with("'<f4'", "False", "2"), Contains("with ( at"));
  CHECK_THAT(with("'<f4'", "False", "(-2,)"), Contains("with an integer from 0 on at"));
  CHECK_THAT(with("'<f4'", "False", "(2.0,)"), Contains("must be a dict"));
  CHECK_THAT(with("'<f4'", "False", "(1 2)"), Contains("with , or ) at"));
  CHECK_THAT(with("'<f4'", "False", "(2,,)"), Contains("must be a dict"));
  CHECK_THAT(with("'<f4'", "False", "(2,"), Contains("must be a dict"));
  CHECK_THAT(with("'<f4'", "False", "(3,)"), Contains("takes 12 bytes, but there are 8."));
  CHECK_THAT(with("'<f4'", "False", "(99999999999999999999,)"), Contains("an extent must be below 2^63"));
  CHECK_THAT(with("'<f4'", "False", "(4611686018427387906,)"), Contains("an int64 must hold the number of elements"));
  CHECK_THAT(with("'<f4'", "False", "(4294967296, 4294967298)"), Contains("an int64 must hold the number of elements"));
  CHECK_THAT(with("'<f4'", "False", "(0, 4294967296, 4294967298)"), Contains("an int64 must hold"));
  CHECK_THAT(with("'<f4'", "False", "(1,1,1,1,1,1,1,1,2)"), Contains("at most 8 axes"));
  CHECK_THAT(refused("{}", elements), Contains("but there is no descr."));
  CHECK_THAT(refused("{'descr': '<f4', 'shape': (2,)}", elements), Contains("but there is no fortran_order."));
  CHECK_THAT(refused("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", elements),
             Contains("has descr twice"));
  CHECK_THAT(refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}", elements),
             Contains("but there is 'more'."));
  CHECK_THAT(refused(kTwo + "x", elements), Contains("with nothing at"));
  CHECK_THAT(refused("[" + kTwo + "]", elements), Contains("with { at its byte 0, but there is '[{'descr'"));
  CHECK_THAT(refused("{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}", elements), Contains("with } at"));
  CHECK_THAT(refused("{'descr', '<f4', 'fortran_order': False, 'shape': (2,)}", elements), Contains("with : at"));
  CHECK_THAT(refused("{'descr': '<f4", elements), Contains("with a dtype at"));
  CHECK_THAT(refused("{'de\\x73cr': '<f4', 'fortran_order': False, 'shape': (2,)}", elements),
             Contains("with a key at"));
  CHECK_THAT(message_of<FileError>([] { read_npy("no/such/file.npy"); }), Contains("cannot be opened"));
}

TEST_CASE("what is written to npz is read again, bit by bit", "[io][npz]") {
  Folder folder;
  const io::NamedTensors tensors = {{"weight", reshape(arange(0, 12, 1, kDouble), {3, 4})},
                                    {"layer/0.bias", tensor({1.0F, 2.0F})},
                                    {"\xc3\xa4", tensor({true, false})},
                                    {"empty", zeros({0, 3})},
                                    {"scalar", tensor(7)},
                                    {"long", zeros({300, 1000})}};
  for (bool compress : {false, true}) {
    write_npz(folder("all.npz"), tensors, {.compress = compress});
    const io::NamedTensors read = read_npz(folder("all.npz"));
    REQUIRE(read.size() == tensors.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
      CHECK(read[i].first == tensors[i].first);
      CHECK(same_bits(read[i].second, tensors[i].second));
    }
  }
  CHECK(folder.read("all.npz").size() < 10000);
  write_npz(folder("none.npz"), {});
  CHECK(folder.read("none.npz") == "PK\x05\x06"s + std::string(18, '\0'));
  CHECK(read_npz(folder("none.npz")).empty());
}

TEST_CASE("more arrays than a plain directory counts", "[io][npz]") {
  Folder folder;
  io::NamedTensors tensors;
  const Tensor one = ones({1});
  for (int i = 0; i < 66000; ++i) tensors.emplace_back(std::to_string(i), one);
  write_npz(folder("many.npz"), tensors);
  const io::NamedTensors read = read_npz(folder("many.npz"));
  REQUIRE(read.size() == tensors.size());
  CHECK(read.back().first == "65999");
  CHECK(same_bits(read.back().second, one));
}

TEST_CASE("what cannot be written to npz is refused, and changes nothing", "[io][npz]") {
  Folder folder;
  const std::string path = folder("x.npz");
  write_npz(path, {{"x", ones({2})}});
  const std::string before = folder.read("x.npz");
  CHECK_THROWS_WITH(write_npz(path, {{"a", ones({1})}, {"a", ones({1})}}),
                    Contains("write_npz: each tensor must have a name"));
  CHECK_THROWS_WITH(write_npz(path, {{"", ones({1})}}), Contains("a name must have 1 to 60000 bytes, but one has 0."));
  CHECK_THROWS_WITH(write_npz(path, {{std::string(60001, 'a'), ones({1})}}), Contains("but one has 60001."));
  for (const char* name : {"/x", "../x", "a/../b", "..", "a\\b", "a/.."})
    CHECK_THROWS_WITH(write_npz(path, {{name, ones({1})}}), Contains("must not lead out of the archive"));
  CHECK_THROWS_WITH(write_npz(path, {{"\xff", ones({1})}}), Contains("must be UTF-8"));
  CHECK_THROWS_WITH(write_npz(path, {{"a", Tensor()}}), Contains("must be defined, but 'a' is not."));
  CHECK(folder.read("x.npz") == before);
  CHECK(folder.count() == 1);
}
