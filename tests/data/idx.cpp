#include <xgrad/data/idx.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"
#include "temporary_file.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::read_idx;
using namespace std::string_literals;

namespace {

const std::string kMatrix = "\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x03\x00\x01\x02\xfd\xfe\xff"s;

Tensor read_bytes(const std::string& bytes, DType dtype = DType::float32) {
  TemporaryFile file("array.idx", bytes);
  return read_idx(file.path(), dtype);
}

}  // namespace

TEST_CASE("an IDX file has its shape and bytes", "[data][idx]") {
  for (DType dtype : {DType::float32, DType::float64, DType::int64}) {
    Tensor x = read_bytes(kMatrix, dtype);
    CHECK(x.dtype() == dtype);
    CHECK(x.shape() == Shape{2, 3});
    CHECK(x.to_vector<double>() == std::vector<double>{0, 1, 2, 253, 254, 255});
  }
  CHECK_THROWS_AS(read_bytes(kMatrix, DType::boolean), std::invalid_argument);
}

TEST_CASE("IDX files that are cut off or something else", "[data][idx]") {
  for (std::size_t size = 0; size < kMatrix.size(); ++size)
    CHECK_THROWS_AS(read_bytes(kMatrix.substr(0, size)), data::FileError);
  CHECK_THROWS_WITH(read_bytes(kMatrix.substr(0, 17)), Contains("need 6 bytes of elements, but the file has 5"));
  CHECK_THROWS_WITH(read_bytes(kMatrix + "x"), Contains("but the file has 7"));
  CHECK_THROWS_WITH(read_bytes("1,2,3\n4,5,6\n"), Contains("does not begin as one"));
  CHECK_THROWS_WITH(read_bytes("\x00\x00\x0d\x01\x00\x00\x00\x00"s), Contains("the type is 13"));
  CHECK_THROWS_WITH(read_bytes("\x00\x00\x08\x03"s + std::string(12, '\xff')), Contains("too large"));
  CHECK_THROWS_AS(read_idx("no/such/file"), data::FileError);
}

TEST_CASE("MNIST is read from its folder", "[data][idx]") {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("xgrad_mnist_" + std::to_string(getpid()));
  fs::create_directory(folder);
  auto write = [&](const char* name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  };
  write("t10k-images-idx3-ubyte", "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\xff"s);
  write("t10k-labels-idx1-ubyte", "\x00\x00\x08\x01\x00\x00\x00\x02\x07\x03"s);
  data::Dataset test = data::read_mnist(folder.string(), data::MnistPart::test);
  CHECK(test.inputs.shape() == Shape{2, 1, 1});
  CHECK(test.inputs.to_vector<double>() == std::vector<double>{0, 1});
  CHECK(test.targets.to_vector<std::int64_t>() == std::vector<std::int64_t>{7, 3});
  CHECK_THROWS_WITH(data::read_mnist(folder.string(), data::MnistPart::train), Contains("train-images-idx3-ubyte"));
  fs::remove_all(folder);
}
