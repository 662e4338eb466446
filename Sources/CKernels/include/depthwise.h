#ifndef GRAFT_DEPTHWISE_H
#define GRAFT_DEPTHWISE_H

#include <stdint.h>

#include "activation.h"

/// output[y, x, c] = activation(bias[c] + Σ_ij input[y · stride + i - top, x · stride + j - left, c] · weights[i, j, c])
typedef struct {
    /// H, W and C of the input.
    int64_t height, width, channels;
    /// The window's side, 3 or 5, and how far it moves, 1 or 2; or both 1.
    int64_t kernel, stride;
    /// The zeros above and to the left of the image; those below and to the right follow from the output.
    int64_t padding_top, padding_left;
    int64_t output_width;
    /// The rows of the input from `first_row` on, and of the output from `first_output_row` on, as [.., W, C]; both 0
    /// where the whole image is at hand.
    int64_t first_row, first_output_row;
    const float *input;
    /// [kernel, kernel, C]
    const float *weights;
    /// [C]
    const float *bias;
    /// C zeros: what a window finds outside the image.
    const float *zeros;
    float *output;
    graft_activation activation;
} graft_depthwise;

#endif
