#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A signal in the middle of predict, as a scheduler sends it before the time is up: exit status 75,
# and what was written is kept; the same command then goes on, on another number of ranks, and ends
# with the file of a run that was not stopped.  While it runs, another one for the same output is
# refused, and an unfinished file tells how far it is.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export SOURCE_DATE_EPOCH=0 # the only contents that depend on the clock
small_config 5
expect_status 0 covary fit config.yaml --output model.h5
for _ in $(seq 80); do cat "$data/dce_test.xyz"; done >long.xyz
predict=(predict --model model.h5 --output annotation.h5 --batch 1 --quiet long.xyz)
expect_status 0 covary "${predict[@]}"
mv annotation.h5 wanted.h5

# stop_and_go_on RANKS OTHER_RANKS
stop_and_go_on() {
    local command=("$COVARY") process running
    ranks=$1
    # shellcheck disable=SC2206 # words
    [ "$ranks" = 1 ] || command=($COVARY_MPIEXEC "$ranks" "$COVARY")
    printf 'SIGUSR1 to predict\n' >said/command
    "${command[@]}" "${predict[@]}" >said/out 2>said/first </dev/null &
    process=$!
    for _ in $(seq 2000); do
        [ ! -e annotation.h5.part ] || break
        sleep 0.01
    done
    sleep 0.1 # for the first batches of thousands
    read -r -a running <<<"$(own_ranks "$process")"
    kill -STOP "${running[@]}" # while others look

    ranks=1
    expect_status 1 covary "${predict[@]}"
    expect_message "annotation.h5.part: another run is writing it"
    expect_status 1 covary "${predict[@]}" --restart
    expect_message "annotation.h5.part: another run is writing it"
    ranks=$1

    kill -USR1 "${running[@]}"
    kill -CONT "${running[@]}"
    status=0
    wait "$process" || status=$?
    mv said/first said/err
    [ "$status" = 75 ] || fail "exit status $status in place of 75"
    expect_message "stopped by a signal" "of 12000 frames" "run the same command again" \
        "annotation.h5.part"
    [ ! -e annotation.h5 ] || fail "a stopped run has left an annotation"

    expect_status 0 "covary" inspect annotation.h5.part
    expect_said "unfinished" "of 12000 frames"

    expect_status 2 "covary" "${predict[@]}" --molecules auto
    expect_message "annotation.h5.part: was begun with molecules: none, not 1 (" "--restart"

    ranks=$2
    expect_status 0 covary "${predict[@]}"
    cmp annotation.h5 wanted.h5 || fail "another file than that of one run"
    [ "$(ls annotation*)" = annotation.h5 ] || fail "left behind: $(ls annotation*)"
    rm annotation.h5
}

stop_and_go_on 1 2
stop_and_go_on 2 3
finish "a stopped prediction goes on where it was"
