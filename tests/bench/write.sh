#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Writing of annotations beside plain MPI-IO and dd, on the file system of a folder (see README.md):
#
#   bash tests/bench/write.sh BUILD_FOLDER [FOLDER [FRAMES]]
#
# FOLDER is that of temporary files if it is not given; a million frames take twice 225 MB there.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -gt 0 ] || { sed -n '3,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
build=$(cd "$1" && pwd)
folder=$(cd "${2:-${TMPDIR:-/tmp}}" && pwd)
frames=${3:-1000000}
row_bytes=225 # of a frame in bench_write.c
cd "$bench/../.."
# shellcheck source=jobs/setup.sh
. jobs/setup.sh
setup_environment

plain=$folder/covary-bench.dd
trap 'rm -f "$plain"' EXIT
megabytes=$((frames * row_bytes / 1000000))
{
    for ranks in 1 2; do
        mpirun -n "$ranks" "$build/tests/bench/bench_write" "$folder" "$frames"
    done
    for _ in 1 2 3 4 5; do
        begin=$EPOCHREALTIME
        dd if=/dev/zero of="$plain" bs=1000000 count="$megabytes" conv=fsync status=none
        awk -v begin="$begin" -v end="$EPOCHREALTIME" -v megabytes="$megabytes" \
            'BEGIN { printf "sample\tdd\tMB/s\t%.6g\n", megabytes / (end - begin) }'
    done
    printf 'ratio\tMPI-IO, 1 rank\tdd\n'
} | awk -f "$bench/table.awk"
