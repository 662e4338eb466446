// Bytes as the floats that a network sees; see include/normalize.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "normalize.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"

#define bytes FN(bytes)
typedef uint8_t bytes __attribute__((vector_size(LANES)));

// Three vectors hold whole pixels.
#define PERIOD (3 * LANES)

/// The factors of each lane of three vectors.
#define lane_factors FN(lane_factors)
typedef struct {
    vector upper[3], lower[3], start[3];
} lane_factors;

ALWAYS_INLINE TARGET void FN(normalize_period)(const lane_factors *factors, const uint8_t *pixels, float *elements) {
    UNROLL
    for (int64_t v = 0; v < 3; v++) {
        bytes values;
        memcpy(&values, pixels + v * LANES, sizeof values);
        const vector value = __builtin_convertvector(__builtin_convertvector(values, mask), vector);
        const vector element = value * factors->upper[v] + (value * factors->lower[v] + factors->start[v]);
        FN(store)(elements + v * LANES, element, LANES);
    }
}

ALWAYS_INLINE TARGET void FN(reverse_channels)(const uint8_t *pixels, int64_t count, uint8_t *reversed) {
    for (int64_t i = 0; i < count; i += 3)
        for (int64_t c = 0; c < 3; c++) reversed[i + c] = pixels[i + 2 - c];
}

TARGET void FN(normalize)(
    const graft_normalization *normalization, const uint8_t *pixels, int64_t count, float *elements) {
    lane_factors factors;
    for (int64_t v = 0; v < 3; v++) {
        for (int64_t lane = 0; lane < LANES; lane++) {
            const int64_t channel = (v * LANES + lane) % 3;
            factors.upper[v][lane] = normalization->upper[channel];
            factors.lower[v][lane] = normalization->lower[channel];
            factors.start[v][lane] = normalization->start[channel];
        }
    }
    const int reverses = normalization->reverses;
    uint8_t block[PERIOD] = {0};
    int64_t i = 0;
    for (; i + PERIOD <= count; i += PERIOD) {
        if (reverses) FN(reverse_channels)(pixels + i, PERIOD, block);
        FN(normalize_period)(&factors, reverses ? block : pixels + i, elements + i);
    }
    if (i == count) return;
    float last[PERIOD];
    if (reverses) FN(reverse_channels)(pixels + i, count - i, block);
    else memcpy(block, pixels + i, (size_t)(count - i));
    FN(normalize_period)(&factors, block, last);
    memcpy(elements + i, last, (size_t)(count - i) * sizeof(float));
}

#undef PERIOD
#undef bytes
#undef lane_factors
#endif
