// NamedTensors: a module's state, as it is listed, saved and loaded.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Tensors with their names, in order: "hidden.weight".
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

namespace detail {

/// The tensors without their names.
std::vector<Tensor> without_names(NamedTensors named);

/// The names, separated by commas; of many the first ones and how many more there are.
std::string listed(const std::vector<std::string>& names);

/// For each of a module's own tensors the values to write into it: contiguous, of its dtype, and with elements that none of
/// them has.
/// Throws std::invalid_argument, beginning with `module` and listing the names, where some are missing, unknown, given
/// twice, of another shape, or have elements that the dtype cannot hold.
std::vector<Tensor> values_for(const std::string& module, const NamedTensors& own, const NamedTensors& given,
                               SourceLocation where);

}  // namespace detail
}  // namespace nn
}  // namespace xgrad
