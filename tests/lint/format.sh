#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# format.sh ROOT: clang-format would change nothing.  Skipped without clang-format 14: other
# versions lay out some lines differently.
set -euo pipefail
# shellcheck source=tests/lint/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$1"

tool=""
for name in clang-format-14 clang-format; do
    if [ -z "$tool" ] && command -v "$name" >/dev/null; then tool=$name; fi
done
if [ -z "$tool" ]; then
    echo "skipped: clang-format is not installed"
    exit 77
fi
version=$("$tool" --version | sed -n 's/.*version \([0-9][0-9]*\).*/\1/p')
if [ "$version" != 14 ]; then
    echo "skipped: the formatting is that of clang-format 14, this is version $version"
    exit 77
fi

files=$(project_files . | grep -E '\.(c|h)$' || true)
need_files format "$files"
# shellcheck disable=SC2086 # one word a file
findings=$("$tool" --dry-run $files 2>&1 | grep -E 'warning|error' | cut -d: -f1 | sort | uniq -c |
    awk '{print $2 ": clang-format would change " $1 " place(s)"}' || true)
finish format "$findings"
