/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows as long as the resolution asks for, or as the longest stretch allows. */
#include "spectra/pieces.h"

#include "core/constants.h"
#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "spectra/fourier.h"
#include "spectra/window.h"

#include <math.h>

enum {
    LEAST_WINDOW = 8,
    PIECE_FRAMES = 4096,
    MOST_PIECES = 1024,
    SAMPLE_PIECES = 64,
    LEAST_SAMPLED = 1024
};

int64_t share_begin(int64_t n, int64_t n_parts, int64_t part)
{
    return n / n_parts * part + smaller(part, n % n_parts);
}

void pieces_release(pieces *released)
{
    MEMORY_RELEASE(&released->of);
    released->n = 0;
}

void division_release(division *released)
{
    pieces_release(&released->pieces);
}

/* The longest stretch. */
static int64_t most_frames(const series *of)
{
    int64_t most = 0;

    for (int64_t s = 0; s < of->n_stretches; s++) {
        most = of->stretches[s].count > most ? of->stretches[s].count : most;
    }
    return most;
}

/*
 * Frames from end to end of a window with lines as wide as the resolution: of a segment, or of lags
 * from the longest negative to the longest positive one.
 */
static int64_t window_frames(const series *of, const spectra_settings *settings)
{
    const double width = window_line_width(settings->window, settings->method);
    const double frames =
        width / (100.0 * LIGHT_SPEED * settings->resolution * of->step * FEMTOSECOND);

    return frames < LEAST_WINDOW ? LEAST_WINDOW : 2 * (int64_t)ceil(0.5 * fmin(frames, 1e15));
}

/* Segments of a stretch, the first at its first frame and the last at its end; one is in the
 * middle.
 */
static int64_t add_segments(const division *by, int64_t stretch, series_stretch frames, piece *out)
{
    const int64_t spare = frames.count - by->window;
    const int64_t n = spare / (by->window / 2) + 1;

    for (int64_t i = 0; i < n && out != NULL; i++) {
        const int64_t behind = n == 1 ? spare / 2 : share_begin(spare, n - 1, i);
        out[i] = (piece){stretch, frames.first + behind, by->window, 0};
    }
    return n;
}

/* Blocks of a stretch, equal up to one frame. */
static int64_t add_blocks(const division *by, int64_t stretch, series_stretch frames, piece *out)
{
    const int64_t n = (frames.count + by->window - 1) / by->window;

    for (int64_t i = 0; i < n && out != NULL; i++) {
        const int64_t begin = share_begin(frames.count, n, i);
        const int64_t end = share_begin(frames.count, n, i + 1);
        out[i] = (piece){stretch, frames.first + begin, end - begin,
                         smaller(by->window, frames.count - end)};
    }
    return n;
}

/* Count the pieces, or fill them in as well. */
static int64_t cut(const series *of, const spectra_settings *settings, const division *by,
                   piece *out)
{
    int64_t n = 0;

    for (int64_t s = 0; s < of->n_stretches; s++) {
        const series_stretch frames = {of->stretches[s].first + by->margin,
                                       of->stretches[s].count - 2 * by->margin};
        if (frames.count >= by->needed) {
            n += (settings->method == SPECTRA_WELCH ? add_segments : add_blocks)(
                by, s, frames, out == NULL ? NULL : out + n);
        }
    }
    return n;
}

covary_status division_create(const series *of, const spectra_settings *settings, division *out)
{
    const bool    welch = settings->method == SPECTRA_WELCH;
    const int64_t asked = window_frames(of, settings);
    covary_status status = COVARY_OK;
    int64_t       most;

    *out = (division){.margin = settings->derivative == SPECTRA_DIFFERENCES ? 1 : 0};
    most = most_frames(of) - 2 * out->margin;
    if (most < 2 * LEAST_WINDOW) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                               "spectra need %d frames at equal steps of time, the longest such "
                               "stretch has %lld; give a longer trajectory",
                               2 * LEAST_WINDOW, (long long)(most > 0 ? most : 0)));
    }
    out->shortened = asked > most;
    out->needed = out->shortened ? most - most % 2 : asked;
    out->window = welch ? out->needed : out->needed / 2;
    out->resolution = window_line_width(settings->window, settings->method) /
                      (100.0 * LIGHT_SPEED * (double)out->needed * of->step * FEMTOSECOND);
    out->transform = fourier_length(settings->padding * out->needed);
    out->overlap = welch ? window_overlap(settings->window, 0.5) : 0.0;
    for (int64_t s = 0; s < of->n_stretches; s++) {
        const bool enough = of->stretches[s].count - 2 * out->margin >= out->needed;
        out->n_frames += enough ? of->stretches[s].count : 0;
        out->n_left_out += enough ? 0 : 1;
    }
    out->pieces.n = cut(of, settings, out, NULL);
    COVARY_TRY(MEMORY_ALLOCATE("pieces of stretches", out->pieces.n, &out->pieces.of));
    cut(of, settings, out, out->pieces.of);

done:
    return status;
}

/*
 * Pieces of [from, to) counted over all frames of all stretches, cut at the ends of stretches, to
 * be appended.  Returns how many there are.
 */
static int64_t add_range(const series *of, int64_t from, int64_t to, piece *out)
{
    int64_t n = 0, before = 0;

    for (int64_t s = 0; s < of->n_stretches && before < to; s++) {
        const int64_t count = of->stretches[s].count;
        const int64_t begin = from > before ? from - before : 0;
        const int64_t end = smaller(to - before, count);
        if (begin < end) {
            if (out != NULL) {
                out[n] = (piece){s, of->stretches[s].first + begin, end - begin, 0};
            }
            n++;
        }
        before += count;
    }
    return n;
}

/* `n` ranges of at most `most` frames, spread evenly. */
static covary_status cut_evenly(const series *of, int64_t n, int64_t most, pieces *out)
{
    covary_status status = COVARY_OK;
    int64_t       total = 0, n_out = 0;

    *out = (pieces){0};
    for (int64_t s = 0; s < of->n_stretches; s++) {
        total += of->stretches[s].count;
    }
    for (int pass = 0; pass < 2; pass++) {
        n_out = 0;
        for (int64_t i = 0; i < n; i++) {
            const int64_t begin = share_begin(total, n, i);
            const int64_t end = smaller(share_begin(total, n, i + 1), begin + most);
            n_out += add_range(of, begin, end, pass == 0 ? NULL : out->of + n_out);
        }
        if (pass == 0) {
            COVARY_TRY(MEMORY_ALLOCATE("pieces of stretches", n_out, &out->of));
            out->n = n_out;
        }
    }

done:
    return status;
}

covary_status pieces_of_all(const series *of, pieces *out)
{
    return cut_evenly(of, smaller(of->n_frames / PIECE_FRAMES + 1, MOST_PIECES), of->n_frames, out);
}

covary_status pieces_of_sample(const series *of, pieces *out)
{
    return cut_evenly(of, smaller(of->n_frames / LEAST_SAMPLED + 1, SAMPLE_PIECES), PIECE_FRAMES,
                      out);
}
