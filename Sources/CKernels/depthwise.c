// Depthwise convolutions; see include/depthwise.h.
//
// Lanes are channels. A strip of neighbouring output pixels is formed at once, so that every input element that was
// loaded serves all windows it lies in; a few strips below each other follow for the same channels, so that the lines
// of the image that their windows share are read from the nearest cache. Where the pixels of the windows are is looked
// up in a table made once per block of strips, which points outside the image at zeros; the loops over channels know
// no edges.

#ifndef KERNEL_FILE
#define KERNEL_FILE "depthwise.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"
#include "curves.h"

#ifndef STRIP
// Divides the widths 112, 56, 28, 14 and 7 of networks for 224 × 224 pixels, and leaves registers for the weights.
#define STRIP 7
// How many strips below each other make a block.
#define STRIPS 4
#define LONGEST_KERNEL 5
#define LONGEST_STRIDE 2
#define STRIP_COLUMNS(count, kernel, stride) (((count)-1) * (stride) + (kernel))
#endif

/// `lanes` channels from `channel` of `count` neighbouring output pixels.
///
/// `rows` of the window lie inside the image; their pixels are at `pixels` `[rows, columns of the strip]`, and
/// `weights` is at the first of them.
ALWAYS_INLINE TARGET void FN(strip_channels)(
    const graft_depthwise *d, const int count, const int kernel, const int stride, int64_t lanes, int64_t channel,
    int64_t rows, const float *const *pixels, const float *weights, float *output) {
    vector sum[STRIP];
    const vector bias = FN(load)(d->bias + channel, lanes);
    UNROLL for (int o = 0; o < count; o++) sum[o] = bias;
    for (int64_t i = 0; i < rows; i++) {
        vector weight[LONGEST_KERNEL];
        UNROLL for (int j = 0; j < kernel; j++)
            weight[j] = FN(load)(weights + (i * kernel + j) * d->channels + channel, lanes);
        UNROLL for (int x = 0; x < STRIP_COLUMNS(count, kernel, stride); x++) {
            const vector pixel = FN(load)(pixels[x] + channel, lanes);
            UNROLL for (int o = 0; o < count; o++)
                if (x >= o * stride && x < o * stride + kernel) sum[o] += pixel * weight[x - o * stride];
        }
        pixels += STRIP_COLUMNS(count, kernel, stride);
    }
    UNROLL for (int o = 0; o < count; o++)
        FN(store)(output + o * d->channels + channel, FN(clamp)(sum[o], d->activation), lanes);
}

/// All channels of `strips` strips below each other, of `count` pixels each, from `y`, `x`.
ALWAYS_INLINE TARGET void FN(block)(
    const graft_depthwise *d, const int count, const int kernel, const int stride, int64_t strips, int64_t y,
    int64_t x) {
    const int columns = STRIP_COLUMNS(count, kernel, stride);
    const int64_t top = y * stride - d->padding_top, left = x * stride - d->padding_left;
    const float *pixels[STRIP_COLUMNS(STRIPS, LONGEST_KERNEL, LONGEST_STRIDE)
        * STRIP_COLUMNS(STRIP, LONGEST_KERNEL, LONGEST_STRIDE)];
    for (int64_t i = 0; i < STRIP_COLUMNS(strips, kernel, stride); i++) {
        if (top + i < 0 || top + i >= d->height) continue;
        const float *line = d->input + (top + i - d->first_row) * d->width * d->channels;
        for (int64_t j = 0; j < columns; j++) {
            const int64_t column = left + j;
            pixels[i * columns + j] = column < 0 || column >= d->width ? d->zeros : line + column * d->channels;
        }
    }
    // What of each strip's window lies inside the image.
    int64_t first[STRIPS], rows[STRIPS];
    for (int64_t s = 0; s < strips; s++) {
        const int64_t above = top + s * stride, last = d->height - above < kernel ? d->height - above : kernel;
        first[s] = above < 0 ? -above : 0;
        rows[s] = last > first[s] ? last - first[s] : 0;
    }
    float *output = d->output + ((y - d->first_output_row) * d->output_width + x) * d->channels;
    const int64_t down = d->output_width * d->channels;
    int64_t channel = 0;
#define STRIPS_OF(lanes)                                                                                               \
    for (int64_t s = 0; s < strips; s++)                                                                               \
        FN(strip_channels)(                                                                                            \
            d, count, kernel, stride, lanes, channel, rows[s], pixels + (s * stride + first[s]) * columns,             \
            d->weights + first[s] * kernel * d->channels, output + s * down);
    for (; channel + LANES <= d->channels; channel += LANES) { STRIPS_OF(LANES) }
    if (channel < d->channels) { STRIPS_OF(d->channels - channel) }
#undef STRIPS_OF
    if (d->activation.curve)
        for (int64_t s = 0; s < strips; s++) FN(bend)(output + s * down, count * d->channels, d->activation.curve);
}

ALWAYS_INLINE TARGET void FN(depthwise_rows)(
    const graft_depthwise *d, const int kernel, const int stride, int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; y += STRIPS) {
        const int64_t strips = end - y < STRIPS ? end - y : STRIPS;
        int64_t x = 0;
        for (; x + STRIP <= d->output_width; x += STRIP) FN(block)(d, STRIP, kernel, stride, strips, y, x);
        for (; x < d->output_width; x++) FN(block)(d, 1, kernel, stride, strips, y, x);
    }
}

#define INSTANCE(kernel, stride)                                                                                       \
    TARGET static __attribute__((noinline)) void FN(depthwise_##kernel##_##stride)(                                    \
        const graft_depthwise *d, int64_t begin, int64_t end) {                                                        \
        FN(depthwise_rows)(d, kernel, stride, begin, end);                                                             \
    }

INSTANCE(1, 1)
INSTANCE(3, 1)
INSTANCE(3, 2)
INSTANCE(5, 1)
INSTANCE(5, 2)

TARGET void FN(depthwise)(const graft_depthwise *d, int64_t begin, int64_t end) {
    if (d->kernel == 1 && d->stride == 1) FN(depthwise_1_1)(d, begin, end);
    else if (d->kernel == 3 && d->stride == 1) FN(depthwise_3_1)(d, begin, end);
    else if (d->kernel == 3 && d->stride == 2) FN(depthwise_3_2)(d, begin, end);
    else if (d->kernel == 5 && d->stride == 1) FN(depthwise_5_1)(d, begin, end);
    else if (d->kernel == 5 && d->stride == 2) FN(depthwise_5_2)(d, begin, end);
    else __builtin_trap();
}

#undef INSTANCE
#endif
