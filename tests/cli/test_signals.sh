#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# SIGTERM and SIGINT end a running prediction with status 75 and leave what was written to go on
# with, also when one rank alone gets them; after SIGKILL there is no file under the final name;
# mpiexec that is told to stop leaves no such file either.  A crash while an HDF5 file is read ends
# in a message that names it, any other crash stays one.  (SIGUSR1, and running again, are in
# test_stop.sh, SIGKILL in test_kill.sh.)
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 5
expect_status 0 covary fit config.yaml --output model.h5
for _ in $(seq 400); do cat "$data/dce_test.xyz"; done >long.xyz
expect_status 0 covary predict --model model.h5 --output long.h5 --quiet long.xyz
mkdir out
process=

# begin TRAJECTORY: a prediction in the background, up to the point at which it has begun to write.
# Batches of 4 frames make it last.
begin() {
    local command=("$COVARY")
    rm -f out/*
    # shellcheck disable=SC2206 # words
    [ "$ranks" = 1 ] || command=($COVARY_MPIEXEC "$ranks" "$COVARY")
    printf 'signal to predict\n' >said/command
    timeout -k 5 "$time_limit" "${command[@]}" predict --model model.h5 --output out/new.h5 \
        --batch 4 --set annotation.flush_seconds=0 "$1" >said/out 2>said/err </dev/null &
    process=$!
    wait_for_frames out/new.h5.part
}

end() {
    checks=$((checks + 1))
    status=0
    wait "$process" || status=$?
    [ "$status" != 124 ] || fail "no end after $time_limit s"
}

for ranks in 1 2; do
    for signal in TERM INT; do
        begin long.xyz
        kill "-$signal" "$(own_ranks "$process" | tail -n 1)"
        end
        [ "$status" = 75 ] || fail "SIG$signal: exit status $status where 75 is expected"
        expect_message "stopped by a signal" "run the same command again"
        [ "$(ls -A out)" = new.h5.part ] || fail "SIG$signal left: $(ls -A out)"
        grep -q "with $(complete out/new.h5.part) of 60000 frames" said/err ||
            fail "$(complete out/new.h5.part) frames are there"
    done

    begin long.xyz
    kill -KILL "$(own_ranks "$process" | tail -n 1)"
    end
    [ "$status" != 0 ] || fail "SIGKILL: exit status 0"
    [ ! -e out/new.h5 ] || fail "SIGKILL left a file under the final name"

    begin long.h5
    kill -SEGV "$(own_ranks "$process" | tail -n 1)"
    end
    [ "$status" = 1 ] || fail "a crash in an HDF5 file: exit status $status"
    expect_message "covary: long.h5: the HDF5 library failed in this file" "take another copy"
    [ ! -e out/new.h5 ] || fail "a crash left a file under the final name"

    begin long.xyz
    kill -SEGV "$(own_ranks "$process" | tail -n 1)"
    end
    case $status in
    0 | 1 | 75) fail "a crash of ours: exit status $status" ;;
    esac
    ! grep -q "HDF5 library failed" said/err || fail "a crash of ours is taken for one of HDF5"
done

ranks=2
for signal in TERM INT; do
    begin long.xyz
    kill "-$signal" "$process"
    end
    [ "$status" != 0 ] || fail "SIG$signal to mpiexec: exit status 0"
    [ ! -e out/new.h5 ] || fail "SIG$signal to mpiexec left a file under the final name"
done

rm -f long.xyz long.h5
finish "signals end the program and leave no file under the final name"
