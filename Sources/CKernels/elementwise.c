// Sums, products and activations of whole tensors; see include/elementwise.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "elementwise.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"
#include "curves.h"

ALWAYS_INLINE TARGET void FN(combine_row)(
    const graft_elementwise *e, const graft_combination combination, const float *first, const float *second,
    int64_t count, float *output) {
    for (int64_t i = 0; i < count; i += LANES) {
        const int64_t lanes = count - i < LANES ? count - i : LANES;
        vector value = FN(load)(first + i, lanes);
        if (combination == graft_combine_sum) value += FN(load)(second + i, lanes);
        if (combination == graft_combine_product) value *= FN(load)(second + i, lanes);
        FN(store)(output + i, FN(clamp)(value, e->activation), lanes);
    }
    if (e->activation.curve) FN(bend)(output, count, e->activation.curve);
}

ALWAYS_INLINE TARGET void FN(combine)(
    const graft_elementwise *e, const graft_combination combination, int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
        const int64_t at = p * e->channels;
        const float *second = e->second_is_vector ? e->second : e->second + at;
        FN(combine_row)(e, combination, e->first + at, second, e->channels, e->output + at);
    }
}

TARGET void FN(elementwise)(const graft_elementwise *e, int64_t begin, int64_t end) {
    switch (e->combination) {
        case graft_combine_sum: FN(combine)(e, graft_combine_sum, begin, end); return;
        case graft_combine_product: FN(combine)(e, graft_combine_product, begin, end); return;
        default:
            for (int64_t p = begin; p < end; p++) {
                const int64_t at = p * e->channels;
                FN(combine_row)(e, graft_combine_first, e->first + at, e->first + at, e->channels, e->output + at);
            }
    }
}

#endif
