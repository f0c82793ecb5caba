#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A signal in the middle of predict, as a scheduler sends it before the time is up: exit status 75,
# nothing under the final name and nothing else left; the same command then starts from the
# beginning and succeeds.  Alone and on two ranks.
set -euo pipefail

[ -x "$COVARY" ] || {
    echo "skipped: this build has no program"
    exit 77
}
rm -rf work && mkdir work && cd work

fail() {
    echo "$*" >&2
    cat log >&2
    exit 1
}

cp "$COVARY_TEST_DATA"/nh3_train.xyz train.xyz
cat >nh3.yaml <<'YAML'
data:
  train: [train.xyz]
properties:
  - {name: dipole, kind: vector, unit: e*bohr}
representation:
  {basis: eckart, references: 1, descriptor: [cartesians], scaling: standardize, symmetry: none}
kernel: {type: gaussian, length: 10}
ridge: 1e-6
YAML
"$COVARY" fit nh3.yaml --output model.h5 >log 2>&1 || fail "fit failed"
for _ in $(seq 500); do cat "$COVARY_TEST_DATA"/nh3_test.xyz; done >long.xyz

stop_in_the_middle() { # stop_in_the_middle [mpirun ... -n 2]
    local command=("$@" "$COVARY" predict --model model.h5 --output out/annotation.h5)
    local status=0 process

    rm -rf out && mkdir out
    "${command[@]}" --set annotation.batch=8 long.xyz >log 2>&1 &
    process=$!
    # The unfinished file shows that frames are being written.
    for _ in $(seq 1000); do
        [ -n "$(ls -A out)" ] && break
        sleep 0.01
    done
    [ -n "$(ls -A out)" ] || fail "predict wrote nothing in ten seconds"
    kill -USR1 "$process"
    wait "$process" || status=$?
    [ "$status" = 75 ] || fail "exit status $status in place of 75"
    [ -z "$(ls -A out)" ] || fail "left behind: $(ls -A out)"

    "${command[@]}" train.xyz >log 2>&1 || fail "the same command does not succeed afterwards"
    [ "$(ls -A out)" = annotation.h5 ] || fail "not there, or not alone: $(ls -A out)"
}

stop_in_the_middle
read -r -a mpiexec <<<"$COVARY_MPIEXEC"
stop_in_the_middle "${mpiexec[@]}" 2
cd .. && rm -rf work
echo "a stopped prediction leaves nothing and can be started again"
