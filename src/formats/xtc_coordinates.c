/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bits to positions, at one load, a byte swap and two multiplications an atom.
 *
 * Three numbers (x, y, z) below the sizes (X, Y, Z) are written as (x Y + y) Z + z, its bytes from
 * the least significant on, the last one cut to the bits that are left.  Division by a size becomes
 * multiplication by ceil(2^64 / size), which is exact as long as number x size < 2^64 (Granlund,
 * Montgomery, PLDI 1994, theorem 4.2); larger numbers, in frames far wider than usual, are divided.
 */
#include "formats/xtc_coordinates.h"

#include "core/status.h"
#include "input/byte_file.h"
#include "input/byte_window.h"
#include "formats/gromacs.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

__extension__ typedef unsigned __int128 wide;

enum {
    INDEX_LEAST = 9, /* of the sizes of differences */
    INDEX_END = 73,
    RUN_ATOMS = 10,   /* that 5 bits can announce */
    WHOLE_BITS = 24,  /* wider frames write x, y and z apart */
    LOADED_BITS = 57, /* that one load has, wherever they start */
};

/* One atom and its run are 96 + 6 + 10 x 72 bits at most, and are read without a look at the end.
 */
_Static_assert((96 + 6 + RUN_ATOMS * (INDEX_END - 1)) / 8 + 8 < (int)WINDOW_SLACK,
               "a run may be read past the end of the bits");

/* The range of differences that index bits hold, about 2^(index / 3). */
static const uint32_t small_sizes[INDEX_END] = {
    0,        0,        0,       0,       0,       0,       0,       0,       0,       8,
    10,       12,       16,      20,      25,      32,      40,      50,      64,      80,
    101,      128,      161,     203,     256,     322,     406,     512,     645,     812,
    1024,     1290,     1625,    2048,    2580,    3250,    4096,    5060,    6501,    8192,
    10321,    13003,    16384,   20642,   26007,   32768,   41285,   52015,   65536,   82570,
    104031,   131072,   165140,  208063,  262144,  330280,  416127,  524287,  660561,  832255,
    1048576,  1321122,  1664510, 2097152, 2642245, 3329021, 4194304, 5284491, 6658042, 8388607,
    10568983, 13316085, 16777216};

/* Three numbers in one. */
typedef struct {
    unsigned bits;
    uint64_t y_size, z_size;
    uint64_t y_inverse, z_inverse; /* ceil(2^64 / size); 0: divide */
} packing;

typedef struct {
    const unsigned char *bytes;
    uint64_t             position; /* bits read */
} bit_reader;

typedef struct {
    int64_t x, y, z;
} grid_point;

static unsigned bit_length(wide value)
{
    unsigned bits = 0;

    for (; value > 0; value >>= 1) {
        bits++;
    }
    return bits;
}

static packing make_packing(unsigned bits, uint64_t y_size, uint64_t z_size)
{
    const uint64_t larger = y_size > z_size ? y_size : z_size;
    packing        made = {.bits = bits, .y_size = y_size, .z_size = z_size};

    if (bits <= LOADED_BITS && bits + bit_length(larger) <= 64 && y_size > 1 && z_size > 1) {
        made.y_inverse = UINT64_MAX / y_size + 1;
        made.z_inverse = UINT64_MAX / z_size + 1;
    }
    return made;
}

static packing small_packing(int index)
{
    return make_packing((unsigned)index, small_sizes[index], small_sizes[index]);
}

/* The next LOADED_BITS and some more, from the most significant bit on. */
static uint64_t load(const bit_reader *reader)
{
    return bytes_u64(reader->bytes + (reader->position >> 3), true) << (reader->position & 7);
}

/* The next n bits as one number, 1 <= n <= 32. */
static inline int64_t take_bits(bit_reader *reader, unsigned n)
{
    const uint64_t value = load(reader) >> (64 - n);

    reader->position += n;
    return (int64_t)value;
}

/* The slow way, for any number of bits to 80 and any sizes. */
static grid_point take_wide(bit_reader *reader, const packing *of)
{
    wide     value = 0;
    unsigned shift = 0;

    for (; shift + 8 < of->bits; shift += 8) {
        value |= (wide)(uint64_t)take_bits(reader, 8) << shift;
    }
    value |= (wide)(uint64_t)take_bits(reader, of->bits - shift) << shift;
    const uint64_t z = (uint64_t)(value % of->z_size);
    value /= of->z_size;
    return (grid_point){
        .x = (int64_t)(value / of->y_size), .y = (int64_t)(value % of->y_size), .z = (int64_t)z};
}

static inline grid_point take_point(bit_reader *reader, const packing *of)
{
    if (of->z_inverse == 0) {
        return take_wide(reader, of);
    }
    const uint64_t loaded = load(reader);
    const unsigned whole = of->bits & ~7u, rest = of->bits & 7u;
    const uint64_t low = __builtin_bswap64(loaded) & ((UINT64_C(1) << whole) - 1);
    const uint64_t high = (loaded << whole >> 1) >> (63 - rest); /* in two steps: rest may be 0 */
    const uint64_t value = low | high << whole;
    const uint64_t xy = (uint64_t)((wide)value * of->z_inverse >> 64);
    const uint64_t x = (uint64_t)((wide)xy * of->y_inverse >> 64);

    reader->position += of->bits;
    return (grid_point){.x = (int64_t)x,
                        .y = (int64_t)(xy - x * of->y_size),
                        .z = (int64_t)(value - xy * of->z_size)};
}

static inline grid_point sum(grid_point a, grid_point b)
{
    return (grid_point){a.x + b.x, a.y + b.y, a.z + b.z};
}

/* As GROMACS does it: the product in single precision. */
static inline double *put(double *to, grid_point point, float spacing)
{
    to[0] = GROMACS_LENGTH * (double)((float)point.x * spacing);
    to[1] = GROMACS_LENGTH * (double)((float)point.y * spacing);
    to[2] = GROMACS_LENGTH * (double)((float)point.z * spacing);
    return to + 3;
}

/* How the first atom of a run is written. */
typedef struct {
    bool       apart; /* x, y and z each in its own bits */
    unsigned   bits[3];
    packing    together;
    grid_point origin;
} whole_point;

static covary_status prepare_whole(const xtc_grid *grid, whole_point *whole)
{
    int64_t size[3];
    bool    wide_frame = false;

    for (int d = 0; d < 3; d++) {
        size[d] = (int64_t)grid->most[d] - grid->least[d] + 1;
        if (size[d] < 1 || size[d] > UINT32_MAX) {
            return COVARY_FAIL(COVARY_ERR_FORMAT,
                               "the range of positions is from %" PRId32 " to %" PRId32
                               ": the frame is damaged",
                               grid->least[d], grid->most[d]);
        }
        whole->bits[d] = bit_length((wide)size[d]);
        wide_frame = wide_frame || whole->bits[d] > WHOLE_BITS;
    }
    whole->apart = wide_frame;
    whole->origin = (grid_point){grid->least[0], grid->least[1], grid->least[2]};
    if (!wide_frame) {
        whole->together = make_packing(bit_length((wide)size[0] * (wide)size[1] * (wide)size[2]),
                                       (uint64_t)size[1], (uint64_t)size[2]);
    }
    return COVARY_OK;
}

static inline grid_point take_whole(bit_reader *reader, const whole_point *whole)
{
    if (!whole->apart) {
        return sum(take_point(reader, &whole->together), whole->origin);
    }
    grid_point point;
    point.x = take_bits(reader, whole->bits[0]);
    point.y = take_bits(reader, whole->bits[1]);
    point.z = take_bits(reader, whole->bits[2]);
    return sum(point, whole->origin);
}

static covary_status report_damage(void)
{
    return COVARY_FAIL(COVARY_ERR_FORMAT, "the compressed positions do not fit their number of "
                                          "atoms or bytes: the frame is damaged");
}

/* Positions of finite numbers stay finite, and the index is one of the table. */
static bool is_sound(const xtc_grid *grid, float spacing)
{
    return grid->precision > 0.0F && isfinite(spacing * 0x1p40F) &&
           grid->small_index >= INDEX_LEAST && grid->small_index < INDEX_END;
}

/* Half of the range of differences, which are written as numbers from 0. */
static grid_point small_origin(int index)
{
    const int64_t half = small_sizes[index] / 2;

    return (grid_point){-half, -half, -half};
}

covary_status xtc_decode(const xtc_grid *grid, const unsigned char *bits, int64_t n_bytes,
                         double *positions)
{
    covary_status  status = COVARY_OK;
    const float    spacing = 1.0F / grid->precision;
    const uint64_t n_bits = 8 * (uint64_t)n_bytes;
    bit_reader     reader = {.bytes = bits};
    whole_point    whole;
    int64_t        left = grid->n_atoms, run = 0;
    int            index = grid->small_index, change = 0;

    if (!is_sound(grid, spacing)) {
        return report_damage();
    }
    COVARY_TRY(prepare_whole(grid, &whole));
    packing    small = small_packing(index);
    grid_point origin = small_origin(index);
    while (left > 0 && reader.position < n_bits) {
        grid_point first = take_whole(&reader, &whole), last;
        change = 0;
        const uint64_t flag = load(&reader);
        reader.position++;
        if (flag >> 63 != 0) { /* else the run is as long as the one before */
            const int64_t told = (int64_t)(flag >> 58 & 31);
            reader.position += 5;
            change = (int)(told % 3) - 1;
            run = told / 3;
        }
        left -= 1 + run;
        if (left < 0) {
            return report_damage();
        }
        if (run > 0) { /* the second one first: the oxygen of water, which has most neighbours */
            last = sum(sum(first, origin), take_point(&reader, &small));
            positions = put(positions, last, spacing);
        }
        positions = put(positions, first, spacing);
        for (int64_t atom = 1; atom < run; atom++) {
            last = sum(sum(last, origin), take_point(&reader, &small));
            positions = put(positions, last, spacing);
        }
        if (change != 0) {
            index += change;
            if (index < INDEX_LEAST || index >= INDEX_END) {
                return report_damage();
            }
            small = small_packing(index);
            origin = small_origin(index);
        }
    }
    if (left > 0 || reader.position > n_bits) {
        status = report_damage();
    }
done:
    return status;
}
