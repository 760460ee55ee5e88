# Each benchmarks/NAME.cpp is a program on Google Benchmark. Where libtorch is found, it is linked and XGRAD_WITH_TORCH
# is defined: the same programs then measure both.

find_package(benchmark REQUIRED)
find_package(Torch QUIET)

file(GLOB benchmarks CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/benchmarks/*.cpp)
foreach(source IN LISTS benchmarks)
  cmake_path(GET source STEM name)
  xgrad_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE benchmark::benchmark OpenBLAS::OpenBLAS Threads::Threads)
  if(Torch_FOUND)
    target_link_libraries(${name} PRIVATE ${TORCH_LIBRARIES})
    target_include_directories(${name} SYSTEM PRIVATE ${TORCH_INCLUDE_DIRS})
    target_compile_definitions(${name} PRIVATE XGRAD_WITH_TORCH)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/benchmarks)
endforeach()
