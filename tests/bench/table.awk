# SPDX-License-Identifier: BSD-3-Clause
# Samples in, one table of medians and ratios out.  Input, separated by tabs:
#
#   sample  NAME  UNIT  VALUE         in the order in which they were taken
#   ratio   NAME  NAME_OF_REFERENCE   a row of the table
#   note    TEXT                      printed below the table
#
# Each sample of a name is divided by the sample of its reference that was taken next to it: what
# slows the machine down for a while slows both sides down.

BEGIN { FS = "\t" }

$1 == "sample" {
    unit[$2] = $3
    value[$2, ++count[$2]] = $4 + 0
    taken[$2, count[$2]] = NR
}

$1 == "ratio" {
    of[++rows] = $2
    to[rows] = $3
}

$1 == "note" { notes[++n_notes] = $2 }

# Sorts v[1..n].
function sort(v, n,    i, j, held) {
    for (i = 2; i <= n; i++) {
        held = v[i]
        for (j = i - 1; j >= 1 && v[j] > held; j--) v[j + 1] = v[j]
        v[j + 1] = held
    }
}

function middle(v, n) { return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2 }

# Three significant digits, without an exponent.
function plain(x) {
    if (x >= 100) return sprintf("%.0f", x)
    if (x >= 10) return sprintf("%.1f", x)
    if (x >= 1) return sprintf("%.2f", x)
    return sprintf("%.3f", x)
}

function median_of(name,    v, i) {
    for (i = 1; i <= count[name]; i++) v[i] = value[name, i]
    sort(v, count[name])
    return middle(v, count[name])
}

# The sample of `reference` that was taken nearest to line `at`.
function beside(reference, at,    i, best, far, nearest) {
    for (i = 1; i <= count[reference]; i++) {
        far = taken[reference, i] > at ? taken[reference, i] - at : at - taken[reference, i]
        if (i == 1 || far < nearest) { best = i; nearest = far }
    }
    return value[reference, best]
}

function row(name, reference,    v, n, i) {
    n = count[name]
    if (n == 0 || count[reference] == 0) {
        notes[++n_notes] = "nothing was measured of: " (n ? reference : name)
        missing = 1
        return
    }
    for (i = 1; i <= n; i++) v[i] = value[name, i] / beside(reference, taken[name, i])
    sort(v, n)
    printf "%-42s %9s %-9s %7s  (%s..%s)%*s of %s\n", name, plain(median_of(name)), unit[name], \
        plain(middle(v, n)), plain(v[1]), plain(v[n]), \
        13 - length(plain(v[1]) plain(v[n])), "", reference
}

END {
    printf "%-42s %9s %-9s %7s  %-17s %s\n", "what", "median", "unit", "ratio", "(min..max)", "of what"
    for (i = 1; i <= rows; i++) row(of[i], to[i])
    for (i = 1; i <= n_notes; i++) print notes[i]
    exit missing
}
