# Builds and runs a user's project: cmake -DWAY=find_package|add_subdirectory -DBUILD=<xgrad's build folder> ... -P run.cmake
# The folder WORK is made anew. SOURCE is xgrad's source folder; the other variables are xgrad's own settings.

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed with ${status}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
if(WAY STREQUAL find_package)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
endif()
run(${CMAKE_COMMAND} -S ${SOURCE}/tests/consume/${WAY} -B ${WORK}/build -G ${GENERATOR}
  -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}
  -DCMAKE_CXX_FLAGS=${FLAGS}
  # find_package: only the installed files are to be found. add_subdirectory: xgrad's own flags, so that ccache knows all
  # its objects already.
  -DCMAKE_PREFIX_PATH=${WORK}/prefix -DXGRAD_FOLDER=${SOURCE} -DXGRAD_NATIVE=${NATIVE})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)
