/* SPDX-License-Identifier: BSD-3-Clause */
/* Spanning tree by Prim's method, and the descent over frames and branches. */
#include "solver/sign_tree.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

/* J has to fall by this fraction of a frame's own share of it, so that rounding changes nothing. */
static const double WORTHWHILE = 1e-9;

void sign_tree_release(sign_tree *released)
{
    MEMORY_RELEASE(&released->across);
    MEMORY_RELEASE(&released->within);
    MEMORY_RELEASE(&released->field);
    MEMORY_RELEASE(&released->common);
    MEMORY_RELEASE(&released->order);
    MEMORY_RELEASE(&released->parent);
}

static double likeness(int64_t n, const double *similarity, int64_t i, int64_t j)
{
    const double larger = fmax(similarity[i * n + i], similarity[j * n + j]);

    return larger > 0.0 ? fabs(similarity[i * n + j]) / larger : 0.0;
}

/* Prim: of the frames outside of the tree the one most like a frame of it comes next. */
static covary_status grow(sign_tree *tree, const double *similarity)
{
    covary_status status = COVARY_OK;
    const int64_t n = tree->n;
    double       *best = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("likeness", n, &best));
    for (int64_t i = 0; i < n; i++) {
        best[i] = -1.0;
        tree->parent[i] = -1;
    }
    for (int64_t step = 0, next = 0; step < n; step++) {
        tree->order[step] = (int32_t)next;
        best[next] = INFINITY; /* in the tree */
        for (int64_t i = 0; i < n; i++) {
            const double alike = likeness(n, similarity, i, next);
            if (alike > best[i]) {
                best[i] = alike;
                tree->parent[i] = (int32_t)next;
            }
        }
        const int64_t last = next;
        for (int64_t i = 0; i < n; i++) {
            if (!isinf(best[i]) && (next == last || best[i] > best[next])) {
                next = i;
            }
        }
    }

done:
    MEMORY_RELEASE(&best);
    return status;
}

/* Two frames meet where the later one's parent meets the earlier one. */
static void find_common(sign_tree *tree)
{
    const int64_t n = tree->n;

    for (int64_t step = 0; step < n; step++) {
        const int64_t late = tree->order[step], parent = tree->parent[late];
        tree->common[late * n + late] = (int32_t)late;
        for (int64_t before = 0; before < step; before++) {
            const int64_t early = tree->order[before];
            tree->common[late * n + early] = tree->common[early * n + late] =
                tree->common[early * n + parent];
        }
    }
}

covary_status sign_tree_create(int64_t n, const double *similarity, sign_tree *out)
{
    covary_status status = COVARY_OK;

    *out = (sign_tree){.n = n};
    COVARY_TRY(MEMORY_ALLOCATE("tree", n, &out->parent));
    COVARY_TRY(MEMORY_ALLOCATE("tree", n, &out->order));
    COVARY_TRY(MEMORY_ALLOCATE("tree", n * n, &out->common));
    COVARY_TRY(MEMORY_ALLOCATE("fields", n, &out->field));
    COVARY_TRY(MEMORY_ALLOCATE("branches", n, &out->within));
    COVARY_TRY(MEMORY_ALLOCATE("branches", n, &out->across));
    COVARY_TRY(grow(out, similarity));
    find_common(out);

done:
    return status;
}

void sign_tree_start(const sign_tree *tree, const double *similarity, double *signs)
{
    for (int64_t step = 0; step < tree->n; step++) {
        const int64_t i = tree->order[step], parent = tree->parent[i];
        const double  along = parent < 0 ? 1.0 : similarity[i * tree->n + parent];
        signs[i] = parent < 0 ? 1.0 : along < 0.0 ? -signs[parent] : signs[parent];
    }
}

static void set_fields(sign_tree *tree, const double *p, const double *signs)
{
    for (int64_t i = 0; i < tree->n; i++) {
        tree->field[i] = 0.0;
        for (int64_t j = 0; j < tree->n; j++) {
            tree->field[i] += j != i ? p[i * tree->n + j] * signs[j] : 0.0;
        }
    }
}

/* The other sign of frame i changes J by -4 s_i field_i. */
static void descend_by_frames(sign_tree *tree, const double *p, double *signs)
{
    const int64_t n = tree->n;

    set_fields(tree, p, signs);
    for (;;) {
        int64_t best = -1;
        for (int64_t i = 0; i < n; i++) {
            const double gain = signs[i] * tree->field[i];
            if (gain > WORTHWHILE * p[i * n + i] &&
                (best < 0 || gain > signs[best] * tree->field[best])) {
                best = i;
            }
        }
        if (best < 0) {
            return;
        }
        signs[best] = -signs[best];
        for (int64_t i = 0; i < n; i++) {
            tree->field[i] += i != best ? 2.0 * p[i * n + best] * signs[best] : 0.0;
        }
    }
}

/*
 * The other signs of a branch change J by -4 times the sum of s_i P_ij s_j between it and the rest:
 * all of its rows, minus the pairs that meet inside of it.  Returns its top, or -1.
 */
static int64_t best_branch(sign_tree *tree, const double *p, const double *signs)
{
    const int64_t n = tree->n;
    int64_t       best = -1;
    double        most = 0.0;

    memset(tree->within, 0, (size_t)n * sizeof *tree->within);
    for (int64_t i = 0; i < n; i++) {
        tree->across[i] = 0.0;
        for (int64_t j = 0; j < n; j++) {
            const double pair = signs[i] * signs[j] * p[i * n + j];
            tree->across[i] += pair;
            tree->within[tree->common[i * n + j]] += pair;
        }
    }
    for (int64_t step = n - 1; step > 0; step--) {
        const int64_t top = tree->order[step];
        const double  gain = tree->across[top] - tree->within[top];
        if (gain > WORTHWHILE * fabs(tree->across[top]) + most) {
            best = top;
            most = gain;
        }
        tree->across[tree->parent[top]] += tree->across[top];
        tree->within[tree->parent[top]] += tree->within[top];
    }
    return best;
}

static void change_branch(const sign_tree *tree, int64_t top, double *signs)
{
    for (int64_t i = 0; i < tree->n; i++) {
        signs[i] = tree->common[i * tree->n + top] == top ? -signs[i] : signs[i];
    }
}

void sign_tree_descend(sign_tree *tree, const double *p, double *signs)
{
    int64_t branch = 0;

    for (int64_t round = 0; round < tree->n && branch >= 0; round++) {
        descend_by_frames(tree, p, signs);
        branch = best_branch(tree, p, signs);
        if (branch >= 0) {
            change_branch(tree, branch, signs);
        }
    }
    for (int64_t i = tree->n - 1; i >= 0; i--) {
        signs[i] = signs[0] < 0.0 ? -signs[i] : signs[i]; /* the first one last */
    }
}
