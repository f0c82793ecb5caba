/* SPDX-License-Identifier: BSD-3-Clause */
/* A list of findings that grows, and how those of all ranks become one. */
#include "model/findings.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Different texts of one kind about one property. */
enum { MOST_TEXTS = 20 };

const char *finding_word(int kind)
{
    static const char *const words[] = {
        [FINDING_FILE] = "file",
        [FINDING_POSITIONS] = "positions",
        [FINDING_COMPOSITION] = "composition",
        [FINDING_LABELS] = "labels",
        [FINDING_FIT] = "fit",
        [FINDING_UNIT] = "unit",
        [FINDING_CHARGE] = "charge",
        [FINDING_ATOM_ORDER] = "atom-order",
        [FINDING_GEOMETRY] = "geometry",
        [FINDING_COPIES] = "copies",
        [FINDING_CONFLICT] = "conflict",
        [FINDING_OUTLIER] = "outlier",
    };

    return words[kind];
}

static covary_status append(finding_list *to, finding_kind kind, int property, const char *remedy)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_RESIZE("findings", to->n + 1, &to->list));
    finding *made = &to->list[to->n++];
    made->kind = (int)kind;
    made->property = property;
    snprintf(made->remedy, sizeof made->remedy, "%s", remedy);

done:
    return status;
}

covary_status findings_begin(finding_list *to, finding_kind kind, int property, const char *remedy,
                             const char *format, ...)
{
    covary_status status = COVARY_OK;
    va_list       values;

    COVARY_TRY(append(to, kind, property, remedy));
    va_start(values, format);
    vsnprintf(to->list[to->n - 1].said, FINDING_TEXT, format, values);
    va_end(values);

done:
    return status;
}

static void add_frame(finding *to, int64_t frame)
{
    if (to->n_frames < FINDING_FRAMES) {
        to->frames[to->n_frames] = frame;
    }
    to->n_frames++;
}

void findings_add_frame(finding_list *to, int64_t frame)
{
    add_frame(&to->list[to->n - 1], frame);
}

/* The finding that says the same, or that takes whatever is too much; NULL: neither. */
static finding *find_same(finding_list *in, finding_kind kind, int property, const char *said)
{
    finding *last = NULL;
    int      n_texts = 0;

    for (int k = 0; k < in->n; k++) {
        finding *of = &in->list[k];
        if (of->kind != (int)kind || of->property != property) {
            continue;
        }
        if (strncmp(of->said, said, FINDING_TEXT - 1) == 0) {
            return of;
        }
        last = of;
        n_texts++;
    }
    return n_texts >= MOST_TEXTS ? last : NULL;
}

covary_status findings_note(finding_list *to, finding_kind kind, int property, int64_t frame,
                            const char *remedy, const char *said)
{
    covary_status status = COVARY_OK;
    finding      *same = find_same(to, kind, property, said);

    if (same == NULL) {
        COVARY_TRY(findings_begin(to, kind, property, remedy, "%s", said));
        same = &to->list[to->n - 1];
    } else if (strncmp(same->said, said, FINDING_TEXT - 1) != 0) {
        snprintf(same->said, sizeof same->said, "more of this kind, each different");
    }
    add_frame(same, frame);

done:
    return status;
}

static covary_status join(finding_list *to, const finding *from)
{
    covary_status status = COVARY_OK;
    finding      *same = find_same(to, (finding_kind)from->kind, from->property, from->said);

    if (same == NULL) {
        COVARY_TRY(append(to, (finding_kind)from->kind, from->property, from->remedy));
        to->list[to->n - 1] = *from;
        goto done;
    }
    if (strcmp(same->said, from->said) != 0) {
        snprintf(same->said, sizeof same->said, "more of this kind, each different");
    }
    const int64_t n_known = from->n_frames < FINDING_FRAMES ? from->n_frames : FINDING_FRAMES;
    for (int64_t k = 0; k < n_known; k++) {
        add_frame(same, from->frames[k]);
    }
    same->n_frames += from->n_frames - n_known;

done:
    return status;
}

/* By kind and property; those alike stay in their order. */
static void sort_findings(finding_list *list)
{
    for (int k = 1; k < list->n; k++) {
        const finding moved = list->list[k];
        int           at = k;
        for (; at > 0; at--) {
            const finding *before = &list->list[at - 1];
            if (before->kind < moved.kind ||
                (before->kind == moved.kind && before->property <= moved.property)) {
                break;
            }
            list->list[at] = *before;
        }
        list->list[at] = moved;
    }
}

static covary_status join_all(int n, const finding *all, finding_list *into)
{
    covary_status status = COVARY_OK;

    for (int k = 0; k < n; k++) {
        COVARY_TRY(join(into, &all[k]));
    }
    sort_findings(into);

done:
    return status;
}

covary_status findings_merge(covary_run *run, finding_list *list)
{
    covary_status status = COVARY_OK;
    const int     size = covary_run_size(run);
    int          *bytes = NULL, *starts = NULL;
    int           mine = 0, n = 0;
    finding      *all = NULL;
    finding_list  merged = {0};

    COVARY_TRY_TOGETHER(run, "reserve the shares", MEMORY_ALLOCATE("shares", size, &bytes));
    COVARY_TRY_TOGETHER(run, "reserve their places", MEMORY_ALLOCATE("places", size, &starts));
    COVARY_TRY_TOGETHER(
        run, "count the findings",
        narrow_to_int("findings", (int64_t)list->n * (int64_t)sizeof(finding), &mine));
    MPI_Allgather(&mine, 1, MPI_INT, bytes, 1, MPI_INT, covary_run_comm(run));
    for (int rank = 0; rank < size; rank++) {
        starts[rank] = n * (int)sizeof(finding);
        n += bytes[rank] / (int)sizeof(finding);
    }
    COVARY_TRY_TOGETHER(run, "reserve all findings", MEMORY_ALLOCATE("findings", n, &all));
    MPI_Allgatherv(list->list, mine, MPI_BYTE, all, bytes, starts, MPI_BYTE, covary_run_comm(run));
    COVARY_TRY_TOGETHER(run, "join the findings", join_all(n, all, &merged));
    findings_release(list);
    *list = merged;
    merged = (finding_list){0};

done:
    findings_release(&merged);
    MEMORY_RELEASE(&all);
    MEMORY_RELEASE(&starts);
    MEMORY_RELEASE(&bytes);
    return status;
}

void findings_release(finding_list *released)
{
    MEMORY_RELEASE(&released->list);
    released->n = 0;
}
