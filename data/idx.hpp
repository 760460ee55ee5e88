// The IDX format, in which the MNIST database of handwritten digits comes.
#pragma once

#include <string>

#include "../autograd/tensor.hpp"
#include "dataset.hpp"
#include "file.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Reads an array of bytes (0 ... 255) in the shape that the file tells, plain or gzipped, as float32,
/// float64 or int64. Throws FileError when the file is missing, truncated, or no IDX file of bytes.
Tensor read_idx(const std::string& path, DType dtype = DType::float32,
                SourceLocation where = SourceLocation::current());

enum class MnistPart : std::uint8_t { train, test };

/// One part of MNIST from the folder with its four files, named as they are distributed, plain or with .gz at
/// the end: images [n, 28, 28] as float32 in [0, 1], labels [n] as int64. LeCun, Cortes, Burges, The MNIST
/// database.
Dataset read_mnist(const std::string& folder, MnistPart part, SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
