# Finds OpenBLAS with its CBLAS and LAPACK interfaces: the target OpenBLAS::OpenBLAS.
#
# A module of our own because what is installed differs: Debian keeps OpenBLAS beside other BLAS libraries and describes
# it by pkg-config, conda-forge and source builds describe it by their own CMake files, or not at all.

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_OpenBLAS QUIET openblas)
endif()

# openblas_config.h stands beside OpenBLAS's cblas.h and beside nobody else's.
find_path(OpenBLAS_INCLUDE_DIR openblas_config.h
  HINTS ${PC_OpenBLAS_INCLUDE_DIRS}
  PATH_SUFFIXES openblas openblas-pthread openblas-openmp)
# The usual folders first: there Debian's alternatives decide which of its builds is taken.
find_library(OpenBLAS_LIBRARY openblas)
find_library(OpenBLAS_LIBRARY openblas
  PATHS ${PC_OpenBLAS_LIBRARY_DIRS}
  PATH_SUFFIXES openblas openblas-pthread openblas-openmp)
mark_as_advanced(OpenBLAS_INCLUDE_DIR OpenBLAS_LIBRARY)

set(OpenBLAS_VERSION ${PC_OpenBLAS_VERSION})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenBLAS
  REQUIRED_VARS OpenBLAS_LIBRARY OpenBLAS_INCLUDE_DIR
  VERSION_VAR OpenBLAS_VERSION
  REASON_FAILURE_MESSAGE "Debian: libopenblas-dev. conda-forge: openblas.")

if(OpenBLAS_FOUND AND NOT TARGET OpenBLAS::OpenBLAS)
  add_library(OpenBLAS::OpenBLAS UNKNOWN IMPORTED)
  set_target_properties(OpenBLAS::OpenBLAS PROPERTIES
    IMPORTED_LOCATION "${OpenBLAS_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${OpenBLAS_INCLUDE_DIR}")
endif()
