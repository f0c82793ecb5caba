#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# fit --dry-run: the plan of a run, tables for other sizes, refusals; and the solver that a fit says
# it has taken.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 40

for ranks in 1 2; do
    remember_files
    expect_status 0 covary fit config.yaml --dry-run
    expect_said "frames         40 of 8 atoms" "solver         cholesky: " \
        "process grid   $ranks x 1" \
        "memory  " "  factor  " "  leave one out  " "dgemm" "prediction     about" "model file "
    expect_files

    # fails where the fit fails, in the same words
    expect_status 1 covary fit config.yaml --dry-run --set solver.memory=1e-5
    expect_message "GiB are needed by each of $ranks ranks" "solver.memory"
    cp said/err dry
    expect_status 1 covary fit config.yaml --set solver.memory=1e-5
    diff <(grep '^covary: ' dry) <(grep '^covary: ' said/err) || fail "the fit fails in other words"
done

ranks=1
expect_status 0 covary fit config.yaml --dry-run --frames 1e3,1e6 --ranks 1,1024 \
    --set machine.cores=64 --set machine.memory=256 --set machine.dgemm=50
expect_said "frames    ranks   a rank            cholesky" "given" "  * " "no: "
rows=$(grep -cE '^ +(1000|1000000) +(1|1024) ' said/out)
[ "$rows" = 4 ] || fail "$rows rows where 4 are expected"
# a thousand frames fit one rank; a million do not fit one node exactly, but 1024 ranks can share
grep -qE '^ +1000 +1 +[0-9.]+ GiB  \* +[0-9.]+ (s|min) +[0-9.]+ [MG]iB ' said/out ||
    fail "1000 frames do not fit"
grep -qE '^ +1000000 +1 +[0-9.]+ GiB +no +[0-9.]+ [TP]iB ' said/out ||
    fail "a million frames fit one rank"

# the table of the README is what its command prints
asked=$(sed -n 's/^    covary \(fit .*--dry-run --frames.*\)/\1/p' "$COVARY_SOURCE/README.md")
checks=$((checks + 1))
(
    scratch=$PWD
    cd "$COVARY_SOURCE" || exit 1
    # shellcheck disable=SC2086 # words
    "$COVARY" $asked 2>/dev/null | sed '/^$/,$d' >"$scratch/table"
)
sed -n '/^ *frames  *ranks/,/^$/s/^    //p' "$COVARY_SOURCE/README.md" >table_of_readme
[ -s table ] || fail "no table"
diff table table_of_readme || fail "README.md has another table"

# what 32-bit indices do not reach
expect_status 0 covary fit config.yaml --dry-run --frames 100000 --ranks 1,1024 \
    --set solver.factorization=scalapack --set machine.memory=10000 --set machine.cores=64
expect_said "(32-bit)"
grep -qE '^ +100000 +1 .* no +32-bit' said/out || fail "an index of ScaLAPACK is not counted"
grep -E '^ +100000 +1024 ' said/out | grep -q 32-bit && fail "the parts of 1024 ranks are too large"

# one list alone: the other is of the run
expect_status 0 covary fit config.yaml --dry-run --ranks 2
grep -qE '^ +40 +2 ' said/out || fail "no row of 40 frames on 2 ranks"

expect_status 2 covary fit config.yaml --ranks 4
expect_message "--ranks is a question to --dry-run"
expect_status 2 covary fit config.yaml --dry-run --frames 1e4,x
expect_message "--frames takes whole numbers from 1 to 2147483647" "'x' is none"
expect_status 2 covary fit config.yaml --dry-run --frames 0
expect_message "'0' is none"
expect_status 2 covary fit config.yaml --dry-run --ranks 1,,2
expect_message "'' is none"
expect_status 2 covary fit config.yaml --dry-run --ranks 1.5
expect_message "'1.5' is none"
expect_status 2 covary fit config.yaml --dry-run --set machine.dgemm=fast
expect_message "'machine.dgemm' is 'fast'"

# the choice is logged and kept
expect_status 0 covary fit config.yaml --output chosen.h5 --set solver.memory=2
expect_logged "solver cholesky: "
expect_status 0 covary inspect --json inspected.json chosen.h5
expect_said "solver        cholesky: " "of 2 GiB per rank"
grep -q '"solver": {"type": "cholesky", "reason": "cholesky: ' inspected.json ||
    fail "inspect --json does not tell the solver"

# the file that a fit would write
expect_status 0 covary fit config.yaml --dry-run
expect_said "MiB: model.h5"
expect_status 0 covary fit config.yaml --dry-run --output other.h5
expect_said "MiB: other.h5"

# memory: what is counted before against what was counted in the end, without the factors of
# variances, which the number of inducing frames bounds
first_frames 100 "$data/dce_train.xyz" >train.xyz
for ranks in 1 2; do
    for options in cholesky iterative "low-rank --set solver.inducing=30"; do
        # shellcheck disable=SC2086 # words
        set -- --set uncertainty=none --set solver.memory=0.04 --set solver.type=$options
        expect_status 0 covary fit config.yaml --dry-run "$@"
        planned=$(awk '$1 == "memory" && $3 == "MiB" { print $2 }' said/out)
        expect_status 0 covary fit config.yaml --output fitted.h5 --verbose "$@"
        held=$(awk '/peak of counted memory/ { print $(NF - 1) }' said/err)
        awk -v a="$planned" -v b="$held" 'BEGIN { exit !(a > 0.6 * b && a < 1.5 * b) }' ||
            fail "${options%% *}: $planned MiB planned, $held MiB held"
    done
done

finish "plans say what fits, for this run and for others"
