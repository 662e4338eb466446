// Depthwise convolutions.

#include <math.h>
#include <stdio.h>

#include "checks.h"

typedef struct {
    int64_t height, width, channels, kernel, stride, padding_top, padding_left, output_height, output_width;
    int64_t activation;
    check_numbers numbers;
} shape;

/// The rows `begin ..< end` of the output, with no more rows of the input at hand than they need.
static void run_band(checks *c, const graft_depthwise *whole, int64_t begin, int64_t end) {
    int64_t first = begin * whole->stride - whole->padding_top;
    int64_t last = (end - 1) * whole->stride - whole->padding_top + whole->kernel;
    first = first < 0 ? 0 : first > whole->height ? whole->height : first;
    last = last > whole->height ? whole->height : last < first ? first : last;
    const int64_t input_row = whole->width * whole->channels, output_row = whole->output_width * whole->channels;
    check_buffer input = check_allocate(c, (last - first) * input_row);
    check_buffer output = check_allocate(c, (end - begin) * output_row);
    if (last > first)
        memcpy(input.values, whole->input + first * input_row, (size_t)input.count * sizeof(float));
    graft_depthwise band = *whole;
    band.first_row = first;
    band.first_output_row = begin;
    band.input = input.values;
    band.output = output.values;
    c->kernels->depthwise(&band, begin, end);
    check_guards(c, output);
    memcpy(whole->output + begin * output_row, output.values, (size_t)output.count * sizeof(float));
    check_free(input), check_free(output);
}

static void check(checks *c, shape s) {
    snprintf(
        c->shape, sizeof c->shape,
        "%lld x %lld x %lld -> %lld x %lld window %lld stride %lld padding %lld %lld %s %s", (long long)s.height,
        (long long)s.width, (long long)s.channels, (long long)s.output_height, (long long)s.output_width,
        (long long)s.kernel, (long long)s.stride, (long long)s.padding_top, (long long)s.padding_left,
        check_activation_name(s.activation), s.numbers == check_integers ? "integers" : "reals");
    c->shapes++;
    const int64_t output_count = s.output_height * s.output_width * s.channels;
    check_buffer input = check_allocate(c, s.height * s.width * s.channels);
    check_buffer weights = check_allocate(c, s.kernel * s.kernel * s.channels), bias = check_allocate(c, s.channels);
    check_buffer zeros = check_allocate(c, s.channels);
    check_fill(c, input, s.numbers);
    check_fill(c, weights, s.numbers);
    check_fill(c, bias, s.numbers);
    for (int64_t k = 0; k < s.channels; k++) zeros.values[k] = 0;

    check_buffer outputs[check_splittings + 1];
    for (int splitting = 0; splitting <= check_splittings; splitting++) {
        check_buffer output = outputs[splitting] = check_allocate(c, output_count);
        const graft_depthwise depthwise = {
            .height = s.height,
            .width = s.width,
            .channels = s.channels,
            .kernel = s.kernel,
            .stride = s.stride,
            .padding_top = s.padding_top,
            .padding_left = s.padding_left,
            .output_width = s.output_width,
            .input = input.values,
            .weights = weights.values,
            .bias = bias.values,
            .zeros = zeros.values,
            .output = output.values,
            .activation = check_activation(s.activation),
        };
        const int in_bands = splitting == check_splittings;
        const check_cuts rows = check_cut(c, s.output_height, in_bands ? check_anywhere : splitting);
        for (int64_t r = rows.parts; r-- > 0;) {
            if (in_bands) run_band(c, &depthwise, rows.at[r], rows.at[r + 1]);
            else c->kernels->depthwise(&depthwise, rows.at[r], rows.at[r + 1]);
        }
        check_same(c, outputs[0], output, in_bands ? "in bands" : "when split by rows");
    }

    for (int64_t at = 0; at < output_count; at++) {
        const int64_t k = at % s.channels, x = at / s.channels % s.output_width, y = at / s.channels / s.output_width;
        double sum = bias.values[k], magnitude = fabs(sum);
        for (int64_t i = 0; i < s.kernel; i++)
            for (int64_t j = 0; j < s.kernel; j++) {
                const int64_t row = y * s.stride + i - s.padding_top, column = x * s.stride + j - s.padding_left;
                if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
                const double term = (double)input.values[(row * s.width + column) * s.channels + k]
                    * weights.values[(i * s.kernel + j) * s.channels + k];
                sum += term;
                magnitude += fabs(term);
            }
        check_element(
            c, outputs[0].values[at], sum, check_slack(s.numbers, magnitude, s.kernel * s.kernel + 1),
            check_activation(s.activation));
    }

    for (int i = 0; i <= check_splittings; i++) check_free(outputs[i]);
    check_free(input), check_free(weights), check_free(bias), check_free(zeros);
}

void check_depthwise(checks *c) {
    // Height, width and channels: around a strip of 7 pixels, and around 4, 8 and 16 lanes.
    static const int64_t listed[][3] = {{1, 1, 1},   {2, 3, 3},   {3, 2, 4},   {6, 8, 8},    {7, 7, 16},  {8, 5, 5},
                                        {5, 13, 17}, {4, 14, 24}, {3, 15, 33}, {16, 9, 40}, {9, 28, 12}, {1, 30, 7},
                                        {30, 1, 9},  {12, 6, 15}};
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++)
        for (int64_t kernel = 1; kernel <= 5; kernel += 2)
            for (int64_t stride = 1; stride <= (kernel == 1 ? 1 : 2); stride++)
                // TensorFlow's "SAME": at stride 2 an even side has one zero fewer before than after.
                for (int numbers = check_integers; numbers <= check_reals; numbers++) {
                    const int64_t height = listed[i][0], width = listed[i][1];
                    const int64_t down = (height + stride - 1) / stride, across = (width + stride - 1) / stride;
                    const int64_t above = (down - 1) * stride + kernel - height;
                    const int64_t left = (across - 1) * stride + kernel - width;
                    check(
                        c, (shape){
                               .height = height,
                               .width = width,
                               .channels = listed[i][2],
                               .kernel = kernel,
                               .stride = stride,
                               .padding_top = above < 0 ? 0 : above / 2,
                               .padding_left = left < 0 ? 0 : left / 2,
                               .output_height = down,
                               .output_width = across,
                               .activation = check_between(c, 0, check_activations - 1),
                               .numbers = numbers,
                           });
                }

    for (int i = 0; i < check_random_shapes; i++)
        check(
            c, (shape){
                   .height = check_between(c, 1, 12),
                   .width = check_between(c, 1, 24),
                   .channels = check_between(c, 1, 50),
                   .kernel = check_between(c, 1, 2) * 2 + 1,
                   .stride = check_between(c, 1, 2),
                   // So that windows can lie wholly in the padding, before the image or behind it.
                   .padding_top = check_between(c, 0, 7),
                   .padding_left = check_between(c, 0, 7),
                   .output_height = check_between(c, 1, 12),
                   .output_width = check_between(c, 1, 24),
                   .activation = check_between(c, 0, check_activations - 1),
                   .numbers = check_between(c, 0, 1) ? check_integers : check_reals,
               });
}
