// Gradients of depthwise convolutions; see include/training.h. Lanes are channels.

#ifndef KERNEL_FILE
#define KERNEL_FILE "depthwise_gradient.c"
#include "training_instances.h"
#include "each_isa.h"
#else

#include "vector.h"

#ifndef LONGEST_WINDOW
#define LONGEST_WINDOW 5
/// So many channels at a time that the sums of their taps stay in the nearest cache.
#define CHANNEL_RUN 320
/// So many output pixels of a line at a time that the table of their windows' pixels stays small.
#define PIXEL_RUN 64
#endif

/// All channels of one pixel of the input's gradient: Σ_t gradients[t] · weights[t].
ALWAYS_INLINE TARGET void FN(sum_taps)(
    int64_t channels, int64_t taps, const float *const *gradients, const float *const *weights, float *to) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
        vector sum = {0};
        for (int64_t t = 0; t < taps; t++) sum += FN(load)(gradients[t] + c, LANES) * FN(load)(weights[t] + c, LANES);
        FN(store)(to + c, sum, LANES);
    }
    if (c < channels) {
        const int64_t lanes = channels - c;
        vector sum = {0};
        for (int64_t t = 0; t < taps; t++) sum += FN(load)(gradients[t] + c, lanes) * FN(load)(weights[t] + c, lanes);
        FN(store)(to + c, sum, lanes);
    }
}

TARGET void FN(depthwise_input_gradient)(const graft_depthwise_gradient *g, int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n++)
        for (int64_t y = 0; y < g->height; y++)
            for (int64_t x = 0; x < g->width; x++) {
                // The windows that the pixel lies in, and at which tap.
                const float *gradients[LONGEST_WINDOW * LONGEST_WINDOW], *weights[LONGEST_WINDOW * LONGEST_WINDOW];
                int64_t taps = 0;
                for (int64_t i = 0; i < g->kernel; i++) {
                    const int64_t row = y + g->padding_top - i;
                    if (row < 0 || row % g->stride || row / g->stride >= g->output_height) continue;
                    for (int64_t j = 0; j < g->kernel; j++) {
                        const int64_t column = x + g->padding_left - j;
                        if (column < 0 || column % g->stride || column / g->stride >= g->output_width) continue;
                        const int64_t line = n * g->output_height + row / g->stride;
                        gradients[taps] =
                            g->output_gradient + (line * g->output_width + column / g->stride) * g->channels;
                        weights[taps++] = g->weights + (i * g->kernel + j) * g->channels;
                    }
                }
                float *to = g->input_gradient + ((n * g->height + y) * g->width + x) * g->channels;
                FN(sum_taps)(g->channels, taps, gradients, weights, to);
            }
}

/// Adds what `count` output pixels of a line have to the sums of a row of taps, for `lanes` channels from `channel`.
ALWAYS_INLINE TARGET void FN(add_line)(
    const int kernel, const int stride, int64_t lanes, int64_t channel, int64_t count, const float *gradient,
    int64_t channels, const float *const *pixels, float *sums) {
    vector sum[LONGEST_WINDOW];
    UNROLL for (int j = 0; j < kernel; j++) sum[j] = FN(load)(sums + j * channels + channel, lanes);
    for (int64_t x = 0; x < count; x++) {
        const vector g = FN(load)(gradient + x * channels + channel, lanes);
        UNROLL for (int j = 0; j < kernel; j++) sum[j] += g * FN(load)(pixels[x * stride + j] + channel, lanes);
    }
    UNROLL for (int j = 0; j < kernel; j++) FN(store)(sums + j * channels + channel, sum[j], lanes);
}

ALWAYS_INLINE TARGET void FN(weights_of)(
    const graft_depthwise_gradient *g, const int kernel, const int stride, int64_t begin, int64_t end) {
    for (int64_t t = 0; t < kernel * kernel; t++)
        memset(g->weight_gradient + t * g->channels + begin, 0, (size_t)(end - begin) * sizeof(float));
    for (int64_t n = 0; n < g->images; n++)
        for (int64_t y = 0; y < g->output_height; y++)
            for (int64_t i = 0; i < kernel; i++) {
                const int64_t row = y * stride + i - g->padding_top;
                if (row < 0 || row >= g->height) continue;
                for (int64_t x = 0; x < g->output_width; x += PIXEL_RUN) {
                    const int64_t count = g->output_width - x < PIXEL_RUN ? g->output_width - x : PIXEL_RUN;
                    const float *pixels[PIXEL_RUN * 2 + LONGEST_WINDOW];
                    const float *line = g->input + (n * g->height + row) * g->width * g->channels;
                    for (int64_t j = 0; j < (count - 1) * stride + kernel; j++) {
                        const int64_t column = x * stride + j - g->padding_left;
                        pixels[j] = column < 0 || column >= g->width ? g->zeros : line + column * g->channels;
                    }
                    const float *gradient =
                        g->output_gradient + ((n * g->output_height + y) * g->output_width + x) * g->channels;
                    float *sums = g->weight_gradient + i * kernel * g->channels;
                    int64_t c = begin;
                    for (; c + LANES <= end; c += LANES)
                        FN(add_line)(kernel, stride, LANES, c, count, gradient, g->channels, pixels, sums);
                    if (c < end)
                        FN(add_line)(kernel, stride, end - c, c, count, gradient, g->channels, pixels, sums);
                }
            }
}

#define INSTANCE(kernel, stride)                                                                                       \
    TARGET static __attribute__((noinline)) void FN(weights_of_##kernel##_##stride)(                                   \
        const graft_depthwise_gradient *g, int64_t begin, int64_t end) {                                               \
        FN(weights_of)(g, kernel, stride, begin, end);                                                                 \
    }

INSTANCE(3, 1)
INSTANCE(3, 2)
INSTANCE(5, 1)
INSTANCE(5, 2)

TARGET void FN(depthwise_weight_gradient)(const graft_depthwise_gradient *g, int64_t begin, int64_t end) {
    for (int64_t from = begin; from < end; from += CHANNEL_RUN) {
        const int64_t to = end - from < CHANNEL_RUN ? end : from + CHANNEL_RUN;
        if (g->kernel == 3 && g->stride == 1) FN(weights_of_3_1)(g, from, to);
        else if (g->kernel == 3 && g->stride == 2) FN(weights_of_3_2)(g, from, to);
        else if (g->kernel == 5 && g->stride == 1) FN(weights_of_5_1)(g, from, to);
        else if (g->kernel == 5 && g->stride == 2) FN(weights_of_5_2)(g, from, to);
        else __builtin_trap();
    }
}

#undef INSTANCE
#endif
