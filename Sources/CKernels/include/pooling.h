#ifndef GRAFT_POOLING_H
#define GRAFT_POOLING_H

#include <stdint.h>

/// output[c] = Σ_p input[p, c] / P: global average pooling.
typedef struct {
    /// P, height times width.
    int64_t pixels;
    /// C
    int64_t channels;
    /// [P, C]
    const float *input;
    /// [C]
    float *output;
} graft_mean;

/// The largest or the mean element of a window. What lies outside the image is never the largest.
typedef struct {
    /// H, W and C of the input.
    int64_t height, width, channels;
    /// The window's side, and how far it moves.
    int64_t kernel, stride;
    /// What lies above and to the left of the image; what lies below and to the right follows from the output.
    int64_t padding_top, padding_left;
    int64_t output_width;
    /// Whether it is the mean; else the largest.
    int takes_mean;
    /// Whether the mean counts the zeros outside the image, as PyTorch does unless told otherwise.
    int counts_padding;
    /// [H, W, C]
    const float *input;
    /// [output height, output width, C]
    float *output;
} graft_pool;

#endif
