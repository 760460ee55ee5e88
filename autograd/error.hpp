// Errors: one sentence with the operation, what had to hold, what came, and the user's line:
// "matmul: inner sizes must agree, but a is [2, 3] and b is [4, 5] (3 != 4). at model.cpp:42".
//
// std::invalid_argument for shapes, dtypes and options, std::out_of_range for axes and indices, std::logic_error
// for misuse of the graph.
#pragma once

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "dtype.hpp"

namespace xgrad XGRAD_API {

/// A place in source code. As a defaulted argument it is the caller's place. (clang 14 has no std::source_location.)
///
/// Filled braces become none: the {0, 2} of x[{slice(), {0, 2}}] are positions, and no null pointer with a line.
struct SourceLocation {
  constexpr SourceLocation() = default;
  explicit constexpr SourceLocation(const char* its_file, int its_line) : file(its_file), line(its_line) {}

  const char* file = nullptr;
  int line = 0;

  static constexpr SourceLocation current(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return SourceLocation(file, line);
  }
  bool known() const { return file != nullptr; }
};

/// Makes the operators that this thread calls while it lives report one place instead of their own caller's. A public
/// function that is composed of operators opens one, so that errors and graph nodes name the user's line rather than a
/// line of the library. The outermost scope wins. Not for functions that call the user's code.
class [[nodiscard]] CallSite {
 public:
  explicit CallSite(SourceLocation where);
  ~CallSite();
  CallSite(const CallSite&) = delete;
  CallSite& operator=(const CallSite&) = delete;

  /// The outermost scope's place on this thread, or `fallback` where none is open.
  static SourceLocation or_else(SourceLocation fallback);

 private:
  bool outermost_;
};

// What an error message is put together from. A type joins in by an append_text of its own.
inline void append_text(std::string& out, std::string_view text) { out += text; }
inline void append_text(std::string& out, DType dtype) { out += name(dtype); }
/// Writes "file:line", the file without its folders.
void append_text(std::string& out, SourceLocation where);
/// Writes the fewest digits that read back as the same number, so that 1.0000001 does not stand as 1.
void append_text(std::string& out, double value);
template <std::integral T>
void append_text(std::string& out, T value) {
  if constexpr (std::same_as<T, bool>)
    out += value ? "true" : "false";
  else if constexpr (std::same_as<T, char>)
    out += value;
  else
    out += std::to_string(value);
}
/// Writes what a function answers with: a part that takes work is put together only where the message is needed,
/// `check(holds, where, "at ", [&] { return described(i); })`.
template <std::invocable F>
void append_text(std::string& out, const F& text) {
  append_text(out, text());
}

namespace internal {
/// How a tensor comes to be undefined, as the end of a message.
inline constexpr char kWhyUndefined[] =
    "default-constructed, moved from, or the grad() of a tensor that no backward() has filled, or that is no leaf.";
}  // namespace internal

/// One string of the parts, written one after the other.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string text;
  (append_text(text, parts), ...);
  return text;
}

/// A text of more than `longest` characters without its middle, which two thirds of them and one third at the end
/// enclose.
std::string shortened(std::string text, std::size_t longest = 480);

/// The message as a sentence and, where it is known, the place: "... . at model.cpp:42".
std::string with_place(std::string message, SourceLocation where);

/// Throws Error with the message, which is shortened() (a list of many names makes it long: its ends say which
/// operation it was and what to do), and the place.
template <class Error>
[[noreturn]] XGRAD_API void fail(SourceLocation where, std::string message);
extern template void fail<std::invalid_argument>(SourceLocation, std::string);
extern template void fail<std::out_of_range>(SourceLocation, std::string);
extern template void fail<std::logic_error>(SourceLocation, std::string);
extern template void fail<std::runtime_error>(SourceLocation, std::string);

/// Throws Error unless `holds`. The message is put together only then, so a check costs one comparison. The parts are
/// evaluated either way, as all arguments are: pass values, and functions in place of the strings that concat() makes.
template <class Error = std::invalid_argument, class... Parts>
void check(bool holds, SourceLocation where, const Parts&... parts) {
  if (!holds) [[unlikely]]
    fail<Error>(where, concat(parts...));
}

}  // namespace xgrad
