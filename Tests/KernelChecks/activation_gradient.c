// Gradients of activations, the sums beside them, and what else goes element by element.

#include <math.h>
#include <stdio.h>

#include "checks.h"

/// f'(x), in 64-bit. `value` is f(x) where f is an interval, else x.
static double slope(double value, graft_activation activation) {
    const double pi = 3.14159265358979323846;
    switch (activation.curve) {
        case graft_curve_silu: {
            const double sigmoid = 1 / (1 + exp(-value));
            return sigmoid * (1 + value * (1 - sigmoid));
        }
        case graft_curve_hard_swish: return value < -3 ? 0 : value > 3 ? 1 : value / 3 + 0.5;
        case graft_curve_gelu:
            return erfc(-value / sqrt(2)) / 2 + value * exp(-value * value / 2) / sqrt(2 * pi);
        case graft_curve_sigmoid: return 1 / (2 + exp(value) + exp(-value));
        case graft_curve_hard_sigmoid: return value > -3 && value < 3 ? 1.0 / 6 : 0;
        default: return value > activation.lowest && value < activation.highest ? 1 : 0;
    }
}

static void check(checks *c, int64_t pixels, int64_t channels, graft_activation activation, const char *name) {
    snprintf(c->shape, sizeof c->shape, "%lld x %lld %s", (long long)pixels, (long long)channels, name);
    c->shapes++;
    const int64_t count = pixels * channels;
    check_buffer input = check_allocate(c, count), output = check_allocate(c, count);
    check_buffer gradient = check_allocate(c, count), result = check_allocate(c, count);
    check_buffer sums = check_allocate(c, channels);
    check_fill(c, gradient, check_reals);
    for (int64_t i = 0; i < count; i++) input.values[i] = (float)(check_uniform(c) * 9);
    c->training->activate(input.values, count, activation, output.values);
    check_guards(c, output);
    for (int64_t i = 0; i < count; i++) check_element(c, output.values[i], input.values[i], 0, activation);

    const float *values = activation.curve ? input.values : output.values;
    graft_activation_gradient operands = {
        .pixels = pixels,
        .channels = channels,
        .activation = activation,
        .output_gradient = gradient.values,
        .values = values,
        .gradient = result.values,
        .sums = sums.values,
    };
    c->training->activation_gradient(&operands);
    check_guards(c, result);
    check_guards(c, sums);
    const graft_activation none = check_activation(0);
    for (int64_t k = 0; k < channels; k++) {
        double sum = 0, magnitude = 0;
        for (int64_t i = k; i < count; i += channels) {
            const double expected = gradient.values[i] * slope(values[i], activation);
            // A curve's slope is off by a few 10⁻⁷: its exponential and Φ are.
            check_element(c, result.values[i], expected, activation.curve ? 4e-6 : 0, none);
            sum += result.values[i];
            magnitude += fabs(result.values[i]);
        }
        check_element(c, sums.values[k], sum, check_slack(check_reals, magnitude, pixels), none);
    }
    // In place.
    check_buffer plain_sums = check_allocate(c, channels);
    operands.gradient = gradient.values;
    operands.sums = plain_sums.values;
    c->training->activation_gradient(&operands);
    check_same(c, result, gradient, "in place");
    check_same(c, sums, plain_sums, "in place");
    check_free(input), check_free(output), check_free(gradient), check_free(result);
    check_free(sums), check_free(plain_sums);
}

/// Sums of rows, and one array added to another.
static void check_sums(checks *c, int64_t rows, int64_t columns) {
    snprintf(c->shape, sizeof c->shape, "%lld rows of %lld", (long long)rows, (long long)columns);
    c->shapes++;
    check_buffer terms = check_allocate(c, rows * columns), sums = check_allocate(c, columns);
    check_buffer added = check_allocate(c, columns);
    check_fill(c, terms, check_reals);
    c->training->sum_rows(terms.values, rows, columns, sums.values);
    for (int64_t k = 0; k < columns; k++) added.values[k] = 0;
    for (int64_t r = 0; r < rows; r++) c->training->add(terms.values + r * columns, columns, added.values);
    check_same(c, sums, added, "row by row");
    for (int64_t k = 0; k < columns; k++) {
        double sum = 0, magnitude = 0;
        for (int64_t r = 0; r < rows; r++) {
            sum += terms.values[r * columns + k];
            magnitude += fabs(terms.values[r * columns + k]);
        }
        check_element(c, sums.values[k], sum, check_slack(check_reals, magnitude, rows), check_activation(0));
    }
    check_free(terms), check_free(sums), check_free(added);
}

void check_activation_gradient(checks *c) {
    // The last activation is an interval followed by a curve, which has no gradient kernel.
    for (int64_t a = 0; a < check_activations - 1; a++)
        for (int i = 0; i < 20; i++)
            check(
                c, check_between(c, 1, 40), check_between(c, 1, 70), check_activation(a), check_activation_name(a));
    for (int i = 0; i < 50; i++) check_sums(c, check_between(c, 1, 40), check_between(c, 1, 70));
}
