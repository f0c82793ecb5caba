# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the benchmarks: what several of them share, and jobs/setup.sh.
# shellcheck source=jobs/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../jobs/setup.sh"

# Debian's packages belong to its own Python.
python=${COVARY_PYTHON:-/usr/bin/python3}
[ -x "$python" ] || python=python3

# Lines for table.awk, in the file $samples.
say() { printf '%s\n' "$*" >&2; }
# shellcheck disable=SC2154 # of who has sourced this
sample() { printf 'sample\t%s\t%s\t%s\n' "$1" "$2" "$3" >>"$samples"; }
ratio() { printf 'ratio\t%s\t%s\n' "$1" "$2" >>"$samples"; }
note() { printf 'note\t%s\n' "$1" >>"$samples"; }
calculate() { awk "BEGIN { printf \"%.9g\", $1 }"; }
ranks_text() { [ "$1" = 1 ] && echo "1 rank" || echo "$1 ranks"; }
threads_text() { [ "$1" = 1 ] && echo "1 thread" || echo "$1 threads"; }

# release_build [FOLDER]: an optimized build that is there, or else that of the release preset, in
# $build.
release_build() {
    if [ -n "${1:-}" ]; then
        build=$(cd "$1" && pwd)
        return
    fi
    setup_configure release >&2
    setup_build release >&2
    # shellcheck disable=SC2034 # for who has sourced this
    build=$PWD/build/release
}

# dipole_config TRAIN RIDGE [LENGTH]: a configuration in which everything is fixed, so that a fit is
# one matrix and its solution, and a prediction one product with it.
dipole_config() {
    cat <<YAML
data: {train: [$1]}
properties: [{name: dipole, kind: vector, unit: e*bohr}]
representation:
  basis: eckart
  axes: proper
  references: 1
  descriptor: [cartesians, distances]
  scaling: standardize
  symmetry: none
kernel: {type: gaussian, length: ${3:-20}}
ridge: $2
uncertainty: none
YAML
}
