/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Output files are judged before the work, not after it: a fit of hours must not end at a folder
 * that does not exist, and no output may replace an input or a device.
 */
#ifndef COVARY_CORE_OUTPUT_H
#define COVARY_CORE_OUTPUT_H

#include <covary/run.h>

/*
 * Can a new file take the name `path`, and is it none of the inputs, under whatever name?  Local;
 * asks the file system of this rank.
 *
 * inputs  in  [n_inputs]; NULL and missing files are left out
 *
 * COVARY_ERR_IO: the name is empty, a folder or a device, or its folder is missing or read-only;
 * COVARY_ERR_USAGE: it is an input.  The message names the path.
 */
covary_status output_check_here(const char *path, const char *const *inputs, int n_inputs);

/* The same as rank 0 sees it.  Collective. */
covary_status output_check(covary_run *run, const char *path, const char *const *inputs,
                           int n_inputs);

#endif
