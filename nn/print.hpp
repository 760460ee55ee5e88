// How models print.
#pragma once

#include <iosfwd>
#include <string>

#include "module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// The model as a tree: each layer with its class, and the shapes of the parameters and buffers of its own. Frozen ones
/// and those that are part of several modules are marked.
///
///     Mlp: 2410 parameters
///       hidden: Dense  weight [32, 64], bias [32]
///       output: Dense  weight [10, 32], bias [10]
std::string to_string(const Module& model);
/// Writes to_string(model).
std::ostream& operator<<(std::ostream& out, const Module& model);

}  // namespace nn
}  // namespace xgrad
