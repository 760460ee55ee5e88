// NumPy's array format, from any source of bytes and to any sink.
#pragma once

#include <cstdint>
#include <string>

#include "../../autograd/tensor.hpp"
#include "elements.hpp"

namespace xgrad::io::detail {

/// Bytes that come one after the other.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads that many bytes. Throws FileError where there are fewer.
  virtual void read(void* to, std::size_t count) = 0;
  /// How many are left.
  virtual std::uint64_t left() const = 0;
  /// Throws FileError about what is read: "data.npz: array 'x': the problem.".
  [[noreturn]] virtual void fail(std::string problem) const = 0;
  /// Throws FileError where a tensor of that many bytes is not what so small a file holds.
  virtual void check_size(std::uint64_t bytes) const = 0;
};

/// Reads an array, which must be all that is left.
Tensor read_array(ByteSource& source);

/// Magic, version and header of a contiguous tensor's array, whose elements follow.
std::string array_header(const Tensor& tensor);

}  // namespace xgrad::io::detail
