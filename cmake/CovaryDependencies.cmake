# The libraries that Covary stands on, as one interface target: covary_dependencies.
# Each is checked here, so that what is missing shows now and not at the first run.
include(CheckCSourceCompiles)

find_package(PkgConfig REQUIRED)
find_package(MPI 3.0 COMPONENTS C)
if(NOT MPI_C_FOUND)
  message(FATAL_ERROR
    "No MPI for C found (Debian: libopenmpi-dev openmpi-bin; on a cluster: load the MPI module). "
    "Point CMake to it with -DMPI_C_COMPILER=/path/to/mpicc.")
endif()

include(CovaryHdf5)
include(CovaryScalapack)

pkg_check_modules(OPENBLAS IMPORTED_TARGET openblas)
if(NOT OPENBLAS_FOUND)
  message(FATAL_ERROR "OpenBLAS not found by pkg-config (Debian: libopenblas-dev). Add the folder "
                      "of its openblas.pc to PKG_CONFIG_PATH.")
endif()
pkg_check_modules(CYAML IMPORTED_TARGET libcyaml>=1.1)
if(NOT CYAML_FOUND)
  message(FATAL_ERROR "libcyaml not found by pkg-config (Debian: libcyaml-dev). Add the folder of "
                      "its libcyaml.pc to PKG_CONFIG_PATH.")
endif()

# libyaml gives libcyaml's documents their line numbers back.
pkg_check_modules(YAML IMPORTED_TARGET yaml-0.1)
if(NOT YAML_FOUND)
  message(FATAL_ERROR "libyaml not found by pkg-config (Debian: libyaml-dev). Add the folder of "
                      "its yaml-0.1.pc to PKG_CONFIG_PATH.")
endif()

# AMBER's trajectories are NetCDF; like HDF5, PnetCDF must be built with the MPI found above.
pkg_check_modules(PNETCDF IMPORTED_TARGET pnetcdf>=1.11)
if(NOT PNETCDF_FOUND)
  message(FATAL_ERROR "PnetCDF (1.11 or later) not found by pkg-config (Debian: libpnetcdf-dev). Add "
                      "the folder of its pnetcdf.pc to PKG_CONFIG_PATH.")
endif()
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::PNETCDF MPI::MPI_C)
check_c_source_compiles("
  #include <mpi.h>
  #include <pnetcdf.h>
  int main(void) { int id; return ncmpi_open(MPI_COMM_SELF, \"\", 0, MPI_INFO_NULL, &id) != 0; }"
  COVARY_PNETCDF_LINKS)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT COVARY_PNETCDF_LINKS)
  message(FATAL_ERROR
    "A program that opens a file with PnetCDF over MPI (${MPI_C_LIBRARIES}) does not build: were both "
    "built with the same MPI? CMakeFiles/CMakeError.log in the build folder has the compiler's words.")
endif()

# MDTraj's HDF5 files hold their topology as JSON.
pkg_check_modules(JSONC IMPORTED_TARGET json-c>=0.13)
if(NOT JSONC_FOUND)
  message(FATAL_ERROR "json-c not found by pkg-config (Debian: libjson-c-dev). Add the folder of its "
                      "json-c.pc to PKG_CONFIG_PATH.")
endif()

# Length and ridge of kernels are found by its bounded quasi-Newton method.
pkg_check_modules(NLOPT IMPORTED_TARGET nlopt>=2.6)
if(NOT NLOPT_FOUND)
  message(FATAL_ERROR "NLopt (2.6 or later) not found by pkg-config (Debian: libnlopt-dev). Add the "
                      "folder of its nlopt.pc to PKG_CONFIG_PATH.")
endif()

# Spectra are made of real Fourier transforms in double precision.
pkg_check_modules(FFTW IMPORTED_TARGET fftw3>=3.3)
if(NOT FFTW_FOUND)
  message(FATAL_ERROR "FFTW (3.3 or later, double precision) not found by pkg-config (Debian: "
                      "libfftw3-dev). Add the folder of its fftw3.pc to PKG_CONFIG_PATH.")
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# Trajectories may be compressed.
find_package(ZLIB 1.2.8)
if(NOT ZLIB_FOUND)
  message(FATAL_ERROR "zlib 1.2.8 or later not found (Debian: zlib1g-dev). Point CMake to it with "
                      "-DZLIB_ROOT=folder.")
endif()

add_library(covary_dependencies INTERFACE)
target_link_libraries(covary_dependencies INTERFACE covary_scalapack PkgConfig::OPENBLAS
                      covary_hdf5 PkgConfig::PNETCDF PkgConfig::JSONC PkgConfig::NLOPT PkgConfig::FFTW
                      PkgConfig::CYAML PkgConfig::YAML ZLIB::ZLIB MPI::MPI_C Threads::Threads m)

# Only the tests need it.
pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
if(NOT CMOCKA_FOUND)
  set(CMOCKA_FOUND OFF)
endif()
