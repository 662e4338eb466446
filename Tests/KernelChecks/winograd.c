// Winograd's minimal filtering.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "checks.h"

// MARK: - How far rounding can take it

/// Bᵀ, G and Aᵀ of F(m × m, 3 × 3), as Lavin and Gray print them.
typedef struct {
    double b[6][6], g[6][3], a[4][6];
} matrices;

static const matrices of_4 = {
    {{4, 0, -5, 0, 1, 0},
     {0, -4, -4, 1, 1, 0},
     {0, 4, -4, -1, 1, 0},
     {0, -2, -1, 2, 1, 0},
     {0, 2, -1, -2, 1, 0},
     {0, 4, 0, -5, 0, 1}},
    {{1. / 4, 0, 0},
     {-1. / 6, -1. / 6, -1. / 6},
     {-1. / 6, 1. / 6, -1. / 6},
     {1. / 24, 1. / 12, 1. / 6},
     {1. / 24, -1. / 12, 1. / 6},
     {0, 0, 1}},
    {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}},
};
static const matrices of_2 = {
    {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
    {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}},
    {{1, 1, 1, 0}, {0, 1, -1, -1}},
};

typedef struct {
    int64_t tile, height, width, channels, columns, padding_top, padding_left, output_height, output_width;
    int has_residual;
    int64_t activation;
    check_numbers numbers;
} shape;

/// Adds |Aᵀ| [(|G| |g| |G|ᵀ) ⊙ (|Bᵀ| |d| |B|)] |A| to `magnitudes` [m, m], for a tile's input d and filter g of one
/// channel: the sums of the absolute values of all terms that make the outputs.
static void add_magnitudes(int64_t tile, const double d[6][6], const double g[3][3], double magnitudes[4][4]) {
    const matrices *of = tile == 4 ? &of_4 : &of_2;
    const int64_t side = tile + 2;
    for (int64_t i = 0; i < side; i++)
        for (int64_t j = 0; j < side; j++) {
            double input = 0, filter = 0;
            for (int64_t y = 0; y < side; y++)
                for (int64_t x = 0; x < side; x++) input += fabs(of->b[i][y] * of->b[j][x] * d[y][x]);
            for (int64_t y = 0; y < 3; y++)
                for (int64_t x = 0; x < 3; x++) filter += fabs(of->g[i][y] * of->g[j][x] * g[y][x]);
            for (int64_t y = 0; y < tile; y++)
                for (int64_t x = 0; x < tile; x++)
                    magnitudes[y][x] += fabs(of->a[y][i] * of->a[x][j]) * input * filter;
        }
}

// MARK: - Shapes

/// Runs all tiles, `bands` of them transformed at a time, their multiplication split.
static void run(checks *c, graft_winograd w, check_cuts bands, check_splitting splitting, int64_t tiles) {
    const int64_t panels = c->kernels->panels(w.columns);
    for (int64_t b = bands.parts; b-- > 0;) {
        w.first_tile = bands.at[b];
        w.tile_count = bands.at[b + 1] - bands.at[b];
        // Room for more tiles than are transformed now, as for a band that is shorter than the others.
        if (b == bands.parts - 1) w.tile_count += check_between(c, 0, 2);
        const int64_t planes = (w.tile + 2) * (w.tile + 2), count = bands.at[b + 1] - bands.at[b];
        check_buffer transformed = check_allocate(c, planes * w.tile_count * w.channels);
        w.transformed = transformed.values;
        const check_cuts transforms = check_cut(c, count, splitting), products = check_cut(c, count, splitting);
        const check_cuts parts = check_cut(c, panels, splitting);
        for (int64_t t = transforms.parts; t-- > 0;)
            c->kernels->winograd_transform(&w, bands.at[b] + transforms.at[t], bands.at[b] + transforms.at[t + 1]);
        check_guards(c, transformed);
        for (int64_t t = products.parts; t-- > 0;) {
            const int64_t begin = products.at[t], end = products.at[t + 1];
            check_buffer scratch = check_allocate(c, graft_winograd_scratch(w.tile, end - begin));
            w.scratch = scratch.values;
            for (int64_t p = parts.parts; p-- > 0;)
                c->kernels->winograd_multiply(
                    &w, bands.at[b] + begin, bands.at[b] + end, parts.at[p], parts.at[p + 1]);
            check_guards(c, scratch);
            check_free(scratch);
        }
        check_free(transformed);
    }
    (void)tiles;
}

static void check(checks *c, shape s) {
    snprintf(
        c->shape, sizeof c->shape,
        "F(%lld) %lld x %lld x %lld -> %lld x %lld x %lld padding %lld %lld residual %d %s %s", (long long)s.tile,
        (long long)s.height, (long long)s.width, (long long)s.channels, (long long)s.output_height,
        (long long)s.output_width, (long long)s.columns, (long long)s.padding_top, (long long)s.padding_left,
        s.has_residual, check_activation_name(s.activation), s.numbers == check_integers ? "integers" : "reals");
    c->shapes++;
    const int64_t across = (s.output_width + s.tile - 1) / s.tile, down = (s.output_height + s.tile - 1) / s.tile;
    const int64_t output_count = s.output_height * s.output_width * s.columns;
    check_buffer input = check_allocate(c, s.height * s.width * s.channels);
    check_buffer weights = check_allocate(c, s.columns * 9 * s.channels), bias = check_allocate(c, s.columns);
    check_buffer residual = check_allocate(c, output_count), zeros = check_allocate(c, s.channels);
    check_buffer panels = check_allocate(c, c->kernels->winograd_packed_count(s.tile, s.columns, s.channels));
    check_fill(c, input, s.numbers);
    check_fill(c, weights, s.numbers);
    check_fill(c, bias, s.numbers);
    check_fill(c, residual, s.numbers);
    // Multiples of what G divides by, so that the transformed weights are integers too.
    if (s.numbers == check_integers)
        for (int64_t i = 0; i < weights.count; i++)
            weights.values[i] = (float)(check_between(c, -1, 1) * (s.tile == 4 ? 576 : 4));
    if (s.numbers == check_integers && s.tile == 4)
        for (int64_t i = 0; i < input.count; i++) input.values[i] = (float)check_between(c, -1, 1);
    for (int64_t k = 0; k < s.channels; k++) zeros.values[k] = 0;
    c->kernels->winograd_pack(s.tile, weights.values, s.columns, s.channels, panels.values);
    check_guards(c, panels);

    check_buffer outputs[2 * check_splittings];
    for (int way = 0; way < 2 * check_splittings; way++) {
        check_buffer output = outputs[way] = check_allocate(c, output_count);
        const graft_winograd winograd = {
            .tile = s.tile,
            .height = s.height,
            .width = s.width,
            .channels = s.channels,
            .padding_top = s.padding_top,
            .padding_left = s.padding_left,
            .output_height = s.output_height,
            .output_width = s.output_width,
            .columns = s.columns,
            .input = input.values,
            .panels = panels.values,
            .bias = bias.values,
            .residual = s.has_residual ? residual.values : 0,
            .output = output.values,
            .activation = check_activation(s.activation),
            .zeros = zeros.values,
        };
        const int in_bands = way >= check_splittings;
        run(c, winograd, check_cut(c, across * down, in_bands ? check_anywhere : check_whole),
            way % check_splittings, across * down);
        check_same(c, outputs[0], output, in_bands ? "in bands of tiles" : "when split by tiles and panels");
    }

    for (int64_t t = 0; t < across * down; t++)
        for (int64_t o = 0; o < s.columns; o++) {
            const int64_t top = t / across * s.tile, left = t % across * s.tile;
            double magnitudes[4][4] = {{0}}, sums[4][4] = {{0}};
            for (int64_t k = 0; k < s.channels; k++) {
                double d[6][6] = {{0}}, g[3][3];
                for (int64_t i = 0; i < 9; i++)
                    g[i / 3][i % 3] = weights.values[(o * 9 + i) * s.channels + k];
                for (int64_t y = 0; y < s.tile + 2; y++)
                    for (int64_t x = 0; x < s.tile + 2; x++) {
                        const int64_t row = top + y - s.padding_top, column = left + x - s.padding_left;
                        if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
                        d[y][x] = input.values[(row * s.width + column) * s.channels + k];
                    }
                add_magnitudes(s.tile, d, g, magnitudes);
                // The convolution itself: the plain loops.
                for (int64_t y = 0; y < s.tile; y++)
                    for (int64_t x = 0; x < s.tile; x++)
                        for (int64_t i = 0; i < 9; i++) sums[y][x] += d[y + i / 3][x + i % 3] * g[i / 3][i % 3];
            }
            for (int64_t y = 0; y < s.tile && top + y < s.output_height; y++)
                for (int64_t x = 0; x < s.tile && left + x < s.output_width; x++) {
                    const int64_t at = ((top + y) * s.output_width + left + x) * s.columns + o;
                    const double rest = s.has_residual ? residual.values[at] : 0;
                    const double sum = sums[y][x] + bias.values[o] + rest;
                    const double magnitude = magnitudes[y][x] + fabs(bias.values[o]) + fabs(rest);
                    // A product for each channel, a transformed weight, up to four operations in each of the two
                    // steps of both transforms, bias and residual.
                    check_element(
                        c, outputs[0].values[at], sum, check_slack(s.numbers, magnitude, s.channels + 1 + 8 + 8 + 2),
                        check_activation(s.activation));
                }
        }

    for (int i = 0; i < 2 * check_splittings; i++) check_free(outputs[i]);
    check_free(input), check_free(weights), check_free(bias), check_free(residual), check_free(zeros);
    check_free(panels);
}

void check_winograd(checks *c) {
    // Height, width, channels, columns and padding: one tile and less, tiles cut off at either side, panels and
    // channels around 4, 8 and 16 lanes, and tiles around the heights of the product's own.
    static const int64_t listed[][5] = {
        {1, 1, 1, 1, 1},    {3, 3, 2, 4, 0},   {4, 4, 4, 8, 1},    {5, 5, 3, 9, 1},   {8, 8, 8, 16, 1},
        {7, 9, 5, 17, 1},   {6, 11, 17, 7, 0}, {13, 5, 9, 33, 1}, {14, 14, 7, 5, 1}, {2, 25, 4, 49, 1},
        {25, 2, 16, 15, 1}, {9, 9, 6, 100, 2}, {3, 49, 3, 12, 1}, {7, 7, 33, 31, 1}, {5, 6, 15, 64, 3},
    };
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++)
        for (int64_t tile = 2; tile <= 4; tile += 2)
            for (int numbers = check_integers; numbers <= check_reals; numbers++)
                check(
                    c, (shape){
                           .tile = tile,
                           .height = listed[i][0],
                           .width = listed[i][1],
                           .channels = listed[i][2],
                           .columns = listed[i][3],
                           .padding_top = listed[i][4],
                           .padding_left = listed[i][4],
                           .output_height = listed[i][0] + 2 * listed[i][4] - 2,
                           .output_width = listed[i][1] + 2 * listed[i][4] - 2,
                           .has_residual = (int)check_between(c, 0, 1),
                           .activation = check_between(c, 0, check_activations - 1),
                           .numbers = numbers,
                       });

    for (int i = 0; i < check_random_shapes; i++)
        check(
            c, (shape){
                   .tile = check_between(c, 1, 2) * 2,
                   .height = check_between(c, 1, 14),
                   .width = check_between(c, 1, 14),
                   .channels = check_between(c, 1, 20),
                   .columns = check_between(c, 1, 60),
                   .padding_top = check_between(c, 0, 4),
                   .padding_left = check_between(c, 0, 4),
                   .output_height = check_between(c, 1, 14),
                   .output_width = check_between(c, 1, 14),
                   .has_residual = (int)check_between(c, 0, 1),
                   .activation = check_between(c, 0, check_activations - 1),
                   .numbers = check_between(c, 0, 1) ? check_integers : check_reals,
               });
}
