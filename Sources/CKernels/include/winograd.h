#ifndef GRAFT_WINOGRAD_H
#define GRAFT_WINOGRAD_H

#include <stdint.h>

#include "activation.h"

/// A 3 × 3 convolution of stride 1 by Winograd's minimal filtering F(m × m, 3 × 3), m = 2 or 4 (Lavin and Gray 2015,
/// arXiv 1509.09308): tiles of m × m output pixels are made of (m + 2)² products each instead of 9m².
///
/// `winograd_transform` brings the inputs of some tiles into the transformed space, where `winograd_multiply` meets
/// them with the transformed weights, (m + 2)² matrix products, and brings the result back. Both can be split: a
/// tile's output does not depend on the tiles beside it.
typedef struct {
    /// m
    int64_t tile;
    /// H, W and C of the input.
    int64_t height, width, channels;
    /// The zeros above and to the left of the image; those below and to the right follow from the output.
    int64_t padding_top, padding_left;
    int64_t output_height, output_width;
    /// O, the output channels.
    int64_t columns;
    /// [H, W, C]
    const float *input;
    /// The weights as `winograd_pack` wrote them.
    const float *panels;
    /// [O]
    const float *bias;
    /// [output height, output width, O], or NULL.
    const float *residual;
    /// [output height, output width, O]
    float *output;
    graft_activation activation;
    /// C zeros: what a tile finds outside the image.
    const float *zeros;
    /// The tiles that `transformed` has room for: `tile_count` from `first_tile`, in the order of the output's rows.
    int64_t first_tile, tile_count;
    /// [(m + 2)², tile count, C]
    float *transformed;
    /// `winograd_scratch` floats, of the calling thread.
    float *scratch;
} graft_winograd;

#endif
