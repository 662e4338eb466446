// Global average pooling; see include/pooling.h.

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

#endif
