# xgrad_tests (tests/**.cpp) and xgrad_conformance (tests/conformance/*.cpp).

find_package(Catch2 REQUIRED)
find_package(nlohmann_json REQUIRED)

option(XGRAD_TEST_MULTIARCH "Test the package for several instruction sets: compiles the library three times" OFF)

file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*.cpp)
list(FILTER test_sources EXCLUDE REGEX "/tests/(consume|conformance)/")
set(test_main ${PROJECT_SOURCE_DIR}/tests/main.cpp)

if(EXISTS ${test_main})
  xgrad_executable(xgrad_tests ${test_sources})
  target_link_libraries(xgrad_tests PRIVATE Catch2::Catch2 nlohmann_json::nlohmann_json xtensor)
  target_include_directories(xgrad_tests SYSTEM PRIVATE ${XTENSOR_BLAS_INCLUDE_DIR})
  target_compile_definitions(xgrad_tests PRIVATE XGRAD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # ccache cannot share objects between build folders where a precompiled header is in play.
  if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
    target_precompile_headers(xgrad_tests PRIVATE ${PROJECT_SOURCE_DIR}/tests/catch.hpp)
    set_source_files_properties(${test_main} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endif()

  # One test for each file of test cases: a process for each of several hundred cases would take longer than the cases.
  list(REMOVE_ITEM test_sources ${test_main})
  set(test_names)
  foreach(source IN LISTS test_sources)
    cmake_path(GET source STEM name)
    list(APPEND test_names ${name})
  endforeach()
  list(REMOVE_DUPLICATES test_names)
  foreach(name IN LISTS test_names)
    # -# makes each file's name a tag of its cases: #grad.
    add_test(NAME ${name} COMMAND xgrad_tests "-#" "[#${name}]~[.]" WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES LABELS unit)
  endforeach()

  # The SIMD layer is compiled in users' files, at whatever instruction set they take. The tests above are compiled for
  # this machine's; these for the least, and for a machine whose instructions xgrad has no names for.
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    foreach(level baseline unknown)
      add_executable(xgrad_simd_${level} tests/simd.cpp ${test_main})
      set_target_properties(xgrad_simd_${level} PROPERTIES CXX_EXTENSIONS OFF)
      target_link_libraries(xgrad_simd_${level} PRIVATE xgrad::xgrad Catch2::Catch2)
      xgrad_warnings(xgrad_simd_${level})
      target_compile_options(xgrad_simd_${level} PRIVATE -march=x86-64 $<$<STREQUAL:${level},unknown>:-U__SSE2__>)
      add_test(NAME simd.${level} COMMAND xgrad_simd_${level} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
      set_tests_properties(simd.${level} PROPERTIES LABELS unit)
    endforeach()
  endif()
endif()

file(GLOB conformance_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/conformance/*.cpp)
if(conformance_sources)
  set(XGRAD_CONFORMANCE ${PROJECT_SOURCE_DIR}/../shared/conformance CACHE PATH "Folder of the conformance cases")
  if(DEFINED ENV{XGRAD_CONFORMANCE})
    set(XGRAD_CONFORMANCE $ENV{XGRAD_CONFORMANCE})
  endif()
  xgrad_executable(xgrad_conformance ${conformance_sources})
  target_link_libraries(xgrad_conformance PRIVATE nlohmann_json::nlohmann_json)
  add_test(NAME conformance COMMAND xgrad_conformance ${XGRAD_CONFORMANCE})
  add_test(NAME conformance.strided COMMAND xgrad_conformance ${XGRAD_CONFORMANCE} --strided)
  set_tests_properties(conformance conformance.strided PROPERTIES SKIP_RETURN_CODE 77 LABELS conformance)
endif()

# Users' projects: with the installed package, with the sources in a subfolder (xgrad's own settings are passed on, so
# that ccache knows all its objects already), and with a package for several instruction sets.
set(ways find_package add_subdirectory)
if(XGRAD_TEST_MULTIARCH)
  list(APPEND ways multiarch)
endif()
set(settings
  -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
  -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER} -DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS})
foreach(way IN LISTS ways)
  set(way_settings ${settings})
  if(way STREQUAL add_subdirectory)
    list(APPEND way_settings -DXGRAD_NATIVE=${XGRAD_NATIVE})
  endif()
  add_test(NAME consume.${way} COMMAND ${CMAKE_COMMAND}
    -DWAY=${way} -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR}
    -DWORK=${PROJECT_BINARY_DIR}/consume/${way} -DGENERATOR=${CMAKE_GENERATOR} "-DSETTINGS=${way_settings}"
    -P ${PROJECT_SOURCE_DIR}/tests/consume/run.cmake)
  set_tests_properties(consume.${way} PROPERTIES LABELS consume)
endforeach()
