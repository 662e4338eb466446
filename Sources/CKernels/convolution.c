// Convolutions of any window; see include/convolution.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "convolution.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"
#include "curves.h"

#ifndef MOST_PIXELS
// How many windows are gathered at a time: 7 rows of the tiles that AVX-512 has, so that 49 pixels need one turn.
#define MOST_PIXELS 56
// So many floats of a window at a time that the gathered rows and a panel stay in the second-level cache.
#define MOST_DEPTH 1536
// Up to so many floats of a window, its products are over before a copy of it would pay.
#define SHALLOW 192

/// How many rows of a window are gathered at a time.
static int64_t window_rows(int64_t kernel_height, int64_t kernel_width, int64_t channels) {
    const int64_t rows = MOST_DEPTH / (kernel_width * channels);
    return rows < 1 ? 1 : rows > kernel_height ? kernel_height : rows;
}

/// `channels` are those of a group.
int64_t graft_convolution_scratch(int64_t kernel_height, int64_t kernel_width, int64_t channels) {
    return MOST_PIXELS * window_rows(kernel_height, kernel_width, channels) * kernel_width * channels;
}
#endif

/// Copies `count` floats: for the short runs of a window, faster than a call of memcpy.
ALWAYS_INLINE TARGET void FN(copy)(float *to, const float *from, int64_t count) {
    // The last piece ends where the run ends, and may overlap the one before.
    if (count >= LANES) {
        for (int64_t i = 0; i + LANES < count; i += LANES) FN(store)(to + i, FN(load)(from + i, LANES), LANES);
        FN(store)(to + count - LANES, FN(load)(from + count - LANES, LANES), LANES);
    } else if (count >= 8) {
        memcpy(to, from, 8 * sizeof(float));
        memcpy(to + count - 8, from + count - 8, 8 * sizeof(float));
    } else {
        for (int64_t i = 0; i < count; i++) to[i] = from[i];
    }
}

/// Writes rows `first ..< last` of the window of the output pixel at `y`, `x`, for the `count` channels from
/// `channel`, as one row [last - first, kernel width, count].
ALWAYS_INLINE TARGET void FN(gather)(
    const graft_convolution *c, int64_t first, int64_t last, int64_t channel, int64_t count, int64_t y, int64_t x,
    float *row) {
    const int64_t top = y * c->stride - c->padding_top, left = x * c->stride - c->padding_left;
    const int64_t run = c->kernel_width * count;
    for (int64_t i = first; i < last; i++, row += run) {
        const int64_t line = top + i * c->dilation;
        if (line < 0 || line >= c->height) {
            memset(row, 0, (size_t)run * sizeof(float));
            continue;
        }
        const float *from = c->input + line * c->width * c->channels + channel;
        if (c->dilation == 1 && count == c->channels) {
            // Neighbouring pixels of a row are contiguous, so a row of the window is one run.
            const int64_t before = left < 0 ? (-left < c->kernel_width ? -left : c->kernel_width) : 0;
            const int64_t inside = c->width - left < c->kernel_width ? c->width - left : c->kernel_width;
            const int64_t after = inside < before ? before : inside;
            if (before > 0) memset(row, 0, (size_t)(before * count) * sizeof(float));
            if (after > before)
                FN(copy)(row + before * count, from + (left + before) * count, (after - before) * count);
            if (after < c->kernel_width)
                memset(row + after * count, 0, (size_t)((c->kernel_width - after) * count) * sizeof(float));
        } else {
            for (int64_t j = 0; j < c->kernel_width; j++) {
                const int64_t column = left + j * c->dilation;
                if (column < 0 || column >= c->width) memset(row + j * count, 0, (size_t)count * sizeof(float));
                else FN(copy)(row + j * count, from + column * c->channels, count);
            }
        }
    }
}

/// The outputs at `pixels` pixels from the one numbered `pixel`, of one group, from gathered windows.
ALWAYS_INLINE TARGET void FN(convolve_gathered)(
    const graft_convolution *c, int64_t group, int64_t pixel, int64_t pixels, int64_t first_panel,
    int64_t last_panel) {
    const int64_t channels = c->channels / c->groups, columns = c->columns / c->groups;
    const int64_t run = c->kernel_width * channels, depth = c->kernel_height * run;
    const int64_t rows = window_rows(c->kernel_height, c->kernel_width, channels);
    const graft_activation none = {-__builtin_inff(), __builtin_inff(), graft_curve_none};
    graft_product product = {
        .columns = columns,
        .input = c->scratch,
        .panels = c->panels + group * FN(packed_count)(columns, depth),
        .panel_depth = depth,
        .output_stride = c->columns,
    };
    const int64_t blocks = (pixels + MOST_PIXELS - 1) / MOST_PIXELS;
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t from = pixel + pixels * b / blocks, count = pixel + pixels * (b + 1) / blocks - from;
        const int64_t at = from * c->columns + group * columns;
        product.output = c->output + at;
        for (int64_t first = 0; first < c->kernel_height; first += rows) {
            const int64_t last = c->kernel_height - first < rows ? c->kernel_height : first + rows;
            const int64_t gathered = (last - first) * run;
            for (int64_t i = 0; i < count; i++)
                FN(gather)(
                    c, first, last, group * channels, channels, (from + i) / c->output_width,
                    (from + i) % c->output_width, c->scratch + i * gathered);
            product.depth = product.input_stride = gathered;
            product.first_depth = first * run;
            product.bias = first == 0 ? c->bias + group * columns : 0;
            product.residual = last == c->kernel_height && c->residual ? c->residual + at : 0;
            product.activation = last == c->kernel_height ? c->activation : none;
            FN(product)(&product, 0, count, first_panel, last_panel);
        }
    }
}

/// One line of output whose windows are short, as those of images with few channels are: where they lie wholly in the
/// image, the product reads them where they are.
ALWAYS_INLINE TARGET void FN(convolve_line)(
    const graft_convolution *c, int64_t y, int64_t first_panel, int64_t last_panel) {
    const int64_t top = y * c->stride - c->padding_top, width = c->output_width;
    int64_t begin = (c->padding_left + c->stride - 1) / c->stride;
    int64_t end = (c->width - c->kernel_width + c->padding_left) / c->stride + 1;
    if (end > width) end = width;
    if (c->width < c->kernel_width || top < 0 || top + c->kernel_height > c->height || begin >= end) begin = end = width;
    if (begin > 0) FN(convolve_gathered)(c, 0, y * width, begin, first_panel, last_panel);
    if (begin < end) {
        const int64_t at = (y * width + begin) * c->columns, depth = c->kernel_width * c->channels;
        const graft_product product = {
            .columns = c->columns,
            .depth = depth,
            .input_stride = c->stride * c->channels,
            .further_stretches = c->kernel_height - 1,
            .stretch_stride = c->width * c->channels,
            .input = c->input + (top * c->width + begin * c->stride - c->padding_left) * c->channels,
            .panels = c->panels,
            .panel_depth = c->kernel_height * depth,
            .bias = c->bias,
            .residual = c->residual ? c->residual + at : 0,
            .output = c->output + at,
            .output_stride = c->columns,
            .activation = c->activation,
        };
        FN(product)(&product, 0, end - begin, first_panel, last_panel);
    }
    if (end < width) FN(convolve_gathered)(c, 0, y * width + end, width - end, first_panel, last_panel);
}

TARGET void FN(convolution)(
    const graft_convolution *c, int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel) {
    if (c->groups == 1 && c->dilation == 1 && c->kernel_height * c->kernel_width * c->channels <= SHALLOW) {
        for (int64_t y = begin; y < end; y++) FN(convolve_line)(c, y, first_panel, last_panel);
        return;
    }
    const int64_t pixels = (end - begin) * c->output_width;
    for (int64_t group = 0; group < c->groups; group++)
        FN(convolve_gathered)(c, group, begin * c->output_width, pixels, first_panel, last_panel);
}

#endif
