# The libraries that Covary stands on, as one interface target: covary_dependencies.

find_package(PkgConfig REQUIRED)
find_package(MPI 3.0 REQUIRED COMPONENTS C)

# Parallel HDF5: a serial one fails here, not at run time.
set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 1.10 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR
    "HDF5 at ${HDF5_INCLUDE_DIRS} was built without MPI. Covary writes collectively and needs "
    "parallel HDF5 (Debian: libhdf5-openmpi-dev); point CMake to it with -DHDF5_ROOT=PREFIX.")
endif()

# ScaLAPACK: given libraries, else its CMake package, else pkg-config.
set(COVARY_SCALAPACK_LIBRARIES "" CACHE STRING
    "Libraries to link for ScaLAPACK and BLACS; empty: look for them")
add_library(covary_scalapack INTERFACE)
if(COVARY_SCALAPACK_LIBRARIES)
  set(COVARY_SCALAPACK_SOURCE "override")
  target_link_libraries(covary_scalapack INTERFACE ${COVARY_SCALAPACK_LIBRARIES})
else()
  find_package(scalapack CONFIG QUIET)
  if(TARGET scalapack AND NOT COVARY_SCALAPACK_NO_CONFIG)
    set(COVARY_SCALAPACK_SOURCE "CMake package")
    target_link_libraries(covary_scalapack INTERFACE scalapack)
  else()
    foreach(name scalapack-openmpi scalapack-mpich scalapack)
      pkg_check_modules(SCALAPACK QUIET IMPORTED_TARGET ${name})
      if(SCALAPACK_FOUND)
        break()
      endif()
    endforeach()
    if(NOT SCALAPACK_FOUND)
      message(FATAL_ERROR
        "ScaLAPACK not found (Debian: libscalapack-openmpi-dev). Set scalapack_DIR, PKG_CONFIG_PATH "
        "or -DCOVARY_SCALAPACK_LIBRARIES=\"...\".")
    endif()
    set(COVARY_SCALAPACK_SOURCE "pkg-config")
    target_link_libraries(covary_scalapack INTERFACE PkgConfig::SCALAPACK)
  endif()
endif()
message(STATUS "ScaLAPACK: ${COVARY_SCALAPACK_SOURCE}")

pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(CYAML REQUIRED IMPORTED_TARGET libcyaml)

# libyaml gives libcyaml's documents their line numbers back.
find_library(YAML_LIBRARY yaml REQUIRED)
find_path(YAML_INCLUDE_DIR yaml.h REQUIRED)

add_library(covary_dependencies INTERFACE)
target_include_directories(covary_dependencies SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS}
                                                                ${YAML_INCLUDE_DIR})
target_link_libraries(covary_dependencies INTERFACE covary_scalapack PkgConfig::OPENBLAS
                      ${HDF5_C_LIBRARIES} PkgConfig::CYAML ${YAML_LIBRARY} MPI::MPI_C m)
