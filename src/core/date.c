/* SPDX-License-Identifier: BSD-3-Clause */
/* The date as files tell it. */
#include "core/date.h"

#include "core/text.h"

#include <stdlib.h>
#include <time.h>

void date_now(char into[DATE_TEXT])
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    int64_t     seconds;
    time_t      now = time(NULL);
    struct tm   utc;

    if (epoch != NULL && text_to_int64(epoch, &seconds)) {
        now = (time_t)seconds;
    }
    strftime(into, DATE_TEXT, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}
