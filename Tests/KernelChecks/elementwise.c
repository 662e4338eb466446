// Sums, products and activations of whole tensors.

#include <math.h>
#include <stdio.h>

#include "checks.h"

static const char *const names[] = {"first", "sum", "product"};

typedef struct {
    int64_t pixels, channels, activation;
    graft_combination combination;
    int second_is_vector;
} shape;

static void check(checks *c, shape s) {
    snprintf(
        c->shape, sizeof c->shape, "%s%s %lld x %lld %s", names[s.combination], s.second_is_vector ? " of a vector" : "",
        (long long)s.pixels, (long long)s.channels, check_activation_name(s.activation));
    c->shapes++;
    const int64_t count = s.pixels * s.channels;
    check_buffer first = check_allocate(c, count);
    check_buffer second = check_allocate(c, s.second_is_vector ? s.channels : count);
    check_fill(c, first, check_reals);
    check_fill(c, second, check_reals);
    check_buffer outputs[check_splittings];
    for (int splitting = 0; splitting < check_splittings; splitting++) {
        check_buffer output = outputs[splitting] = check_allocate(c, count);
        const graft_elementwise elementwise = {
            .channels = s.channels,
            .combination = s.combination,
            .second_is_vector = s.second_is_vector,
            .first = first.values,
            .second = s.combination == graft_combine_first ? NULL : second.values,
            .output = output.values,
            .activation = check_activation(s.activation),
        };
        const check_cuts pixels = check_cut(c, s.pixels, splitting);
        for (int64_t p = pixels.parts; p-- > 0;) c->kernels->elementwise(&elementwise, pixels.at[p], pixels.at[p + 1]);
        check_same(c, outputs[0], output, "when split by pixels");
    }
    for (int64_t at = 0; at < count; at++) {
        const double a = first.values[at], b = second.values[s.second_is_vector ? at % s.channels : at];
        const double values[] = {a, a + b, a * b};
        // Rounded once, before the activation.
        const float value = (float)values[s.combination];
        check_element(c, outputs[0].values[at], value, 0, check_activation(s.activation));
    }
    for (int i = 0; i < check_splittings; i++) check_free(outputs[i]);
    check_free(first), check_free(second);
}

void check_elementwise(checks *c) {
    // Around 4, 8 and 16 lanes.
    static const int64_t channels[] = {1, 3, 4, 5, 8, 15, 16, 17, 33, 48};
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
        for (int64_t activation = 0; activation < check_activations; activation++)
            for (int combination = graft_combine_first; combination <= graft_combine_product; combination++)
                for (int is_vector = 0; is_vector <= (combination != graft_combine_first); is_vector++)
                    check(
                        c, (shape){
                               .pixels = check_between(c, 1, 9),
                               .channels = channels[i],
                               .activation = activation,
                               .combination = (graft_combination)combination,
                               .second_is_vector = is_vector,
                           });
}
