/* SPDX-License-Identifier: BSD-3-Clause */
/* Units of length and time as trajectory files spell them.  All functions are local. */
#ifndef COVARY_TRAJECTORY_UNIT_WORDS_H
#define COVARY_TRAJECTORY_UNIT_WORDS_H

#include <stdbool.h>

/*
 * One unit in angstrom or in fs.  Symbols and full names, singular and plural, upper and lower case
 * alike: "nm", "nanometers", "Angstrom", "ps", "picosecond".  False: the word is not known.
 */
bool unit_word_length(const char *word, double *angstrom);
bool unit_word_time(const char *word, double *fs);

/* One unit in angstrom/fs: "nm ps-1", "angstrom/picosecond". */
bool unit_word_velocity(const char *word, double *angstrom_per_fs);

/* What there is, for messages. */
extern const char unit_words_of_length[], unit_words_of_time[];

#endif
