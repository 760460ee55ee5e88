// What is saved of an object that was fitted on data: named tensors, and strings.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Tensors under names, in order: what Module::state() and Optimizer::state() answer with, too.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
/// Strings under names: what a file keeps beside its tensors.
using Metadata = std::vector<std::pair<std::string, std::string>>;

}  // namespace data
}  // namespace xgrad
