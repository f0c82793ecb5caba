#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# words.sh ROOT: no marks of unfinished work and no paths of somebody's machine.  The patterns carry
# a bracket each, so that they do not find themselves.
set -euo pipefail
# shellcheck source=tests/lint/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$1"

marks='TO[D]O|FIX[M]E|(^|[^X])X[X]X([^X]|$)|(^|[^a-z])st[u]b([^a-z]|$)'
marks="$marks|not (yet )?implement[e]d|place[h]older"
paths='(^|[^A-Za-z0-9_.}])/(ho[m]e|ro[o]t|t[m]p|wor[k]|Use[r]s)/[A-Za-z0-9]'
files=$(project_files . | grep -v '^tests/data/' | grep -v '^LICENSE$' || true)
need_files words "$files"

findings=$(printf '%s\n' "$files" | tr '\n' '\0' |
    xargs -0 grep -nIHiE -e "$marks" -e "$paths" -- || true)
finish words "$findings"
