// The activations, over all arguments that matter: through a product of one element, whose result is its input.

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "checks.h"

void check_curves(checks *c) {
    static const float extremes[] = {0,    1e-30f, -1e-30f, 3,   -3,  6,   -6,   87,    -87,   88,   -88,
                                     89,   -89,    13,      -13, 19,  -19, 1000, -1000, 1e30f, -1e30f};
    enum { extreme_count = sizeof extremes / sizeof extremes[0], grid = 4001, columns = 1 };
    const int64_t rows = extreme_count + grid;
    check_buffer weight = check_allocate(c, 1), bias = check_allocate(c, 1), input = check_allocate(c, rows);
    check_buffer panels = check_allocate(c, c->kernels->packed_count(columns, 1));
    check_buffer output = check_allocate(c, rows);
    weight.values[0] = 1;
    bias.values[0] = 0;
    // From -20 to 20, in steps that are no powers of two.
    for (int64_t i = 0; i < rows; i++)
        input.values[i] = i < extreme_count ? extremes[i] : (float)((double)(i - extreme_count) / 100.03 - 20);
    c->kernels->pack(weight.values, columns, 1, panels.values);

    for (int64_t a = 0; a < check_activations; a++) {
        c->shapes++;
        const graft_product product = {
            .columns = columns,
            .depth = 1,
            .input_stride = 1,
            .input = input.values,
            .panels = panels.values,
            .panel_depth = 1,
            .bias = bias.values,
            .output = output.values,
            .output_stride = columns,
            .activation = check_activation(a),
        };
        c->kernels->product(&product, 0, rows, 0, 1);
        check_guards(c, output);
        for (int64_t i = 0; i < rows; i++) {
            const float found = output.values[i];
            snprintf(c->shape, sizeof c->shape, "%s of %.9g", check_activation_name(a), (double)input.values[i]);
            check_element(c, found, input.values[i], 0, check_activation(a));
            // Numbers below the normal ones take some CPUs a hundred times as long, here or in the next layer.
            if (fabsf(input.values[i]) >= 1 && found != 0 && fabsf(found) < FLT_MIN)
                check_fail(c, "%.9g is below the normal numbers", (double)found);
        }
    }
    check_free(weight), check_free(bias), check_free(input), check_free(panels), check_free(output);
}
