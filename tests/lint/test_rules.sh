#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# test_rules.sh SCRATCH: each rule finds what it forbids, in a small tree made for it, and accepts
# the same tree without it.
set -euo pipefail
rules=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$1
failures=0

fresh() { # a tree that keeps the rules
    rm -rf "$scratch"
    mkdir -p "$scratch/src/core" "$scratch/src/storage" "$scratch/src/linalg" "$scratch/src/kernel"
    printf '%s\n' '/* SPDX-License-Identifier: BSD-3-Clause */' '#include <hdf5.h>' \
        >"$scratch/src/storage/file.c"
    printf '%s\n' '/* SPDX-License-Identifier: BSD-3-Clause */' '#include "core/status.h"' \
        'void factorize(void)' '{' '    pdpotrf_();' '}' >"$scratch/src/linalg/factor.c"
    printf '%s\n' '/* SPDX-License-Identifier: BSD-3-Clause */' 'int status;' \
        >"$scratch/src/core/status.h"
}

expect() { # expect RULE STATUS WHAT
    local status=0 output
    output=$(bash "$rules/$1.sh" "$scratch" 2>&1) || status=$?
    if [ "$status" != "$2" ]; then
        echo "$1: $3: exit status $status in place of $2"
        printf '%s\n' "$output"
        failures=$((failures + 1))
    fi
}

lines() { # lines N TEXT
    yes "$2" | head -n "$1" || true
}

for rule in dependencies calls sizes words; do
    fresh
    expect "$rule" 0 "a clean tree"
done

fresh
echo '#include "linalg/panel.h"' >>"$scratch/src/core/status.h"
expect dependencies 1 "core uses linalg"
fresh
echo '#include "unknown/thing.h"' >>"$scratch/src/core/status.h"
expect dependencies 1 "a folder that does not exist"
fresh
echo '#include <hdf5.h>' >>"$scratch/src/core/status.h"
expect dependencies 1 "core includes hdf5.h"
fresh
printf 'static void grid(void)\n{\n    Cblacs_gridinit(0, 0, 1, 1);\n}\n' >"$scratch/src/kernel/k.c"
expect dependencies 1 "kernel calls BLACS"
fresh
mkdir "$scratch/src/extra"
echo 'int extra;' >"$scratch/src/extra/extra.c"
expect dependencies 1 "a folder outside the order"
rm -rf "$scratch"
mkdir -p "$scratch"
expect dependencies 1 "no files at all"

for call in 'abort();' 'exit(1);' 'p = malloc(8);' 'printf("a");' 'fputs("a", stderr);' \
    'MPI_Barrier(MPI_COMM_WORLD);' 'system("a");'; do
    fresh
    printf 'static void call(void)\n{\n    %s\n}\n' "$call" >"$scratch/src/kernel/k.c"
    expect calls 1 "$call"
    mkdir "$scratch/src/cli"
    mv "$scratch/src/kernel/k.c" "$scratch/src/cli/k.c"
    expect calls 0 "$call in the program"
done
fresh
printf '/* frees what malloc() gave */\nvoid free_all(void);\nvoid my_exit(int a);\n' \
    >"$scratch/src/kernel/k.h"
expect calls 0 "names that only look alike"

fresh
lines 610 'int many;' >>"$scratch/src/core/status.h"
expect sizes 1 "a long file"
fresh
{
    printf '/* SPDX-License-Identifier: BSD-3-Clause */\nint long_one(\n    int a)\n{\n'
    lines 98 '    a++;'
    printf '}\n'
} >"$scratch/src/kernel/k.c"
expect sizes 1 "a function of 101 lines"
fresh
{
    printf '/* SPDX-License-Identifier: BSD-3-Clause */\n'
    for name in one two three; do
        printf 'int %s(int a)\n{\n' "$name"
        lines 60 '    a++;'
        printf '}\n\n'
    done
} >"$scratch/src/kernel/k.c"
expect sizes 0 "three functions of 63 lines"
fresh
echo 'int k;' >"$scratch/src/kernel/k.c"
expect sizes 1 "no SPDX line"
fresh
printf '/* %0120d */\n' 0 >>"$scratch/src/core/status.h"
expect sizes 1 "a line over 100 columns"

fresh
printf '/* %s: later */\n' 'TO''DO' >>"$scratch/src/core/status.h"
expect words 1 "a mark of unfinished work"
fresh
printf 'path = "/%s/someone/data"\n' 'ho''me' >"$scratch/config.yaml"
expect words 1 "a path of a machine"
fresh
printf 'cat prefix/%s/file\n' 'tm''p' >"$scratch/notes.txt"
expect words 0 "a relative path"

if bash "$rules/format.sh" "$rules/../.." >/dev/null 2>&1 || [ $? != 77 ]; then
    fresh
    cp "$rules/../../.clang-format" "$scratch"
    expect format 0 "a clean tree"
    printf 'int   badly( int a ){return a;}\n' >>"$scratch/src/core/status.h"
    expect format 1 "bad formatting"
fi

rm -rf "$scratch"
[ "$failures" = 0 ] && echo "every rule finds what it forbids"
