// Pooling; see include/pooling.h. Lanes are channels.

#ifndef KERNEL_FILE
#define KERNEL_FILE "pooling.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"

ALWAYS_INLINE TARGET void FN(mean_channels)(const graft_mean *m, int64_t channel, int64_t lanes) {
    vector sum = {0};
    for (int64_t p = 0; p < m->pixels; p++) sum += FN(load)(m->input + p * m->channels + channel, lanes);
    FN(store)(m->output + channel, sum / (float)m->pixels, lanes);
}

TARGET void FN(mean)(const graft_mean *m) {
    int64_t channel = 0;
    for (; channel + LANES <= m->channels; channel += LANES) FN(mean_channels)(m, channel, LANES);
    if (channel < m->channels) FN(mean_channels)(m, channel, m->channels - channel);
}

/// The part of a window along one axis that lies inside the image.
ALWAYS_INLINE TARGET void FN(inside)(int64_t start, int64_t kernel, int64_t side, int64_t *first, int64_t *last) {
    *first = start < 0 ? 0 : start;
    *last = start + kernel < side ? start + kernel : side;
}

TARGET void FN(pool)(const graft_pool *p, int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; y++) {
        int64_t top, bottom;
        FN(inside)(y * p->stride - p->padding_top, p->kernel, p->height, &top, &bottom);
        for (int64_t x = 0; x < p->output_width; x++) {
            int64_t left, right;
            FN(inside)(x * p->stride - p->padding_left, p->kernel, p->width, &left, &right);
            float *output = p->output + (y * p->output_width + x) * p->channels;
            // A window wholly outside has the mean 0, whatever is counted.
            const int64_t inside = bottom > top && right > left ? (bottom - top) * (right - left) : 1;
            const float count = (float)(p->counts_padding ? p->kernel * p->kernel : inside);
            for (int64_t channel = 0; channel < p->channels; channel += LANES) {
                const int64_t lanes = p->channels - channel < LANES ? p->channels - channel : LANES;
                vector sum = {0}, most = (vector){0} - __builtin_inff();
                for (int64_t i = top; i < bottom; i++)
                    for (int64_t j = left; j < right; j++) {
                        const float *from = p->input + (i * p->width + j) * p->channels + channel;
                        const vector value = lanes == LANES ? FN(load)(from, LANES) : FN(load)(from, lanes);
                        if (p->takes_mean) sum += value;
                        else most = FN(select)((mask)(value > most), value, most);
                    }
                const vector result = p->takes_mean ? sum / count : most;
                if (lanes == LANES) FN(store)(output + channel, result, LANES);
                else FN(store)(output + channel, result, lanes);
            }
        }
    }
}

#endif
