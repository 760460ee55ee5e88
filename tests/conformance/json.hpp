// JSON text to and from Value. The one translation unit that includes the JSON library.
#pragma once

#include <string>
#include <string_view>

#include "value.hpp"

namespace conformance {

/// Throws std::runtime_error on malformed text. {"float": "inf"} becomes that number.
Value parse_json(std::string_view text);

/// Indented by two spaces.
std::string write_json(const Value& value);

}  // namespace conformance
