# bench_compare measures xgrad beside libtorch, where that is found, and the machine's limits; bench_functions the
# functions of SIMD batches beside xsimd's, where that is found; bench_counters counts what xgrad asks of the system;
# bench_files reads files beside read(2);
# bench_first is what the first steps of a process cost.

find_package(benchmark REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Torch QUIET)
find_package(xtl QUIET)  # xsimd 8 links it without looking for it
find_package(xsimd QUIET)

set(benchmark_folder ${PROJECT_SOURCE_DIR}/benchmarks)
string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
string(JOIN " " benchmark_flags ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}} $<$<BOOL:${XGRAD_NATIVE}>:-march=native>)

xgrad_executable(bench_compare
  ${benchmark_folder}/compare.cpp ${benchmark_folder}/data.cpp ${benchmark_folder}/limits.cpp ${benchmark_folder}/process.cpp
  ${benchmark_folder}/layers_limit.cpp ${benchmark_folder}/layers_torch.cpp ${benchmark_folder}/layers_xgrad.cpp
  ${benchmark_folder}/torch_operations.cpp ${benchmark_folder}/torch_peer.cpp ${benchmark_folder}/xgrad_operations.cpp
  ${benchmark_folder}/xgrad_peer.cpp)
target_compile_definitions(bench_compare PRIVATE
  XGRAD_BENCHMARK_FLAGS="${benchmark_flags}"
  XGRAD_BENCHMARK_COMPILER="${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
target_link_libraries(bench_compare PRIVATE
  benchmark::benchmark nlohmann_json::nlohmann_json OpenBLAS::OpenBLAS OpenMP::OpenMP_CXX Threads::Threads)
if(Torch_FOUND)
  # For two files: the others need not know of libtorch, nor wait for its headers.
  set(torch_files ${benchmark_folder}/layers_torch.cpp ${benchmark_folder}/torch_operations.cpp
    ${benchmark_folder}/torch_peer.cpp)
  set_property(SOURCE ${torch_files} APPEND PROPERTY COMPILE_DEFINITIONS XGRAD_WITH_TORCH)
  foreach(folder IN LISTS TORCH_INCLUDE_DIRS)
    if(NOT folder IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
      set_property(SOURCE ${torch_files} APPEND PROPERTY COMPILE_OPTIONS -isystem ${folder})
    endif()
  endforeach()
  find_library(TORCH_CPU_LIBRARY torch_cpu REQUIRED)
  find_library(C10_LIBRARY c10 REQUIRED)
  mark_as_advanced(TORCH_CPU_LIBRARY C10_LIBRARY)
  target_link_libraries(bench_compare PRIVATE ${TORCH_CPU_LIBRARY} ${C10_LIBRARY})

  add_executable(bench_first_torch ${benchmark_folder}/first_torch.cpp)
  target_compile_features(bench_first_torch PRIVATE cxx_std_17)
  target_include_directories(bench_first_torch SYSTEM PRIVATE ${TORCH_INCLUDE_DIRS})
  target_link_libraries(bench_first_torch PRIVATE ${TORCH_CPU_LIBRARY} ${C10_LIBRARY})
endif()

# Processes whose first gradient is timed: bench_compare starts them.
xgrad_executable(bench_first ${benchmark_folder}/first.cpp)
add_executable(bench_first_nothing ${benchmark_folder}/first_nothing.cpp)
add_dependencies(bench_compare bench_first bench_first_nothing)
if(Torch_FOUND)
  add_dependencies(bench_compare bench_first_torch)
endif()

xgrad_executable(bench_counters ${benchmark_folder}/counters.cpp ${benchmark_folder}/data.cpp)

# Loading files, beside read(2).
xgrad_executable(bench_files ${benchmark_folder}/files.cpp)

set(benchmark_programs bench_compare bench_counters bench_files bench_first bench_first_nothing)
if(Torch_FOUND)
  list(APPEND benchmark_programs bench_first_torch)
endif()

if(xsimd_FOUND)
  xgrad_executable(bench_functions ${benchmark_folder}/functions.cpp ${benchmark_folder}/data.cpp)
  target_link_libraries(bench_functions PRIVATE benchmark::benchmark xsimd Threads::Threads)
  # g++ 12 warns of the deliberately undefined registers in its own AVX-512 intrinsics (GCC bug 105593).
  target_compile_options(bench_functions PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  list(APPEND benchmark_programs bench_functions)
endif()

set_target_properties(${benchmark_programs} PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/benchmarks)
