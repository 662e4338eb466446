// Rows of a covariance, and the solves with a triangle that its Cholesky factor is made of.

#include <math.h>
#include <stdio.h>

#include "checks.h"

static void check_centre(checks *c, int64_t count) {
    snprintf(c->shape, sizeof c->shape, "a row of %lld", (long long)count);
    c->shapes++;
    // Sums and moments of a thousand samples of integers: all but a thousandth of a moment is the square of the mean.
    double moment[80], sums[80];
    const double mean = 1000 + check_between(c, 0, 1000), scale = 1.0 / 3000;
    for (int64_t i = 0; i < count; i++) {
        sums[i] = (double)check_between(c, 1, 1000000);
        moment[i] = floor(mean * sums[i]) + (double)check_between(c, -100000, 100000);
    }
    check_buffer output = check_allocate(c, count);
    const graft_centring centring = {
        .mean = mean, .scale = scale, .moment = moment, .sums = sums, .output = output.values};
    c->kernels->centre(&centring, count);
    for (int64_t i = 0; i < count; i++) {
        const double expected = (moment[i] - mean * sums[i]) * scale;
        // What 64 bits round of the terms before they cancel, and 32 of the result.
        const double slack = ldexp(2 * moment[i] * scale, -53) + ldexp(fabs(expected), -24);
        check_element(c, output.values[i], expected, slack, check_activation(0));
    }
    check_guards(c, output);
    check_free(output);
}

static void check_triangle(checks *c, int64_t order, int64_t columns, int64_t apart) {
    snprintf(
        c->shape, sizeof c->shape, "order %lld, %lld columns, rows %lld further apart", (long long)order,
        (long long)columns, (long long)apart);
    c->shapes++;
    const int64_t upper_stride = order + apart, rows_stride = columns + apart;
    // What is below the diagonal, or between rows, stays a NaN: if it were read, so would be the solution.
    check_buffer upper = check_allocate(c, order * upper_stride), sides = check_allocate(c, order * rows_stride);
    check_buffer scratch = check_allocate(c, graft_triangle_scratch(order));
    for (int64_t k = 0; k < order; k++) {
        for (int64_t i = k; i < order; i++) upper.values[k * upper_stride + i] = (float)check_uniform(c);
        // Large enough for the solution not to grow from row to row.
        upper.values[k * upper_stride + k] = (float)(1 + sqrt((double)order) + check_uniform(c));
        for (int64_t i = 0; i < columns; i++) sides.values[k * rows_stride + i] = (float)check_uniform(c);
    }
    check_buffer solutions[check_splittings];
    for (int splitting = 0; splitting < check_splittings; splitting++) {
        check_buffer rows = solutions[splitting] = check_allocate(c, order * rows_stride);
        for (int64_t k = 0; k < order; k++)
            for (int64_t i = 0; i < columns; i++)
                rows.values[k * rows_stride + i] = sides.values[k * rows_stride + i];
        const check_cuts cuts = check_cut(c, columns, splitting);
        for (int64_t p = cuts.parts; p-- > 0;) {
            if (cuts.at[p] == cuts.at[p + 1]) continue;
            check_clear(scratch);
            const graft_triangle triangle = {
                .order = order,
                .upper = upper.values,
                .upper_stride = upper_stride,
                .columns = cuts.at[p + 1] - cuts.at[p],
                .rows = rows.values + cuts.at[p],
                .rows_stride = rows_stride,
                .scratch = scratch.values,
            };
            c->kernels->solve_triangle(&triangle);
            check_guards(c, scratch);
        }
        check_same(c, solutions[0], rows, "in parts");
    }
    for (int64_t k = 0; k < order; k++)
        for (int64_t i = 0; i < columns; i++) {
            double sum = 0, magnitude = 0;
            for (int64_t r = 0; r <= k; r++) {
                const double term = (double)upper.values[r * upper_stride + k] * solutions[0].values[r * rows_stride + i];
                sum += term, magnitude += fabs(term);
            }
            // A solution solves a system that is this one but for a rounding in each step of a row, and two in the
            // division by a product with the inverse (Higham, Accuracy and Stability of Numerical Algorithms, 8.1).
            const double slack = check_slack(check_reals, magnitude, k + 3);
            check_element(c, sides.values[k * rows_stride + i], sum, slack, check_activation(0));
        }
    for (int i = 0; i < check_splittings; i++) check_free(solutions[i]);
    check_free(upper), check_free(sides), check_free(scratch);
}

void check_covariance(checks *c) {
    for (int64_t count = 1; count <= 80; count++) check_centre(c, count);
    for (int64_t order = 1; order <= 40; order++) check_triangle(c, order, 33, 0);
    for (int64_t columns = 1; columns <= 100; columns++) check_triangle(c, 17, columns, 3);
    for (int i = 0; i < 20; i++)
        check_triangle(c, check_between(c, 1, 130), check_between(c, 1, 200), check_between(c, 0, 40));
}
