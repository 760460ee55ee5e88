// Which of a function's operations has the wrong rule.
#pragma once

#include <cstddef>
#include <string>

#include "derivative_of_order.hpp"

namespace xgrad::internal {

/// Moves one element of the variables a little and compares, for each operation that was recorded on the way, how its
/// value moved with what its rule makes of how its inputs moved. Answers with the operation that is furthest off and
/// its line, "cube (model.cpp:12)"; empty when none is, or the function records other operations at each call.
std::string find_faulty_rule(DerivativeOfOrder& derivative, std::size_t element);

/// The operation whose rule gives another cotangent when it also records the cotangent's graph, and its line.
std::string find_inconsistent_rule(DerivativeOfOrder& derivative);

}  // namespace xgrad::internal
