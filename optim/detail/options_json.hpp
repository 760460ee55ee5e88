// The options of an optimizer as a file says them, written and read. Not for users of the library.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../optimizer.hpp"

namespace xgrad::optim {

/// Rates that the schedules of each group start from, as far as there were schedules.
using BaseRates = std::vector<std::optional<double>>;

/// A JSON list with an object for each group: `[{"lr":0.001,"betas":[0.9,0.999]}]`, and with `"base_lr"` where a
/// schedule has asked for it. Empty for an optimizer of the user's, whose options have no names here.
std::string options_json(const Optimizer& optimizer, const BaseRates& base_lrs);

/// Takes the options and the base rate of every group from such a list. What a group's object does not name stays as it
/// is, and names that are not known are left alone: another version wrote them. An optimizer of the user's keeps all
/// its options.
/// Throws std::invalid_argument for a text that is no such list, another number of groups, and an option that its kind
/// cannot be or that is outside its range. No option is changed then.
void take_options(Optimizer& optimizer, BaseRates& base_lrs, const std::string& json, SourceLocation where);

}  // namespace xgrad::optim
