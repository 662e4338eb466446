#ifndef GRAFT_CONVOLUTION_H
#define GRAFT_CONVOLUTION_H

#include <stdint.h>

#include "activation.h"

/// A convolution of any window as an implicit matrix product: the windows of a few output pixels at a time
/// are gathered into rows of [kernel · kernel · C] floats, which then meet the packed weights.
typedef struct {
    /// H, W and C of the input.
    int64_t height, width, channels;
    /// The window's side, and how far it moves.
    int64_t kernel, stride;
    /// The zeros above and to the left of the image; those below and to the right follow from the output.
    int64_t padding_top, padding_left;
    int64_t output_width;
    /// O, the output channels.
    int64_t columns;
    /// [H, W, C]
    const float *input;
    /// The weights [O, kernel, kernel, C] as `pack` wrote them, with depth = kernel · kernel · C.
    const float *panels;
    /// [O]
    const float *bias;
    /// [output height, output width, O], or NULL.
    const float *residual;
    /// [output height, output width, O]
    float *output;
    graft_clamp clamp;
    /// [graft_gathered_pixels, kernel · kernel · C], of the calling thread.
    float *scratch;
} graft_convolution;

/// How many windows are gathered at a time.
enum { graft_gathered_pixels = 48 };

#endif
