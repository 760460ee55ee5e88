# Each examples/NAME.cpp is a program, and a test that runs it with small settings.

find_package(CLI11 QUIET)

# What the tests run them with; without an entry: no arguments.
set(xgrad_arguments_digits --epochs 2)
set(xgrad_arguments_diabetes --epochs 1000)
set(xgrad_arguments_optimizers --epochs 1)
set(xgrad_arguments_pinn --adam 50 --lbfgs 3)
set(xgrad_arguments_vanishing_gradients --depth 6)
set(xgrad_arguments_char_lstm --steps 20 --hidden 32 --validate 8 --write 40)
set(xgrad_arguments_transformer --steps 6 --layers 1 --width 32 --validate 8 --write 20)
set(xgrad_arguments_titanic --epochs 3)
set(xgrad_arguments_breast_cancer --epochs 3)

file(GLOB examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
foreach(source IN LISTS examples)
  cmake_path(GET source STEM name)
  xgrad_executable(${name} ${source})
  if(CLI11_FOUND)
    target_link_libraries(${name} PRIVATE CLI11::CLI11)
  endif()
  if(name MATCHES "^xtensor_")
    target_link_libraries(${name} PRIVATE xtensor)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
  add_test(NAME example.${name} COMMAND ${name} ${xgrad_arguments_${name}} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(example.${name} PROPERTIES LABELS example)
endforeach()
