#include "CPNG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

struct graft_png {
    png_structp png;
    png_infop info;
    const uint8_t *next;
    size_t remaining;
    jmp_buf escape;
    graft_png_status status;
    char message[128];
};

static void error(png_structp png, png_const_charp message) {
    graft_png *decoder = png_get_error_ptr(png);
    if (decoder->status == graft_png_ok) decoder->status = graft_png_corrupt;
    snprintf(decoder->message, sizeof decoder->message, "%s", message);
    longjmp(decoder->escape, 1);
}

static void warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep destination, size_t count) {
    graft_png *decoder = png_get_io_ptr(png);
    if (count > decoder->remaining) {
        decoder->status = graft_png_truncated;
        png_error(png, "the bytes end inside a chunk");
    }
    memcpy(destination, decoder->next, count);
    decoder->next += count;
    decoder->remaining -= count;
}

// Chunks that change no pixel here. They are skipped, checksum aside, so that nothing in them can cost memory or time.
static const png_byte skipped_chunks[] =
    "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0tEXt\0tIME\0zTXt";

graft_png *graft_png_open(const uint8_t *bytes, size_t count) {
    graft_png *decoder = calloc(1, sizeof *decoder);
    if (!decoder) return NULL;
    decoder->next = bytes;
    decoder->remaining = count;
    if (setjmp(decoder->escape)) {
        graft_png_close(decoder);
        return NULL;
    }
    decoder->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, error, warning);
    if (decoder->png) decoder->info = png_create_info_struct(decoder->png);
    if (!decoder->info) {
        graft_png_close(decoder);
        return NULL;
    }
    png_set_read_fn(decoder->png, decoder, read_bytes);
    // The caller checks the sides as soon as it knows them; libpng would call a large image a corrupt one.
    png_set_user_limits(decoder->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_cache_max(decoder->png, 16);
    png_set_chunk_malloc_max(decoder->png, 1 << 20);
    png_set_keep_unknown_chunks(decoder->png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(decoder->png, PNG_HANDLE_CHUNK_NEVER, skipped_chunks, sizeof skipped_chunks / 5);
    // A wrong checksum in tRNS would otherwise drop the transparency and go on.
    png_set_crc_action(decoder->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    return decoder;
}

graft_png_status graft_png_read_header(graft_png *decoder, graft_png_size *size) {
    if (setjmp(decoder->escape)) return decoder->status;
    png_read_info(decoder->png, decoder->info);
    size->width = png_get_image_width(decoder->png, decoder->info);
    size->height = png_get_image_height(decoder->png, decoder->info);
    return graft_png_ok;
}

graft_png_status graft_png_start(graft_png *decoder, graft_png_rows *rows) {
    if (setjmp(decoder->escape)) return decoder->status;
    png_structp png = decoder->png;
    png_infop info = decoder->info;
    png_byte color_type = png_get_color_type(png, info);
    png_byte bit_depth = png_get_bit_depth(png, info);
    if (color_type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (color_type == PNG_COLOR_TYPE_GRAY && bit_depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (png_get_valid(png, info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
    if (bit_depth == 16) png_set_strip_16(png);
    if (!(color_type & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
    rows->passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    rows->channels = png_get_channels(png, info);
    if (rows->channels < 3 || png_get_rowbytes(png, info) != (size_t)png_get_image_width(png, info) * rows->channels) {
        png_error(png, "no conversion to 8-bit RGB");
    }
    return graft_png_ok;
}

graft_png_status graft_png_read_row(graft_png *decoder, uint8_t *row) {
    if (setjmp(decoder->escape)) return decoder->status;
    png_read_row(decoder->png, row, NULL);
    return graft_png_ok;
}

graft_png_status graft_png_finish(graft_png *decoder) {
    if (setjmp(decoder->escape)) return decoder->status;
    png_read_end(decoder->png, NULL);
    return graft_png_ok;
}

const char *graft_png_message(const graft_png *decoder) { return decoder->message; }

void graft_png_close(graft_png *decoder) {
    if (!decoder) return;
    png_destroy_read_struct(&decoder->png, &decoder->info, NULL);
    free(decoder);
}
