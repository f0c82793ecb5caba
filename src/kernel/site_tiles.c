/* SPDX-License-Identifier: BSD-3-Clause */
/* Classes, their blocks on the circle, and values by the engine. */
#include "kernel/site_tiles.h"

#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"

#include <string.h>

/* Sites of a tile, half a MB of values. */
enum { TILE_ROWS = 128, TILE_COLUMNS = 512 };

/* Frames whose `n_sites` sites are `count`, at least one. */
static int64_t frames_of(int64_t count, int64_t n_sites)
{
    return n_sites < count ? count / n_sites : 1;
}

void site_classes_destroy(int n_classes, site_class **released)
{
    site_class *classes = *released;

    for (int c = 0; classes != NULL && c < n_classes; c++) {
        for (int64_t b = 0; classes[c].engines != NULL && b < classes[c].n_blocks; b++) {
            engine_destroy(&classes[c].engines[b]);
        }
        MEMORY_RELEASE(&classes[c].engines);
        MEMORY_RELEASE(&classes[c].train_sites);
        MEMORY_RELEASE(&classes[c].sites);
    }
    MEMORY_RELEASE(released);
}

static int class_of(const covariant_kernel *of, int site)
{
    return of->classes == NULL ? 0 : of->classes[site];
}

/* Sites of the class of train site `first`. */
static covary_status fill_class(const covariant_kernel *of, const covariant_panels *train,
                                int first, site_class *out)
{
    covary_status status = COVARY_OK;
    int64_t       size;

    out->kernel = of;
    out->train = train;
    COVARY_TRY(MEMORY_ALLOCATE("sites of a class", of->n_sites, &out->sites));
    COVARY_TRY(MEMORY_ALLOCATE("sites of a class", of->n_sites, &out->train_sites));
    for (int site = 0; site < of->n_sites; site++) {
        if (class_of(of, site) == class_of(of, first)) {
            out->sites[out->n_sites++] = site;
            if (site < covariant_train_sites(of)) {
                out->train_sites[out->n_train++] = site;
            }
        }
    }
    size = frames_of(TILE_COLUMNS, out->n_train);
    out->n_blocks = (train->features->n_rows + size - 1) / size | 1;

done:
    return status;
}

/* A class for each train site that is the first of its class. */
static covary_status list_classes(const covariant_kernel *of, const covariant_panels *train, int *n,
                                  site_class **out)
{
    covary_status status = COVARY_OK;

    *n = 0;
    COVARY_TRY(MEMORY_ALLOCATE("classes of sites", covariant_train_sites(of), out));
    for (int site = 0; site < covariant_train_sites(of); site++) {
        bool known = false;

        for (int c = 0; c < *n; c++) {
            known = known || class_of(of, (*out)[c].train_sites[0]) == class_of(of, site);
        }
        if (!known) {
            COVARY_TRY(fill_class(of, train, site, &(*out)[(*n)++]));
        }
    }

done:
    return status;
}

void site_pick(int64_t n_frames, int64_t all_sites, int n_sites, const int *sites, int64_t width,
               const double *from, double *to)
{
    for (int64_t frame = 0; frame < n_frames; frame++) {
        for (int s = 0; s < n_sites; s++) {
            memcpy(to + (frame * n_sites + s) * width,
                   from + (frame * all_sites + sites[s]) * width, (size_t)width * sizeof *to);
        }
    }
}

/* First frame of a block, or the end. */
static int64_t block_begin(const site_class *of, int64_t block)
{
    return of->train->features->n_rows * block / of->n_blocks;
}

/* The block of a local frame. */
static int64_t block_of(const site_class *of, int64_t frame)
{
    const int64_t at = of->train->features->first + frame;
    int64_t       block = at * of->n_blocks / of->train->features->n_rows;

    while (block_begin(of, block + 1) <= at) {
        block++;
    }
    return block;
}

static covary_status create_engines(site_class *of, const double *points)
{
    covary_status status = COVARY_OK;
    const int64_t dimension = of->kernel->dimension, n_train = of->n_train;

    COVARY_TRY(MEMORY_ALLOCATE("blocks of frames", of->n_blocks, &of->engines));
    for (int64_t block = 0; block < of->n_blocks; block++) {
        const int64_t begin = block_begin(of, block), end = block_begin(of, block + 1);

        if (end > begin) {
            COVARY_TRY(engine_create_unweighted((end - begin) * n_train, dimension,
                                                points + begin * n_train * dimension,
                                                &of->kernel->of, &of->engines[block]));
        }
    }

done:
    return status;
}

/* Engines for the training sites of all ranks. */
static covary_status replicate_sites(covary_run *run, site_class *of)
{
    covary_status status = COVARY_OK;
    const panel  *features = of->train->features;
    const int64_t dimension = of->kernel->dimension;
    panel        *points = NULL;
    double       *all = NULL;

    COVARY_TRY(panel_create(run, features->n_local, of->n_train * dimension, &points));
    site_pick(features->n_local, of->kernel->n_sites, of->n_train, of->train_sites, dimension,
              features->data, points->data);
    COVARY_TRY(panel_replicate(points, &all));
    COVARY_TRY_TOGETHER(run, "kernel operator", create_engines(of, all));

done:
    MEMORY_RELEASE(&all);
    panel_destroy(&points);
    return status;
}

covary_status site_classes_create(const covariant_kernel *of, const covariant_panels *train,
                                  int *n_classes, site_class **out)
{
    covary_status status = COVARY_OK;
    covary_run   *run = train->features->run;
    site_class   *classes = NULL;
    int           n = 0;

    COVARY_TRY_TOGETHER(run, "kernel operator", list_classes(of, train, &n, &classes));
    for (int c = 0; c < n; c++) {
        COVARY_TRY(replicate_sites(run, &classes[c]));
    }
    *n_classes = n;
    *out = classes;
    classes = NULL;

done:
    site_classes_destroy(n, &classes);
    return status;
}

bool site_class_is_symmetric(const site_class *of)
{
    return of->n_sites == of->n_train;
}

int64_t site_strip(const site_class *of, int64_t first)
{
    const panel  *features = of->train->features;
    const int64_t end = block_begin(of, block_of(of, first) + 1) - features->first;

    return smaller(smaller(frames_of(TILE_ROWS, of->n_sites), features->n_local - first),
                   end - first);
}

int64_t site_strip_tiles(const site_class *of)
{
    return site_class_is_symmetric(of) ? of->n_blocks / 2 + 1 : of->n_blocks;
}

site_tile site_tile_ahead(const site_class *of, int64_t first, int64_t n, int64_t ahead)
{
    const int64_t block = (block_of(of, first) + ahead) % of->n_blocks;
    const int64_t begin = block_begin(of, block), end = block_begin(of, block + 1);

    return (site_tile){.first = first,
                       .n_frames = n,
                       .block = block,
                       .n_rows = n * of->n_sites,
                       .column = begin * of->n_train,
                       .n_columns = (end - begin) * of->n_train,
                       .is_mirrored = site_class_is_symmetric(of) && ahead > 0};
}

int64_t site_tile_rows(const site_class *of)
{
    return frames_of(TILE_ROWS, of->n_sites) * of->n_sites;
}

int64_t site_tile_columns(const site_class *of)
{
    return frames_of(TILE_COLUMNS, of->n_train) * of->n_train;
}

int64_t site_count_values(const site_class *of)
{
    int64_t count = 0;

    for (int64_t first = 0, n; first < of->train->features->n_local; first += n) {
        n = site_strip(of, first);
        for (int64_t ahead = 0; ahead < site_strip_tiles(of); ahead++) {
            const site_tile tile = site_tile_ahead(of, first, n, ahead);

            count += tile.n_rows * tile.n_columns;
        }
    }
    return count;
}

/* Sites of a class of local frames from `first` on. */
static const double *local_points(const site_class *of, int64_t first, int64_t n, double *scratch)
{
    const covariant_kernel *by = of->kernel;
    const double           *from = of->train->features->data + first * of->train->features->width;

    if (of->n_sites == by->n_sites) {
        return from;
    }
    site_pick(n, by->n_sites, of->n_sites, of->sites, by->dimension, from, scratch);
    return scratch;
}

covary_status site_tile_values(const site_class *of, const site_tile *tile, double *points,
                               double *values)
{
    return tile->n_columns == 0
               ? COVARY_OK
               : engine_values(of->engines[tile->block], tile->n_rows,
                               local_points(of, tile->first, tile->n_frames, points), values);
}
