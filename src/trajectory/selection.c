/* SPDX-License-Identifier: BSD-3-Clause */
/* Slices and windows of time: from text to frames. */
#include "trajectory/selection.h"

#include "core/status.h"
#include "input/number.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double rounding = 0x1p-22; /* of a time in single precision, twice */

/* A whole number, or nothing; false: something else. */
static bool read_part(const char *begin, const char *end, bool *has, int64_t *value)
{
    *has = begin != end;
    return !*has || number_parse_integer(begin, end, value) == end;
}

static covary_status parse_frames(const char *text, frame_selection *out)
{
    const char *part[4] = {text}, *end = text + strlen(text);
    bool        has_stride = false, right = true;
    int         n = 1;

    for (const char *at = text; at < end; at++) {
        if (*at == ':' && n < 4) {
            part[n++] = at + 1;
        }
    }
    right = n == 2 || n == 3;
    part[n < 4 ? n : 3] = end + 1;
    right = right && read_part(part[0], part[1] - 1, &out->has_first, &out->first) &&
            read_part(part[1], part[2] - 1, &out->has_stop, &out->stop) &&
            (n == 2 || read_part(part[2], end, &has_stride, &out->stride)) && out->stride >= 1;
    if (!right) {
        return COVARY_FAIL(COVARY_ERR_USAGE,
                           "frames '%s': FIRST:STOP or FIRST:STOP:STRIDE is needed, as 1000: or "
                           "-500: or ::10, with a stride from 1",
                           text);
    }
    return COVARY_OK;
}

/* A time with its unit, or nothing, which leaves *value. */
static bool read_time(const char *begin, const char *end, double *value)
{
    static const struct {
        const char *unit;
        double      fs;
    } units[] = {{"", 1.0}, {"fs", 1.0}, {"ps", 1e3}, {"ns", 1e6}};
    const char *unit = begin;

    if (begin == end) {
        return true;
    }
    unit = number_parse(begin, end, value);
    for (size_t u = 0; unit != NULL && u < sizeof units / sizeof units[0]; u++) {
        if ((size_t)(end - unit) == strlen(units[u].unit) &&
            memcmp(unit, units[u].unit, (size_t)(end - unit)) == 0) {
            *value *= units[u].fs;
            return isfinite(*value);
        }
    }
    return false;
}

static covary_status parse_times(const char *text, frame_selection *out)
{
    const char *end = text + strlen(text), *colon = strchr(text, ':');

    if (colon == NULL || !read_time(text, colon, &out->from) ||
        !read_time(colon + 1, end, &out->to) || out->from > out->to) {
        return COVARY_FAIL(COVARY_ERR_USAGE,
                           "times '%s': FROM:TO is needed, ascending, as 500:1000 (fs) or 10ps:2ns "
                           "or 1ns:",
                           text);
    }
    return COVARY_OK;
}

covary_status selection_parse(const char *frames, const char *times, frame_selection *out)
{
    covary_status status = COVARY_OK;

    *out = (frame_selection){.stride = 1, .from = -(double)INFINITY, .to = (double)INFINITY};
    if (frames != NULL) {
        COVARY_TRY(parse_frames(frames, out));
    }
    if (times != NULL) {
        COVARY_TRY(parse_times(times, out));
    }
done:
    return status;
}

/* A place that may be counted from the end, kept within 0 ... n. */
static int64_t place(int64_t at, int64_t n)
{
    const int64_t from_start = at < 0 ? at + n : at;

    return from_start < 0 ? 0 : from_start < n ? from_start : n;
}

frame_range selection_range(const frame_selection *of, int64_t n_frames)
{
    const int64_t first = of->has_first ? place(of->first, n_frames) : 0;
    const int64_t stop = of->has_stop ? place(of->stop, n_frames) : n_frames;

    return (frame_range){.first = first,
                         .count = stop > first ? (stop - first - 1) / of->stride + 1 : 0,
                         .stride = of->stride};
}

bool selection_has_window(const frame_selection *of)
{
    return isfinite(of->from) || isfinite(of->to);
}

/* Is a time before the window, or behind it? */
static bool is_before(const frame_selection *of, double time)
{
    return isfinite(of->from) && time < of->from - rounding * fabs(of->from);
}

static bool is_behind(const frame_selection *of, double time)
{
    return isfinite(of->to) && time > of->to + rounding * fabs(of->to);
}

static covary_status fail_at(const selection_times *times, int64_t place, const char *what)
{
    const char *path;
    int64_t     frame;

    times->locate(times->source, place, &path, &frame);
    return COVARY_FAIL(COVARY_ERR_DATA,
                       "%s, frame %" PRId64 "%s; select by numbers of frames (--frames) instead",
                       path, frame, what);
}

/* How many frames come before a window, or before what is behind it? */
static covary_status bisect(const frame_selection *wanted, const selection_times *times,
                            int64_t count, bool last, int64_t *found)
{
    covary_status status = COVARY_OK;
    double        low_time = -(double)INFINITY, high_time = (double)INFINITY, time = 0.0;
    int64_t       low = 0, high = count;

    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        COVARY_TRY(times->time_of(times->source, middle, &time));
        if (isnan(time)) {
            COVARY_TRY(fail_at(times, middle, " has no time"));
        }
        if (time < low_time || time > high_time) {
            COVARY_TRY(fail_at(times, middle,
                               ": times do not ascend, so that a window of time means nothing"));
        }
        if (last ? !is_behind(wanted, time) : is_before(wanted, time)) {
            low = middle + 1;
            low_time = time;
        } else {
            high = middle;
            high_time = time;
        }
    }
    *found = low;
done:
    return status;
}

covary_status selection_narrow(const frame_selection *wanted, const selection_times *times,
                               frame_range *range)
{
    covary_status status = COVARY_OK;
    int64_t       begin = 0, end = 0;

    COVARY_TRY(bisect(wanted, times, range->count, false, &begin));
    COVARY_TRY(bisect(wanted, times, range->count, true, &end));
    range->first += begin * range->stride;
    range->count = end > begin ? end - begin : 0;
done:
    return status;
}
