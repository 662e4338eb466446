// A decoder over libpng that returns a status where libpng would longjmp, so that no Swift frame is ever jumped over.
// Each call but close may be made only while the calls before it have returned `ok`.

#ifndef CPNG_H
#define CPNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct graft_png graft_png;

/// How a call ended.
typedef enum __attribute__((enum_extensibility(closed))) graft_png_status {
    graft_png_ok,
    /// The bytes ended before the image did.
    graft_png_truncated,
    /// The bytes are not what the format allows, or a checksum does not fit them.
    graft_png_corrupt,
} graft_png_status;

/// Sides in pixels.
typedef struct graft_png_size {
    uint32_t width;
    uint32_t height;
} graft_png_size;

/// What rows hold per pixel, in bytes: 3 (RGB) or 4 (RGB and alpha, not premultiplied); and how many times they are
/// read from top to bottom: 1, or 7 if the image is interlaced.
typedef struct graft_png_rows {
    int32_t channels;
    int32_t passes;
} graft_png_rows;

/// A decoder of `count` bytes, which are borrowed until `graft_png_close`; NULL if there is no memory for it.
graft_png *graft_png_open(const uint8_t *bytes, size_t count);

/// Reads up to the first pixel data. Allocates nothing that grows with the image.
graft_png_status graft_png_read_header(graft_png *decoder, graft_png_size *size);

/// Prepares to yield rows of 8-bit RGB or RGBA, whatever the colour type and bit depth: palettes and transparent
/// colours are applied, of 16 bits the upper 8 are kept.
graft_png_status graft_png_start(graft_png *decoder, graft_png_rows *rows);

/// Reads the next row of the current pass, `width * channels` bytes. Passes after the first add to what `row` held.
graft_png_status graft_png_read_row(graft_png *decoder, uint8_t *row);

/// Reads what follows the last row, up to the end-of-image chunk.
graft_png_status graft_png_finish(graft_png *decoder);

/// libpng's words on the last status that was not `ok`; valid until `graft_png_close`.
const char *graft_png_message(const graft_png *decoder);

void graft_png_close(graft_png *decoder);

#endif
