# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the tests of the program: runs it at some number of ranks and checks exit status,
# message and files.  A check that fails is reported and counted; `finish` ends the test.
#
# COVARY, COVARY_MPIEXEC ("mpiexec ... -n") and COVARY_TEST_DATA come from CTest.  Every test works
# in its own empty folder; `ranks` says how many ranks `covary` runs on (1: without mpiexec), and
# COVARY_TEST_RANKS on which the longer tests run one after another.
set -uo pipefail

failures=0
checks=0
ranks=1
time_limit=120 # s; a run that takes longer hangs
status=0
data=$COVARY_TEST_DATA

rm -rf scratch
mkdir scratch
cd scratch || exit 1
mkdir said # of the program, apart from the files that it makes

fail() {
    failures=$((failures + 1))
    printf 'FAILED (%s rank(s)): %s\n' "$ranks" "$1"
    if [ -f said/command ]; then sed 's/^/    $ /' said/command; fi
    if [ -f said/err ]; then sed 's/^/    /' said/err | head -n 12; fi
}

# covary ARGUMENTS ...: exit status in `status`, output in said/out, messages in said/err.
covary() {
    printf 'covary %s\n' "$*" >said/command
    status=0
    if [ "$ranks" = 1 ]; then
        timeout -k 5 "$time_limit" "$COVARY" "$@" >said/out 2>said/err </dev/null || status=$?
    else
        # shellcheck disable=SC2086 # words
        timeout -k 5 "$time_limit" $COVARY_MPIEXEC "$ranks" "$COVARY" "$@" >said/out 2>said/err \
            </dev/null || status=$?
    fi
    [ "$status" != 124 ] || fail "no end after $time_limit s"
}

# expect_status STATUS COMMAND ...
expect_status() {
    local wanted=$1
    shift
    checks=$((checks + 1))
    "$@"
    [ "$status" = "$wanted" ] || fail "exit status $status where $wanted is expected"
}

# expect_message TEXT ...: the one message of the program holds each text.
expect_message() {
    local text message n
    checks=$((checks + 1))
    n=$(grep -c '^covary: ' said/err)
    [ "$n" = 1 ] || fail "$n messages where one is expected"
    message=$(grep '^covary: ' said/err)
    for text in "$@"; do
        case $message in
        *"$text"*) ;;
        *) fail "the message does not say '$text'" ;;
        esac
    done
}

# expect_said TEXT ...: on standard output.
expect_said() {
    local text
    checks=$((checks + 1))
    for text in "$@"; do
        grep -qF -e "$text" said/out || fail "standard output does not say '$text'"
    done
}

# expect_logged TEXT ...: on standard error.
expect_logged() {
    local text
    checks=$((checks + 1))
    for text in "$@"; do
        grep -qF -e "$text" said/err || fail "standard error does not say '$text'"
    done
}

# remember_files; ...; expect_files NEW ...: exactly these came into being, nothing temporary.
remember_files() {
    find . -path ./said -prune -o -type f -print | sort >said/before
}

expect_files() {
    local found wanted
    checks=$((checks + 1))
    found=$(find . -path ./said -prune -o -type f -print | sort | comm -13 said/before -)
    wanted=$(if [ $# -gt 0 ]; then printf './%s\n' "$@" | sort; fi)
    [ "$found" = "$wanted" ] ||
        fail "new files: ${found:-none}; expected: ${wanted:-none}"
    # shellcheck disable=SC2086 # words
    if [ -n "$found" ]; then rm -f -- $found; fi
}

# expect_refusal STATUS TEXT... -- ARGUMENTS ...: one message with these texts, no new file.
expect_refusal() {
    local wanted=$1 texts=()
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    remember_files
    expect_status "$wanted" covary "$@"
    expect_message "${texts[@]}"
    expect_files
}

# own_ranks PROCESS: processes of the program below that one, lowest first; they are ours alone.
own_ranks() {
    local all=$1 more=$1
    while [ -n "$more" ]; do
        more=$(ps -o pid= --ppid "${more//[[:space:]]/,}" | xargs)
        all="$all${more:+ $more}"
    done
    ps -o pid=,args= -p "${all// /,}" |
        awk -v program="$COVARY" '$2 == program { print $1 }' | sort -n
}

# complete ANNOTATION: so many frames are done in it; nothing if it cannot be read.
complete() {
    "$COVARY" inspect --json - "$1" 2>/dev/null | grep -o '"complete": [0-9]*' | grep -o '[0-9]*$'
}

# wait_for_frames ANNOTATION: until a run in the background has written some of them.
wait_for_frames() {
    local n
    for _ in $(seq 400); do
        n=$(complete "$1")
        [ "${n:-0}" = 0 ] || return 0
        sleep 0.05
    done
    fail "nothing was written in 20 s"
}

# first_frames COUNT FILE: the first frames of an XYZ file of one molecule, on standard output.
first_frames() {
    awk -v count="$1" 'NR == 1 { lines = $1 + 2 } NR > count * lines { exit } { print }' "$2"
}

# relative_error FILE PROPERTY: of the whole property, from the JSON of covary evaluate.
relative_error() {
    awk -v name="\"$2\":" 'index($0, name) && /{ *$/ { inside = 1 }
        inside && match($0, /"relative_rmse": [-+.0-9eE]+/) {
            print substr($0, RSTART + 17, RLENGTH - 17); exit }' "$1"
}

# valid_json FILE: by jq or python3, or else that brackets and quotes match.
valid_json() {
    if command -v jq >/dev/null; then
        jq empty "$1"
    elif command -v python3 >/dev/null; then
        python3 -m json.tool "$1" >/dev/null
    else
        awk '{ gsub(/\\./, ""); quotes = gsub(/"[^"]*"/, ""); gsub(/[^][{}"]/, ""); all = all $0 }
            END { while (gsub(/\[\]|{}/, "", all)) { } exit all != "" }' "$1"
    fi
}

# small_config FRAMES: config.yaml and train.xyz, with everything fixed; fast to fit.
small_config() {
    first_frames "$1" "$data/dce_train.xyz" >train.xyz
    cat >config.yaml <<'TEXT'
data: {train: [train.xyz]}
properties:
  - {name: dipole, kind: vector, unit: e*bohr}
  - {name: polarizability, kind: symmetric-tensor, unit: bohr^3}
representation:
  basis: eckart
  references: 1
  descriptor: [cartesians, distances]
  scaling: standardize
  symmetry: none
kernel: {type: gaussian, length: 4}
ridge: 1e-2
output: model.h5
TEXT
}

# finish CLAIM
finish() {
    if [ "$failures" != 0 ] || [ "$checks" = 0 ]; then
        echo "$failures of $checks checks failed"
        exit 1
    fi
    echo "$1 ($checks checks)"
}
