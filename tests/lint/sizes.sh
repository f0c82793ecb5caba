#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# sizes.sh ROOT: files of at most 600 lines of at most 100 columns, functions of at most 100 lines,
# an SPDX line at the head of every source, and a comment after it that says what the file owns.
set -euo pipefail
# shellcheck source=tests/lint/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$1"

files=$(project_files . | grep -E '\.(c|h|h\.in|py|sh|slurm)$' || true)
need_files sizes "$files"

# A function runs from the first line of its signature to the closing brace, both in column one.
# shellcheck disable=SC2086 # one word a file
findings=$(awk '
    function leave() {
        if (name != "" && lines > 600) print name ": " lines " lines (at most 600)"
        if (name != "" && !licensed) print name ":1: no SPDX line among the first three lines"
    }
    FNR == 1 { leave(); name = FILENAME; licensed = 0; start = 0; inside = 0
               c = name ~ /\.(c|h)$/ }
    { lines = FNR }
    FNR <= 3 && /SPDX-License-Identifier: BSD-3-Clause/ { licensed = 1 }
    length($0) > 100 { columns = $0; gsub(/[\200-\277]/, "", columns)
                       if (length(columns) > 100) print name ":" FNR ": over 100 columns" }
    !c { next }
    /^\{/ && !inside { inside = 1; if (!start) start = FNR; next }
    /^\}/ { if (inside && FNR - start + 1 > 100)
                print name ":" start ": a function of " FNR - start + 1 " lines (at most 100)"
            inside = 0; start = 0; next }
    inside { next }
    /^[A-Za-z_].*\(/ && !/;[ \t]*$/ { if (!start) start = FNR; next }
    /;[ \t]*$/ || /^[ \t]*$/ || /^#/ { start = 0 }
    END { leave() }' $files)
finish sizes "$findings"
