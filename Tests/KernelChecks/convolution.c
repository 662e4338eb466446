// Convolutions of any window, stride, padding, dilation and grouping.

#include <math.h>
#include <stdio.h>

#include "checks.h"

typedef struct {
    int64_t height, width, kernel_height, kernel_width, stride, dilation, groups;
    /// Of a group.
    int64_t channels, columns;
    int64_t padding_top, padding_left, output_height, output_width;
    int has_residual;
    int64_t activation;
    check_numbers numbers;
} shape;

static void check(checks *c, shape s) {
    snprintf(
        c->shape, sizeof c->shape,
        "%lld x %lld -> %lld x %lld window %lld x %lld stride %lld dilation %lld padding %lld %lld groups %lld of %lld "
        "-> %lld residual %d %s %s",
        (long long)s.height, (long long)s.width, (long long)s.output_height, (long long)s.output_width,
        (long long)s.kernel_height, (long long)s.kernel_width, (long long)s.stride, (long long)s.dilation,
        (long long)s.padding_top, (long long)s.padding_left, (long long)s.groups, (long long)s.channels,
        (long long)s.columns, s.has_residual, check_activation_name(s.activation),
        s.numbers == check_integers ? "integers" : "reals");
    c->shapes++;
    const int64_t channels = s.channels * s.groups, columns = s.columns * s.groups;
    const int64_t depth = s.kernel_height * s.kernel_width * s.channels;
    const int64_t packed = c->kernels->packed_count(s.columns, depth);
    const int64_t output_count = s.output_height * s.output_width * columns;

    check_buffer input = check_allocate(c, s.height * s.width * channels), weights = check_allocate(c, columns * depth);
    check_buffer bias = check_allocate(c, columns), residual = check_allocate(c, output_count);
    check_buffer panels = check_allocate(c, packed * s.groups);
    check_fill(c, input, s.numbers);
    check_fill(c, weights, s.numbers);
    check_fill(c, bias, s.numbers);
    check_fill(c, residual, s.numbers);
    for (int64_t g = 0; g < s.groups; g++)
        c->kernels->pack(weights.values + g * s.columns * depth, s.columns, depth, panels.values + g * packed);
    check_guards(c, panels);

    check_buffer outputs[check_splittings];
    for (int splitting = 0; splitting < check_splittings; splitting++) {
        check_buffer output = outputs[splitting] = check_allocate(c, output_count);
        check_buffer scratch =
            check_allocate(c, graft_convolution_scratch(s.kernel_height, s.kernel_width, s.channels));
        const graft_convolution convolution = {
            .height = s.height,
            .width = s.width,
            .channels = channels,
            .kernel_height = s.kernel_height,
            .kernel_width = s.kernel_width,
            .stride = s.stride,
            .dilation = s.dilation,
            .groups = s.groups,
            .padding_top = s.padding_top,
            .padding_left = s.padding_left,
            .output_width = s.output_width,
            .columns = columns,
            .input = input.values,
            .panels = panels.values,
            .bias = bias.values,
            .residual = s.has_residual ? residual.values : 0,
            .output = output.values,
            .activation = check_activation(s.activation),
            .scratch = scratch.values,
        };
        const check_cuts rows = check_cut(c, s.output_height, splitting);
        const check_cuts parts = check_cut(c, c->kernels->panels(s.columns), splitting);
        for (int64_t r = rows.parts; r-- > 0;)
            for (int64_t p = parts.parts; p-- > 0;)
                c->kernels->convolution(&convolution, rows.at[r], rows.at[r + 1], parts.at[p], parts.at[p + 1]);
        check_same(c, outputs[0], output, "when split by rows and panels");
        check_guards(c, scratch);
        check_free(scratch);
    }

    for (int64_t at = 0; at < output_count; at++) {
        const int64_t y = at / columns / s.output_width, x = at / columns % s.output_width, o = at % columns;
        const int64_t group = o / s.columns;
        double sum = bias.values[o], magnitude = fabs(sum);
        for (int64_t i = 0; i < s.kernel_height; i++)
            for (int64_t j = 0; j < s.kernel_width; j++) {
                const int64_t row = y * s.stride + i * s.dilation - s.padding_top;
                const int64_t column = x * s.stride + j * s.dilation - s.padding_left;
                if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
                for (int64_t k = 0; k < s.channels; k++) {
                    const double term =
                        (double)input.values[(row * s.width + column) * channels + group * s.channels + k]
                        * weights.values[((o * s.kernel_height + i) * s.kernel_width + j) * s.channels + k];
                    sum += term;
                    magnitude += fabs(term);
                }
            }
        if (s.has_residual) {
            sum += residual.values[at];
            magnitude += fabs(residual.values[at]);
        }
        check_element(
            c, outputs[0].values[at], sum, check_slack(s.numbers, magnitude, depth + 2),
            check_activation(s.activation));
    }

    for (int i = 0; i < check_splittings; i++) check_free(outputs[i]);
    check_free(input), check_free(weights), check_free(bias), check_free(residual), check_free(panels);
}

/// The sides of the output, for as many zeros below and to the right as above and to the left; at least 1.
static shape fitted(shape s) {
    const int64_t tall = (s.kernel_height - 1) * s.dilation + 1, wide = (s.kernel_width - 1) * s.dilation + 1;
    const int64_t down = s.height + 2 * s.padding_top - tall, across = s.width + 2 * s.padding_left - wide;
    s.output_height = down < 0 ? 1 : down / s.stride + 1;
    s.output_width = across < 0 ? 1 : across / s.stride + 1;
    return s;
}

void check_convolution(checks *c) {
    // Height and width; window; stride, dilation; groups, channels and columns of each; padding.
    static const int64_t listed[][11] = {
        // First layers: three channels.
        {11, 13, 3, 3, 2, 1, 1, 3, 32, 1, 1}, {12, 12, 3, 3, 2, 1, 1, 3, 32, 0, 0}, {15, 17, 7, 7, 2, 1, 1, 3, 64, 3, 3},
        {9, 7, 11, 11, 4, 1, 1, 3, 20, 2, 2}, {9, 9, 4, 4, 4, 1, 1, 3, 48, 0, 0},
        // Windows of other sides, larger than the image, and wholly in the padding.
        {6, 9, 1, 5, 1, 1, 1, 4, 9, 0, 2}, {9, 6, 5, 1, 1, 1, 1, 4, 9, 2, 0}, {3, 3, 5, 5, 1, 1, 1, 2, 3, 2, 2},
        {2, 1, 7, 4, 1, 1, 1, 3, 5, 3, 2}, {4, 4, 2, 2, 1, 1, 1, 5, 17, 3, 4}, {1, 1, 3, 3, 1, 1, 1, 4, 8, 1, 1},
        {2, 3, 3, 3, 3, 1, 1, 4, 8, 5, 4},
        // 1 × 1 with a stride, and without.
        {6, 6, 1, 1, 2, 1, 1, 5, 16, 0, 0}, {7, 5, 1, 1, 1, 1, 1, 33, 31, 0, 0}, {7, 7, 1, 1, 3, 1, 2, 4, 12, 0, 0},
        // Dilation.
        {9, 11, 3, 3, 1, 2, 1, 6, 10, 2, 2}, {12, 10, 3, 3, 2, 3, 1, 5, 7, 3, 3}, {8, 8, 2, 3, 1, 3, 2, 4, 4, 1, 3},
        // Groups: two, many, and one for each channel, with one and with several outputs.
        {7, 7, 3, 3, 1, 1, 2, 8, 12, 1, 1}, {6, 8, 3, 3, 1, 1, 32, 4, 4, 1, 1}, {7, 6, 3, 3, 2, 1, 9, 1, 1, 1, 1},
        {5, 5, 7, 7, 1, 1, 5, 1, 3, 3, 3}, {8, 7, 3, 3, 2, 2, 4, 3, 17, 2, 2},
        // Runs of a window around 4, 8 and 16 lanes.
        {5, 6, 2, 1, 1, 1, 1, 7, 8, 0, 0}, {5, 6, 2, 1, 1, 1, 1, 8, 8, 0, 0}, {5, 6, 2, 1, 1, 1, 1, 9, 8, 0, 0},
        {5, 6, 2, 1, 1, 2, 2, 15, 8, 0, 0}, {5, 6, 2, 1, 1, 2, 2, 16, 8, 0, 0}, {5, 6, 2, 1, 1, 2, 2, 17, 8, 0, 0},
        // Windows so large that their rows are gathered in several turns, of one row and of two.
        {5, 4, 3, 3, 1, 1, 1, 515, 9, 1, 1}, {6, 5, 5, 5, 2, 1, 1, 140, 17, 2, 2}, {4, 4, 3, 3, 1, 1, 2, 260, 5, 1, 1},
        // More pixels than are gathered at a time.
        {16, 15, 3, 3, 1, 1, 1, 8, 24, 1, 1}, {3, 113, 3, 3, 1, 1, 1, 4, 5, 1, 1},
    };
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++) {
        const int64_t *l = listed[i];
        for (int numbers = check_integers; numbers <= check_reals; numbers++)
            check(
                c, fitted((shape){
                       .height = l[0],
                       .width = l[1],
                       .kernel_height = l[2],
                       .kernel_width = l[3],
                       .stride = l[4],
                       .dilation = l[5],
                       .groups = l[6],
                       .channels = l[7],
                       .columns = l[8],
                       .padding_top = l[9],
                       .padding_left = l[10],
                       .has_residual = (int)check_between(c, 0, 1),
                       .activation = check_between(c, 0, check_activations - 1),
                       .numbers = numbers,
                   }));
    }

    for (int i = 0; i < check_random_shapes; i++) {
        shape s = fitted((shape){
            .height = check_between(c, 1, 12),
            .width = check_between(c, 1, 12),
            .kernel_height = check_between(c, 1, 5),
            .kernel_width = check_between(c, 1, 5),
            .stride = check_between(c, 1, 3),
            .dilation = check_between(c, 1, 3),
            .groups = check_between(c, 0, 1) ? 1 : check_between(c, 2, 5),
            .channels = check_between(c, 1, 20),
            .columns = check_between(c, 1, 70),
            .padding_top = check_between(c, 0, 5),
            .padding_left = check_between(c, 0, 5),
            .has_residual = (int)check_between(c, 0, 1),
            .activation = check_between(c, 0, check_activations - 1),
            .numbers = check_between(c, 0, 1) ? check_integers : check_reals,
        });
        // Other zeros below and to the right than above and to the left, as TensorFlow has them.
        s.output_height = check_between(c, 1, s.output_height + 1);
        s.output_width = check_between(c, 1, s.output_width + 1);
        check(c, s);
    }
}
