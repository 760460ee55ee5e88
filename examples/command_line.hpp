// What the examples' command lines share: numbers that are read as they are written, and how a program ends.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <string>
#include <type_traits>

#include "arguments.hpp"

/// Ends the reading of options where there is a problem with one.
inline void refuse(const std::string& option, const std::string& problem) {
  if (!problem.empty()) throw CLI::ValidationError(option, problem + '.');
}

/// Adds an option that is a whole number within bounds.
template <class Integer>
CLI::Option* add_integer(CLI::App& app, const char* name, Integer& value, std::type_identity_t<Integer> lowest,
                         std::type_identity_t<Integer> highest, const char* help = "") {
  return app
      .add_option_function<std::string>(
          name, [=, &value](const std::string& text) { refuse(name, read_integer(text, lowest, highest, value)); },
          help)
      ->type_name("INT")
      ->default_str(std::to_string(value));
}

/// Adds an option that is a number above 0.
inline CLI::Option* add_positive(CLI::App& app, const char* name, double& value, const char* help = "") {
  return app
      .add_option_function<std::string>(
          name, [=, &value](const std::string& text) { refuse(name, read_positive(text, value)); }, help)
      ->type_name("FLOAT");
}

/// Adds --seed, of all random numbers.
inline CLI::Option* add_seed(CLI::App& app, std::uint64_t& seed) {
  return add_integer(app, "--seed", seed, 0, std::numeric_limits<std::uint64_t>::max());
}

/// Adds --report, the folder in which the run's log and page are left (run_report.hpp); nothing is without it.
inline CLI::Option* add_report(CLI::App& app, std::string& folder) {
  return app.add_option("--report", folder, "folder to leave a log and report.html in")->type_name("FOLDER");
}

/// Reads the options and runs the program: its exit code, 0 where `run` answers with nothing, 1 with the message on
/// stderr where it throws.
template <class Run>
int run_program(CLI::App& app, int argc, char** argv, const Run& run) {
  CLI11_PARSE(app, argc, argv);
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<const Run&>>) {
      run();
      return 0;
    } else {
      return run();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
