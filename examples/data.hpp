// Where the examples' data are.
#pragma once

#include <string>

// CMake compiles the folder in. A program that was compiled by hand is started in the repository.
#ifndef XGRAD_EXAMPLE_DATA
#define XGRAD_EXAMPLE_DATA "examples/data"
#endif

/// Path of a file of examples/data.
inline std::string example_data(const std::string& name) { return std::string(XGRAD_EXAMPLE_DATA "/") + name; }
