// A decoder over libjpeg that returns a status where libjpeg would longjmp, so that no Swift frame is ever jumped over.
// Each call but close may be made only while the calls before it have returned `ok`.

#ifndef CJPEG_H
#define CJPEG_H

#include <stddef.h>
#include <stdint.h>

typedef struct graft_jpeg graft_jpeg;

/// How a call ended.
typedef enum __attribute__((enum_extensibility(closed))) graft_jpeg_status {
    graft_jpeg_ok,
    /// The bytes ended before the image did.
    graft_jpeg_truncated,
    /// The bytes are not what the format allows.
    graft_jpeg_corrupt,
    /// Valid perhaps, but of a kind this build of libjpeg or this shim does not decode.
    graft_jpeg_unsupported,
    /// Decoding would need more memory than was allowed, or than there is.
    graft_jpeg_memory,
} graft_jpeg_status;

/// Sides in pixels; `channels` is 3 (RGB) or 4 (CMYK as stored, by Adobe's habit inverted).
typedef struct graft_jpeg_size {
    int32_t width;
    int32_t height;
    int32_t channels;
} graft_jpeg_size;

/// A decoder of `count` bytes, which are borrowed until `graft_jpeg_close`; NULL if there is no memory for it.
/// `memory_limit` bounds, in bytes, the coefficients that libjpeg keeps of an image of several scans; `scan_limit`
/// their number.
graft_jpeg *graft_jpeg_open(const uint8_t *bytes, size_t count, long memory_limit, int scan_limit);

/// Reads up to the first scan; `size` is of the whole image.
graft_jpeg_status graft_jpeg_read_header(graft_jpeg *decoder, graft_jpeg_size *size);

/// Prepares to yield rows at 1/`shrink` of the size (1, 2, 4 or 8, rounded up); `size` is of those rows.
/// Decodes as libjpeg-turbo does by default: exact integer transform, smooth upsampling of chroma.
graft_jpeg_status graft_jpeg_start(graft_jpeg *decoder, int shrink, graft_jpeg_size *size);

/// Writes the next row, `width * channels` bytes.
graft_jpeg_status graft_jpeg_read_row(graft_jpeg *decoder, uint8_t *row);

/// Reads what follows the last row, up to the end-of-image marker.
graft_jpeg_status graft_jpeg_finish(graft_jpeg *decoder);

/// libjpeg's words on the last status that was not `ok`; valid until `graft_jpeg_close`.
const char *graft_jpeg_message(const graft_jpeg *decoder);

void graft_jpeg_close(graft_jpeg *decoder);

/// A baseline JPEG of `height * width` pixels of three bytes, red first, at a quality of 1...100, chroma as fine as luma:
/// `*count` bytes, which the caller frees; NULL if there is no memory for it.
uint8_t *graft_jpeg_encode(const uint8_t *rgb, int32_t width, int32_t height, int quality, size_t *count);

#endif
