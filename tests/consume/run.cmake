# Builds and runs a user's project (tests/consume), in one of these ways:
#
#   find_package      with xgrad installed from BUILD, its build folder
#   pkg_config        the same without CMake: one line of the compiler, the flags by pkg-config
#   add_subdirectory  with xgrad's sources in a folder
#   no_build_type     the same without a build type: only configured, to see that the library is optimised all the same
#   multiarch         with xgrad built for several instruction sets and installed: the loader must take the best one
#
# cmake -DWAY=... -DSOURCE=<xgrad's sources> -DBUILD=... -DWORK=<folder, made anew> -DGENERATOR=... -DSETTINGS=<-D...>
# -DBUILD_TYPE=<the one of SETTINGS that names it> -DCOMPILER=... -P run.cmake

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed with ${status}")
  endif()
endfunction()

# Runs the user's program while the loader believes that the machine lacks some features, and checks which copy of the
# library it takes.
function(expect_library folder masked_features)
  set(ENV{LD_DEBUG} libs)
  set(ENV{GLIBC_TUNABLES} glibc.cpu.hwcaps=${masked_features})
  execute_process(COMMAND ${WORK}/build/consumer RESULT_VARIABLE status ERROR_VARIABLE log)
  string(REGEX MATCH "calling init: ([^\n]*/libxgrad[^\n]*)" line "${log}")
  message(STATUS "features masked: '${masked_features}', loaded: ${CMAKE_MATCH_1}")
  string(FIND "${CMAKE_MATCH_1}" ${WORK}/prefix/lib/${folder}libxgrad.so at)
  if(NOT status EQUAL 0 OR NOT at EQUAL 0)
    message(FATAL_ERROR "expected the library of lib/${folder}; the program's exit status is ${status}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
set(settings -G ${GENERATOR} ${SETTINGS} -DCMAKE_INSTALL_LIBDIR=lib)
set(project find_package)
if(WAY STREQUAL add_subdirectory OR WAY STREQUAL no_build_type)
  set(project add_subdirectory)
  list(APPEND settings -DXGRAD_FOLDER=${SOURCE})
elseif(WAY STREQUAL find_package OR WAY STREQUAL pkg_config)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
else()
  run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/xgrad ${settings} -DXGRAD_MULTIARCH=ON -DXGRAD_TESTS=OFF -DXGRAD_EXAMPLES=OFF)
  run(${CMAKE_COMMAND} --build ${WORK}/xgrad)
  run(${CMAKE_COMMAND} --install ${WORK}/xgrad --prefix ${WORK}/prefix)
endif()

if(WAY STREQUAL pkg_config)
  set(ENV{PKG_CONFIG_PATH} ${WORK}/prefix/lib/pkgconfig)
  execute_process(COMMAND pkg-config --cflags --libs xgrad OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags)
  run(${COMPILER} -O1 -I${SOURCE}/tests/consume/mine ${SOURCE}/tests/consume/main.cpp -o ${WORK}/consumer ${flags})
  set(ENV{LD_LIBRARY_PATH} ${WORK}/prefix/lib)
  run(${WORK}/consumer)
  foreach(file include/xgrad.hpp include/xgrad/xgrad.hpp include/xgrad/autograd/tensor.hpp share/doc/xgrad/LICENSE)
    if(NOT EXISTS ${WORK}/prefix/${file})
      message(FATAL_ERROR "${file} is not installed")
    endif()
  endforeach()
  return()
endif()

if(WAY STREQUAL no_build_type)
  list(REMOVE_ITEM settings ${BUILD_TYPE})
  run(${CMAKE_COMMAND} -S ${SOURCE}/tests/consume/${project} -B ${WORK}/build ${settings} -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
  foreach(source autograd/ops/create nn/module)
    file(STRINGS ${WORK}/build/compile_commands.json command REGEX "\"command\".*/${source}.cpp")
    if(NOT command MATCHES " -O3 ")
      message(FATAL_ERROR "${source}.cpp is not optimised: ${command}")
    endif()
  endforeach()
  run(${CMAKE_COMMAND} ${WORK}/build -DCMAKE_BUILD_TYPE=Debug)
  file(STRINGS ${WORK}/build/compile_commands.json command REGEX "\"command\".* -O3 ")
  if(command)
    message(FATAL_ERROR "optimised although Debug was asked for: ${command}")
  endif()
  return()
endif()

run(${CMAKE_COMMAND} -S ${SOURCE}/tests/consume/${project} -B ${WORK}/build ${settings} -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)

if(WAY STREQUAL multiarch)
  execute_process(COMMAND /lib64/ld-linux-x86-64.so.2 --help OUTPUT_VARIABLE levels)
  set(best "")
  foreach(level x86-64-v3 x86-64-v4)
    if(levels MATCHES "${level} \\(supported")
      set(best glibc-hwcaps/${level}/)
    endif()
  endforeach()
  expect_library("${best}" "")
  if(best MATCHES v4)
    expect_library(glibc-hwcaps/x86-64-v3/ -AVX512F)
  endif()
  expect_library("" -AVX512F,-AVX2)
endif()
