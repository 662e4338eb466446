// Gradients of pooling.

#include <math.h>
#include <stdio.h>

#include "checks.h"

typedef struct {
    int64_t height, width, channels, kernel, stride, padding_top, padding_left, output_height, output_width;
    int takes_mean, counts_padding;
} shape;

static void check(checks *c, shape s) {
    snprintf(
        c->shape, sizeof c->shape, "%s %lld x %lld x %lld -> %lld x %lld window %lld stride %lld padding %lld %lld",
        !s.takes_mean ? "largest" : s.counts_padding ? "mean with padding" : "mean", (long long)s.height,
        (long long)s.width, (long long)s.channels, (long long)s.output_height, (long long)s.output_width,
        (long long)s.kernel, (long long)s.stride, (long long)s.padding_top, (long long)s.padding_left);
    c->shapes++;
    check_buffer input = check_allocate(c, s.height * s.width * s.channels);
    check_buffer gradient = check_allocate(c, s.output_height * s.output_width * s.channels);
    check_buffer result = check_allocate(c, input.count);
    // Small integers are often equal: the first of the largest must get it all.
    check_fill(c, input, check_integers);
    check_fill(c, gradient, check_integers);
    const graft_pool_gradient operands = {
        .pool =
            {
                .height = s.height,
                .width = s.width,
                .channels = s.channels,
                .kernel = s.kernel,
                .stride = s.stride,
                .padding_top = s.padding_top,
                .padding_left = s.padding_left,
                .output_width = s.output_width,
                .takes_mean = s.takes_mean,
                .counts_padding = s.counts_padding,
                .input = input.values,
            },
        .output_height = s.output_height,
        .output_gradient = gradient.values,
        .input_gradient = result.values,
    };
    c->training->pool_gradient(&operands);
    check_guards(c, result);

    for (int64_t at = 0; at < input.count; at++) {
        const int64_t k = at % s.channels, column = at / s.channels % s.width, row = at / s.channels / s.width;
        double sum = 0, magnitude = 0;
        // Every window that the pixel lies in.
        for (int64_t y = 0; y < s.output_height; y++)
            for (int64_t x = 0; x < s.output_width; x++) {
                const int64_t top = y * s.stride - s.padding_top, left = x * s.stride - s.padding_left;
                if (row < top || row >= top + s.kernel || column < left || column >= left + s.kernel) continue;
                int64_t inside = 0, first = -1;
                for (int64_t i = top; i < top + s.kernel; i++)
                    for (int64_t j = left; j < left + s.kernel; j++) {
                        if (i < 0 || i >= s.height || j < 0 || j >= s.width) continue;
                        const int64_t other = (i * s.width + j) * s.channels + k;
                        inside++;
                        if (first < 0 || input.values[other] > input.values[first]) first = other;
                    }
                const double whole = gradient.values[(y * s.output_width + x) * s.channels + k];
                const double part = whole / (double)(s.counts_padding ? s.kernel * s.kernel : inside);
                const double term = s.takes_mean ? part : first == at ? whole : 0;
                sum += term;
                magnitude += fabs(term);
            }
        const double slack = s.takes_mean ? check_slack(check_reals, magnitude, s.kernel * s.kernel + 1) : 0;
        check_element(c, result.values[at], sum, slack, check_activation(0));
    }
    check_free(input), check_free(gradient), check_free(result);
}

static void check_mean_of_all(checks *c, int64_t pixels, int64_t channels) {
    snprintf(c->shape, sizeof c->shape, "mean of %lld x %lld", (long long)pixels, (long long)channels);
    c->shapes++;
    check_buffer gradient = check_allocate(c, channels), result = check_allocate(c, pixels * channels);
    check_fill(c, gradient, check_reals);
    c->training->mean_gradient(gradient.values, pixels, channels, result.values);
    check_guards(c, result);
    for (int64_t i = 0; i < result.count; i++) {
        const double expected = gradient.values[i % channels] / (double)pixels;
        check_element(c, result.values[i], expected, check_slack(check_reals, fabs(expected), 3), check_activation(0));
    }
    check_free(gradient), check_free(result);
}

void check_pooling_gradient(checks *c) {
    for (int i = 0; i < check_random_shapes; i++) {
        const int64_t kernel = check_between(c, 1, 4);
        check(
            c, (shape){
                   .height = check_between(c, 1, 9),
                   .width = check_between(c, 1, 9),
                   .channels = check_between(c, 1, 40),
                   .kernel = kernel,
                   .stride = check_between(c, 1, 3),
                   .padding_top = check_between(c, 0, kernel - 1),
                   .padding_left = check_between(c, 0, kernel - 1),
                   .output_height = check_between(c, 1, 6),
                   .output_width = check_between(c, 1, 6),
                   .takes_mean = (int)check_between(c, 0, 1),
                   .counts_padding = (int)check_between(c, 0, 1),
               });
    }
    for (int i = 0; i < 30; i++) check_mean_of_all(c, check_between(c, 1, 50), check_between(c, 1, 40));
}
