// zlib as it is. Its openers are macros that pass the version and size of the caller's header.
#pragma once
#include <zlib.h>

// RFC 1952: window of 32 KiB, 16 added for the gzip wrapper.
static inline int shim_deflate_init_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

static inline int shim_inflate_init_gzip(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}
