#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# All tests, from a fresh clone on:
#
#   bash tests/run.sh           everything, about thirteen minutes on two cores
#   bash tests/run.sh --quick   without the sanitizers
#
# Installs what is missing where it may (see jobs/setup.sh), builds the dev preset and runs its
# tests but those on two ranks (or one), then builds the asan preset and runs these, and again most
# tests of the program, under the address and undefined-behaviour sanitizers.  Ends with one line:
# N passed, N failed, N skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/setup.sh
. jobs/setup.sh

sanitizers=yes
for option in "$@"; do
    case $option in
    --quick) sanitizers=no ;;
    *)
        echo "usage: bash tests/run.sh [--quick]" >&2
        exit 2
        ;;
    esac
done

passed=0 failed=0 skipped=0

# count WHICH FILE: test cases of a JUnit report of ctest with that status.
count() {
    grep -c "<testcase .*status=\"$1\"" "$2" || true
}

# run_tests PRESET [ctest options]: adds to the totals.  Twice as many ranks as cores at a time:
# most tests wait for programs to start half of their time.  Ctest calls a skipped test "notrun",
# like one that it could not start; only the former names its exit status as the reason.
run_tests() {
    local preset=$1 report=$PWD/build/$1-tests.xml status=0 quiet not_run
    shift
    rm -f "$report"
    setup_show ctest --preset "$preset" --parallel "$((2 * $(setup_cores)))" --no-tests=error \
        --output-junit "$report" "$@" </dev/null || status=$?
    if [ ! -s "$report" ]; then
        failed=$((failed + 1))
        return
    fi
    not_run=$(count notrun "$report")
    quiet=$(grep -c 'message="SKIP_' "$report" || true)
    passed=$((passed + $(count run "$report")))
    failed=$((failed + $(count fail "$report") + not_run - quiet))
    skipped=$((skipped + quiet + $(count disabled "$report")))
    if [ "$status" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
}

# Packages without which some checks are skipped: wanted, not needed.
extras() {
    local package wanted=()
    for package in $setup_extra_packages; do
        if ! dpkg -s "$package" >/dev/null 2>&1 && apt-cache show "$package" >/dev/null 2>&1; then
            wanted+=("$package")
        fi
    done
    if [ ${#wanted[@]} != 0 ]; then
        setup_apt_install "${wanted[@]}" || setup_say "Going on without some of: ${wanted[*]}"
    fi
}

# A folder that was made under another path (a copied checkout) is made anew.
drop_foreign() {
    local cache=build/$1/CMakeCache.txt
    if [ -f "$cache" ] && ! grep -qx "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache"; then
        rm -rf "build/$1"
    fi
}

# Sandboxes that forbid ptrace stop the leak check, not the other checks.
asan_options() {
    local folder options=''
    folder=$(mktemp -d)
    echo 'int main(void) { return 0; }' >"$folder/probe.c"
    if cc -fsanitize=address "$folder/probe.c" -o "$folder/probe" &&
        ! "$folder/probe" 2>/dev/null; then
        setup_say "Leaks cannot be looked for here (ptrace is forbidden?)"
        options=detect_leaks=0
    fi
    rm -rf "$folder"
    echo "$options"
}

setup_ensure yes
if setup_apt_prefix >/dev/null; then extras; fi
setup_environment

drop_foreign dev
setup_configure dev
setup_build dev
if [ "$sanitizers" = yes ]; then
    run_tests dev --label-exclude '^sanitized$'
else
    run_tests dev
fi

if [ "$sanitizers" = yes ]; then
    drop_foreign asan
    setup_configure asan "-DCOVARY_ASAN_OPTIONS=$(asan_options)"
    setup_build asan
    export COVARY_TEST_RANKS=2
    run_tests asan --label-regex '^sanitized(_too)?$'
fi

if [ $((passed + failed)) = 0 ]; then
    echo "No tests ran." >&2
    failed=1
fi
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
