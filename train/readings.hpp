// Readings: what a step or an epoch measured.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "../autograd/config.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// Numbers by their names, in the order in which they are shown: `{{"loss", 0.31}, {"accuracy", 0.97}}`.
using Readings = std::vector<std::pair<std::string, double>>;

}  // namespace train
}  // namespace xgrad
