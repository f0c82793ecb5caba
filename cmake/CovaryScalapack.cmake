# ScaLAPACK as the interface target covary_scalapack: given libraries (by option or environment),
# else its CMake package, else pkg-config.  Whatever is found has to link.
set(COVARY_SCALAPACK_LIBRARIES "$ENV{COVARY_SCALAPACK_LIBRARIES}" CACHE STRING
    "Libraries to link for ScaLAPACK and BLACS; empty: look for them")
option(COVARY_SCALAPACK_CONFIG "Look for the CMake package of ScaLAPACK" ON)

set(probe_source ${CMAKE_CURRENT_LIST_DIR}/scalapack-probe)

# The CMake package is first tried by a CMake of its own, because a broken one (Debian 12's names
# files that it does not install) is a fatal error which cannot be caught here.
function(covary_scalapack_package_works result)
  set(folder ${CMAKE_BINARY_DIR}/scalapack-probe)
  file(REMOVE_RECURSE ${folder})
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${probe_source} -B ${folder} -G ${CMAKE_GENERATOR}
                          -DCMAKE_MAKE_PROGRAM=${CMAKE_MAKE_PROGRAM}
                          -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}
                          "-DCMAKE_PREFIX_PATH=${CMAKE_PREFIX_PATH}"
                          "-Dscalapack_ROOT=${scalapack_ROOT}" "-Dscalapack_DIR=${scalapack_DIR}"
                  RESULT_VARIABLE failed OUTPUT_QUIET ERROR_FILE ${folder}.log)
  set(${result} OFF PARENT_SCOPE)
  if(NOT failed)
    set(${result} ON PARENT_SCOPE)
  endif()
endfunction()

add_library(covary_scalapack INTERFACE)
set(COVARY_SCALAPACK_SOURCE "")
if(COVARY_SCALAPACK_LIBRARIES)
  set(COVARY_SCALAPACK_SOURCE "COVARY_SCALAPACK_LIBRARIES")
  set(scalapack_libraries ${COVARY_SCALAPACK_LIBRARIES})
elseif(COVARY_SCALAPACK_CONFIG)
  if(NOT DEFINED COVARY_SCALAPACK_PACKAGE_WORKS
     OR NOT COVARY_SCALAPACK_PACKAGE_TRIED STREQUAL "${scalapack_DIR};${CMAKE_PREFIX_PATH}")
    covary_scalapack_package_works(works)
    set(COVARY_SCALAPACK_PACKAGE_WORKS ${works} CACHE INTERNAL "")
    set(COVARY_SCALAPACK_PACKAGE_TRIED "${scalapack_DIR};${CMAKE_PREFIX_PATH}" CACHE INTERNAL "")
  endif()
  if(COVARY_SCALAPACK_PACKAGE_WORKS)
    find_package(scalapack CONFIG REQUIRED)
    set(COVARY_SCALAPACK_SOURCE "CMake package ${scalapack_DIR}")
    set(scalapack_libraries scalapack)
  endif()
endif()
if(NOT COVARY_SCALAPACK_SOURCE)
  set(names scalapack-openmpi scalapack-mpich scalapack)
  if("${MPI_C_LIBRARIES}" MATCHES "mpich")
    set(names scalapack-mpich scalapack)
  endif()
  foreach(name ${names})
    pkg_check_modules(SCALAPACK QUIET IMPORTED_TARGET ${name})
    if(SCALAPACK_FOUND)
      set(COVARY_SCALAPACK_SOURCE "pkg-config ${name}")
      set(scalapack_libraries PkgConfig::SCALAPACK)
      break()
    endif()
  endforeach()
endif()
if(NOT COVARY_SCALAPACK_SOURCE)
  message(FATAL_ERROR
    "ScaLAPACK not found (Debian: libscalapack-openmpi-dev). Set scalapack_DIR (its CMake package), "
    "PKG_CONFIG_PATH (its .pc file) or -DCOVARY_SCALAPACK_LIBRARIES=\"/path/libscalapack.so;...\".")
endif()
target_link_libraries(covary_scalapack INTERFACE ${scalapack_libraries})

# Checked anew whenever the libraries change.
string(MAKE_C_IDENTIFIER "COVARY_SCALAPACK_LINKS_${scalapack_libraries}" links)
file(READ ${probe_source}/probe.c probe)
set(CMAKE_REQUIRED_LIBRARIES ${scalapack_libraries} MPI::MPI_C)
check_c_source_compiles("${probe}" ${links})
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT ${links})
  message(FATAL_ERROR
    "ScaLAPACK from ${COVARY_SCALAPACK_SOURCE} does not link (pdpotrf, Cblacs_gridinit). It has to "
    "be built with the MPI in use (${MPI_C_LIBRARIES}); a separate BLACS library belongs into "
    "COVARY_SCALAPACK_LIBRARIES too.")
endif()
message(STATUS "ScaLAPACK: ${COVARY_SCALAPACK_SOURCE}")
