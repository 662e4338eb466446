// Steps of Adam and AdamW.

#include <math.h>
#include <stdio.h>

#include "checks.h"

enum { steps = 4 };

static void check(checks *c, int64_t count, double l2, double decay) {
    snprintf(c->shape, sizeof c->shape, "%lld elements l2 %g decay %g", (long long)count, l2, decay);
    c->shapes++;
    check_buffer weights[check_splittings];
    const double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, rate = 0.01;
    double plain[64], first[64] = {0}, second[64] = {0};
    check_buffer start = check_allocate(c, count), gradients[steps];
    check_fill(c, start, check_reals);
    for (int t = 0; t < steps; t++) check_fill(c, gradients[t] = check_allocate(c, count), check_reals);

    for (int splitting = 0; splitting < check_splittings; splitting++) {
        check_buffer weight = weights[splitting] = check_allocate(c, count);
        check_buffer moments[2] = {check_allocate(c, count), check_allocate(c, count)};
        for (int64_t i = 0; i < count; i++) {
            weight.values[i] = start.values[i];
            moments[0].values[i] = moments[1].values[i] = 0;
        }
        for (int t = 0; t < steps; t++) {
            const graft_adam adam = {
                .step_size = (float)(rate / (1 - pow(beta1, t + 1))),
                .beta2 = (float)beta2,
                .rest1 = (float)(1 - beta1),
                .rest2 = (float)(1 - beta2),
                .second_correction = (float)sqrt(1 - pow(beta2, t + 1)),
                .epsilon = (float)epsilon,
                .l2 = (float)l2,
                .decay = (float)decay,
                .gradient = gradients[t].values,
                .weight = weight.values,
                .first_moment = moments[0].values,
                .second_moment = moments[1].values,
            };
            const check_cuts cuts = check_cut(c, count, splitting);
            for (int64_t p = cuts.parts; p-- > 0;) c->training->adam(&adam, cuts.at[p], cuts.at[p + 1]);
        }
        check_guards(c, moments[0]);
        check_guards(c, moments[1]);
        // Lanes of a vector may be computed with other instructions than those of a rest, which round otherwise.
        if (splitting == check_whole) check_same(c, weights[0], weight, "again");
        check_free(moments[0]), check_free(moments[1]);
    }
    for (int64_t i = 0; i < count; i++) {
        plain[i] = start.values[i];
        for (int t = 0; t < steps; t++) {
            const double gradient = gradients[t].values[i] + (float)l2 * plain[i];
            first[i] += (1 - beta1) * (gradient - first[i]);
            second[i] = beta2 * second[i] + (1 - beta2) * gradient * gradient;
            const double divisor = sqrt(second[i]) / sqrt(1 - pow(beta2, t + 1)) + epsilon;
            plain[i] -= (float)decay * plain[i] + rate / (1 - pow(beta1, t + 1)) * first[i] / divisor;
        }
        for (int splitting = 0; splitting < check_splittings; splitting++)
            // Each step moves a weight by about the rate, and is off by some units in its last place.
            check_element(c, weights[splitting].values[i], plain[i], 3e-7, check_activation(0));
    }
    for (int i = 0; i < check_splittings; i++) check_free(weights[i]);
    for (int t = 0; t < steps; t++) check_free(gradients[t]);
    check_free(start);
}

void check_adam(checks *c) {
    for (int64_t count = 1; count <= 64; count++) {
        check(c, count, 0, 0);
        check(c, count, 0.05, 0);
        check(c, count, 0, 0.001);
    }
}
