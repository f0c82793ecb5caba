#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# COVARY_FAULT=N:RANK lets rank RANK fail at its N-th agreement.  Whatever the rank and the place,
# the program ends by itself with one message, status 1 and no file but one that the message names
# to go on with.  Starting a program for each of some hundred agreements takes long: here N goes up
# in strides, another one for each command; the pipelines' own walk through all of them is
# tests/mpi/test_pipeline_faults.c.  With COVARY_FAULT_STRIDE=1 this one is complete, too.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

time_limit=30
small_config 6
expect_status 0 covary fit config.yaml --output model.h5
first_frames 10 "$data/dce_train.xyz" >ten.xyz

# walk STRIDE RANK OUTPUT ARGUMENTS ...: from agreement 1 until a run succeeds with its output.
walk() {
    local stride=${COVARY_FAULT_STRIDE:-$1} rank=$2 output=$3 n=1 failed=0
    shift 3
    while :; do
        remember_files
        export COVARY_FAULT=$n:$rank
        covary "$@"
        unset COVARY_FAULT
        checks=$((checks + 1))
        [ "$status" != 0 ] || break
        [ "$status" = 1 ] || fail "agreement $n of rank $rank: exit status $status"
        expect_message "fault injected in phase"
        if [ -e "$output.part" ]; then # what the next run would go on with
            expect_message "the same command"
            rm "$output.part"
        fi
        expect_files
        [ "$failures" -lt 5 ] || return
        failed=$((failed + 1))
        n=$((n + stride))
    done
    [ "$failed" -gt 1 ] || fail "only $failed faults: is COVARY_FAULT heard?"
    # shellcheck disable=SC2086 # none or one
    expect_files $output
}

for rank in 0 1; do
    ranks=2
    walk 193 $rank new.h5 fit config.yaml --quiet --output new.h5
    walk 167 $rank new.h5 predict --quiet --model model.h5 --output new.h5 train.xyz
    walk 61 $rank new.json evaluate --quiet --model model.h5 --json new.json train.xyz
done
ranks=3
walk 263 2 new.h5 fit config.yaml --quiet --output new.h5
walk 227 2 new.h5 predict --quiet --model model.h5 --output new.h5 train.xyz
walk 73 2 new.json evaluate --quiet --model model.h5 --json new.json train.xyz
ranks=2
walk 401 1 new.h5 fit config.yaml --quiet --output new.h5 --set "data.train=[ten.xyz]" \
    --set ridge=auto --set kernel.length=auto

finish "a fault on any rank ends the program with one message and no file"
