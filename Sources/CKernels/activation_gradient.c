// Gradients of activations, and the sums that gradients of biases are; see include/training.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "activation_gradient.c"
#include "training_instances.h"
#include "each_isa.h"
#else

#include "vector.h"
#include "curves.h"

/// f'(x) of a curve.
ALWAYS_INLINE TARGET vector FN(slope)(vector x, const graft_curve curve) {
    const vector zero = {0};
    switch (curve) {
        case graft_curve_silu: {
            const vector sigmoid = 1.0f / (1.0f + FN(exponential)(-x));
            return sigmoid * (1.0f + x * (1.0f - sigmoid));
        }
        case graft_curve_hard_swish: {
            const vector middle = x * (1.0f / 3) + 0.5f;
            return FN(select)((mask)(x < -3.0f), zero, FN(select)((mask)(x > 3.0f), zero + 1.0f, middle));
        }
        case graft_curve_gelu: return FN(normal_distribution)(x) + x * 0.39894228f * FN(exponential)(x * x * -0.5f);
        case graft_curve_sigmoid: {
            const vector sigmoid = 1.0f / (1.0f + FN(exponential)(-x));
            return sigmoid * (1.0f - sigmoid);
        }
        case graft_curve_hard_sigmoid:
            return FN(select)((mask)(x > -3.0f) & (mask)(x < 3.0f), zero + 1.0f / 6, zero);
        default: return zero + 1.0f;
    }
}

ALWAYS_INLINE TARGET void FN(gradient_vector)(
    const graft_activation_gradient *g, const int is_nothing, const graft_curve curve, int64_t at, int64_t channel,
    int64_t lanes) {
    vector gradient = FN(load)(g->output_gradient + at, lanes);
    if (!is_nothing) {
        const vector value = FN(load)(g->values + at, lanes);
        if (curve) {
            gradient *= FN(slope)(value, curve);
        } else {
            const vector lowest = (vector){0} + g->activation.lowest, highest = (vector){0} + g->activation.highest;
            gradient = FN(select)((mask)(value > lowest) & (mask)(value < highest), gradient, (vector){0});
        }
    }
    if (!is_nothing || g->gradient != g->output_gradient) FN(store)(g->gradient + at, gradient, lanes);
    FN(store)(g->sums + channel, FN(load)(g->sums + channel, lanes) + gradient, lanes);
}

#define CASE(name, is_nothing, curve)                                                                                  \
    TARGET static __attribute__((noinline)) void FN(gradient_##name)(const graft_activation_gradient *g) {             \
        for (int64_t p = 0; p < g->pixels; p++) {                                                                      \
            const int64_t row = p * g->channels;                                                                       \
            int64_t channel = 0;                                                                                       \
            for (; channel + LANES <= g->channels; channel += LANES)                                                   \
                FN(gradient_vector)(g, is_nothing, curve, row + channel, channel, LANES);                              \
            if (channel < g->channels)                                                                                 \
                FN(gradient_vector)(g, is_nothing, curve, row + channel, channel, g->channels - channel);              \
        }                                                                                                              \
    }
CASE(of_nothing, 1, graft_curve_none)
CASE(of_interval, 0, graft_curve_none)
CASE(of_silu, 0, graft_curve_silu)
CASE(of_hard_swish, 0, graft_curve_hard_swish)
CASE(of_gelu, 0, graft_curve_gelu)
CASE(of_sigmoid, 0, graft_curve_sigmoid)
CASE(of_hard_sigmoid, 0, graft_curve_hard_sigmoid)
#undef CASE

TARGET void FN(activation_gradient)(const graft_activation_gradient *g) {
    memset(g->sums, 0, (size_t)g->channels * sizeof(float));
    switch (g->activation.curve) {
        case graft_curve_silu: FN(gradient_of_silu)(g); return;
        case graft_curve_hard_swish: FN(gradient_of_hard_swish)(g); return;
        case graft_curve_gelu: FN(gradient_of_gelu)(g); return;
        case graft_curve_sigmoid: FN(gradient_of_sigmoid)(g); return;
        case graft_curve_hard_sigmoid: FN(gradient_of_hard_sigmoid)(g); return;
        default:
            if (g->activation.lowest == -__builtin_inff() && g->activation.highest == __builtin_inff())
                FN(gradient_of_nothing)(g);
            else FN(gradient_of_interval)(g);
    }
}

TARGET void FN(activate)(const float *input, int64_t count, graft_activation activation, float *output) {
    for (int64_t i = 0; i < count; i += LANES) {
        const int64_t lanes = count - i < LANES ? count - i : LANES;
        FN(store)(output + i, FN(clamp)(FN(load)(input + i, lanes), activation), lanes);
    }
    if (activation.curve) FN(bend)(output, count, activation.curve);
}

TARGET void FN(sum_rows)(const float *rows, int64_t row_count, int64_t columns, float *sums) {
    for (int64_t c = 0; c < columns; c += LANES) {
        const int64_t lanes = columns - c < LANES ? columns - c : LANES;
        vector sum = {0};
        for (int64_t r = 0; r < row_count; r++) sum += FN(load)(rows + r * columns + c, lanes);
        FN(store)(sums + c, sum, lanes);
    }
}

TARGET void FN(add)(const float *addend, int64_t count, float *sum) {
    for (int64_t i = 0; i < count; i += LANES) {
        const int64_t lanes = count - i < LANES ? count - i : LANES;
        FN(store)(sum + i, FN(load)(sum + i, lanes) + FN(load)(addend + i, lanes), lanes);
    }
}

#endif
