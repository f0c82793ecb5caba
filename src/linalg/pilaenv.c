/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The logical block size of PBLAS, in place of the library's constant of 32.
 *
 * PBLAS walks through the trailing matrix of a factorization in chunks of 2 x this x lcm(rows,
 * cols) columns.  With 32 the local products are narrow and the panel is packed again for each;
 * with 128 pdpotrf is 5 to 15 % faster.  The comment in PBLAS/SRC/pilaenv.f invites the change.
 * The library calls the function through its symbol table, so a definition that comes first in the
 * search order wins; for that the symbol has to be visible.  The value must be the same on every
 * rank.
 */
#include "linalg/scalapack.h"

__attribute__((visibility("default"))) int pilaenv_(const int *context, const char *precision)
{
    (void)context;
    (void)precision;
    return 128;
}
