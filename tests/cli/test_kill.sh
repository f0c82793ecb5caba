#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# predict is killed at random moments, one rank or all of them at once, and started again on another
# number of ranks, until it ends by itself: the annotation is then the same, byte for byte, as that
# of a run that nobody killed, and what a kill leaves can be read at any time.
#
# COVARY_TEST_KILLS (default 16) kills, with random numbers from COVARY_TEST_SEED.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

kills=${COVARY_TEST_KILLS:-16}
seed=${COVARY_TEST_SEED:-$((RANDOM * 32768 + RANDOM))}
echo "COVARY_TEST_SEED=$seed repeats these random numbers"
RANDOM=$((seed % 32768))
export SOURCE_DATE_EPOCH=0 # the only contents that depend on the clock
export OMPI_MCA_odls_base_sigkill_timeout=0 # ranks that outlive another do not stop by themselves

small_config 12
expect_status 0 covary fit config.yaml --output model.h5
for _ in 1 2 3 4 5 6; do cat "$data/dce_test.xyz"; done >long.xyz
n_frames=$(grep -c -x '[[:space:]]*8[[:space:]]*' long.xyz)
predict=(predict --model model.h5 --output annotation.h5 --set annotation.batch=4
    --set annotation.flush_seconds=0.02 --quiet long.xyz)

expect_status 0 covary "${predict[@]}"
mv annotation.h5 wanted.h5

now() {
    date +%s%N
}

# pause MOST: a random time up to MOST nanoseconds.
pause() {
    sleep "$(awk -v part="$RANDOM" -v most="$1" 'BEGIN { print most * part / 32768 * 1e-9 }')"
}

# How long a run takes from its first block, for kills that hit it everywhere.
ranks=2
started=$(now)
expect_status 0 covary "${predict[@]}"
duration=$(($(now) - started))
cmp annotation.h5 wanted.h5 || fail "two ranks write another file than one"

# kill_somewhere: one run and one kill.
kill_somewhere() {
    local process victims
    printf 'covary %s\n' "${predict[*]}" >said/command
    # shellcheck disable=SC2086 # words
    $COVARY_MPIEXEC "$ranks" "$COVARY" "${predict[@]}" >said/out 2>said/err </dev/null &
    process=$!
    pause "$duration"
    read -r -a victims <<<"$(own_ranks "$process")"
    if [ ${#victims[@]} -gt 0 ]; then
        if [ $((RANDOM % 2)) = 0 ]; then victims=("${victims[RANDOM % ${#victims[@]}]}"); fi
        kill -KILL "${victims[@]}" 2>/dev/null
    fi
    status=0
    wait "$process" 2>/dev/null || status=$?
}

done_before=0
killed=0
ended=0
rm annotation.h5
while [ "$killed" -lt "$kills" ]; do
    ranks=$((RANDOM % 4 + 1))
    kill_somewhere
    if [ "$status" = 0 ]; then
        ended=$((ended + 1))
        cmp annotation.h5 wanted.h5 || fail "another file than without kills"
        [ ! -e annotation.h5.part ] || fail "an unfinished file beside the finished one"
        rm -f annotation.h5
        done_before=0
        continue
    fi
    killed=$((killed + 1))
    ! grep -q '^covary: ' said/err || fail "a failure that is no kill"
    if [ -e annotation.h5 ]; then # killed behind its end
        continue
    fi
    if [ -e annotation.h5.part ]; then
        n=$(complete annotation.h5.part) && [ -n "$n" ] || fail "what is left cannot be read"
        [ "$n" -ge "$done_before" ] || fail "$n frames count, and $done_before did before"
        done_before=$n
    fi
done
ranks=3
expect_status 0 covary "${predict[@]}"
checks=$((checks + killed))
cmp annotation.h5 wanted.h5 || fail "another file than without kills"
[ "$(complete annotation.h5)" = "$n_frames" ] || fail "not all of $n_frames frames count"
remaining=$(find . -name 'annotation.h5?*' ! -name '*locktest*') # MPI-IO's own, which a kill leaves
[ -z "$remaining" ] || fail "left behind: $remaining"

finish "the same file after $killed kills and $ended ends by itself"
