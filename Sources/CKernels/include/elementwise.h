#ifndef GRAFT_ELEMENTWISE_H
#define GRAFT_ELEMENTWISE_H

#include <stdint.h>

#include "activation.h"

/// What becomes of two elements at one place.
typedef enum {
    /// The first alone.
    graft_combine_first,
    graft_combine_sum,
    graft_combine_product,
} graft_combination;

/// output[p, c] = activation(first[p, c] ∘ second[p, c])
typedef struct {
    /// C
    int64_t channels;
    graft_combination combination;
    /// Whether `second` is [C], the same for every pixel; else [P, C].
    int second_is_vector;
    /// [P, C]
    const float *first;
    /// NULL where the first is alone.
    const float *second;
    /// [P, C]; may be `first`.
    float *output;
    graft_activation activation;
} graft_elementwise;

#endif
