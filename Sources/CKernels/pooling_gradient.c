// Gradients of pooling; see include/training.h. Lanes are channels.

#ifndef KERNEL_FILE
#define KERNEL_FILE "pooling_gradient.c"
#include "training_instances.h"
#include "each_isa.h"
#else

#include "vector.h"

TARGET void FN(mean_gradient)(
    const float *output_gradient, int64_t pixels, int64_t channels, float *input_gradient) {
    const float share = 1.0f / (float)pixels;
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c += LANES) {
            const int64_t lanes = channels - c < LANES ? channels - c : LANES;
            FN(store)(input_gradient + p * channels + c, FN(load)(output_gradient + c, lanes) * share, lanes);
        }
}

/// `lanes` channels from `channel` of the window over the lines `top ..< bottom` and columns `left ..< right`.
ALWAYS_INLINE TARGET void FN(spread)(
    const graft_pool_gradient *g, int64_t lanes, int64_t channel, int64_t top, int64_t bottom, int64_t left,
    int64_t right, float count, const float *output_gradient) {
    const graft_pool *p = &g->pool;
    const vector gradient = FN(load)(output_gradient + channel, lanes), share = gradient / count;
    vector most = (vector){0} - __builtin_inff();
    for (int64_t y = top; y < bottom && !p->takes_mean; y++)
        for (int64_t x = left; x < right; x++) {
            const vector value = FN(load)(p->input + (y * p->width + x) * p->channels + channel, lanes);
            most = FN(select)((mask)(value > most), value, most);
        }
    mask open = ~(mask){0};
    for (int64_t y = top; y < bottom; y++)
        for (int64_t x = left; x < right; x++) {
            const int64_t at = (y * p->width + x) * p->channels + channel;
            vector part = share;
            if (!p->takes_mean) {
                const mask found = (mask)(FN(load)(p->input + at, lanes) == most) & open;
                part = FN(select)(found, gradient, (vector){0});
                open &= ~found;
            }
            FN(store)(g->input_gradient + at, FN(load)(g->input_gradient + at, lanes) + part, lanes);
        }
}

TARGET void FN(pool_gradient)(const graft_pool_gradient *g) {
    const graft_pool *p = &g->pool;
    memset(g->input_gradient, 0, (size_t)(p->height * p->width * p->channels) * sizeof(float));
    for (int64_t y = 0; y < g->output_height; y++)
        for (int64_t x = 0; x < p->output_width; x++) {
            int64_t top = y * p->stride - p->padding_top, left = x * p->stride - p->padding_left;
            const int64_t bottom = top + p->kernel < p->height ? top + p->kernel : p->height;
            const int64_t right = left + p->kernel < p->width ? left + p->kernel : p->width;
            if (top < 0) top = 0;
            if (left < 0) left = 0;
            const float count = (float)(p->counts_padding ? p->kernel * p->kernel : (bottom - top) * (right - left));
            const float *gradient = g->output_gradient + (y * p->output_width + x) * p->channels;
            int64_t c = 0;
            for (; c + LANES <= p->channels; c += LANES)
                FN(spread)(g, LANES, c, top, bottom, left, right, count, gradient);
            if (c < p->channels)
                FN(spread)(g, p->channels - c, c, top, bottom, left, right, count, gradient);
        }
}

#endif
