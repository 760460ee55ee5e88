// Errors about what a file holds, of those who take it over and do not know of the file.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "../../autograd/error.hpp"

namespace xgrad::io::detail {

/// Runs `take`, and has its std::invalid_argument begin with the file's name: "mlp.safetensors: Mlp: the names ...".
template <class F>
void naming_file(const std::string& path, const F& take) {
  try {
    take();
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(concat(shortened(path, 160), ": ", std::string_view(error.what())));
  }
}

}  // namespace xgrad::io::detail
