// Text as numbers, one for each character: for language models.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Reads a text file, plain or compressed by gzip.
/// Throws: FileError for a file that cannot be read, is damaged, or is not UTF-8; it tells the line.
/// Example: `std::string plays = data::read_text("shakespeare.txt.gz");`
std::string read_text(const std::string& path, SourceLocation where = SourceLocation::current());

/// Characters numbers the different characters of a text, in ascending order of their code points. A character is a
/// code point of Unicode, in UTF-8 of one to four bytes.
///
/// Example:
///
///     data::Characters characters(text);
///     Tensor numbers = characters.encode(text);            // int64 [length]
///     std::string same = characters.decode(numbers);
class Characters {
 public:
  /// Throws: std::invalid_argument for a text that is not UTF-8.
  explicit Characters(const std::string& text, SourceLocation where = SourceLocation::current());

  /// How many different characters there are.
  std::int64_t count() const { return static_cast<std::int64_t>(characters_.size()); }
  /// The characters in the order of their numbers, each as a string.
  const std::vector<std::string>& characters() const { return characters_; }

  /// The text's characters as numbers.
  /// Shapes: `-> [length]`.
  /// Dtype: int64.
  /// Throws: std::invalid_argument for a text that is not UTF-8, and for a character that is not among these.
  Tensor encode(const std::string& text, SourceLocation where = SourceLocation::current()) const;
  /// The text of numbers, whatever their shape, in row-major order.
  /// Dtype: int64.
  /// Throws: std::out_of_range for a number that no character has; std::invalid_argument for another dtype.
  std::string decode(const Tensor& numbers, SourceLocation where = SourceLocation::current()) const;

 private:
  std::vector<std::string> characters_;
};

}  // namespace data
}  // namespace xgrad
