#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Uses Covary as a stranger would: from an installed prefix that is not where it was built for.
#
#   run.sh install    BUILD SCRATCH   install into SCRATCH/first, move it to SCRATCH/prefix
#   run.sh cmake      BUILD SCRATCH   find_package(covary), build, run
#   run.sh pkgconfig  BUILD SCRATCH   cc $(pkg-config --cflags --libs covary), run
#   run.sh symbols    BUILD SCRATCH   the library exports covary_* (and pilaenv_) and nothing else
#   run.sh program    BUILD SCRATCH   the installed program tells its version
set -euo pipefail

step=$1 build=$2 scratch=$3
prefix=$scratch/prefix
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export CC=${CC:-cc}

fail() {
    echo "consumer $step: $*" >&2
    exit 1
}

library() { # the installed shared library
    find "$prefix" -name 'libcovary.so' | head -n 1
}

case $step in
install)
    rm -rf "$scratch"
    cmake --install "$build" --prefix "$scratch/first"
    mv "$scratch/first" "$prefix"
    [ -n "$(library)" ] || fail "no libcovary.so below $prefix"
    ;;
cmake)
    cmake -S "$here" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$prefix"
    cmake --build "$scratch/cmake"
    "$scratch/cmake/consumer"
    ;;
pkgconfig)
    pc=$(find "$prefix" -name covary.pc)
    export PKG_CONFIG_PATH=${pc%/*}${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
    mkdir -p "$scratch/pkgconfig"
    read -r -a flags <<<"$(pkg-config --cflags --libs covary)"
    "$CC" "$here/main.c" -o "$scratch/pkgconfig/consumer" "${flags[@]}"
    so=$(library)
    LD_LIBRARY_PATH=${so%/*}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$scratch/pkgconfig/consumer"
    ;;
symbols)
    exported=$(nm -D --defined-only "$(library)" | awk '{print $3}')
    grep -q '^covary_run_create$' <<<"$exported" || fail "covary_run_create is not exported"
    # pilaenv_ is PBLAS's own: it asks for its block size through the symbol table.
    strangers=$(grep -v -e '^covary_' -e '^pilaenv_$' <<<"$exported" || true)
    [ -z "$strangers" ] || fail "symbols that should be hidden:"$'\n'"$strangers"
    ;;
program)
    [ -x "$prefix/bin/covary" ] || {
        echo "skipped: this build has no program"
        exit 77
    }
    "$prefix/bin/covary" --version | tee /dev/stderr | grep -q covary
    ;;
*) fail "no such step" ;;
esac
