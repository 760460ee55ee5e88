# Builds and runs a user's project (tests/consume), in one of three ways:
#
#   find_package      with xgrad installed from BUILD, its build folder
#   add_subdirectory  with xgrad's sources in a folder
#   multiarch         with xgrad built for several instruction sets and installed: the loader must take the best one
#
# cmake -DWAY=... -DSOURCE=<xgrad's sources> -DBUILD=... -DWORK=<folder, made anew> -DGENERATOR=... -DSETTINGS=<-D...> -P run.cmake

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
if(WAY STREQUAL add_subdirectory)
  set(project add_subdirectory)
  list(APPEND settings -DXGRAD_FOLDER=${SOURCE})
elseif(WAY STREQUAL find_package)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
else()
  run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/xgrad ${settings} -DXGRAD_MULTIARCH=ON -DXGRAD_TESTS=OFF -DXGRAD_EXAMPLES=OFF)
  run(${CMAKE_COMMAND} --build ${WORK}/xgrad)
  run(${CMAKE_COMMAND} --install ${WORK}/xgrad --prefix ${WORK}/prefix)
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
