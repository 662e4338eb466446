// Packing weights that change with every step, against `pack` of weights that plain loops scaled and transposed.

#include <math.h>
#include <stdio.h>

#include "checks.h"

/// Weights [outputs, taps, channels].
typedef struct {
    int64_t outputs, taps, channels, is_scaled;
} shape;

static float weight(const check_buffer *weights, const float *scale, shape s, int64_t o, int64_t t, int64_t k) {
    return weights->values[(o * s.taps + t) * s.channels + k] * (scale ? scale[o] : 1);
}

static void check(checks *c, shape s) {
    snprintf(
        c->shape, sizeof c->shape, "outputs %lld taps %lld channels %lld scaled %lld", (long long)s.outputs,
        (long long)s.taps, (long long)s.channels, (long long)s.is_scaled);
    c->shapes++;
    check_buffer weights = check_allocate(c, s.outputs * s.taps * s.channels), scales = check_allocate(c, s.outputs);
    check_fill(c, weights, check_reals);
    // Above 0, so that the zeros beyond the last column have the plain one's sign.
    for (int64_t o = 0; o < s.outputs; o++) scales.values[o] = (float)(check_uniform(c) + 1.5);
    const float *scale = s.is_scaled ? scales.values : 0;

    // Some of the taps, in an order of their own.
    int64_t taps[32], tap_count = 0;
    for (int64_t t = s.taps; t-- > 0;)
        if (tap_count == 0 || check_between(c, 0, 2)) taps[tap_count++] = t;
    const int64_t depth = s.taps * s.channels, transposed_depth = tap_count * s.outputs;
    check_buffer plain = check_allocate(c, s.outputs * depth);
    check_buffer transposed = check_allocate(c, s.channels * transposed_depth);
    for (int64_t o = 0; o < s.outputs; o++) {
        for (int64_t t = 0; t < s.taps; t++)
            for (int64_t k = 0; k < s.channels; k++)
                plain.values[(o * s.taps + t) * s.channels + k] = weight(&weights, scale, s, o, t, k);
        for (int64_t t = 0; t < tap_count; t++)
            for (int64_t k = 0; k < s.channels; k++)
                transposed.values[(k * tap_count + t) * s.outputs + o] = weight(&weights, scale, s, o, taps[t], k);
    }
    check_buffer expected = check_allocate(c, c->kernels->packed_count(s.outputs, depth));
    check_buffer expected_transposed = check_allocate(c, c->kernels->packed_count(s.channels, transposed_depth));
    c->kernels->pack(plain.values, s.outputs, depth, expected.values);
    c->kernels->pack(transposed.values, s.channels, transposed_depth, expected_transposed.values);

    for (int splitting = 0; splitting < check_splittings; splitting++) {
        check_buffer packed = check_allocate(c, expected.count);
        check_cuts panels = check_cut(c, c->kernels->panels(s.outputs), splitting);
        for (int64_t p = panels.parts; p-- > 0;)
            c->training->pack_scaled(
                weights.values, scale, s.outputs, depth, packed.values, panels.at[p], panels.at[p + 1]);
        check_same(c, expected, packed, "scaled as it is packed");
        check_free(packed);

        packed = check_allocate(c, expected_transposed.count);
        panels = check_cut(c, c->kernels->panels(s.channels), splitting);
        for (int64_t p = panels.parts; p-- > 0;)
            c->training->pack_transposed(
                weights.values, scale, s.outputs, s.taps, s.channels, taps, tap_count, packed.values, panels.at[p],
                panels.at[p + 1]);
        check_same(c, expected_transposed, packed, "transposed as it is packed");
        check_free(packed);
    }
    c->elements += expected.count + expected_transposed.count;
    check_free(weights), check_free(scales), check_free(plain), check_free(transposed);
    check_free(expected), check_free(expected_transposed);
}

/// gradient *= scale, and Σ gradient · weight.
static void check_scaled_filter(checks *c, int64_t count) {
    snprintf(c->shape, sizeof c->shape, "a filter of %lld", (long long)count);
    c->shapes++;
    check_buffer gradient = check_allocate(c, count), weights = check_allocate(c, count);
    check_fill(c, gradient, check_reals);
    check_fill(c, weights, check_reals);
    double sum = 0, magnitude = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += (double)gradient.values[i] * weights.values[i];
        magnitude += fabs((double)gradient.values[i] * weights.values[i]);
    }
    check_buffer before = check_allocate(c, count);
    memcpy(before.values, gradient.values, (size_t)count * sizeof(float));
    const float found = c->training->scale_filter_gradient(gradient.values, weights.values, count, 1.7f);
    check_guards(c, gradient);
    check_element(c, found, sum, check_slack(check_reals, magnitude, count + 1), check_activation(0));
    for (int64_t i = 0; i < count; i++)
        check_element(c, gradient.values[i], (double)(before.values[i] * 1.7f), 0, check_activation(0));
    check_free(gradient), check_free(weights), check_free(before);
}

void check_training_packing(checks *c) {
    for (int i = 0; i < check_random_shapes; i++)
        check(
            c, (shape){
                   .outputs = check_between(c, 1, 130),
                   .taps = check_between(c, 1, 9),
                   .channels = check_between(c, 1, 130),
                   .is_scaled = check_between(c, 0, 1),
               });
    for (int64_t count = 1; count <= 100; count++) check_scaled_filter(c, count);
}
