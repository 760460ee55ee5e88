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

const std::string kImages = "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\xff"s;
const std::string kLabels = "\x00\x00\x08\x01\x00\x00\x00\x02\x07\x03"s;

class MnistFolder {
 public:
  MnistFolder() : path_(std::filesystem::temp_directory_path() / ("xgrad_mnist_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
  }
  ~MnistFolder() { std::filesystem::remove_all(path_); }
  MnistFolder(const MnistFolder&) = delete;
  MnistFolder& operator=(const MnistFolder&) = delete;

  void write(const char* name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  std::string path() const { return path_.string(); }
  std::string path(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

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
  CHECK_THROWS_WITH(read_bytes("\x00\x00\x0d\x01\x00\x00\x00\x00"s), Contains("their type is 13."));
  CHECK_THROWS_WITH(read_bytes("\x00\x00\x08\x03"s + std::string(12, '\xff')), Contains("but they are larger"));
  CHECK_THROWS_AS(read_idx("no/such/file"), data::FileError);
}

TEST_CASE("MNIST is read from its folder", "[data][idx]") {
  MnistFolder folder;
  folder.write("t10k-images-idx3-ubyte", kImages);
  folder.write("t10k-labels-idx1-ubyte", kLabels);
  data::Dataset test = data::read_mnist(folder.path(), data::MnistPart::test);
  CHECK(test.inputs.shape() == Shape{2, 1, 1});
  CHECK(test.inputs.to_vector<double>() == std::vector<double>{0, 1});
  CHECK(test.targets.to_vector<std::int64_t>() == std::vector<std::int64_t>{7, 3});
  CHECK_THROWS_WITH(data::read_mnist(folder.path(), data::MnistPart::train),
                    Contains("train-images-idx3-ubyte: the file cannot be opened"));
}

TEST_CASE("extents without elements that are too large for strides are refused", "[data][idx]") {
  const std::string largest(4, '\xff'), zero(4, '\0');
  CHECK_THROWS_AS(read_bytes("\x00\x00\x08\x03"s + zero + largest + largest), data::FileError);
  CHECK_THROWS_AS(read_bytes("\x00\x00\x08\x03"s + largest + largest + zero), data::FileError);
  CHECK(read_bytes("\x00\x00\x08\x02"s + zero + "\x00\x00\x00\x05"s).shape() == Shape{0, 5});
}

TEST_CASE("MNIST's files may have a dot in their names", "[data][idx]") {
  MnistFolder folder;
  folder.write("t10k-images.idx3-ubyte", kImages);
  folder.write("t10k-labels.idx1-ubyte", kLabels);
  CHECK(data::read_mnist(folder.path(), data::MnistPart::test).size() == 2);
}

TEST_CASE("MNIST's files that are swapped or of different lengths are refused, with the file's name", "[data][idx]") {
  MnistFolder folder;
  folder.write("t10k-images-idx3-ubyte", kLabels);
  folder.write("t10k-labels-idx1-ubyte", kImages);
  auto read = [&] { data::read_mnist(folder.path(), data::MnistPart::test); };
  CHECK_THROWS_AS(read(), data::FileError);
  CHECK_THROWS_WITH(read(), Contains("t10k-images-idx3-ubyte: images of 3 axes are expected, but the shape is [2]. at "
                                     "idx.cpp:"));
  folder.write("t10k-images-idx3-ubyte", kImages);
  CHECK_THROWS_WITH(read(),
                    Contains("t10k-labels-idx1-ubyte: labels of 1 axis are expected, but the shape is [2, 1, 1]."));
  folder.write("t10k-labels-idx1-ubyte", "\x00\x00\x08\x01\x00\x00\x00\x01\x07"s);
  CHECK_THROWS_AS(read(), data::FileError);
  CHECK_THROWS_WITH(read(),
                    Contains("t10k-labels-idx1-ubyte: one label for each of 2 images is expected, but there are 1."));
}

TEST_CASE("MNIST's files that are loops of links are refused, with the file's name", "[data][idx]") {
  MnistFolder folder;
  folder.write("t10k-images-idx3-ubyte", kImages);
  std::filesystem::create_symlink(folder.path("b"), folder.path("t10k-labels-idx1-ubyte"));
  std::filesystem::create_symlink(folder.path("t10k-labels-idx1-ubyte"), folder.path("b"));
  auto read = [&] { data::read_mnist(folder.path(), data::MnistPart::test); };
  CHECK_THROWS_AS(read(), data::FileError);
  CHECK_THROWS_WITH(read(), Contains("t10k-labels-idx1-ubyte: the file cannot be opened"));
}
