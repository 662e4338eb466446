#ifndef GRAFT_PRODUCT_H
#define GRAFT_PRODUCT_H

#include <stdint.h>

#include "activation.h"

/// output[r, n] = activation(start + Σ_k input[r, k] · weights[n, k] + residual[r, n]), where start is bias[n]
///
/// A 1 × 1 convolution is this product over the pixels of an NHWC tensor. The sum of an element is formed
/// in the order of k, whatever tile it falls into, so results do not depend on how rows or panels are split.
typedef struct {
    /// N, the output channels.
    int64_t columns;
    /// K, the input channels that are summed.
    int64_t depth;
    /// Floats from a row of the input to the next: K, unless rows lie apart or overlap.
    int64_t input_stride;
    /// Where K is the sum over several stretches of `depth` floats that lie apart, how many follow the first, and how
    /// far each lies from the one before: the lines of a window in an image, whose packed weights follow each other.
    int64_t further_stretches, stretch_stride;
    /// [R, K]
    const float *input;
    /// The weights as `pack` wrote them.
    const float *panels;
    /// The depth that the weights were packed with, and where in it the sum starts: K and 0, unless it is formed in
    /// parts.
    int64_t panel_depth, first_depth;
    /// [N], or NULL to start from what `output` holds: the sum of the parts before.
    const float *bias;
    /// [R, N], or NULL. May be `output`, to which the product is then added.
    const float *residual;
    /// [R, N]
    float *output;
    /// Floats from a row of the output, or of the residual, to the next: N, unless rows lie apart.
    int64_t output_stride;
    graft_activation activation;
} graft_product;

#endif
