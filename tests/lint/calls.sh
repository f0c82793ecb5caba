#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# calls.sh ROOT: the library leaves the process, its standard streams and MPI_COMM_WORLD to the
# program (src/cli), and takes memory through core/memory.  The log and the progress display write
# to standard error; everything else reports through them.
set -euo pipefail
# shellcheck source=tests/lint/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$1"

files=$(project_files . | grep -E '^src/.*\.(c|h)$' | grep -v '^src/cli/' || true)
need_files calls "$files"

# shellcheck disable=SC2086 # one word a file
findings=$(awk '
    function finding(what) { print FILENAME ":" FNR ": " what ": " $0 }
    /^[ \t]*(\/\*|\*)/ { next }
    /(^|[^A-Za-z0-9_])(abort|_?exit|MPI_Abort|MPI_Init(_thread)?|MPI_Finalize)[ \t]*\(/ {
        finding("only the program starts and ends") }
    /(^|[^A-Za-z0-9_])(system|popen|fork)[ \t]*\(/ { finding("no other programs are started") }
    /MPI_COMM_WORLD/ { finding("only the program knows MPI_COMM_WORLD") }
    /(^|[^A-Za-z0-9_])(m|c|re|aligned_)alloc[ \t]*\(|(strn?dup|posix_memalign)[ \t]*\(/ &&
        FILENAME != "src/core/memory.c" { finding("memory is taken through core/memory") }
    (/(^|[^A-Za-z0-9_])(printf|puts|putchar|perror)[ \t]*\(/ || /(stderr|stdout)[,)]/) &&
        FILENAME !~ /^src\/core\/(log|progress)\.c$/ { finding("the library does not print") }
    ' $files)
finish calls "$findings"
