/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of kernel functions and their names in configurations. */
#include "kernel/kernel.h"

#include "core/status.h"
#include "core/text.h"
#include "kernel/arguments.h"
#include "kernel/functions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const kernel_ops *const registry[] = {
    &kernel_gaussian, &kernel_laplacian, &kernel_matern, &kernel_linear, &kernel_polynomial, NULL,
};

const kernel_ops *const *kernel_registry(void)
{
    return registry;
}

static covary_status fail_unknown(const char *name)
{
    static const char *const names[] = {"gaussian",   "laplacian",  "exponential", "matern-1/2",
                                        "matern-3/2", "matern-5/2", "matern-7/2",  "linear",
                                        "polynomial", NULL};
    const char              *nearest = text_nearest(name, names);

    return COVARY_FAIL(COVARY_ERR_CONFIG,
                       "unknown kernel \"%s\"%s%s%s; known are gaussian, laplacian (also "
                       "exponential), matern-1/2, matern-3/2, matern-5/2 and further halves, "
                       "linear, polynomial",
                       name, nearest ? ": did you mean \"" : "", nearest ? nearest : "",
                       nearest ? "\"?" : "");
}

/* matern-7/2 -> p = 3. */
static covary_status parse_matern(const char *name, kernel *out)
{
    const char *number = name + strlen("matern-");
    const char *slash = strchr(number, '/');
    char        digits[16] = "";
    int64_t     twice = 0;

    if (slash == NULL || strcmp(slash, "/2") != 0 || (size_t)(slash - number) >= sizeof digits) {
        return fail_unknown(name);
    }
    memcpy(digits, number, (size_t)(slash - number));
    if (!text_to_int64(digits, &twice)) {
        return fail_unknown(name);
    }
    if (twice < 1 || twice % 2 == 0 || (twice - 1) / 2 > KERNEL_LARGEST_ORDER) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "kernel \"%s\": the order of a Matern kernel is an odd number of "
                           "halves from 1/2 to %d/2; beyond that gaussian is the same",
                           name, 2 * KERNEL_LARGEST_ORDER + 1);
    }
    out->ops = &kernel_matern;
    out->order = (int)((twice - 1) / 2);
    return COVARY_OK;
}

static const kernel_ops *find_plain(const char *name)
{
    if (strcmp(name, "exponential") == 0) {
        return &kernel_laplacian;
    }
    for (const kernel_ops *const *entry = registry; *entry != NULL; entry++) {
        if (*entry != &kernel_matern && strcmp(name, (*entry)->name) == 0) {
            return *entry;
        }
    }
    return NULL;
}

covary_status kernel_parse(const char *name, int degree, kernel *out)
{
    covary_status status = COVARY_OK;
    kernel        parsed = {.length = 1.0};

    if (strlen(name) >= sizeof parsed.name) {
        return fail_unknown(name);
    }
    if (strncmp(name, "matern-", strlen("matern-")) == 0) {
        COVARY_TRY(parse_matern(name, &parsed));
    } else {
        parsed.ops = find_plain(name);
    }
    if (parsed.ops == NULL) {
        return fail_unknown(name);
    }
    if (parsed.ops == &kernel_polynomial) {
        if (degree < 1 || degree > KERNEL_LARGEST_ORDER) {
            return COVARY_FAIL(COVARY_ERR_CONFIG,
                               "kernel \"%s\" of degree %d: the degree goes from 1 to %d", name,
                               degree, KERNEL_LARGEST_ORDER);
        }
        parsed.order = degree;
    }
    snprintf(parsed.name, sizeof parsed.name, "%s", name);
    *out = parsed;

done:
    return status;
}

bool kernel_equal(const kernel *a, const kernel *b)
{
    return a->ops == b->ops && a->order == b->order && a->length == b->length;
}

double kernel_rounding(const kernel *of, double x, double y, double known_to)
{
    const double l = of->length;

    if (!of->ops->stationary) {
        const double degree = of->ops == &kernel_linear ? 1.0 : of->order;
        const double largest = 1.0 + x * y / (l * l);
        return pow(largest, degree) +
               degree * pow(largest, degree - 1.0) * y * (x + known_to) / (l * l);
    }
    if (of->ops == &kernel_laplacian || (of->ops == &kernel_matern && of->order == 0)) {
        /* d = sqrt(d^2), where d^2 / (x^2 + y^2) is NEAR_FRACTION or more */
        return 1.0 + ((x + y) / sqrt(NEAR_FRACTION) + known_to) / l;
    }
    return 1.0 + (x + y) * (x + y + known_to) / (l * l);
}
