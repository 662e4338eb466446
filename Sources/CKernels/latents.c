// Latents as bytes; see include/latents.h. Nothing here is a product and then a sum, which some compilers would fuse, so
// that every instance gives the same bits.

#ifndef KERNEL_FILE
#define KERNEL_FILE "latents.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"

#define bytes FN(bytes)
typedef uint8_t bytes __attribute__((vector_size(LANES)));

/// The ranges of the channels from `channel` on, and the largest bits of a magnitude among their elements.
ALWAYS_INLINE TARGET mask FN(find_ranges_of)(
    const graft_latent *latent, int64_t channel, int64_t lanes, float *lowest, float *highest) {
    const float *elements = latent->elements + channel;
    vector low = FN(load)(elements, lanes), high = low;
    mask largest = {0};
    for (int64_t p = 0; p < latent->pixels; p++, elements += latent->channels) {
        const vector element = FN(load)(elements, lanes);
        const mask magnitude = (mask)element & INT32_MAX;
        low = FN(select)((mask)(element < low), element, low);
        high = FN(select)((mask)(element > high), element, high);
        largest = (magnitude & (magnitude > largest)) | (largest & ~(magnitude > largest));
    }
    FN(store)(lowest + channel, low, lanes);
    FN(store)(highest + channel, high, lanes);
    return largest;
}

TARGET int FN(find_ranges)(const graft_latent *latent, float *lowest, float *highest) {
    const int32_t infinity = 0x7f800000;
    mask largest = {0};
    int64_t c = 0;
    for (; c + LANES <= latent->channels; c += LANES)
        largest |= (FN(find_ranges_of)(latent, c, LANES, lowest, highest) >= infinity);
    if (c < latent->channels)
        largest |= (FN(find_ranges_of)(latent, c, latent->channels - c, lowest, highest) >= infinity);
    int32_t beyond = 0;
    for (int64_t lane = 0; lane < LANES; lane++) beyond |= largest[lane];
    return !beyond;
}

TARGET void FN(divide_ranges)(
    const graft_latent *latent, const float *lowest, const float *per_half_step, uint8_t *steps) {
    for (int64_t p = 0; p < latent->pixels; p++) {
        const float *elements = latent->elements + p * latent->channels;
        uint8_t *to = steps + p * latent->channels;
        for (int64_t c = 0; c < latent->channels; c += LANES) {
            const int64_t left = latent->channels - c, lanes = left < LANES ? left : LANES;
            vector halves;
            if (lanes == LANES)
                halves = (FN(load)(elements + c, LANES) - FN(load)(lowest + c, LANES))
                    * FN(load)(per_half_step + c, LANES);
            else
                halves = (FN(load)(elements + c, lanes) - FN(load)(lowest + c, lanes))
                    * FN(load)(per_half_step + c, lanes);
            const bytes whole = __builtin_convertvector((__builtin_convertvector(halves, mask) + 1) >> 1, bytes);
            if (lanes == LANES) memcpy(to + c, &whole, sizeof whole);
            else memcpy(to + c, &whole, (size_t)lanes);
        }
    }
}

#undef bytes
#endif
