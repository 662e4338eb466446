// A step of Adam; see include/training.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "adam.c"
#include "training_instances.h"
#include "each_isa.h"
#else

#include "vector.h"

ALWAYS_INLINE TARGET vector FN(square_root)(vector x) {
#if defined(__clang__)
    return __builtin_elementwise_sqrt(x);
#else
    for (int lane = 0; lane < LANES; lane++) x[lane] = __builtin_sqrtf(x[lane]);
    return x;
#endif
}

ALWAYS_INLINE TARGET void FN(adam_vector)(const graft_adam *a, int64_t i, int64_t lanes) {
    const vector before = FN(load)(a->weight + i, lanes);
    const vector gradient = FN(load)(a->gradient + i, lanes) + a->l2 * before;
    vector first = FN(load)(a->first_moment + i, lanes), second = FN(load)(a->second_moment + i, lanes);
    first += a->rest1 * (gradient - first);
    second = a->beta2 * second + a->rest2 * gradient * gradient;
    const vector divisor = FN(square_root)(second) / a->second_correction + a->epsilon;
    FN(store)(a->first_moment + i, first, lanes);
    FN(store)(a->second_moment + i, second, lanes);
    FN(store)(a->weight + i, before - a->decay * before - a->step_size * (first / divisor), lanes);
}

TARGET void FN(adam)(const graft_adam *a, int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + LANES <= end; i += LANES) FN(adam_vector)(a, i, LANES);
    if (i < end) FN(adam_vector)(a, i, end - i);
}

#endif
