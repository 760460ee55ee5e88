// The options of an optimizer as a file says them. Not for users of the library.
#pragma once

#include <string>

#include "../optimizer.hpp"

namespace xgrad::optim {

/// A JSON list with an object for each group: `[{"lr":0.001,"betas":[0.9,0.999]}]`. Empty for an optimizer of the user's, whose
/// options have no names here.
std::string options_json(const Optimizer& optimizer);

}  // namespace xgrad::optim
