// Resizing of rows of 8-bit RGB: whole numbers, which must equal the plain loops' in every bit.

#include <stdio.h>
#include <stdlib.h>

#include "checks.h"

/// Bytes or integers that end where a sanitizer looks, with guards else.
typedef struct {
    check_buffer buffer;
    uint8_t *bytes;
    int32_t *integers;
} storage;

static storage take(checks *c, int64_t bytes) {
    storage s = {.buffer = check_allocate(c, (bytes + 3) / 4)};
    s.integers = (int32_t *)s.buffer.values;
    s.bytes = (uint8_t *)s.buffer.values;
    return s;
}

static storage take_pixels(checks *c, int64_t bytes) {
    storage s = take(c, bytes);
    // Black and white make the largest sums.
    for (int64_t i = 0; i < bytes; i++)
        s.bytes[i] = (uint8_t)(check_between(c, 0, 2) ? check_between(c, 0, 255) : 255 * check_between(c, 0, 1));
    return s;
}

/// Weights like those of a cubic: they sum to 1, and taken positive to less than 2.
static void weigh(checks *c, int32_t *weights, int64_t count, int64_t taps) {
    const int32_t one = 1 << graft_weight_bits;
    for (int64_t t = 0; t < taps; t++) weights[t] = 0;
    for (int64_t t = 0; t < count; t++) weights[t] = one / (int32_t)count;
    if (count < 2) return;
    const int32_t moved = (int32_t)check_between(c, 0, one / 4);
    weights[0] -= moved, weights[count - 1] += moved;
}

static uint8_t rounded(int64_t sum) {
    const int64_t value = (sum + (1 << (graft_weight_bits - 1))) >> graft_weight_bits;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void compare(checks *c, const uint8_t *found, const uint8_t *expected, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        c->elements++;
        if (found[i] != expected[i]) {
            check_fail(c, "byte %lld is %d, expected %d", (long long)i, found[i], expected[i]);
            return;
        }
    }
}

static void check_row(checks *c, int64_t pixels, int64_t outputs, int64_t most) {
    const int64_t taps = (most + 3) / 4 * 4;
    snprintf(
        c->shape, sizeof c->shape, "row of %lld to %lld by %lld taps", (long long)pixels, (long long)outputs,
        (long long)taps);
    c->shapes++;
    storage row = take_pixels(c, 3 * pixels), starts = take(c, 4 * outputs), weights = take(c, 4 * outputs * taps);
    storage sums = take(c, 4 * graft_resampling_sums(outputs)), output = take(c, 3 * outputs);
    uint8_t *expected = malloc((size_t)(3 * outputs));
    for (int64_t o = 0; o < outputs; o++) {
        const int64_t start = outputs == 1 ? 0 : o * (pixels - 1) / (outputs - 1);
        const int64_t left = pixels - start, count = left < most ? left : most;
        starts.integers[o] = (int32_t)start;
        weigh(c, weights.integers + o * taps, count, taps);
        for (int64_t channel = 0; channel < 3; channel++) {
            int64_t sum = 0;
            for (int64_t t = 0; t < count; t++)
                sum += (int64_t)row.bytes[3 * (start + t) + channel] * weights.integers[o * taps + t];
            expected[3 * o + channel] = rounded(sum);
        }
    }
    const graft_resampling resampling = {
        .outputs = outputs, .taps = taps, .starts = starts.integers, .weights = weights.integers};
    c->kernels->resample_row(&resampling, row.bytes, 3 * pixels, sums.integers, output.bytes);
    compare(c, output.bytes, expected, 3 * outputs);
    check_guards(c, sums.buffer), check_guards(c, output.buffer);
    free(expected);
    check_free(row.buffer), check_free(starts.buffer), check_free(weights.buffer);
    check_free(sums.buffer), check_free(output.buffer);
}

static void check_sums(checks *c, int64_t count, int64_t rows) {
    snprintf(c->shape, sizeof c->shape, "%lld rows of %lld", (long long)rows, (long long)count);
    c->shapes++;
    storage sums = take(c, 4 * count), output = take(c, count);
    int64_t *exact = calloc((size_t)count, sizeof *exact);
    int32_t *weights = malloc((size_t)rows * sizeof *weights);
    weigh(c, weights, rows, rows);
    for (int64_t r = 0; r < rows; r++) {
        storage row = take_pixels(c, count);
        c->kernels->weigh_row(row.bytes, count, weights[r], r == 0, sums.integers);
        for (int64_t i = 0; i < count; i++) exact[i] += (int64_t)row.bytes[i] * weights[r];
        check_free(row.buffer);
    }
    c->kernels->round_sums(sums.integers, count, output.bytes);
    uint8_t *expected = malloc((size_t)count);
    for (int64_t i = 0; i < count; i++) expected[i] = rounded(exact[i]);
    compare(c, output.bytes, expected, count);
    check_guards(c, sums.buffer), check_guards(c, output.buffer);
    free(exact), free(weights), free(expected);
    check_free(sums.buffer), check_free(output.buffer);
}

void check_resample(checks *c) {
    // Around 4, 8 and 16 lanes, with a pixel in three of them.
    static const int64_t sides[] = {1, 2, 3, 4, 5, 6, 7, 10, 11, 16, 21, 33};
    enum { side_count = sizeof sides / sizeof sides[0] };
    for (int i = 0; i < side_count; i++) {
        for (int64_t taps = 1; taps <= 9; taps += 2)
            for (int o = 0; o < side_count; o++) check_row(c, sides[i], sides[o], taps);
        for (int64_t rows = 1; rows <= 5; rows++) check_sums(c, 3 * sides[i], rows);
    }
    for (int i = 0; i < check_random_shapes; i++) {
        check_row(c, check_between(c, 1, 400), check_between(c, 1, 300), check_between(c, 1, 40));
        check_sums(c, check_between(c, 1, 1000), check_between(c, 1, 40));
    }
}
