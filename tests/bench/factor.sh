#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Factorization, inverse and solution of one large matrix as shares of dgemm (see README.md):
#
#   bash tests/bench/factor.sh BUILD_FOLDER [N [BLOCK [RxC]]]
#
# N = 12000 takes some ten minutes and 1.2 GB on two idle cores.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -gt 0 ] || { sed -n '3,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
build=$(cd "$1" && pwd)
cd "$bench/../.."
# shellcheck source=jobs/setup.sh
. jobs/setup.sh
setup_environment

for ranks in 1 2; do
    for by in native scalapack; do
        mpirun -n "$ranks" "$build/tests/bench/bench_factor" "${2:-12000}" "${3:-0}" \
            "${4:-1x$ranks}" "$by"
    done
done | awk -f "$bench/table.awk"
