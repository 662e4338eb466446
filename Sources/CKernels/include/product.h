#ifndef GRAFT_PRODUCT_H
#define GRAFT_PRODUCT_H

#include <stdint.h>

#include "activation.h"

/// output[r, n] = clamp(bias[n] + Σ_k input[r, k] · weights[n, k] + residual[r, n])
///
/// A 1 × 1 convolution is this product over the pixels of an NHWC tensor. The sum of an element is formed
/// in the order of k, whatever tile it falls into, so results do not depend on how the rows are split.
typedef struct {
    /// N, the output channels.
    int64_t columns;
    /// K, the input channels.
    int64_t depth;
    /// [R, K]
    const float *input;
    /// The weights as `pack` wrote them.
    const float *panels;
    /// [N]
    const float *bias;
    /// [R, N], or NULL.
    const float *residual;
    /// [R, N]
    float *output;
    graft_clamp clamp;
} graft_product;

#endif
