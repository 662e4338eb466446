// Resizing of rows of 8-bit RGB; see include/resample.h. Whole numbers, so that every instance gives the same bits.

#ifndef KERNEL_FILE
#define KERNEL_FILE "resample.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"

#if LANES == 16
#include <immintrin.h>
#endif

// A vector takes the three channels of so many pixels side by side, so that its last quarter goes unused. SPREAD gives
// each channel its pixel's weight.
#define TAPS (LANES / 4)
#if LANES == 16
#define SPREAD 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3
#elif LANES == 8
#define SPREAD 0, 0, 0, 1, 1, 1, 1, 1
#else
#define SPREAD 0, 0, 0, 0
#endif

#define bytes FN(bytes)
#define four FN(four)
typedef uint8_t bytes __attribute__((vector_size(LANES)));
typedef int32_t four __attribute__((vector_size(16)));

/// `lanes` bytes as integers, the other lanes 0.
ALWAYS_INLINE TARGET mask FN(load_bytes)(const uint8_t *from, int64_t lanes) {
    bytes result = {0};
    if (lanes == LANES) memcpy(&result, from, sizeof result);
    else memcpy(&result, from, (size_t)lanes);
    return __builtin_convertvector(result, mask);
}

ALWAYS_INLINE TARGET mask FN(load_sums)(const int32_t *from, int64_t lanes) {
    mask result = {0};
    if (lanes == LANES) memcpy(&result, from, sizeof result);
    else memcpy(&result, from, (size_t)lanes * sizeof(int32_t));
    return result;
}

ALWAYS_INLINE TARGET mask FN(load_weights)(const int32_t *from) {
    four weights = {0};
    memcpy(&weights, from, TAPS * sizeof(int32_t));
    return __builtin_shufflevector(weights, weights, SPREAD);
}

/// The sums over pixels, in the first three lanes.
ALWAYS_INLINE TARGET mask FN(fold)(mask sums) {
#if LANES == 16
    sums += __builtin_shufflevector(sums, sums, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5);
    sums += __builtin_shufflevector(sums, sums, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2);
#elif LANES == 8
    sums += __builtin_shufflevector(sums, sums, 3, 4, 5, 6, 7, 0, 1, 2);
#endif
    return sums;
}

/// The whole parts, rounded, kept within a byte.
ALWAYS_INLINE TARGET bytes FN(rounded)(mask sums) {
    mask value = (sums + (1 << (graft_weight_bits - 1))) >> graft_weight_bits;
    value &= value > 0;
    const mask fits = value < 255;
    return __builtin_convertvector((value & fits) | (255 & ~fits), bytes);
}

ALWAYS_INLINE TARGET void FN(store_rounded)(uint8_t *to, mask sums, int64_t lanes) {
    const bytes values = FN(rounded)(sums);
    if (lanes == LANES) memcpy(to, &values, sizeof values);
    else memcpy(to, &values, (size_t)lanes);
}

TARGET static void FN(round_sums)(const int32_t *sums, int64_t count, uint8_t *rounded) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) FN(store_rounded)(rounded + i, FN(load_sums)(sums + i, LANES), LANES);
    if (i < count) FN(store_rounded)(rounded + i, FN(load_sums)(sums + i, count - i), count - i);
}

/// Some vectors of the row; `vectors` is a constant, and their sums stay in registers.
ALWAYS_INLINE TARGET void FN(blend_vectors)(
    const graft_blend *blend, int64_t first_byte, int64_t vectors, int64_t lanes, uint8_t *output) {
    enum { most = 4 };
    mask sums[most] = {{0}};
    int64_t slot = blend->first;
    for (int64_t t = 0; t < blend->taps; t++) {
        const uint8_t *row = blend->rows + slot * blend->row_bytes + first_byte;
        const int32_t weight = blend->weights[t];
        UNROLL
        for (int64_t v = 0; v < vectors; v++) sums[v] += FN(load_bytes)(row + v * LANES, lanes) * weight;
        slot = slot + 1 == blend->slots ? 0 : slot + 1;
    }
    UNROLL
    for (int64_t v = 0; v < vectors; v++) FN(store_rounded)(output + first_byte + v * LANES, sums[v], lanes);
}

TARGET void FN(blend_rows)(const graft_blend *blend, uint8_t *output) {
    const int64_t count = blend->row_bytes;
    int64_t i = 0;
    for (; i + 4 * LANES <= count; i += 4 * LANES) FN(blend_vectors)(blend, i, 4, LANES, output);
    for (; i + LANES <= count; i += LANES) FN(blend_vectors)(blend, i, 1, LANES, output);
    if (i < count) FN(blend_vectors)(blend, i, 1, count - i, output);
}

#if LANES == 16

// Five outputs of four taps: where the row's 32 bytes begin that they are made of, which of these, as words, each channel is
// made of, two taps in a lane, and the weights in two parts, so that sums of products of words make them up.
enum { FN(five_bytes) = 2 * LANES, FN(lower_bits) = 15, FN(five_vectors) = 6 };

/// The vectors of five outputs, behind what is in front of all of them: where each five begin.
ALWAYS_INLINE TARGET int32_t *FN(five_at)(int32_t *scratch, int64_t outputs, int64_t output) {
    return scratch + (outputs + 4) / 5 + output / 5 * FN(five_vectors) * LANES;
}

/// Whether the pixels of all fives are as close together as that takes.
TARGET static int FN(takes_fives)(const graft_resampling *resampling, int64_t count) {
    if (resampling->taps != 4 || count < FN(five_bytes)) return 0;
    for (int64_t o = 0; o < resampling->outputs; o += 5) {
        const int64_t last = o + 4 < resampling->outputs ? o + 4 : resampling->outputs - 1;
        if (3 * ((int64_t)resampling->starts[last] - resampling->starts[o] + 4) > FN(five_bytes)) return 0;
    }
    return 1;
}

TARGET void FN(prepare_resampling)(const graft_resampling *resampling, int64_t count, int32_t *scratch) {
    const int64_t outputs = resampling->outputs;
    if (!FN(takes_fives)(resampling, count)) {
        scratch[0] = -1;
        return;
    }
    for (int64_t o = 0; o < outputs; o += 5) {
        // What would lie behind the row has no weight, and none of it is read.
        const int64_t begin = 3 * (int64_t)resampling->starts[o], last = count - FN(five_bytes);
        const int64_t base = begin < last ? begin : last;
        scratch[o / 5] = (int32_t)base;
        int32_t *vectors = FN(five_at)(scratch, outputs, o);
        memset(vectors, 0, FN(five_vectors) * sizeof(mask));
        for (int64_t lane = 0; lane < 15 && o + lane / 3 < outputs; lane++) {
            const int64_t output = o + lane / 3, byte = 3 * (int64_t)resampling->starts[output] + lane % 3 - base;
            for (int64_t t = 0; t < 4; t++) {
                const int32_t weight = resampling->weights[4 * output + t];
                const int64_t from = byte + 3 * t, word = 2 * ((t / 2) * LANES + lane) + t % 2;
                const int16_t words[] = {
                    (int16_t)(from < FN(five_bytes) ? from : 0), (int16_t)(weight & ((1 << FN(lower_bits)) - 1)),
                    (int16_t)(weight >> FN(lower_bits))};
                for (int64_t part = 0; part < 3; part++)
                    memcpy((int16_t *)vectors + part * 4 * LANES + word, &words[part], sizeof words[part]);
            }
        }
    }
}

/// The products of words, each two of which are summed.
ALWAYS_INLINE TARGET mask FN(multiply_words)(mask a, mask b) { return (mask)_mm512_madd_epi16((__m512i)a, (__m512i)b); }

TARGET static void FN(resample_fives)(
    int64_t outputs, const uint8_t *restrict row, int32_t *restrict scratch, uint8_t *restrict output) {
    for (int64_t o = 0; o < outputs; o += 5) {
        const __m512i pixels = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(row + scratch[o / 5])));
        const int32_t *vectors = FN(five_at)(scratch, outputs, o);
        mask lower = {0}, upper = {0};
        UNROLL
        for (int64_t pair = 0; pair < 2; pair++) {
            const mask which = FN(load_sums)(vectors + pair * LANES, LANES);
            const mask words = (mask)_mm512_permutexvar_epi16((__m512i)which, pixels);
            lower += FN(multiply_words)(words, FN(load_sums)(vectors + (2 + pair) * LANES, LANES));
            upper += FN(multiply_words)(words, FN(load_sums)(vectors + (4 + pair) * LANES, LANES));
        }
        const mask sums = lower + (upper << FN(lower_bits));
        // The last lane falls on the next output's first byte, which is written after it.
        if (o + 5 < outputs) FN(store_rounded)(output + 3 * o, sums, LANES);
        else FN(store_rounded)(output + 3 * o, sums, 3 * (outputs - o));
    }
}

#else

TARGET void FN(prepare_resampling)(const graft_resampling *resampling, int64_t count, int32_t *scratch) {
    (void)resampling, (void)count, (void)scratch;
}

#endif

/// Outputs whose pixels all lie within the row, even those that a last vector reads too much.
ALWAYS_INLINE TARGET void FN(resample_inside)(
    const int32_t *restrict starts, const int32_t *restrict weights, int64_t taps, int64_t outputs,
    const uint8_t *restrict row, int32_t *restrict sums) {
    for (int64_t o = 0; o < outputs; o++) {
        const uint8_t *pixels = row + 3 * starts[o];
        mask sum = {0};
        for (int64_t t = 0; t < taps; t += TAPS)
            sum += FN(load_bytes)(pixels + 3 * t, LANES) * FN(load_weights)(weights + o * taps + t);
        // The fourth lane falls on the next output's first, which is written after it.
        sum = FN(fold)(sum);
        memcpy(sums + 3 * o, &sum, 4 * sizeof(int32_t));
    }
}

TARGET void FN(resample_row)(
    const graft_resampling *resampling, const uint8_t *row, int64_t count, int32_t *scratch, uint8_t *output) {
    const int64_t taps = resampling->taps, outputs = resampling->outputs;
    const int32_t *starts = resampling->starts, *weights = resampling->weights;
    // The first says whether there are fives.
    int32_t *sums = scratch + 1;
#if LANES == 16
    if (scratch[0] >= 0) {
        FN(resample_fives)(outputs, row, scratch, output);
        return;
    }
#endif
    const int64_t last = count - LANES - 3 * (taps - TAPS);
    int64_t inside = outputs;
    while (inside > 0 && 3 * (int64_t)starts[inside - 1] > last) inside--;
    // Enlarging by a cubic takes four taps.
    if (taps == 4) FN(resample_inside)(starts, weights, 4, inside, row, sums);
    else FN(resample_inside)(starts, weights, taps, inside, row, sums);
    for (int64_t o = inside; o < outputs; o++) {
        int32_t channels[4] = {0};
        for (int64_t t = 0; t < taps && starts[o] + t < count / 3; t++)
            for (int64_t c = 0; c < 3; c++) channels[c] += row[3 * (starts[o] + t) + c] * weights[o * taps + t];
        memcpy(sums + 3 * o, channels, sizeof channels);
    }
    FN(round_sums)(sums, 3 * outputs, output);
}

#undef TAPS
#undef SPREAD
#undef bytes
#undef four
#endif
