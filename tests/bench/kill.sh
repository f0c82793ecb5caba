#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/cli/test_kill.sh with more kills:
#
#   bash tests/bench/kill.sh [KILLS]
#
# predict is killed KILLS times (200) at random moments and started again on 1 to 4 ranks; it ends
# with the same file, byte for byte, as without kills.  COVARY names the program (otherwise that of
# the release or dev preset), COVARY_TEST_SEED the random numbers.  About a second a kill.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$bench/../.." && pwd)
# shellcheck source=jobs/setup.sh
. "$root/jobs/setup.sh"

COVARY=$(setup_program "$root")
setup_environment
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
export COVARY COVARY_TEST_KILLS=${1:-200} COVARY_TEST_DATA=$root/tests/data
export COVARY_MPIEXEC=${COVARY_MPIEXEC:-mpiexec -n}
bash "$root/tests/cli/test_kill.sh"
