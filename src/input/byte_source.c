/* SPDX-License-Identifier: BSD-3-Clause */
/* One descriptor, and between it and the reader nothing or zlib. */
#include "input/byte_source.h"

#include "core/status.h"
#include "input/line_reader.h"

covary_status byte_source_open(byte_source *source, const char *path, int64_t bytes,
                               text_packing packing)
{
    covary_status status = COVARY_OK;

    source->stream = NULL;
    COVARY_TRY(byte_file_open(&source->file, path, bytes));
    if (packing.gzip) {
        COVARY_TRY(gzip_stream_create(path, source->file.descriptor, packing.map, packing.recording,
                                      &source->stream));
    }
done:
    if (status != COVARY_OK) {
        byte_source_close(source);
    }
    return status;
}

void byte_source_close(byte_source *source)
{
    gzip_stream_destroy(&source->stream);
    if (source->file.path != NULL) { /* it was opened */
        byte_file_close(&source->file);
    }
}

covary_status byte_source_read(byte_source *source, char *buffer, int64_t wanted, int64_t offset,
                               int64_t *filled)
{
    if (source->stream != NULL) {
        return gzip_stream_read(source->stream, buffer, wanted, offset, filled);
    }
    return line_reader_fetch(source->file.path, source->file.descriptor, buffer, wanted, offset,
                             filled);
}
