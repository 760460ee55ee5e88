# xgrad_tests (tests/*.cpp), xgrad_tests_<folder> (tests/<folder>/*.cpp) and xgrad_conformance (tests/conformance/*.cpp).

find_package(Catch2 REQUIRED)
find_package(nlohmann_json REQUIRED)

option(XGRAD_TEST_MULTIARCH "Test the package for several instruction sets: compiles the library three times" OFF)

# Catch2's runner, which takes longer to compile than any file of tests.
add_library(xgrad_test_main OBJECT ${PROJECT_SOURCE_DIR}/tests/main.cpp ${PROJECT_SOURCE_DIR}/tests/source_dir.cpp)
set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/source_dir.cpp PROPERTIES
  COMPILE_DEFINITIONS XGRAD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
set_target_properties(xgrad_test_main PROPERTIES CXX_EXTENSIONS OFF)
target_link_libraries(xgrad_test_main PRIVATE xgrad::xgrad Catch2::Catch2)

# A program of test cases. They are compiled with little optimisation: the library is what should run fast.
function(xgrad_test_program target)
  xgrad_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE xgrad_test_main Catch2::Catch2)
  if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    target_compile_options(${target} PRIVATE -O1)
  endif()
endfunction()

# The programs by folder. One test for each file of test cases: a process for each of several hundred cases would take
# longer than the cases.
file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/tests/*.cpp)
list(FILTER test_sources EXCLUDE REGEX "^(consume|conformance|fuzz)/|^(main|source_dir).cpp$")
set(test_programs)
foreach(source IN LISTS test_sources)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(GET source STEM stem)
  if(folder STREQUAL "")
    set(program xgrad_tests)
    set(name ${stem})
  else()
    string(REPLACE "/" "_" program xgrad_tests_${folder})
    string(REPLACE "/" "." name ${folder}.${stem})
  endif()
  list(APPEND test_programs ${program})
  list(APPEND ${program}_sources ${PROJECT_SOURCE_DIR}/tests/${source})
  if(name STREQUAL io.read_back)  # half a test: io.numpy below runs it
    continue()
  endif()
  # -# makes each file's name a tag of its cases: #grad.
  add_test(NAME ${name} COMMAND ${program} "-#" "[#${stem}]~[.]" WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS unit)
endforeach()
# The guide's cure for formulas that the compiler fuses, where it fuses.
set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/autograd/contraction.cpp PROPERTIES
  COMPILE_OPTIONS "-O2;-ffp-contract=off")
list(REMOVE_DUPLICATES test_programs)
foreach(program IN LISTS test_programs)
  xgrad_test_program(${program} ${${program}_sources})
endforeach()
foreach(program xgrad_tests_autograd xgrad_tests_engine xgrad_tests_op_table)  # those that use xtensor
  target_link_libraries(${program} PRIVATE xtensor)
  target_include_directories(${program} SYSTEM PRIVATE ${XTENSOR_BLAS_INCLUDE_DIR})
endforeach()
target_link_libraries(xgrad_tests_train PRIVATE ZLIB::ZLIB nlohmann_json::nlohmann_json)  # which read files back
foreach(program xgrad_tests_engine xgrad_tests_op_table)  # those that call xt::linalg
  target_link_libraries(${program} PRIVATE OpenBLAS::OpenBLAS)
endforeach()

target_link_libraries(xgrad_tests_io PRIVATE ZLIB::ZLIB)  # it deflates archives by hand

# NumPy reads what xgrad writes, and the other way round. Of several Pythons the first is taken that has NumPy; with none
# the test says that it is skipped.
set(python python3)
foreach(candidate python3 /usr/bin/python3)
  execute_process(COMMAND ${candidate} -c "import numpy" RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
  if(result EQUAL 0)
    set(python ${candidate})
    break()
  endif()
endforeach()
find_program(XGRAD_PYTHON ${python})
mark_as_advanced(XGRAD_PYTHON)
if(XGRAD_PYTHON)
  add_test(NAME io.numpy
    COMMAND ${XGRAD_PYTHON} ${PROJECT_SOURCE_DIR}/tests/io/read_back.py $<TARGET_FILE:xgrad_tests_io>)
  set_tests_properties(io.numpy PROPERTIES LABELS unit SKIP_RETURN_CODE 77)
else()
  message(STATUS "Python 3 was not found: files are not compared with NumPy's (Debian: python3-numpy)")
endif()

# The readers of files, on files that are nearly right: by changes to good ones, the same on every machine, and with
# XGRAD_FUZZERS (clang++ alone) by what libFuzzer finds. Under the address sanitizer they say most.
option(XGRAD_FUZZERS "Build xgrad_libfuzzer: clang++, with CMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link,address" OFF)
xgrad_executable(xgrad_fuzz ${PROJECT_SOURCE_DIR}/tests/fuzz/mutate.cpp ${PROJECT_SOURCE_DIR}/tests/fuzz/readers.cpp)
target_link_libraries(xgrad_fuzz PRIVATE ZLIB::ZLIB)
foreach(reader safetensors npy npz checkpoint)
  add_test(NAME fuzz.${reader} COMMAND xgrad_fuzz ${reader} 5000)
  set_tests_properties(fuzz.${reader} PROPERTIES LABELS unit)
endforeach()
if(XGRAD_FUZZERS)
  xgrad_executable(xgrad_libfuzzer ${PROJECT_SOURCE_DIR}/tests/fuzz/readers.cpp)
  target_compile_definitions(xgrad_libfuzzer PRIVATE XGRAD_LIBFUZZER)
  target_compile_options(xgrad_libfuzzer PRIVATE -fsanitize=fuzzer)
  target_link_options(xgrad_libfuzzer PRIVATE -fsanitize=fuzzer)
endif()

# The sweeps of accuracy read the operators' table, whose objects they share. MPFR says what is exact; without it that part
# is skipped.
target_link_libraries(xgrad_tests_accuracy PRIVATE $<TARGET_OBJECTS:xgrad_tests_op_table> OpenBLAS::OpenBLAS)
find_path(XGRAD_MPFR_INCLUDE_DIR mpfr.h)
find_library(XGRAD_MPFR_LIBRARY mpfr)
find_library(XGRAD_GMP_LIBRARY gmp)
mark_as_advanced(XGRAD_MPFR_INCLUDE_DIR XGRAD_MPFR_LIBRARY XGRAD_GMP_LIBRARY)
if(XGRAD_MPFR_INCLUDE_DIR AND XGRAD_MPFR_LIBRARY AND XGRAD_GMP_LIBRARY)
  target_compile_definitions(xgrad_tests_accuracy PRIVATE XGRAD_MPFR=1)
  target_include_directories(xgrad_tests_accuracy SYSTEM PRIVATE ${XGRAD_MPFR_INCLUDE_DIR})
  target_link_libraries(xgrad_tests_accuracy PRIVATE ${XGRAD_MPFR_LIBRARY} ${XGRAD_GMP_LIBRARY})
else()
  message(STATUS "MPFR was not found: float64 results are not compared with exact ones (Debian: libmpfr-dev)")
  target_compile_definitions(xgrad_tests_accuracy PRIVATE XGRAD_MPFR=0)
endif()

# The SIMD layer is compiled in users' files, at whatever instruction set they take. The tests above are compiled for
# this machine's; these for the least, and for a machine whose instructions xgrad has no names for.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
  foreach(level baseline unknown)
    add_executable(xgrad_simd_${level} tests/simd/simd.cpp)
    set_target_properties(xgrad_simd_${level} PROPERTIES CXX_EXTENSIONS OFF)
    target_link_libraries(xgrad_simd_${level} PRIVATE xgrad::xgrad xgrad_test_main Catch2::Catch2)
    xgrad_warnings(xgrad_simd_${level})
    target_compile_options(xgrad_simd_${level} PRIVATE -march=x86-64 $<$<STREQUAL:${level},unknown>:-U__SSE2__>)
    add_test(NAME simd.${level} COMMAND xgrad_simd_${level} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(simd.${level} PROPERTIES LABELS unit)
  endforeach()
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

# Users' projects: with the installed package, with the sources in a subfolder (which compiles the library once more), without
# a build type, by pkg-config, and with a package for several instruction sets.
set(ways find_package add_subdirectory no_build_type)
find_program(XGRAD_PKG_CONFIG pkg-config)
mark_as_advanced(XGRAD_PKG_CONFIG)
if(XGRAD_PKG_CONFIG AND BUILD_SHARED_LIBS AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  list(APPEND ways pkg_config)
endif()
if(XGRAD_TEST_MULTIARCH)
  list(APPEND ways multiarch)
endif()
set(settings
  -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
  -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER} -DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS})
foreach(way IN LISTS ways)
  set(way_settings ${settings})
  if(way STREQUAL add_subdirectory OR way STREQUAL no_build_type)
    list(APPEND way_settings -DXGRAD_NATIVE=${XGRAD_NATIVE})
  endif()
  add_test(NAME consume.${way} COMMAND ${CMAKE_COMMAND}
    -DWAY=${way} -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR}
    -DWORK=${PROJECT_BINARY_DIR}/consume/${way} -DGENERATOR=${CMAKE_GENERATOR} "-DSETTINGS=${way_settings}"
    -DBUILD_TYPE=-DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE} -DCOMPILER=${CMAKE_CXX_COMPILER}
    -P ${PROJECT_SOURCE_DIR}/tests/consume/run.cmake)
  set_tests_properties(consume.${way} PROPERTIES LABELS consume)
endforeach()
