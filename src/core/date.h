/* SPDX-License-Identifier: BSD-3-Clause */
/* When a file was made. */
#ifndef COVARY_CORE_DATE_H
#define COVARY_CORE_DATE_H

enum { DATE_TEXT = 32 };

/*
 * Now as ISO 8601 in UTC; or the time that a reproducible build or test asks for, seconds since
 * 1970 in SOURCE_DATE_EPOCH (reproducible-builds.org).  Local.
 */
void date_now(char into[DATE_TEXT]);

#endif
