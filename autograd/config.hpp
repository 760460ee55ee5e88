// What holds for every file that includes xgrad: the language standard, and which symbols the library exports.
#pragma once

#if __cplusplus < 202002L
#error "xgrad needs C++20: compile with -std=c++20 or later"
#endif

/// Marks what belongs to the library's interface: a block, `namespace xgrad XGRAD_API {`, or (which a block does not
/// reach) a function template whose instances the library has. What is not marked is hidden in the shared library. The
/// kernels and the graph that templates in public headers (map, each, record) reach carry it too, and the few internal
/// functions that have tests of their own. The .cpp files of a marked header mark their blocks as well: clang++ looks
/// at the block in which a function is defined, g++ at the one in which it is declared.
#define XGRAD_API __attribute__((visibility("default")))

// xtl's variant calls an unqualified data() that argument-dependent lookup is to find. After `using namespace xgrad;`
// the ordinary lookup would meet the namespace xgrad::data first, which is an error; this never chosen function ends it
// earlier.
namespace mpark::detail {
void data();
}
