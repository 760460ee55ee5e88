// The IDX format, in which the MNIST database of handwritten digits comes.
#pragma once

#include <string>

#include "../autograd/tensor.hpp"
#include "dataset.hpp"
#include "file.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Reads an array of bytes (0 ... 255) from a file in IDX format, plain or gzipped.
///
/// Shapes: as the file tells.
/// Dtype: float32, float64 or int64.
/// Throws: FileError when the file is missing, truncated, or no IDX file of bytes.
Tensor read_idx(const std::string& path, DType dtype = DType::float32,
                SourceLocation where = SourceLocation::current());

/// Part of MNIST: 60,000 points to learn from, or 10,000 to test on.
enum class MnistPart : std::uint8_t { train, test };

/// Reads one part of MNIST from the folder with its four files, named as they are distributed
/// ("train-images-idx3-ubyte", or "train-images.idx3-ubyte"), plain or with .gz at the end.
///
/// Shapes: images [n, 28, 28], in [0, 1]; labels [n].
/// Dtype: images float32, labels int64.
/// Throws: FileError when a file is missing, truncated, or has no images or no labels where they belong.
/// Source: LeCun, Cortes, Burges, The MNIST database.
Dataset read_mnist(const std::string& folder, MnistPart part, SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
