# What every target of this project is compiled with, as functions that take the target.

include(CheckCXXCompilerFlag)

# ccache makes a second build of the same sources nearly free. A launcher that the user has set is left alone.
find_program(XGRAD_CCACHE ccache)
mark_as_advanced(XGRAD_CCACHE)
if(XGRAD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${XGRAD_CCACHE}")
endif()

# Warnings, for code of this project only. Headers of other projects are included as system headers.
function(xgrad_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra)
  if(XGRAD_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# The instruction set: this machine's own, with XGRAD_NATIVE. Every target that includes simd/batch.hpp needs the
# library's setting to measure or test what the library does. Nothing of it is passed on to users.
function(xgrad_native target)
  if(XGRAD_NATIVE)
    target_compile_options(${target} PRIVATE -march=native)
  endif()
endfunction()

# A program of this project: tests, examples, benchmarks.
function(xgrad_executable target)
  add_executable(${target} ${ARGN})
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${target} PRIVATE xgrad::xgrad)
  xgrad_warnings(${target})
  xgrad_native(${target})
endfunction()
