// Latents as bytes: operations that every CPU rounds alike, which must equal the plain loops' in every bit.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "checks.h"

static void check_latent(checks *c, int64_t pixels, int64_t channels) {
    snprintf(c->shape, sizeof c->shape, "%lld pixels of %lld channels", (long long)pixels, (long long)channels);
    c->shapes++;
    check_buffer elements = check_allocate(c, pixels * channels);
    check_fill(c, elements, check_reals);
    check_buffer lowest = check_allocate(c, channels), highest = check_allocate(c, channels);
    check_buffer per_half_step = check_allocate(c, channels), steps = check_allocate(c, (pixels * channels + 3) / 4);
    const graft_latent latent = {.pixels = pixels, .channels = channels, .elements = elements.values};
    if (!c->kernels->find_ranges(&latent, lowest.values, highest.values)) check_fail(c, "numbers are called none");
    for (int64_t channel = 0; channel < channels; channel++) {
        float low = elements.values[channel], high = low;
        for (int64_t p = 0; p < pixels; p++) {
            low = fminf(low, elements.values[p * channels + channel]);
            high = fmaxf(high, elements.values[p * channels + channel]);
        }
        c->elements++;
        if (lowest.values[channel] != low || highest.values[channel] != high)
            check_fail(c, "the range of channel %lld is another", (long long)channel);
        per_half_step.values[channel] = high > low ? 510 / (high - low) : 0;
    }
    uint8_t *bytes = (uint8_t *)steps.values;
    c->kernels->divide_ranges(&latent, lowest.values, per_half_step.values, bytes);
    for (int64_t i = 0; i < pixels * channels; i++) {
        const int64_t channel = i % channels;
        const float above = elements.values[i] - lowest.values[channel];
        const float halves = above * per_half_step.values[channel];
        const int expected = ((int)halves + 1) >> 1;
        c->elements++;
        if (bytes[i] != expected) {
            check_fail(c, "byte %lld is %d, expected %d", (long long)i, bytes[i], expected);
            break;
        }
    }
    // What is no number is found wherever it is.
    const float none[] = {INFINITY, -INFINITY, NAN};
    for (int i = 0; i < 3; i++) {
        const int64_t place = check_between(c, 0, pixels * channels - 1);
        const float number = elements.values[place];
        elements.values[place] = none[i];
        if (c->kernels->find_ranges(&latent, lowest.values, highest.values))
            check_fail(c, "%g at %lld is not found", (double)none[i], (long long)place);
        elements.values[place] = number;
    }
    check_guards(c, lowest), check_guards(c, highest), check_guards(c, steps);
    check_free(elements), check_free(lowest), check_free(highest), check_free(per_half_step), check_free(steps);
}

void check_latents(checks *c) {
    for (int64_t channels = 1; channels <= 33; channels++)
        for (int64_t pixels = 1; pixels <= 4; pixels++) check_latent(c, pixels, channels);
    for (int i = 0; i < check_random_shapes; i++) check_latent(c, check_between(c, 1, 60), check_between(c, 1, 400));
}
