#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

struct encoder {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    jmp_buf escape;
    unsigned char *bytes;
    unsigned long count;
};

static void error_exit(j_common_ptr info) {
    struct encoder *encoder = info->client_data;
    longjmp(encoder->escape, 1);
}

static void output_message(j_common_ptr info) { (void)info; }

uint8_t *graft_jpeg_encode(const uint8_t *rgb, int32_t width, int32_t height, int quality, size_t *count) {
    struct encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder) return NULL;
    struct jpeg_compress_struct *info = &encoder->info;
    info->err = jpeg_std_error(&encoder->errors);
    encoder->errors.error_exit = error_exit;
    encoder->errors.output_message = output_message;
    info->client_data = encoder;  // jpeg_create_compress keeps `err` and `client_data`
    uint8_t *bytes = NULL;
    if (!setjmp(encoder->escape)) {
        jpeg_create_compress(info);
        jpeg_mem_dest(info, &encoder->bytes, &encoder->count);
        info->image_width = (JDIMENSION)width;
        info->image_height = (JDIMENSION)height;
        info->input_components = 3;
        info->in_color_space = JCS_RGB;
        jpeg_set_defaults(info);
        jpeg_set_quality(info, quality, TRUE);
        // Chroma at full resolution, and Huffman tables of its own, which cost no pixel anything.
        info->comp_info[0].h_samp_factor = info->comp_info[0].v_samp_factor = 1;
        info->optimize_coding = TRUE;
        jpeg_start_compress(info, TRUE);
        while (info->next_scanline < info->image_height) {
            // libjpeg does not write to rows, though their type says it may.
            JSAMPROW rows[1] = {(JSAMPROW)(rgb + (size_t)info->next_scanline * (size_t)width * 3)};
            jpeg_write_scanlines(info, rows, 1);
        }
        jpeg_finish_compress(info);
        bytes = encoder->bytes;
        *count = encoder->count;
    }
    // Where memory ran out, what libjpeg had written stays with it: it does not say where that is.
    jpeg_destroy_compress(info);  // does nothing where creation failed
    free(encoder);
    return bytes;
}
