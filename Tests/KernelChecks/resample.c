// Resizing and normalising rows of 8-bit RGB: exact but for the last sums, so that every bit must equal the plain loops'.

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
    storage scratch = take(c, 4 * graft_resampling_scratch(outputs)), output = take(c, 3 * outputs);
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
    c->kernels->prepare_resampling(&resampling, 3 * pixels, scratch.integers);
    // Twice, for what is prepared lasts for more than a row.
    for (int i = 0; i < 2; i++) {
        memset(output.bytes, 0, (size_t)(3 * outputs));
        c->kernels->resample_row(&resampling, row.bytes, 3 * pixels, scratch.integers, output.bytes);
        compare(c, output.bytes, expected, 3 * outputs);
    }
    check_guards(c, scratch.buffer), check_guards(c, output.buffer);
    free(expected);
    check_free(row.buffer), check_free(starts.buffer), check_free(weights.buffer);
    check_free(scratch.buffer), check_free(output.buffer);
}

static void check_blend(checks *c, int64_t count, int64_t slots, int64_t taps) {
    snprintf(
        c->shape, sizeof c->shape, "%lld of %lld rows of %lld", (long long)taps, (long long)slots, (long long)count);
    c->shapes++;
    storage rows = take_pixels(c, slots * count), weights = take(c, 4 * taps), output = take(c, count);
    weigh(c, weights.integers, taps, taps);
    const graft_blend blend = {
        .row_bytes = count, .slots = slots, .rows = rows.bytes, .first = check_between(c, 0, slots - 1), .taps = taps,
        .weights = weights.integers};
    c->kernels->blend_rows(&blend, output.bytes);
    uint8_t *expected = malloc((size_t)count);
    for (int64_t i = 0; i < count; i++) {
        int64_t sum = 0;
        for (int64_t t = 0; t < taps; t++)
            sum += (int64_t)rows.bytes[(blend.first + t) % slots * count + i] * weights.integers[t];
        expected[i] = rounded(sum);
    }
    compare(c, output.bytes, expected, count);
    check_guards(c, output.buffer);
    free(expected);
    check_free(rows.buffer), check_free(weights.buffer), check_free(output.buffer);
}

/// As few bits as a part of a factor may have.
static float part(double value) {
    const float rounded = (float)value;
    uint32_t bits;
    memcpy(&bits, &rounded, sizeof bits);
    bits &= ~0u << (24 - graft_factor_bits);
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

static void check_normalize(checks *c, int64_t pixels, int reverses) {
    snprintf(c->shape, sizeof c->shape, "normalising %lld pixels%s", (long long)pixels, reverses ? ", reversed" : "");
    c->shapes++;
    storage bytes = take_pixels(c, 3 * pixels);
    check_buffer elements = check_allocate(c, 3 * pixels);
    graft_normalization normalization = {.reverses = reverses};
    for (int channel = 0; channel < 3; channel++) {
        const double factor = check_uniform(c) / 50;
        normalization.upper[channel] = part(factor);
        normalization.lower[channel] = part(factor - (double)normalization.upper[channel]);
        normalization.start[channel] = (float)check_uniform(c) * 3;
    }
    c->kernels->normalize(&normalization, bytes.bytes, 3 * pixels, elements.values);
    for (int64_t i = 0; i < 3 * pixels; i++) {
        const int64_t channel = i % 3, source = reverses ? i - channel + 2 - channel : i;
        const double byte = bytes.bytes[source];
        // The products are exact, so that each sum is rounded once, whatever the compiler fuses.
        const float offset = (float)(byte * (double)normalization.lower[channel] + (double)normalization.start[channel]);
        const float expected = (float)(byte * (double)normalization.upper[channel] + (double)offset);
        c->elements++;
        if (memcmp(&elements.values[i], &expected, sizeof expected)) {
            check_fail(
                c, "element %lld is %.9g, expected %.9g", (long long)i, (double)elements.values[i], (double)expected);
            break;
        }
    }
    check_guards(c, elements);
    check_free(bytes.buffer), check_free(elements);
}

void check_resample(checks *c) {
    // Around 4, 8 and 16 lanes, with a pixel in three of them.
    static const int64_t sides[] = {1, 2, 3, 4, 5, 6, 7, 10, 11, 16, 21, 33};
    enum { side_count = sizeof sides / sizeof sides[0] };
    for (int i = 0; i < side_count; i++) {
        for (int64_t taps = 1; taps <= 9; taps += 2)
            for (int o = 0; o < side_count; o++) check_row(c, sides[i], sides[o], taps);
        for (int64_t slots = 1; slots <= 5; slots++)
            for (int64_t taps = 1; taps <= slots; taps++) check_blend(c, 3 * sides[i], slots, taps);
        for (int reverses = 0; reverses < 2; reverses++) check_normalize(c, sides[i], reverses);
    }
    for (int i = 0; i < check_random_shapes; i++) {
        check_row(c, check_between(c, 1, 400), check_between(c, 1, 300), check_between(c, 1, 40));
        check_row(c, check_between(c, 1, 300), check_between(c, 1, 300), check_between(c, 1, 4));
        const int64_t slots = check_between(c, 1, 40);
        check_blend(c, check_between(c, 1, 1000), slots, check_between(c, 1, slots));
        check_normalize(c, check_between(c, 1, 300), i % 2);
    }
}
