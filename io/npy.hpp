// NumPy's files: .npy of one array, .npz of several under names.
#pragma once

#include <string>

#include "../autograd/tensor.hpp"
#include "safetensors.hpp"

namespace xgrad XGRAD_API {
namespace io {

/// Writes a tensor as an .npy file (version 1.0, C order, little-endian, its elements aligned to 64 bytes), whole or
/// not at all, as write_safetensors() does.
///
/// Shapes: any.
/// Dtype: boolean as |b1, int64 as <i8, float32 as <f4, float64 as <f8.
/// Throws: std::invalid_argument for an undefined tensor, FileError where the file cannot be written.
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
/// Example: `io::write_npy("x.npy", x);    // np.load("x.npy")`
void write_npy(const std::string& path, const Tensor& tensor, SourceLocation where = SourceLocation::current());

/// Reads an .npy file, of version 1, 2 or 3. Big-endian elements and Fortran's order become a contiguous tensor.
///
/// Dtype: b1 is boolean; i1, i2, i4, i8 and u1, u2, u4, u8 are int64; f2 and f4 are float32; f8 is float64. No element
/// is rounded.
/// Throws: FileError where the file is missing, truncated or longer than its array, its header is not of NumPy's form,
/// and for elements of another kind: Python objects, complex numbers, texts, dates, records. Also for a u8 from 2^63
/// on.
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
/// Example: `Tensor x = io::read_npy("x.npy");    // np.save("x.npy", x)`
Tensor read_npy(const std::string& path, SourceLocation where = SourceLocation::current());

/// Options of write_npz().
struct NpzOptions {
  bool compress = false;  ///< deflate the arrays, as np.savez_compressed does
};

/// Writes tensors as an .npz file, whole or not at all: a zip archive with a member `name.npy` for each.
///
/// Dtype: as write_npy().
/// Throws: std::invalid_argument for an undefined tensor and a name that is given twice, is empty, no UTF-8, leads out
/// of the archive ("/x", "../x") or has more than 60,000 bytes; FileError where the file cannot be written.
/// Source: PKWARE, .ZIP File Format Specification (APPNOTE.TXT) 6.3.9.
/// Example: `io::write_npz("data.npz", {{"x", x}, {"y", y}}, {.compress = true});    // np.load("data.npz")["x"]`
void write_npz(const std::string& path, const NamedTensors& tensors, NpzOptions options = {},
               SourceLocation where = SourceLocation::current());

/// Reads an .npz file, its arrays in the order of the archive, under their names without ".npy". Members are stored or
/// deflated; zip64 and data descriptors are known.
///
/// Dtype: as read_npy().
/// Throws: FileError, naming file and array, as read_npy(); for an archive that is truncated, contradicts itself or has
/// a wrong checksum; for members that overlap, have the same name, are encrypted, or are no arrays; and for a deflated
/// one that says to be more than 1,100 times as large as it is (deflate reaches 1,032), or whose tensor would be.
/// Source: PKWARE, .ZIP File Format Specification (APPNOTE.TXT) 6.3.9.
/// Example: `io::NamedTensors data = io::read_npz("data.npz");    // np.savez("data.npz", x=x, y=y)`
NamedTensors read_npz(const std::string& path, SourceLocation where = SourceLocation::current());

}  // namespace io
}  // namespace xgrad
