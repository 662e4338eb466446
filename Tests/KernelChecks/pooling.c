// Max and average pooling, and global average pooling.

#include <math.h>
#include <stdio.h>

#include "checks.h"

static const graft_activation none = {-INFINITY, INFINITY, graft_curve_none};

typedef struct {
    int64_t height, width, channels, kernel, stride, padding_top, padding_left, output_height, output_width;
    int takes_mean, counts_padding;
    check_numbers numbers;
} shape;

static void check(checks *c, shape s) {
    snprintf(
        c->shape, sizeof c->shape, "%s %lld x %lld x %lld -> %lld x %lld window %lld stride %lld padding %lld %lld %s",
        !s.takes_mean ? "largest" : s.counts_padding ? "mean with padding" : "mean", (long long)s.height,
        (long long)s.width, (long long)s.channels, (long long)s.output_height, (long long)s.output_width,
        (long long)s.kernel, (long long)s.stride, (long long)s.padding_top, (long long)s.padding_left,
        s.numbers == check_integers ? "integers" : "reals");
    c->shapes++;
    const int64_t output_count = s.output_height * s.output_width * s.channels;
    check_buffer input = check_allocate(c, s.height * s.width * s.channels);
    check_fill(c, input, s.numbers);

    check_buffer outputs[check_splittings];
    for (int splitting = 0; splitting < check_splittings; splitting++) {
        check_buffer output = outputs[splitting] = check_allocate(c, output_count);
        const graft_pool pool = {
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
            .output = output.values,
        };
        const check_cuts rows = check_cut(c, s.output_height, splitting);
        for (int64_t r = rows.parts; r-- > 0;) c->kernels->pool(&pool, rows.at[r], rows.at[r + 1]);
        check_same(c, outputs[0], output, "when split by rows");
    }

    for (int64_t at = 0; at < output_count; at++) {
        const int64_t k = at % s.channels, x = at / s.channels % s.output_width, y = at / s.channels / s.output_width;
        double sum = 0, magnitude = 0, largest = -INFINITY;
        int64_t inside = 0;
        for (int64_t i = 0; i < s.kernel; i++)
            for (int64_t j = 0; j < s.kernel; j++) {
                const int64_t row = y * s.stride + i - s.padding_top, column = x * s.stride + j - s.padding_left;
                if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
                const double value = input.values[(row * s.width + column) * s.channels + k];
                sum += value;
                magnitude += fabs(value);
                largest = value > largest ? value : largest;
                inside++;
            }
        const double count = (double)(s.counts_padding ? s.kernel * s.kernel : inside);
        // One rounding of the quotient, even of exact sums; a window without elements has the mean 0.
        const double mean = sum == 0 ? 0 : sum / count;
        const double slack = (double)(inside + 1) * ldexp(1, -24) * (magnitude == 0 ? 0 : magnitude / count);
        check_element(c, outputs[0].values[at], s.takes_mean ? mean : largest, s.takes_mean ? slack : 0, none);
    }

    for (int i = 0; i < check_splittings; i++) check_free(outputs[i]);
    check_free(input);
}

void check_pool(checks *c) {
    // Height, width and channels; window, stride, padding, and the sides of the output.
    static const int64_t listed[][8] = {
        {13, 12, 64, 3, 2, 1, 7, 6}, {8, 8, 5, 2, 2, 0, 4, 4},   {9, 7, 17, 3, 2, 0, 4, 3}, {9, 7, 15, 3, 1, 1, 9, 7},
        {6, 5, 16, 5, 3, 2, 2, 2},   {3, 2, 33, 5, 1, 2, 3, 2}, {1, 1, 3, 3, 1, 1, 1, 1},  {7, 7, 8, 7, 1, 0, 1, 1},
        {4, 5, 4, 1, 2, 0, 2, 3},    {5, 5, 9, 2, 1, 3, 9, 9},
    };
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++)
        for (int kind = 0; kind < 3; kind++)
            for (int numbers = check_integers; numbers <= check_reals; numbers++)
                check(
                    c, (shape){
                           .height = listed[i][0],
                           .width = listed[i][1],
                           .channels = listed[i][2],
                           .kernel = listed[i][3],
                           .stride = listed[i][4],
                           .padding_top = listed[i][5],
                           .padding_left = listed[i][5],
                           .output_height = listed[i][6],
                           .output_width = listed[i][7],
                           .takes_mean = kind > 0,
                           .counts_padding = kind > 1,
                           .numbers = numbers,
                       });

    for (int i = 0; i < check_random_shapes; i++)
        check(
            c, (shape){
                   .height = check_between(c, 1, 12),
                   .width = check_between(c, 1, 12),
                   .channels = check_between(c, 1, 50),
                   .kernel = check_between(c, 1, 5),
                   .stride = check_between(c, 1, 3),
                   .padding_top = check_between(c, 0, 6),
                   .padding_left = check_between(c, 0, 6),
                   .output_height = check_between(c, 1, 10),
                   .output_width = check_between(c, 1, 10),
                   .takes_mean = check_between(c, 0, 2) > 0,
                   .counts_padding = (int)check_between(c, 0, 1),
                   .numbers = check_between(c, 0, 1) ? check_integers : check_reals,
               });
}

static void check_one_mean(checks *c, int64_t pixels, int64_t channels) {
    snprintf(c->shape, sizeof c->shape, "%lld pixels of %lld channels", (long long)pixels, (long long)channels);
    c->shapes++;
    check_buffer input = check_allocate(c, pixels * channels), output = check_allocate(c, channels);
    check_fill(c, input, check_reals);
    const graft_mean mean = {pixels, channels, input.values, output.values};
    c->kernels->mean(&mean);
    check_guards(c, output);
    for (int64_t k = 0; k < channels; k++) {
        double sum = 0, magnitude = 0;
        for (int64_t p = 0; p < pixels; p++) {
            sum += input.values[p * channels + k];
            magnitude += fabs(input.values[p * channels + k]);
        }
        const double count = (double)pixels;
        check_element(
            c, output.values[k], sum / count, check_slack(check_reals, magnitude / count, pixels + 1), none);
    }
    check_free(input), check_free(output);
}

void check_mean(checks *c) {
    static const int64_t listed[][2] = {{1, 1}, {49, 1280}, {4, 7}, {9, 33}, {3, 4}, {2, 8}, {7, 15}, {196, 16}};
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++) check_one_mean(c, listed[i][0], listed[i][1]);
    for (int i = 0; i < check_random_shapes; i++)
        check_one_mean(c, check_between(c, 1, 70), check_between(c, 1, 70));
}
