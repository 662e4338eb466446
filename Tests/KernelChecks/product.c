// The packed matrix product.

#include <math.h>
#include <stdio.h>

#include "checks.h"

typedef struct {
    int64_t rows, columns, depth;
    /// Floats between one row and the next, of the input and of the output.
    int64_t input_gap, output_gap;
    /// The depth that comes before and after what is summed, in the packed weights.
    int64_t depth_before, depth_after;
    int has_bias, has_residual;
    int64_t activation;
    check_numbers numbers;
} shape;

static void check(checks *c, shape s) {
    snprintf(
        c->shape, sizeof c->shape,
        "rows %lld columns %lld depth %lld gaps %lld %lld depth around %lld %lld bias %d residual %d %s %s",
        (long long)s.rows, (long long)s.columns, (long long)s.depth, (long long)s.input_gap, (long long)s.output_gap,
        (long long)s.depth_before, (long long)s.depth_after, s.has_bias, s.has_residual,
        check_activation_name(s.activation), s.numbers == check_integers ? "integers" : "reals");
    c->shapes++;
    const int64_t panel_depth = s.depth_before + s.depth + s.depth_after;
    const int64_t input_stride = s.depth + s.input_gap, output_stride = s.columns + s.output_gap;
    const int64_t output_count = (s.rows - 1) * output_stride + s.columns;

    check_buffer weights = check_allocate(c, s.columns * panel_depth), bias = check_allocate(c, s.columns);
    check_buffer panels = check_allocate(c, c->kernels->packed_count(s.columns, panel_depth));
    check_buffer input = check_allocate(c, (s.rows - 1) * input_stride + s.depth);
    check_buffer residual = check_allocate(c, output_count), before = check_allocate(c, output_count);
    check_fill(c, weights, s.numbers);
    check_fill(c, bias, s.numbers);
    check_fill(c, residual, s.numbers);
    check_fill(c, before, s.numbers);
    // What lies in the gaps stays as it is, and is never read.
    for (int64_t r = 0; r < s.rows; r++)
        for (int64_t k = 0; k < s.depth; k++)
            input.values[r * input_stride + k] =
                s.numbers == check_integers ? (float)check_between(c, -4, 4) : (float)check_uniform(c);
    c->kernels->pack(weights.values, s.columns, panel_depth, panels.values);
    check_guards(c, panels);

    check_buffer outputs[check_splittings];
    for (int splitting = 0; splitting < check_splittings; splitting++) {
        check_buffer output = outputs[splitting] = check_allocate(c, output_count);
        if (!s.has_bias)
            for (int64_t i = 0; i < output_count; i++)
                if (i % output_stride < s.columns) output.values[i] = before.values[i];
        const graft_product product = {
            .columns = s.columns,
            .depth = s.depth,
            .input_stride = input_stride,
            .input = input.values,
            .panels = panels.values,
            .panel_depth = panel_depth,
            .first_depth = s.depth_before,
            .bias = s.has_bias ? bias.values : 0,
            .residual = s.has_residual ? residual.values : 0,
            .output = output.values,
            .output_stride = output_stride,
            .activation = check_activation(s.activation),
        };
        const check_cuts rows = check_cut(c, s.rows, splitting);
        const check_cuts parts = check_cut(c, c->kernels->panels(s.columns), splitting);
        // Backwards, so that no part can lean on one before it.
        for (int64_t r = rows.parts; r-- > 0;)
            for (int64_t p = parts.parts; p-- > 0;)
                c->kernels->product(&product, rows.at[r], rows.at[r + 1], parts.at[p], parts.at[p + 1]);
        check_same(c, outputs[0], output, "when split by rows and panels");
    }

    for (int64_t i = 0; i < output_count; i++) {
        const int64_t r = i / output_stride, n = i % output_stride;
        const float found = outputs[0].values[i];
        if (n >= s.columns) {
            if (!check_is_clear(found)) check_fail(c, "wrote between two rows");
            continue;
        }
        const float start = s.has_bias ? bias.values[n] : before.values[i];
        double sum = start, magnitude = fabs(start);
        for (int64_t k = 0; k < s.depth; k++) {
            const double term = (double)input.values[r * input_stride + k]
                * weights.values[n * panel_depth + s.depth_before + k];
            sum += term;
            magnitude += fabs(term);
        }
        if (s.has_residual) {
            sum += residual.values[i];
            magnitude += fabs(residual.values[i]);
        }
        check_element(
            c, found, sum, check_slack(s.numbers, magnitude, s.depth + 2), check_activation(s.activation));
    }

    for (int i = 0; i < check_splittings; i++) check_free(outputs[i]);
    check_free(weights), check_free(bias), check_free(panels), check_free(input);
    check_free(residual), check_free(before);
}

/// What a listed shape leaves open.
static shape drawn(checks *c, int64_t rows, int64_t columns, int64_t depth) {
    return (shape){
        .rows = rows,
        .columns = columns,
        .depth = depth,
        .input_gap = check_between(c, 0, 1) * check_between(c, 1, 9),
        .output_gap = check_between(c, 0, 1) * check_between(c, 1, 9),
        .depth_before = check_between(c, 0, 1) * check_between(c, 1, 5),
        .depth_after = check_between(c, 0, 1) * check_between(c, 1, 5),
        .has_bias = check_between(c, 0, 3) > 0,
        .has_residual = (int)check_between(c, 0, 1),
        .activation = check_between(c, 0, check_activations - 1),
        .numbers = check_between(c, 0, 1) ? check_integers : check_reals,
    };
}

void check_product(checks *c) {
    // Every height of a tile, and some that fall into several; every width of a panel for 4, 8 and 16 lanes, whole or
    // one column less or more, and some that fall into several panels.
    static const int64_t rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 18, 25};
    static const int64_t columns[] = {1, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 64, 97};
    static const int64_t depths[] = {1, 2, 3, 4, 7, 9, 17};
    int64_t turn = 0;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (size_t n = 0; n < sizeof columns / sizeof columns[0]; n++, turn++)
            check(c, drawn(c, rows[r], columns[n], depths[turn % 7]));

    // Rows in several blocks of the cache, and depths of real layers.
    static const int64_t large[][3] = {{500, 31, 4}, {150, 33, 720}, {49, 80, 96}, {3, 100, 1200}};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
        check(c, drawn(c, large[i][0], large[i][1], large[i][2]));

    for (int64_t activation = 0; activation < check_activations; activation++)
        for (int has_residual = 0; has_residual < 2; has_residual++) {
            shape s = drawn(c, 13, 37, 19);
            s.activation = activation;
            s.has_residual = has_residual;
            check(c, s);
        }

    for (int i = 0; i < check_random_shapes; i++)
        check(c, drawn(c, check_between(c, 1, 60), check_between(c, 1, 130), check_between(c, 1, 60)));
}
