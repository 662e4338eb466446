// Depthwise convolutions; see include/depthwise.h.
//
// Lanes are channels. A strip of neighbouring output pixels is formed at once, so that every input element that
// was loaded serves all windows it lies in. Where the pixels of the windows are is looked up in a table made once per
// strip, which points outside the image at zeros; the loop over channels then knows no edges.

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

/// All channels of `count` neighbouring output pixels from `y`, `x`.
ALWAYS_INLINE TARGET void FN(strip)(
    const graft_depthwise *d, const int count, const int kernel, const int stride, int64_t y, int64_t x) {
    const int64_t top = y * stride - d->padding_top, left = x * stride - d->padding_left;
    const int64_t first = top < 0 ? -top : 0;
    const int64_t last = d->height - top < kernel ? d->height - top : kernel;

    const float *pixels[LONGEST_KERNEL * STRIP_COLUMNS(STRIP, LONGEST_KERNEL, LONGEST_STRIDE)];
    const float **pixel = pixels;
    for (int64_t i = first; i < last; i++)
        for (int64_t j = 0; j < STRIP_COLUMNS(count, kernel, stride); j++) {
            const int64_t column = left + j;
            *pixel++ = column < 0 || column >= d->width
                ? d->zeros : d->input + ((top + i - d->first_row) * d->width + column) * d->channels;
        }

    const int64_t rows = last > first ? last - first : 0;
    const float *weights = d->weights + first * kernel * d->channels;
    float *output = d->output + ((y - d->first_output_row) * d->output_width + x) * d->channels;
    int64_t channel = 0;
    for (; channel + LANES <= d->channels; channel += LANES)
        FN(strip_channels)(d, count, kernel, stride, LANES, channel, rows, pixels, weights, output);
    if (channel < d->channels)
        FN(strip_channels)(
            d, count, kernel, stride, d->channels - channel, channel, rows, pixels, weights, output);
    if (d->activation.curve) FN(bend)(output, count * d->channels, d->activation.curve);
}

ALWAYS_INLINE TARGET void FN(depthwise_rows)(
    const graft_depthwise *d, const int kernel, const int stride, int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; y++) {
        if (d->output_width < STRIP) {
            for (int64_t x = 0; x < d->output_width; x++) FN(strip)(d, 1, kernel, stride, y, x);
            continue;
        }
        for (int64_t x = 0; x < d->output_width; x += STRIP) {
            // The last strip ends with the row, and may form some pixels of the one before again.
            const int64_t from = x + STRIP <= d->output_width ? x : d->output_width - STRIP;
            FN(strip)(d, STRIP, kernel, stride, y, from);
        }
    }
}

#define INSTANCE(kernel, stride)                                                                                       \
    TARGET static __attribute__((noinline)) void FN(depthwise_##kernel##_##stride)(                                    \
        const graft_depthwise *d, int64_t begin, int64_t end) {                                                        \
        FN(depthwise_rows)(d, kernel, stride, begin, end);                                                             \
    }

INSTANCE(3, 1)
INSTANCE(3, 2)
INSTANCE(5, 1)
INSTANCE(5, 2)

TARGET void FN(depthwise)(const graft_depthwise *d, int64_t begin, int64_t end) {
    if (d->kernel == 3 && d->stride == 1) FN(depthwise_3_1)(d, begin, end);
    else if (d->kernel == 3 && d->stride == 2) FN(depthwise_3_2)(d, begin, end);
    else if (d->kernel == 5 && d->stride == 1) FN(depthwise_5_1)(d, begin, end);
    else if (d->kernel == 5 && d->stride == 2) FN(depthwise_5_2)(d, begin, end);
    else __builtin_trap();
}

#undef INSTANCE
#endif
