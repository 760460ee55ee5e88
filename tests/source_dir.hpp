// Where the repository is. In a file of its own, so that the objects of the tests are the same in every checkout.
#pragma once

#include <string>

namespace xgrad::testing {

/// The repository's folder, without a slash at its end.
const std::string& source_dir();

}  // namespace xgrad::testing
