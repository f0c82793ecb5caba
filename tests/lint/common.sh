# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the lint rules: which files are the project's, and how a rule reports.

# Paths relative to the root ($1) of all files of the project that still exist: those that git knows
# or would take; without git, every file outside the build folders.
project_files() {
    (
        cd "$1" || exit 1
        if [ "$(git rev-parse --show-prefix 2>&1)" = "" ]; then
            git ls-files --cached --others --exclude-standard
        else
            find . -type f ! -path './build/*' ! -path './.git/*' | sed 's|^\./||'
        fi | sort -u | while IFS= read -r file; do
            if [ -f "$file" ]; then printf '%s\n' "$file"; fi
        done
    )
}

# finish RULE FINDINGS: no findings is success; no files to look at is not.
finish() {
    if [ -n "$2" ]; then
        printf '%s\n' "$2"
        printf '%s: %d finding(s)\n' "$1" "$(printf '%s\n' "$2" | wc -l)"
        exit 1
    fi
    echo "$1: nothing found"
}

need_files() {
    if [ -z "$2" ]; then
        echo "$1: no files to look at"
        exit 1
    fi
}
