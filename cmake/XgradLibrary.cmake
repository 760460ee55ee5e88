# The library target xgrad, alias xgrad::xgrad.

find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)  # headers alone, which io/ compiles in
find_package(OpenBLAS REQUIRED)
find_package(xtensor REQUIRED)
# The headers alone: xtensor-blas's own CMake target would link whichever BLAS the system prefers, beside ours.
find_path(XTENSOR_BLAS_INCLUDE_DIR xtensor-blas/xlinalg.hpp REQUIRED)
mark_as_advanced(XTENSOR_BLAS_INCLUDE_DIR)

set(xgrad_folders autograd nn optim data io train)
list(TRANSFORM xgrad_folders REPLACE ".+" "${PROJECT_SOURCE_DIR}/\\0/*.cpp" OUTPUT_VARIABLE xgrad_patterns)
file(GLOB_RECURSE xgrad_sources CONFIGURE_DEPENDS ${xgrad_patterns})

# The files of a folder are compiled several at a time, as one: they share most of what they include and instantiate, so a
# build from nothing takes half of the time. Names in the unnamed namespaces of a folder are distinct therefore; the preset
# "clang" compiles each file alone, and sees what one forgot to include.
option(XGRAD_UNITY "Compile several files of the library as one: faster from nothing, slower after a change" ON)
# xtensor-blas brings a <cblas.h> of its own, beside OpenBLAS's.
set(xgrad_alone ${PROJECT_SOURCE_DIR}/autograd/kernels/lapack.cpp)
foreach(source IN LISTS xgrad_sources)
  if(source IN_LIST xgrad_alone)
    continue()
  endif()
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
  string(MAKE_C_IDENTIFIER "${folder}" folder)
  math(EXPR group "0${xgrad_count_${folder}} / 10")
  math(EXPR xgrad_count_${folder} "0${xgrad_count_${folder}} + 1")
  set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${group})
endforeach()

# Without a build type, and in one that CMake does not know (None, Coverage), it passes no -O at all, and everything would be
# 20 to 100 times slower. The library's own sources are optimised all the same, unless the user's project asks for Debug or
# its flags name a level.
set(xgrad_optimise)
if(CMAKE_CONFIGURATION_TYPES)
  set(xgrad_configurations ${CMAKE_CONFIGURATION_TYPES})
else()
  set(xgrad_configurations "${CMAKE_BUILD_TYPE}")
endif()
foreach(config IN LISTS xgrad_configurations ITEMS "")
  string(TOUPPER "${config}" upper)
  if(NOT upper STREQUAL DEBUG AND NOT " ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${upper}}" MATCHES " -O")
    list(APPEND xgrad_optimise $<$<CONFIG:${config}>:-O3>)
  endif()
endforeach()

# OpenBLAS is loaded by the first product that needs it (autograd/kernels/openblas.hpp), where its name can be read from
# its file: a shared library's, on a system of ELF files.
cmake_dependent_option(XGRAD_DEFER_OPENBLAS "Load OpenBLAS when it is first needed, not when a program starts" ON
  "BUILD_SHARED_LIBS;CMAKE_READELF;CMAKE_EXECUTABLE_FORMAT STREQUAL ELF" OFF)
set(xgrad_openblas_name)
if(XGRAD_DEFER_OPENBLAS)
  execute_process(COMMAND ${CMAKE_READELF} -d "${OpenBLAS_LIBRARY}" OUTPUT_VARIABLE dynamic ERROR_QUIET)
  if(dynamic MATCHES "\\(SONAME\\)[^\n]*\\[([^]\n]+)\\]")
    set(xgrad_openblas_name ${CMAKE_MATCH_1})
    set_property(SOURCE ${PROJECT_SOURCE_DIR}/autograd/kernels/openblas.cpp APPEND PROPERTY
      COMPILE_DEFINITIONS XGRAD_OPENBLAS="${xgrad_openblas_name}")
  else()
    message(STATUS "OpenBLAS has no name to load it by (${OpenBLAS_LIBRARY}): it is linked")
  endif()
endif()

function(xgrad_library target)
  add_library(${target} ${xgrad_sources})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(${target} SYSTEM PRIVATE ${XTENSOR_BLAS_INCLUDE_DIR})
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden  # but for what XGRAD_API marks (autograd/config.hpp)
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    UNITY_BUILD ${XGRAD_UNITY}
    UNITY_BUILD_MODE GROUP
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    INSTALL_RPATH_USE_LINK_PATH ON)  # an OpenBLAS outside of the system's folders is found when a program runs
  target_compile_options(${target} PRIVATE
    ${xgrad_optimise}
    # A multiplication is fused with an addition only where a formula says fma(): a*a - b*b of equal numbers is 0, and a seed
    # gives the same bits on each machine.
    -ffp-contract=off
    -fwrapv  # integer overflow of int64 tensors wraps
    -fno-math-errno -fno-semantic-interposition
    -ftls-model=initial-exec)  # each operation looks at a few thread-local words; so they cost no call
  # Calls inside of the library go straight to their function, not through the table that lets a program replace it. It is
  # never unloaded: its threads and its handlers of fork() and of a thread's end outlive a dlclose().
  target_link_options(${target} PRIVATE LINKER:-Bsymbolic-functions LINKER:-z,nodelete)
  xgrad_warnings(${target})
  target_link_libraries(${target}
    PRIVATE Threads::Threads ZLIB::ZLIB $<BUILD_INTERFACE:xtensor> $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)
  if(xgrad_openblas_name)
    target_include_directories(${target} SYSTEM PRIVATE ${OpenBLAS_INCLUDE_DIR})
    target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS})
    cmake_path(GET OpenBLAS_LIBRARY PARENT_PATH folder)
    if(NOT folder IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
      set_property(TARGET ${target} APPEND PROPERTY BUILD_RPATH ${folder})
      set_property(TARGET ${target} APPEND PROPERTY INSTALL_RPATH ${folder})
    endif()
  else()
    target_link_libraries(${target} PRIVATE OpenBLAS::OpenBLAS)
  endif()
endfunction()

xgrad_library(xgrad)
xgrad_native(xgrad)
add_library(xgrad::xgrad ALIAS xgrad)

# The same library for newer processors. glibc's loader looks into glibc-hwcaps/<level> of every folder that it searches,
# and takes the highest level that the machine has: a program links once and gets the copy for where it runs.
if(XGRAD_MULTIARCH)
  if(NOT BUILD_SHARED_LIBS OR NOT CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    message(FATAL_ERROR "XGRAD_MULTIARCH needs BUILD_SHARED_LIBS=ON and an x86_64 machine, "
      "but they are ${BUILD_SHARED_LIBS} and ${CMAKE_SYSTEM_PROCESSOR}.")
  endif()
  foreach(level x86-64-v3 x86-64-v4)
    xgrad_library(xgrad-${level})
    target_compile_options(xgrad-${level} PRIVATE -march=${level})
    set_target_properties(xgrad-${level} PROPERTIES
      OUTPUT_NAME xgrad
      LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/glibc-hwcaps/${level})
    install(TARGETS xgrad-${level}
      LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/glibc-hwcaps/${level} NAMELINK_SKIP)
  endforeach()
endif()
