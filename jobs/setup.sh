# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Sourced by jobs/quickstart.sh and tests/run.sh: finds out what building and running Covary still
# needs, installs it where that is allowed (Debian and its relatives, as root or with sudo that asks
# for no password), and else says what to install.  Changes nothing that is in order.

# Debian 12 names.
setup_build_packages="build-essential cmake ninja-build pkg-config git libopenmpi-dev openmpi-bin
    libscalapack-openmpi-dev libopenblas-dev libhdf5-openmpi-dev libpnetcdf-dev libjson-c-dev
    libnlopt-dev libfftw3-dev libcyaml-dev libyaml-dev zlib1g-dev"
setup_test_packages="libcmocka-dev"
# Some checks say "skipped" without these.
# shellcheck disable=SC2034 # used by tests/run.sh
setup_extra_packages="python3-numpy python3-scipy python3-h5py python3-sklearn python3-ase
    python3-mdanalysis hdf5-tools gnuplot-nox travis clang-format-14"
# Daemons: only where no service manager would start them, as in the containers of test services.
[ -d /run/systemd/system ] ||
    setup_extra_packages="$setup_extra_packages slurmctld slurmd slurm-client munge"

setup_say() {
    printf '%s\n' "$*" >&2
}

# Shows a command, then runs it.
setup_show() {
    printf '+ %s\n' "$*"
    "$@"
}

# setup_logged FILE COMMAND ...: the same with the output in a file.
setup_logged() {
    local log=$1
    shift
    printf '+ %s\n' "$*"
    "$@" >"$log" 2>&1 </dev/null
}

setup_cores() {
    nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1
}

# Ranks of a job that a laptop can run as well.
setup_ranks() {
    local cores
    cores=$(setup_cores)
    [ "$cores" -lt 2 ] && echo "$cores" || echo 2
}

# setup_program ROOT: the program to run, from COVARY or else of the release or the dev preset.
setup_program() {
    local preset
    if [ -n "${COVARY:-}" ]; then
        echo "$COVARY"
        return
    fi
    for preset in release dev; do
        if [ -x "$1/build/$preset/covary" ]; then
            echo "$1/build/$preset/covary"
            return
        fi
    done
    setup_say "${0##*/}: build the program first, or name it in COVARY"
    return 1
}

# Open MPI and OpenBLAS as small jobs need them anywhere: in a container as root, on fewer cores
# than ranks, one thread a rank.  What is set already stays.
setup_environment() {
    export OMPI_MCA_rmaps_base_oversubscribe=${OMPI_MCA_rmaps_base_oversubscribe:-1}
    export OMPI_MCA_hwloc_base_binding_policy=${OMPI_MCA_hwloc_base_binding_policy:-none}
    export OMPI_MCA_mpi_yield_when_idle=${OMPI_MCA_mpi_yield_when_idle:-1}
    # Containers forbid the system call by which ranks read each other's memory.
    : "${OMPI_MCA_btl_vader_single_copy_mechanism:=none}"
    export OMPI_MCA_btl_vader_single_copy_mechanism
    export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}
    if [ "$(id -u)" = 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
    if setup_has getent && ! timeout 3 getent hosts "$(uname -n)" >/dev/null; then
        setup_say "The name of this machine, $(uname -n), does not resolve: each start of MPI may" \
            "take seconds longer. A line \"127.0.0.1 $(uname -n)\" in /etc/hosts helps."
    fi
}

setup_has() {
    command -v "$1" >/dev/null 2>&1
}

setup_has_pc() { # any of the pkg-config names
    local name
    setup_has pkg-config || return 1
    for name in "$@"; do
        if pkg-config --exists "$name" 2>/dev/null; then return 0; fi
    done
    return 1
}

setup_has_cmake() { # 3.21 or later, for the presets
    local version
    setup_has cmake || return 1
    version=$(cmake --version | sed -n 's/^cmake version \([0-9]*\)[.]\([0-9]*\).*/\1 \2/p')
    [ "${version% *}" -gt 3 ] || { [ "${version% *}" = 3 ] && [ "${version#* }" -ge 21 ]; }
}

setup_has_parallel_hdf5() {
    local wrapper
    for wrapper in h5pcc h5cc; do
        if setup_has "$wrapper" && "$wrapper" -showconfig 2>/dev/null |
            grep -qi 'Parallel HDF5: *\(yes\|on\)'; then
            return 0
        fi
    done
    [ -n "${HDF5_ROOT:-}" ] || setup_has_pc hdf5-openmpi hdf5-mpich
}

setup_has_scalapack() {
    [ -n "${scalapack_DIR:-}${COVARY_SCALAPACK_LIBRARIES:-}" ] ||
        setup_has_pc scalapack-openmpi scalapack-mpich scalapack
}

# One line for each missing piece; WITH_TESTS=yes adds what the tests need.
setup_missing() {
    setup_has_cmake || echo "CMake 3.21 or later"
    setup_has ninja || setup_has make || echo "Ninja or Make"
    setup_has cc || echo "a C11 compiler"
    setup_has pkg-config || echo "pkg-config"
    setup_has mpicc && setup_has mpirun || echo "MPI (mpicc, mpirun)"
    setup_has_parallel_hdf5 || echo "HDF5 built with MPI"
    setup_has_scalapack || echo "ScaLAPACK"
    setup_has_pc openblas || echo "OpenBLAS"
    setup_has_pc pnetcdf || echo "PnetCDF"
    setup_has_pc json-c || echo "json-c"
    setup_has_pc nlopt || echo "NLopt"
    setup_has_pc fftw3 || echo "FFTW"
    setup_has_pc libcyaml || echo "libcyaml"
    setup_has_pc yaml-0.1 || echo "libyaml"
    setup_has_pc zlib || echo "zlib"
    if [ "${1:-no}" = yes ]; then
        setup_has_pc cmocka || echo "cmocka"
    fi
}

# The prefix by which packages may be installed ("" as root); fails where they may not.
setup_apt_prefix() {
    setup_has apt-get || return 1
    if [ "$(id -u)" = 0 ]; then
        echo env
    elif setup_has sudo && sudo -n true 2>/dev/null; then
        echo "sudo -n env"
    else
        return 1
    fi
}

# Installs packages; refreshes the lists only if they do not know one of them or are out of date.
setup_apt_install() {
    local prefix log install
    prefix=$(setup_apt_prefix) || return 1
    log=$(mktemp)
    install="$prefix DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends"
    install="$install -o DPkg::Lock::Timeout=120"
    # shellcheck disable=SC2086 # words
    if ! apt-get install --simulate --no-install-recommends "$@" >"$log" 2>&1 ||
        ! setup_logged "$log" $install "$@"; then
        setup_logged "$log" $prefix apt-get update || true
        if ! setup_logged "$log" $install "$@"; then
            tail -n 20 "$log" >&2
            rm -f "$log"
            return 1
        fi
    fi
    rm -f "$log"
}

setup_advice() {
    cat >&2 <<'TEXT'

Install them, then run this again:

  Debian, Ubuntu   sudo apt-get install build-essential cmake ninja-build pkg-config \
                     libopenmpi-dev openmpi-bin libscalapack-openmpi-dev libopenblas-dev \
                     libhdf5-openmpi-dev libpnetcdf-dev libjson-c-dev libnlopt-dev \
                     libfftw3-dev libcyaml-dev libyaml-dev zlib1g-dev libcmocka-dev
  Fedora           sudo dnf install gcc cmake ninja-build pkgconf openmpi-devel \
                     scalapack-openmpi-devel openblas-devel hdf5-openmpi-devel json-c-devel \
                     NLopt-devel fftw-devel libcyaml-devel libyaml-devel zlib-devel
                     libcmocka-devel; PnetCDF from source;
                     module load mpi/openmpi-x86_64
  conda            conda install -c conda-forge c-compiler cmake ninja pkg-config openmpi \
                     scalapack openblas "hdf5=*=mpi_openmpi*" "libpnetcdf=*=mpi_openmpi*" json-c \
                     nlopt fftw yaml zlib cmocka; libcyaml from source
  Spack            spack load cmake ninja pkgconf openmpi netlib-scalapack openblas hdf5+mpi \
                     parallel-netcdf json-c nlopt fftw libcyaml libyaml zlib cmocka
  a cluster        module load cmake openmpi scalapack openblas hdf5 parallel-netcdf (names differ:
                     module avail); parallel HDF5 is often called hdf5-mpi, phdf5 or hdf5-parallel
  libcyaml         https://github.com/tlsa/libcyaml: make install PREFIX=...

Libraries outside the system's folders are found through PKG_CONFIG_PATH, HDF5_ROOT and, for
ScaLAPACK, scalapack_DIR (its CMake package) or COVARY_SCALAPACK_LIBRARIES ("libA.so;libB.so").
TEXT
}

# setup_ensure WITH_TESTS: everything is there afterwards, or the script ends with status 1.
setup_ensure() {
    local missing packages=$setup_build_packages
    missing=$(setup_missing "$1")
    [ -n "$missing" ] || return 0
    [ "$1" = yes ] && packages="$packages $setup_test_packages"
    setup_say "Missing:"
    printf '  %s\n' "${missing//$'\n'/$'\n'  }" >&2
    # shellcheck disable=SC2086 # words
    if setup_apt_prefix >/dev/null && setup_apt_install $packages; then
        hash -r
        missing=$(setup_missing "$1")
        [ -n "$missing" ] || return 0
        setup_say "Still missing after the packages were installed:"
        printf '  %s\n' "${missing//$'\n'/$'\n'  }" >&2
    fi
    setup_advice
    exit 1
}

# setup_configure PRESET [-DKEY=VALUE ...]: Ninja where there is one; a folder that is configured
# keeps its generator.
setup_configure() {
    local preset=$1 generator=()
    shift
    if [ ! -f "build/$preset/CMakeCache.txt" ] && setup_has ninja; then generator=(-G Ninja); fi
    setup_show cmake --preset "$preset" "${generator[@]}" "$@"
}

# setup_build PRESET [--target NAME ...]
setup_build() {
    local preset=$1
    shift
    setup_show cmake --build --preset "$preset" --parallel "$(setup_cores)" "$@"
}
