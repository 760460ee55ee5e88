#include "source_dir.hpp"

const std::string& xgrad::testing::source_dir() {
  static const std::string folder = XGRAD_SOURCE_DIR;
  return folder;
}
