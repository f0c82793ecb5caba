/* SPDX-License-Identifier: BSD-3-Clause */
/* Where two configurations differ, as texts of covary_config. */
#ifndef COVARY_CORE_CONFIG_DIFFERENCE_H
#define COVARY_CORE_CONFIG_DIFFERENCE_H

#include "core/text.h"

/*
 * Add the first difference to `found`, as "kernel.length is 4 there and auto here", or nothing.
 * Local.
 *
 * ignored  in  dotted keys that may differ, with all below them; ended by NULL
 */
covary_status config_difference(const char *there, const char *here, const char *const *ignored,
                                text *found);

#endif
