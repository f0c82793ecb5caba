/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts as files, and the labels that tests of extended XYZ ask for. */
#ifndef COVARY_TESTS_EXTXYZ_SUPPORT_H
#define COVARY_TESTS_EXTXYZ_SUPPORT_H

#include "support.h"
#include "trajectory/format.h"

#include <stdio.h>
#include <string.h>

static const char *const dipole_keys[] = {"dipole", "mu", "REF_dipole", NULL};
static const char *const tensor_keys[] = {"polarizability", "alpha", NULL};
static const char *const energy_keys[] = {"energy", NULL};
static const int         voigt_places[] = {0, 5, 4, 5, 1, 3, 4, 3, 2};
static const char *const forces_keys[] = {"forces", "force", NULL};

static const label_request dipole
    __attribute__((unused)) = {.name = "dipole", .keys = dipole_keys, .n_components = 3};
static const label_request energy
    __attribute__((unused)) = {.name = "energy", .keys = energy_keys, .n_components = 1};
static const label_request tensor __attribute__((unused)) = {.name = "polarizability",
                                                             .keys = tensor_keys,
                                                             .n_components = 9,
                                                             .n_short = 6,
                                                             .short_places = voigt_places};
static const label_request forces __attribute__((unused)) = {
    .name = "forces", .keys = forces_keys, .n_components = 3, .per_atom = true};

#define PROPERTIES "Properties=species:S:1:pos:R:3 "

static inline const char *write_file(const char *name, const char *text)
{
    return write_bytes(name, text, strlen(text));
}

/* All frames of a text; the caller destroys the batch. */
static inline covary_status read_text(const char *text, const label_request *request,
                                      frames **batch)
{
    const char   *path = write_file("odd.xyz", text);
    trajectory   *opened = NULL;
    covary_status status = trajectory_open(
        test_run(), &path, 1,
        &(trajectory_options){.requests = request, .n_requests = request != NULL}, &opened);

    *batch = NULL;
    if (status == COVARY_OK) {
        assert_ok(frames_create(0, 0, batch));
        status = trajectory_read(opened, 0, trajectory_n_frames(opened), *batch);
    }
    trajectory_close(&opened);
    return status;
}

#endif
