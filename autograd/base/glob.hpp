// Names by patterns: "encoder.*", "*.weight".
#pragma once

#include <string_view>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// Whether the pattern fits all of the name: `*` stands for any characters, dots too, and none of them; `?` for any
/// one.
bool glob_fits(std::string_view pattern, std::string_view name) noexcept;

}  // namespace internal
}  // namespace xgrad
