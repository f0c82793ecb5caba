/* SPDX-License-Identifier: BSD-3-Clause */
/* Units for tests. */
#ifndef COVARY_TESTS_UNITS_SUPPORT_H
#define COVARY_TESTS_UNITS_SUPPORT_H

#include "support.h"

#include "core/units.h"

/* One that is known by that name. */
static inline const unit *unit_named(const char *name)
{
    const unit *found = NULL;

    assert_ok(unit_find(name, &found));
    return found;
}

#endif
