/* SPDX-License-Identifier: BSD-3-Clause */
/* Products with few columns in single precision. */
#define SINGLE
#include "linalg/thin_version.h"
