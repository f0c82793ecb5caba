/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Binary dumps: a header and, from each processor, a count of numbers and these numbers, rows of
 * doubles one after the other.
 *
 * Versions from 2021 on begin each frame with a name (DUMPATOM, DUMPCUSTOM), whose negative length
 * stands where older ones have the step, and tell byte order, units, time and names of columns.
 * Older frames tell neither; they count as those of a dump of style atom if they have 5 columns
 * (id type xs ys zs) or 8 (with ix iy iz).  Element columns hold types here: elements come from
 * the topology.  (LAMMPS documentation: dump; tools/binary2txt of LAMMPS.)
 */
#include "core/status.h"
#include "formats/lammps.h"

#include <inttypes.h>
#include <math.h>

enum {
    HEADER_BYTES = 1 << 12,     /* looked at first */
    HEADER_BYTES_MAX = 1 << 22, /* with more columns than any dump has */
    PIECE_BYTES = 1 << 16,      /* searched for names at once */
    COLUMNS_MAX = 1 << 16,
    CHUNKS_MAX = 1 << 24 /* processors */
};

/* The boxes of the third number of the header. */
enum { BOX_UPRIGHT, BOX_TILTED, BOX_GENERAL };

/* The header being read: the bytes not yet taken, and what they told. */
typedef struct {
    const unsigned char *at, *end;
    bool                 big;
    bool                 enough;  /* false: the bytes ended within the header */
    bool                 strange; /* a number is not what it can be */
    lammps_header        about;
    slice                units, columns; /* begin NULL: not there */
    int64_t              n_columns, n_chunks;
} binary_header;

static const char *const frame_names[] = {"DUMPATOM", "DUMPCUSTOM"};

/* ---- header ---- */

/* The next n bytes; NULL if they are not there. */
static const unsigned char *take(binary_header *header, int64_t n)
{
    const unsigned char *taken = header->at;

    header->enough = header->enough && n <= header->end - header->at;
    if (!header->enough) {
        return NULL;
    }
    header->at += n;
    return taken;
}

/* A number in [low, high]; 0 where there is none, or another one. */
static int64_t take_integer(binary_header *header, int bytes, int64_t low, int64_t high)
{
    const unsigned char *taken = take(header, bytes);
    int64_t              value = 0;

    if (taken != NULL) {
        value = bytes == 8 ? bytes_i64(taken, header->big) : bytes_i32(taken, header->big);
        if (value < low || value > high) {
            header->strange = true;
            value = 0;
        }
    }
    return value;
}

static void take_doubles(binary_header *header, int n, double *values)
{
    const unsigned char *taken = take(header, 8 * (int64_t)n);

    for (int i = 0; i < n && taken != NULL; i++) {
        values[i] = bytes_f64(taken + 8 * i, header->big);
        header->strange = header->strange || !isfinite(values[i]);
    }
}

static slice take_text(binary_header *header)
{
    const int64_t        length = take_integer(header, 4, 0, HEADER_BYTES_MAX);
    const unsigned char *taken = header->strange ? NULL : take(header, length);

    return taken == NULL ? (slice){0} : (slice){(const char *)taken, (const char *)taken + length};
}

static void take_box(binary_header *header)
{
    const int64_t kind = take_integer(header, 4, BOX_UPRIGHT, BOX_GENERAL);
    double        bounds[6] = {0.0}, tilt[3] = {0.0};

    for (int side = 0; side < 6; side++) {
        if (take_integer(header, 4, 0, 3) == 0) { /* periodic, fixed, shrink-wrapped (two ways) */
            header->about.periodic |= (uint8_t)(1 << side / 2);
        }
    }
    if (kind == BOX_GENERAL) {
        take_doubles(header, 9, header->about.cell);
        take_doubles(header, 3, header->about.origin);
        return;
    }
    take_doubles(header, 6, bounds);
    if (kind == BOX_TILTED) {
        take_doubles(header, 3, tilt);
    }
    for (int d = 0; d < 3; d++) {
        header->strange = header->strange || bounds[2 * d] > bounds[2 * d + 1];
    }
    lammps_set_box(&header->about, bounds, tilt);
}

/* What is between the name and the step; the number of the revision. */
static int64_t take_revision(binary_header *header, int64_t name_length)
{
    take(header, name_length);
    take_integer(header, 4, 1, 1); /* in our order of bytes */
    return take_integer(header, 4, 1, 1 << 16);
}

/* From the step (or what stands in its place) on, in the byte order of the header. */
static void take_header(binary_header *header)
{
    int64_t revision = 0, first = take_integer(header, 8, -64, INT64_MAX);

    if (first < 0) {
        revision = take_revision(header, -first);
        first = take_integer(header, 8, 0, INT64_MAX);
    }
    header->about.step = first;
    header->about.time = (double)NAN;
    header->about.n_atoms = take_integer(header, 8, 0, INT64_MAX >> 24);
    take_box(header);
    header->n_columns = take_integer(header, 4, 3, COLUMNS_MAX);
    if (revision > 1) {
        header->units = take_text(header);
        const unsigned char *timed = take(header, 1);
        if (timed != NULL && *timed != 0) {
            take_doubles(header, 1, &header->about.time);
        }
        header->columns = take_text(header);
    }
    header->n_chunks = take_integer(header, 4, 1, CHUNKS_MAX);
}

/* In whichever order of bytes the numbers make sense. */
static binary_header read_header(const unsigned char *bytes, int64_t length)
{
    binary_header header = {0};

    for (int big = 0; big < 2; big++) {
        header =
            (binary_header){.at = bytes, .end = bytes + length, .big = big == 1, .enough = true};
        take_header(&header);
        if (!header.strange) {
            break;
        }
    }
    return header;
}

bool lammps_binary_probe(const char *head, size_t length)
{
    const binary_header header = read_header((const unsigned char *)head, (int64_t)length);
    const double       *cell = header.about.cell;
    const int64_t       box_bytes = 8 + 8 + 4 + 24 + 48;

    /* without a name, a box that has some size speaks for a dump */
    return !header.strange && header.at - (const unsigned char *)head >= box_bytes &&
           cell[0] > 0.0 && cell[4] > 0.0 && cell[8] > 0.0;
}

/* ---- frames ---- */

static covary_status fail_strange(void)
{
    return COVARY_FAIL(COVARY_ERR_FORMAT, "no header of a binary dump: damaged?");
}

/* The header at `place`, whose slices are valid until the window moves, and its length. */
static covary_status header_at(byte_window *window, int64_t place, binary_header *header,
                               int64_t *header_bytes)
{
    covary_status        status = COVARY_OK;
    const unsigned char *bytes = NULL;
    int64_t              there = 0;

    for (int64_t wanted = HEADER_BYTES; wanted <= HEADER_BYTES_MAX; wanted *= 4) {
        COVARY_TRY(byte_window_get(window, place, wanted, &bytes, &there));
        *header = read_header(bytes, there);
        if (header->enough || header->strange || there < wanted) {
            break;
        }
    }
    *header_bytes = header->at - bytes;
    if (header->strange) {
        status = fail_strange();
    }
done:
    return status;
}

covary_status lammps_binary_measure(byte_window *window, int64_t place, frame_extent *extent)
{
    covary_status status = COVARY_OK;
    binary_header header;
    const int64_t left = window->file.bytes - place;
    int64_t       header_bytes = 0;

    COVARY_TRY(header_at(window, place, &header, &header_bytes));
    *extent = (frame_extent){.bytes = left + 1, .n_atoms = 1};
    if (header.enough) {
        const int64_t numbers = header.about.n_atoms * header.n_columns;
        extent->n_atoms = header.about.n_atoms;
        extent->bytes = header_bytes + 4 * header.n_chunks + 8 * numbers;
    }
done:
    return status;
}

/* Named frames can be found anywhere; without names, ranks go on from where the last one ended. */
covary_status lammps_binary_guess(byte_window *window, int64_t from, int64_t to, int64_t *place)
{
    covary_status        status = COVARY_OK;
    const unsigned char *bytes = NULL;
    int64_t              there = 0;

    *place = to;
    for (int64_t at = from; at < to; at += PIECE_BYTES) {
        COVARY_TRY(byte_window_get(window, at, PIECE_BYTES + 32, &bytes, &there));
        const unsigned char *found = bytes + 8, *end = bytes + there - 10;
        while (found < end && (found = memchr(found, 'D', (size_t)(end - found))) != NULL) {
            for (int name = 0; name < 2; name++) {
                const size_t n = strlen(frame_names[name]);
                if (memcmp(found, frame_names[name], n) == 0 && at + (found - bytes) - 8 < to) {
                    *place = at + (found - bytes) - 8;
                    goto done;
                }
            }
            found++;
        }
    }
done:
    return status;
}

/* Names of columns, also where the file has none. */
static covary_status name_columns(const binary_header *header, slice *names)
{
    static const char plain[] = "id type xs ys zs", passed[] = "id type xs ys zs ix iy iz";

    if (header->columns.begin != NULL) {
        *names = header->columns;
    } else if (header->n_columns == 5) {
        *names = (slice){plain, plain + sizeof plain - 1};
    } else if (header->n_columns == 8) {
        *names = (slice){passed, passed + sizeof passed - 1};
    } else {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "its %" PRId64
                           " columns have no names in this old form of binary dumps; "
                           "convert it to text with binary2txt of LAMMPS and name the columns",
                           header->n_columns);
    }
    return COVARY_OK;
}

static void take_row(const binary_header *header, const lammps_layout *layout,
                     const unsigned char *at, int64_t row, lammps_rows *rows)
{
    for (int c = 0; c < layout->n_used; c++) {
        const lammps_column *column = &layout->columns[c];
        const double         value = bytes_f64(at + 8 * c, header->big);
        switch (column->role) {
        case COLUMN_ID:
            rows->ids[row] = fabs(value) < 0x1p53 ? (int64_t)value : 0;
            break;
        case COLUMN_PLACE:
            rows->places[3 * row + column->component] = value;
            break;
        case COLUMN_IMAGE:
            rows->images[3 * row + column->component] = value;
            break;
        case COLUMN_ELEMENT:
        case COLUMN_OTHER:
        default:
            break;
        }
    }
}

/* The rows of all processors. */
static covary_status take_chunks(binary_header *header, lammps_parsed *parsed)
{
    int64_t row = 0;

    for (int64_t chunk = 0; chunk < header->n_chunks; chunk++) {
        const int64_t        left = (header->about.n_atoms - row) * header->n_columns;
        const int64_t        numbers = take_integer(header, 4, 0, left);
        const unsigned char *values =
            header->strange || numbers % header->n_columns != 0 ? NULL : take(header, 8 * numbers);
        if (values == NULL) {
            return fail_strange();
        }
        for (int64_t i = 0; i < numbers; i += header->n_columns, row++) {
            take_row(header, &parsed->layout, values + 8 * i, row, &parsed->rows);
        }
    }
    if (row < header->about.n_atoms) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "%" PRId64 " rows, %" PRId64 " are announced", row,
                           header->about.n_atoms);
    }
    return COVARY_OK;
}

covary_status lammps_binary_parse(const unsigned char *bytes, int64_t length, lammps_parsed *parsed)
{
    covary_status status = COVARY_OK;
    binary_header header = read_header(bytes, length);
    slice         names;

    if (header.strange || !header.enough) {
        status = fail_strange();
        goto done;
    }
    parsed->header = header.about;
    parsed->units = NULL;
    parsed->elements = false;
    if (header.units.end > header.units.begin) {
        parsed->units = lammps_units_find(header.units);
        if (parsed->units == NULL) {
            status = fail_strange();
            goto done;
        }
    }
    COVARY_TRY(name_columns(&header, &names));
    COVARY_TRY(lammps_layout_update(&parsed->layout, names));
    if (parsed->layout.n_columns != header.n_columns) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "%d names for %" PRId64 " columns",
                             parsed->layout.n_columns, header.n_columns);
        goto done;
    }
    COVARY_TRY(lammps_rows_reserve(&parsed->rows, header.about.n_atoms));
    COVARY_TRY(take_chunks(&header, parsed));
done:
    return status;
}
