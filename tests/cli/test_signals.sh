#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# SIGTERM and SIGINT end a running prediction with status 75 and leave what was written to go on
# with, also when one rank alone gets them; after SIGKILL there is no file under the final name;
# mpiexec that is told to stop leaves no such file either.  (SIGUSR1, and running again, are in
# test_stop.sh, SIGKILL in test_kill.sh.)
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 5
expect_status 0 covary fit config.yaml --output model.h5
for _ in $(seq 400); do cat "$data/dce_test.xyz"; done >long.xyz
mkdir out
process=

# begin: a prediction in the background, up to the point at which it has begun to write.  Batches of
# 4 frames make it last.
begin() {
    local command=("$COVARY")
    rm -f out/*
    # shellcheck disable=SC2206 # words
    [ "$ranks" = 1 ] || command=($COVARY_MPIEXEC "$ranks" "$COVARY")
    printf 'signal to predict\n' >said/command
    timeout -k 5 "$time_limit" "${command[@]}" predict --model model.h5 --output out/new.h5 \
        --batch 4 --set annotation.flush_seconds=0 long.xyz >said/out 2>said/err </dev/null &
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
        begin
        kill "-$signal" "$(own_ranks "$process" | tail -n 1)"
        end
        [ "$status" = 75 ] || fail "SIG$signal: exit status $status where 75 is expected"
        expect_message "stopped by a signal" "run the same command again"
        [ "$(ls -A out)" = new.h5.part ] || fail "SIG$signal left: $(ls -A out)"
        grep -q "with $(complete out/new.h5.part) of 60000 frames" said/err ||
            fail "$(complete out/new.h5.part) frames are there"
    done

    begin
    kill -KILL "$(own_ranks "$process" | tail -n 1)"
    end
    [ "$status" != 0 ] || fail "SIGKILL: exit status 0"
    [ ! -e out/new.h5 ] || fail "SIGKILL left a file under the final name"
done

ranks=2
for signal in TERM INT; do
    begin
    kill "-$signal" "$process"
    end
    [ "$status" != 0 ] || fail "SIG$signal to mpiexec: exit status 0"
    [ ! -e out/new.h5 ] || fail "SIG$signal to mpiexec left a file under the final name"
done

rm -f long.xyz
finish "signals end the program and leave no file under the final name"
