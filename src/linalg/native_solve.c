/* SPDX-License-Identifier: BSD-3-Clause */
/* Solutions with a factor in double precision. */
#include "linalg/native_solve_version.h"
