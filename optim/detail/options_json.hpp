// The options of an optimizer as a file says them, written and read. Not for users of the library.
#pragma once

#include <string>

#include "../optimizer.hpp"

namespace xgrad::optim {

/// A JSON list with an object for each group: `[{"lr":0.001,"betas":[0.9,0.999]}]`. Empty for an optimizer of the user's, whose
/// options have no names here.
std::string options_json(const Optimizer& optimizer);

/// Takes the options of every group from such a list. What a group's object does not name stays as it is, and names that are
/// not known are left alone: another version wrote them. An optimizer of the user's keeps all its options.
/// Throws std::invalid_argument for a text that is no such list, another number of groups, and an option that its kind cannot
/// be or that is outside its range. No option is changed then.
void take_options(Optimizer& optimizer, const std::string& json, SourceLocation where);

}  // namespace xgrad::optim
