// Writing whole files.
#pragma once

#include <string>
#include <string_view>

#include "../../autograd/error.hpp"

namespace xgrad::train::detail {

/// Writes a file in one piece: whoever reads it meanwhile sees the old one or the new one. Folders on the way are made.
/// Throws std::runtime_error, beginning with `who`.
void write_file(const char* who, const std::string& path, std::string_view bytes, SourceLocation where);

/// Makes the folder of a file that is to be written, with those on the way.
/// Throws std::runtime_error, beginning with `who`, where it cannot.
void make_folder_of(const char* who, const std::string& path, SourceLocation where);

/// "svg" of "a/loss.SVG"; empty where there is none.
std::string extension_of(const std::string& path);

}  // namespace xgrad::train::detail
