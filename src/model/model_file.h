/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the model file; model_file.c puts them together.  All functions are collective. */
#ifndef COVARY_MODEL_MODEL_FILE_H
#define COVARY_MODEL_MODEL_FILE_H

#include "model/model.h"
#include "storage/storage.h"

enum { MODEL_PATH_BYTES = 256 };

covary_status model_file_write_representation(storage *file, const covary_model *model, int r);
covary_status model_file_read_representation(covary_run *run, storage *file, covary_model *model,
                                             int r);

/* The property itself is already there on reading, from the configuration. */
covary_status model_file_write_property(storage *file, const covary_model *model, int p);
covary_status model_file_read_property(covary_run *run, storage *file, covary_model *model, int p);

/* Its systems are already there on reading. */
covary_status model_file_write_variance(covary_run *run, storage *file, const covary_model *model,
                                        int v);
covary_status model_file_read_variance(covary_run *run, storage *file, covary_model *model, int v);

#endif
