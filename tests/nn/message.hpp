// What an error says.
#pragma once

#include <exception>
#include <string>

namespace xgrad::nn::testing {

/// The message of the Error that f throws; says so where it throws none.
template <class Error, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another type of error: ") + error.what();
  }
  return "no error";
}

/// " at file:line" for the line it is written in.
inline std::string at(const char* file, int line) { return std::string(" at ") + file + ":" + std::to_string(line); }

}  // namespace xgrad::nn::testing
