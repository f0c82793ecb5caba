/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Findings of a check: what is the same in several frames is one finding with a list of frames.
 * Texts have fixed room, so that ranks can send findings as they are.
 */
#ifndef COVARY_MODEL_FINDINGS_H
#define COVARY_MODEL_FINDINGS_H

#include <covary/check.h>

enum { FINDING_FRAMES = 6, FINDING_TEXT = 1024, FINDING_REMEDY = 320 };

/* Errors come first, and all are told in this order. */
typedef enum {
    FINDING_FILE,
    FINDING_POSITIONS,
    FINDING_COMPOSITION,
    FINDING_LABELS,
    FINDING_FIT, /* the last error */
    FINDING_UNIT,
    FINDING_CHARGE,
    FINDING_ATOM_ORDER,
    FINDING_GEOMETRY,
    FINDING_COPIES,
    FINDING_CONFLICT,
    FINDING_OUTLIER
} finding_kind;

typedef struct {
    int     kind;
    int     property; /* -1: none */
    int64_t n_frames;
    int64_t frames[FINDING_FRAMES]; /* the first of them, counted through all files */
    char    said[FINDING_TEXT];
    char    remedy[FINDING_REMEDY];
} finding;

typedef struct {
    int      n;
    finding *list; /* [n] */
} finding_list;

/* A new finding, still of no frame; frames are added to the newest one.  Local. */
covary_status findings_begin(finding_list *to, finding_kind kind, int property, const char *remedy,
                             const char *format, ...) __attribute__((format(printf, 5, 6)));
void          findings_add_frame(finding_list *to, int64_t frame);

/*
 * What is wrong with one frame, together with frames of which the same was said.  Of many different
 * texts about one property the last ones are joined.  Local.
 */
covary_status findings_note(finding_list *to, finding_kind kind, int property, int64_t frame,
                            const char *remedy, const char *said);

/* The findings of all ranks on every rank, sorted by kind, then by property.  Collective. */
covary_status findings_merge(covary_run *run, finding_list *list);

void        findings_release(finding_list *released);
const char *finding_word(int kind);

#endif
