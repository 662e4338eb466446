// Gradients of depthwise convolutions.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "checks.h"

typedef struct {
    int64_t images, height, width, channels, kernel, stride, padding_top, padding_left, output_height, output_width;
    check_numbers numbers;
} shape;

/// The plain loops' sums, and those of absolute values.
typedef struct {
    double sum, magnitude;
    int64_t terms;
} total;

static void add(total *t, double term) {
    t->sum += term;
    t->magnitude += fabs(term);
    t->terms++;
}

static void compare(checks *c, shape s, check_buffer found, const total *expected) {
    for (int64_t i = 0; i < found.count; i++)
        check_element(
            c, found.values[i], expected[i].sum, check_slack(s.numbers, expected[i].magnitude, expected[i].terms + 1),
            check_activation(0));
}

static void check(checks *c, shape s) {
    snprintf(
        c->shape, sizeof c->shape,
        "%lld images %lld x %lld x %lld -> %lld x %lld window %lld stride %lld padding %lld %lld %s",
        (long long)s.images, (long long)s.height, (long long)s.width, (long long)s.channels,
        (long long)s.output_height, (long long)s.output_width, (long long)s.kernel, (long long)s.stride,
        (long long)s.padding_top, (long long)s.padding_left, s.numbers == check_integers ? "integers" : "reals");
    c->shapes++;
    const int64_t input_count = s.images * s.height * s.width * s.channels;
    const int64_t weight_count = s.kernel * s.kernel * s.channels;
    check_buffer input = check_allocate(c, input_count), weights = check_allocate(c, weight_count);
    check_buffer gradient = check_allocate(c, s.images * s.output_height * s.output_width * s.channels);
    check_buffer zeros = check_allocate(c, s.channels);
    check_fill(c, input, s.numbers);
    check_fill(c, weights, s.numbers);
    check_fill(c, gradient, s.numbers);
    for (int64_t k = 0; k < s.channels; k++) zeros.values[k] = 0;

    check_buffer input_gradients[check_splittings], weight_gradients[check_splittings];
    for (int splitting = 0; splitting < check_splittings; splitting++) {
        input_gradients[splitting] = check_allocate(c, input_count);
        weight_gradients[splitting] = check_allocate(c, weight_count);
        const graft_depthwise_gradient operands = {
            .images = s.images,
            .height = s.height,
            .width = s.width,
            .channels = s.channels,
            .output_height = s.output_height,
            .output_width = s.output_width,
            .kernel = s.kernel,
            .stride = s.stride,
            .padding_top = s.padding_top,
            .padding_left = s.padding_left,
            .input = input.values,
            .output_gradient = gradient.values,
            .weights = weights.values,
            .input_gradient = input_gradients[splitting].values,
            .weight_gradient = weight_gradients[splitting].values,
            .zeros = zeros.values,
        };
        const check_cuts images = check_cut(c, s.images, splitting);
        for (int64_t i = images.parts; i-- > 0;)
            c->training->depthwise_input_gradient(&operands, images.at[i], images.at[i + 1]);
        // Channels are split at multiples of 16.
        const check_cuts lines = check_cut(c, (s.channels + 15) / 16, splitting);
        for (int64_t i = lines.parts; i-- > 0;) {
            const int64_t end = lines.at[i + 1] * 16;
            c->training->depthwise_weight_gradient(&operands, lines.at[i] * 16, end < s.channels ? end : s.channels);
        }
        check_same(c, input_gradients[0], input_gradients[splitting], "when split by images");
        check_same(c, weight_gradients[0], weight_gradients[splitting], "when split by channels");
    }

    total *inputs = calloc((size_t)input_count, sizeof *inputs), *taps = calloc((size_t)weight_count, sizeof *taps);
    for (int64_t at = 0; at < gradient.count; at++) {
        const int64_t k = at % s.channels, x = at / s.channels % s.output_width;
        const int64_t line = at / s.channels / s.output_width, y = line % s.output_height, n = line / s.output_height;
        for (int64_t i = 0; i < s.kernel; i++)
            for (int64_t j = 0; j < s.kernel; j++) {
                const int64_t row = y * s.stride + i - s.padding_top, column = x * s.stride + j - s.padding_left;
                if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
                const int64_t pixel = ((n * s.height + row) * s.width + column) * s.channels + k;
                const int64_t tap = (i * s.kernel + j) * s.channels + k;
                add(&inputs[pixel], (double)gradient.values[at] * weights.values[tap]);
                add(&taps[tap], (double)gradient.values[at] * input.values[pixel]);
            }
    }
    compare(c, s, input_gradients[0], inputs);
    compare(c, s, weight_gradients[0], taps);
    free(inputs), free(taps);
    for (int i = 0; i < check_splittings; i++) check_free(input_gradients[i]), check_free(weight_gradients[i]);
    check_free(input), check_free(weights), check_free(gradient), check_free(zeros);
}

void check_depthwise_gradient(checks *c) {
    // A line longer than the table of its windows' pixels, and more channels than are summed at a time.
    check(c, (shape){1, 3, 140, 5, 3, 2, 0, 0, 2, 70, check_reals});
    check(c, (shape){2, 4, 3, 337, 5, 1, 2, 2, 4, 3, check_integers});
    for (int i = 0; i < check_random_shapes; i++)
        check(
            c, (shape){
                   .images = check_between(c, 1, 3),
                   .height = check_between(c, 1, 9),
                   .width = check_between(c, 1, 9),
                   .channels = check_between(c, 1, 50),
                   .kernel = check_between(c, 1, 2) * 2 + 1,
                   .stride = check_between(c, 1, 2),
                   .padding_top = check_between(c, 0, 5),
                   .padding_left = check_between(c, 0, 5),
                   .output_height = check_between(c, 1, 8),
                   .output_width = check_between(c, 1, 8),
                   .numbers = check_between(c, 0, 1) ? check_integers : check_reals,
               });
}
