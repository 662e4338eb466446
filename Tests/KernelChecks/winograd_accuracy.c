// What Winograd's minimal filtering costs in accuracy, on layers like those of networks.

#include <math.h>
#include <stdio.h>

#include "checks.h"

/// The error of one kernel's outputs [H, W, O].
typedef struct {
    /// The largest, as a part of the largest output; and the root mean square, as a part of the outputs'.
    double largest, mean;
} error;

/// Against the convolution of `input` [side, side, C] with `weights` [C, 3, 3, C] in 64-bit.
static error compare(const float *found, const float *input, const float *weights, int64_t side, int64_t channels) {
    double largest = 0, most = 0, squares = 0, all = 0;
    for (int64_t y = 0; y < side; y++)
        for (int64_t x = 0; x < side; x++)
            for (int64_t o = 0; o < channels; o++) {
                double sum = 0;
                for (int64_t i = 0; i < 9; i++) {
                    const int64_t row = y + i / 3 - 1, column = x + i % 3 - 1;
                    if (row < 0 || row >= side || column < 0 || column >= side) continue;
                    const float *pixel = input + (row * side + column) * channels;
                    const float *filter = weights + (o * 9 + i) * channels;
                    for (int64_t k = 0; k < channels; k++) sum += (double)pixel[k] * filter[k];
                }
                const double off = fabs(found[(y * side + x) * channels + o] - sum);
                // Written so that a NaN is the largest.
                if (!(off <= largest)) largest = off;
                if (fabs(sum) > most) most = fabs(sum);
                squares += off * off;
                all += sum * sum;
            }
    return (error){largest / most, sqrt(squares / all)};
}

/// As many channels out as in. The error does not depend on how large the image is, so a small one will do.
static void check(checks *c, int64_t channels) {
    enum { side = 12 };
    c->shapes++;
    const int64_t count = side * side * channels, weight_count = 9 * channels * channels;
    check_buffer input = check_allocate(c, count), weights = check_allocate(c, weight_count);
    check_buffer zeros = check_allocate(c, channels), output = check_allocate(c, count);
    for (int64_t k = 0; k < channels; k++) zeros.values[k] = 0;
    // What a rectifier lets through, and weights that keep the variance from layer to layer (He et al. 2015).
    for (int64_t i = 0; i < count; i++) input.values[i] = (float)fmax(0, check_normal(c));
    for (int64_t i = 0; i < weight_count; i++)
        weights.values[i] = (float)(check_normal(c) * sqrt(2.0 / (9.0 * (double)channels)));
    const graft_activation none = check_activation(0);

    check_buffer panels = check_allocate(c, c->kernels->packed_count(channels, 9 * channels));
    check_buffer scratch = check_allocate(c, graft_convolution_scratch(3, 3, channels));
    c->kernels->pack(weights.values, channels, 9 * channels, panels.values);
    const graft_convolution convolution = {
        .height = side,
        .width = side,
        .channels = channels,
        .kernel_height = 3,
        .kernel_width = 3,
        .stride = 1,
        .dilation = 1,
        .groups = 1,
        .padding_top = 1,
        .padding_left = 1,
        .output_width = side,
        .columns = channels,
        .input = input.values,
        .panels = panels.values,
        .bias = zeros.values,
        .output = output.values,
        .activation = none,
        .scratch = scratch.values,
    };
    c->kernels->convolution(&convolution, 0, side, 0, c->kernels->panels(channels));
    const error gathered = compare(output.values, input.values, weights.values, side, channels);
    check_free(panels), check_free(scratch);

    error winograd[2];
    for (int64_t tile = 2; tile <= 4; tile += 2) {
        const int64_t tiles = (side / tile) * (side / tile), planes = (tile + 2) * (tile + 2);
        panels = check_allocate(c, c->kernels->winograd_packed_count(tile, channels, channels));
        scratch = check_allocate(c, graft_winograd_scratch(tile, tiles));
        check_buffer transformed = check_allocate(c, planes * tiles * channels);
        c->kernels->winograd_pack(tile, weights.values, channels, channels, panels.values);
        const graft_winograd w = {
            .tile = tile,
            .height = side,
            .width = side,
            .channels = channels,
            .padding_top = 1,
            .padding_left = 1,
            .output_height = side,
            .output_width = side,
            .columns = channels,
            .input = input.values,
            .panels = panels.values,
            .bias = zeros.values,
            .output = output.values,
            .activation = none,
            .zeros = zeros.values,
            .tile_count = tiles,
            .transformed = transformed.values,
            .scratch = scratch.values,
        };
        c->kernels->winograd_transform(&w, 0, tiles);
        c->kernels->winograd_multiply(&w, 0, tiles, 0, c->kernels->panels(channels));
        winograd[tile / 2 - 1] = compare(output.values, input.values, weights.values, side, channels);
        check_free(panels), check_free(scratch), check_free(transformed);
    }
    check_note(
        c,
        "%lld channels, largest error of the largest output (root mean square): gathered %.1e (%.1e), F(2x2) %.1e "
        "(%.1e), F(4x4) %.1e (%.1e)\n",
        (long long)channels, gathered.largest, gathered.mean, winograd[0].largest, winograd[0].mean,
        winograd[1].largest, winograd[1].mean);
    c->elements += count;
    // F(2 × 2) only adds on its ways there and back. F(4 × 4) multiplies by up to 5 and 8, and what cancels was rounded
    // while it was large: some 4 of 24 bits. The bounds are twice what was measured; half precision costs 100 times as
    // much.
    const double bounds[] = {4e-6, 3.2e-5};
    snprintf(c->shape, sizeof c->shape, "%lld channels", (long long)channels);
    for (int i = 0; i < 2; i++) {
        if (!(winograd[i].largest <= bounds[i]))
            check_fail(c, "F(%d) is off by %.3g of the largest output, at most %.3g is expected", 2 * i + 2,
                winograd[i].largest, bounds[i]);
        else if (winograd[i].largest / bounds[i] > c->worst) c->worst = winograd[i].largest / bounds[i];
    }
    check_free(input), check_free(weights), check_free(zeros), check_free(output);
}

void check_winograd_accuracy(checks *c) {
    for (int64_t channels = 64; channels <= 512; channels *= 2) check(c, channels);
}
