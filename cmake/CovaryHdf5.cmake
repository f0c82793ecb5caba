# Parallel HDF5 as the interface target covary_hdf5: a serial one fails here, not at run time.
set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 1.10 COMPONENTS C)
if(NOT HDF5_FOUND)
  message(FATAL_ERROR
    "HDF5 (1.10 or later, built with MPI) not found (Debian: libhdf5-openmpi-dev; on a cluster: "
    "load the parallel HDF5 module). Point CMake to it with -DHDF5_ROOT=PREFIX.")
endif()
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR
    "HDF5 at ${HDF5_C_INCLUDE_DIRS} was built without MPI. Covary writes collectively and needs "
    "parallel HDF5 (Debian: libhdf5-openmpi-dev); point CMake to it with -DHDF5_ROOT=PREFIX.")
endif()

add_library(covary_hdf5 INTERFACE)
target_include_directories(covary_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(covary_hdf5 INTERFACE ${HDF5_C_LIBRARIES})

# HDF5 and Covary must be built with the same MPI: the parallel calls take an MPI_Comm.
set(CMAKE_REQUIRED_INCLUDES ${HDF5_C_INCLUDE_DIRS})
set(CMAKE_REQUIRED_LIBRARIES ${HDF5_C_LIBRARIES} MPI::MPI_C)
check_c_source_compiles("
  #include <mpi.h>
  #include <hdf5.h>
  int main(void) { return H5Pset_fapl_mpio(0, MPI_COMM_SELF, MPI_INFO_NULL) < 0; }"
  COVARY_HDF5_LINKS)
unset(CMAKE_REQUIRED_INCLUDES)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT COVARY_HDF5_LINKS)
  message(FATAL_ERROR
    "A program that opens a file with HDF5 (${HDF5_C_LIBRARIES}) over MPI (${MPI_C_LIBRARIES}) does "
    "not build: were both built with the same MPI? Set -DHDF5_ROOT=PREFIX or -DMPI_C_COMPILER=mpicc "
    "so that they match; CMakeFiles/CMakeError.log in the build folder has the compiler's words.")
endif()
