// How tensors print.
#pragma once

#include <iosfwd>
#include <string>

#include "config.hpp"

namespace xgrad XGRAD_API {

class Tensor;

/// The tensor as NumPy prints it: brackets by axis, columns aligned, long axes abbreviated, the dtype unless it is
/// float32.
std::string to_string(const Tensor& tensor);
/// Writes to_string(tensor).
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace xgrad
