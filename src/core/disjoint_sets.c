/* SPDX-License-Identifier: BSD-3-Clause */
/* Disjoint sets. */
#include "core/disjoint_sets.h"

void disjoint_sets_start(int64_t n, int64_t *parent)
{
    for (int64_t i = 0; i < n; i++) {
        parent[i] = i;
    }
}

int64_t disjoint_sets_root(int64_t *parent, int64_t member)
{
    while (parent[member] != member) {
        parent[member] = parent[parent[member]];
        member = parent[member];
    }
    return member;
}

void disjoint_sets_join(int64_t *parent, int64_t a, int64_t b)
{
    const int64_t p = disjoint_sets_root(parent, a), q = disjoint_sets_root(parent, b);

    parent[p > q ? p : q] = p < q ? p : q;
}

/* A parent comes before its children, so that the number of its set is known by then. */
int64_t disjoint_sets_number(int64_t n, int64_t *parent)
{
    int64_t n_sets = 0;

    for (int64_t i = 0; i < n; i++) {
        parent[i] = parent[i] == i ? n_sets++ : parent[parent[i]];
    }
    return n_sets;
}
