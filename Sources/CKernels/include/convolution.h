#ifndef GRAFT_CONVOLUTION_H
#define GRAFT_CONVOLUTION_H

#include <stdint.h>

#include "activation.h"

/// A convolution of any window, stride, padding, dilation and grouping, as an implicit matrix product: the windows
/// of a few output pixels at a time are gathered into rows of floats, which then meet the packed weights.
typedef struct {
    /// H, W and C of the input.
    int64_t height, width, channels;
    /// The window's sides, how far it moves, and how far apart its taps are.
    int64_t kernel_height, kernel_width, stride, dilation;
    /// How many parts the channels fall into; output channels see those of their own part only.
    int64_t groups;
    /// The zeros above and to the left of the image; those below and to the right follow from the output.
    int64_t padding_top, padding_left;
    int64_t output_width;
    /// O, the output channels.
    int64_t columns;
    /// [H, W, C]
    const float *input;
    /// For each group the weights [O / groups, kernel height, kernel width, C / groups] as `pack` wrote them.
    const float *panels;
    /// [O]
    const float *bias;
    /// [output height, output width, O], or NULL.
    const float *residual;
    /// [output height, output width, O]
    float *output;
    graft_activation activation;
    /// `convolution_scratch` floats, of the calling thread.
    float *scratch;
} graft_convolution;

#endif
