#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

struct graft_jpeg {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    graft_jpeg_status status;
    int scan_limit;
    char message[JMSG_LENGTH_MAX];
};

static void fail(graft_jpeg *decoder, graft_jpeg_status status) {
    decoder->status = status;
    decoder->errors.format_message((j_common_ptr)&decoder->info, decoder->message);
    longjmp(decoder->escape, 1);
}

static void error_exit(j_common_ptr info) {
    switch (info->err->msg_code) {
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
        fail(info->client_data, graft_jpeg_truncated);
        break;
    case JERR_NO_BACKING_STORE:
    case JERR_OUT_OF_MEMORY:
        fail(info->client_data, graft_jpeg_memory);
        break;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
        fail(info->client_data, graft_jpeg_unsupported);
        break;
    default:
        fail(info->client_data, graft_jpeg_corrupt);
    }
}

// libjpeg goes on after damage and makes pixels up. A picture that is partly made up must not be learned from, so
// damage ends the decoding; what remains a warning is odd but leaves every pixel as it was meant.
static void emit_message(j_common_ptr info, int level) {
    if (level >= 0) return;
    switch (info->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
        break;
    case JWRN_JPEG_EOF:
        fail(info->client_data, graft_jpeg_truncated);
        break;
    default:
        fail(info->client_data, graft_jpeg_corrupt);
    }
}

static void output_message(j_common_ptr info) { (void)info; }

// A small file of very many scans would keep the CPU busy for minutes.
static void progress_monitor(j_common_ptr info) {
    graft_jpeg *decoder = info->client_data;
    if (decoder->info.input_scan_number <= decoder->scan_limit) return;
    decoder->status = graft_jpeg_unsupported;
    snprintf(decoder->message, sizeof decoder->message, "more than %d scans", decoder->scan_limit);
    longjmp(decoder->escape, 1);
}

graft_jpeg *graft_jpeg_open(const uint8_t *bytes, size_t count, long memory_limit, int scan_limit) {
    graft_jpeg *decoder = calloc(1, sizeof *decoder);
    if (!decoder) return NULL;
    decoder->info.err = jpeg_std_error(&decoder->errors);
    decoder->errors.error_exit = error_exit;
    decoder->errors.emit_message = emit_message;
    decoder->errors.output_message = output_message;
    decoder->info.client_data = decoder;  // jpeg_create_decompress keeps `err` and `client_data`
    decoder->scan_limit = scan_limit;
    if (setjmp(decoder->escape)) {
        graft_jpeg_close(decoder);
        return NULL;
    }
    jpeg_create_decompress(&decoder->info);
    decoder->info.mem->max_memory_to_use = memory_limit;
    decoder->progress.progress_monitor = progress_monitor;
    decoder->info.progress = &decoder->progress;
    jpeg_mem_src(&decoder->info, bytes, count);
    return decoder;
}

graft_jpeg_status graft_jpeg_read_header(graft_jpeg *decoder, graft_jpeg_size *size) {
    if (setjmp(decoder->escape)) return decoder->status;
    struct jpeg_decompress_struct *info = &decoder->info;
    jpeg_read_header(info, TRUE);
    switch (info->jpeg_color_space) {
    case JCS_GRAYSCALE:
    case JCS_RGB:
    case JCS_YCbCr:
        info->out_color_space = JCS_RGB;
        break;
    case JCS_CMYK:
    case JCS_YCCK:
        info->out_color_space = JCS_CMYK;
        break;
    default:
        snprintf(decoder->message, sizeof decoder->message, "%d components", info->num_components);
        return decoder->status = graft_jpeg_unsupported;
    }
    size->width = (int32_t)info->image_width;
    size->height = (int32_t)info->image_height;
    size->channels = info->out_color_space == JCS_CMYK ? 4 : 3;
    return graft_jpeg_ok;
}

graft_jpeg_status graft_jpeg_start(graft_jpeg *decoder, int shrink, graft_jpeg_size *size) {
    if (setjmp(decoder->escape)) return decoder->status;
    struct jpeg_decompress_struct *info = &decoder->info;
    info->scale_num = 1;
    info->scale_denom = (unsigned)shrink;
    info->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(info);
    size->width = (int32_t)info->output_width;
    size->height = (int32_t)info->output_height;
    size->channels = info->output_components;
    return graft_jpeg_ok;
}

graft_jpeg_status graft_jpeg_read_row(graft_jpeg *decoder, uint8_t *row) {
    if (setjmp(decoder->escape)) return decoder->status;
    JSAMPROW rows[1] = {row};
    jpeg_read_scanlines(&decoder->info, rows, 1);
    return graft_jpeg_ok;
}

graft_jpeg_status graft_jpeg_finish(graft_jpeg *decoder) {
    if (setjmp(decoder->escape)) return decoder->status;
    jpeg_finish_decompress(&decoder->info);
    return graft_jpeg_ok;
}

const char *graft_jpeg_message(const graft_jpeg *decoder) { return decoder->message; }

void graft_jpeg_close(graft_jpeg *decoder) {
    if (!decoder) return;
    jpeg_destroy_decompress(&decoder->info);  // calls nothing that fails, and does nothing where creation did
    free(decoder);
}
