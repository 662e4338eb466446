// One vector of LANES floats in the compiler's vector extensions. Included by every instance of a kernel file.

#include <stdint.h>
#include <string.h>

#include "include/activation.h"

#ifndef GRAFT_VECTOR_H
#define GRAFT_VECTOR_H

typedef struct {
    float lowest, highest;
} graft_clamp_bounds;

#define ALWAYS_INLINE static inline __attribute__((always_inline))

// Loops over the registers of a tile must vanish, or the tile would live in memory.
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

#endif

#define vector FN(vector)
#define mask FN(mask)
typedef float vector __attribute__((vector_size(LANES * 4)));
typedef int32_t mask __attribute__((vector_size(LANES * 4)));

/// `lanes` floats from any address, the other lanes 0. Compiles to one load where `lanes` is the constant LANES.
ALWAYS_INLINE TARGET vector FN(load)(const float *from, int64_t lanes) {
    vector result = {0};
    if (lanes == LANES) memcpy(&result, from, sizeof result);
    else memcpy(&result, from, (size_t)lanes * sizeof(float));
    return result;
}

ALWAYS_INLINE TARGET void FN(store)(float *to, vector value, int64_t lanes) {
    if (lanes == LANES) memcpy(to, &value, sizeof value);
    else memcpy(to, &value, (size_t)lanes * sizeof(float));
}

ALWAYS_INLINE TARGET vector FN(select)(mask condition, vector yes, vector no) {
    return (vector)(((mask)yes & condition) | ((mask)no & ~condition));
}

ALWAYS_INLINE TARGET vector FN(between)(vector value, graft_clamp_bounds bounds) {
    const vector lowest = (vector){0} + bounds.lowest, highest = (vector){0} + bounds.highest;
    value = FN(select)((mask)(value < lowest), lowest, value);
    return FN(select)((mask)(value > highest), highest, value);
}

ALWAYS_INLINE TARGET vector FN(clamp)(vector value, graft_activation activation) {
    const graft_clamp_bounds bounds = {activation.lowest, activation.highest};
    return FN(between)(value, bounds);
}
