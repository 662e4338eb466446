// Bytes as the floats that a network sees; see include/normalize.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "normalize.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"

#define bytes FN(bytes)
#define four FN(four)
typedef uint8_t bytes __attribute__((vector_size(LANES)));
typedef float four __attribute__((vector_size(16)));

// Three vectors hold whole pixels.
#define PERIOD (3 * LANES)

// The channels of a vector's lanes, from that of its first on.
#define FOUR_CHANNELS(first) (first) % 3, ((first) + 1) % 3, ((first) + 2) % 3, (first) % 3
#if LANES == 16
#define CHANNELS(first) FOUR_CHANNELS(first), FOUR_CHANNELS((first) + 4), FOUR_CHANNELS((first) + 8), FOUR_CHANNELS((first) + 12)
#elif LANES == 8
#define CHANNELS(first) FOUR_CHANNELS(first), FOUR_CHANNELS((first) + 4)
#else
#define CHANNELS(first) FOUR_CHANNELS(first)
#endif

/// The factors of each lane of three vectors.
#define lane_factors FN(lane_factors)
typedef struct {
    vector upper[3], lower[3], start[3];
} lane_factors;

/// Each channel's factor in its lanes, by shuffles: a row of an image is too short to hide 144 stores of single lanes.
ALWAYS_INLINE TARGET void FN(spread)(const float *channels, vector *lanes) {
    const four factors = {channels[0], channels[1], channels[2]};
    lanes[0] = __builtin_shufflevector(factors, factors, CHANNELS(0));
    lanes[1] = __builtin_shufflevector(factors, factors, CHANNELS(LANES));
    lanes[2] = __builtin_shufflevector(factors, factors, CHANNELS(2 * LANES));
}

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
    FN(spread)(normalization->upper, factors.upper);
    FN(spread)(normalization->lower, factors.lower);
    FN(spread)(normalization->start, factors.start);
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
#undef FOUR_CHANNELS
#undef CHANNELS
#undef bytes
#undef four
#undef lane_factors
#endif
