#ifndef GRAFT_KERNELS_H
#define GRAFT_KERNELS_H

#include <stdint.h>

#include "convolution.h"
#include "covariance.h"
#include "depthwise.h"
#include "elementwise.h"
#include "latents.h"
#include "normalize.h"
#include "pooling.h"
#include "product.h"
#include "resample.h"
#include "sketches.h"
#include "winograd.h"

/// The columns that a panel has at most.
enum { graft_most_panel_columns = 48 };

typedef enum {
    /// What every CPU of the architecture has: four lanes (SSE2 on x86-64).
    graft_isa_scalar,
    /// AVX2 and FMA, x86-64.
    graft_isa_avx2,
    /// AVX-512 F and BW, x86-64.
    graft_isa_avx512,
    /// 64-bit Arm.
    graft_isa_neon,
} graft_isa;

/// The kernels, compiled for one instruction set. Every `begin ..< end` is a range of output rows, unless another is
/// named, and every `first_panel ..< last_panel` one of groups of output channels, so that one operation can be
/// split over threads; no kernel allocates.
typedef struct {
    /// How many floats the packed form of weights [columns, depth] takes.
    int64_t (*packed_count)(int64_t columns, int64_t depth);
    /// How many panels it has.
    int64_t (*panels)(int64_t columns);
    /// Writes row-major weights [columns, depth] in the order in which `product` and `convolution` read them.
    void (*pack)(const float *weights, int64_t columns, int64_t depth, float *panels);
    /// Rows of the matrix.
    void (*product)(
        const graft_product *product, int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel);
    /// With several groups, the panels are those of each.
    void (*convolution)(
        const graft_convolution *convolution, int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel);
    /// The same for weights [columns, 3, 3, channels] that `winograd_multiply` reads, in as many panels.
    int64_t (*winograd_packed_count)(int64_t tile, int64_t columns, int64_t channels);
    void (*winograd_pack)(int64_t tile, const float *weights, int64_t columns, int64_t channels, float *panels);
    /// Tiles.
    void (*winograd_transform)(const graft_winograd *winograd, int64_t begin, int64_t end);
    /// Tiles, all of which are transformed.
    void (*winograd_multiply)(
        const graft_winograd *winograd, int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel);
    void (*depthwise)(const graft_depthwise *depthwise, int64_t begin, int64_t end);
    void (*pool)(const graft_pool *pool, int64_t begin, int64_t end);
    void (*mean)(const graft_mean *mean);
    /// Pixels.
    void (*elementwise)(const graft_elementwise *elementwise, int64_t begin, int64_t end);
    /// Makes a row of bytes of rows in a ring: their weighted sum, rounded, and kept within a byte.
    void (*blend_rows)(const graft_blend *blend, uint8_t *output);
    /// Writes to `scratch`, of graft_resampling_scratch, what `resample_row` needs there, for any number of rows [count].
    void (*prepare_resampling)(const graft_resampling *resampling, int64_t count, int32_t *scratch);
    /// Makes [outputs, 3] bytes of the row [count].
    void (*resample_row)(
        const graft_resampling *resampling, const uint8_t *row, int64_t count, int32_t *scratch, uint8_t *output);
    /// Makes floats of bytes. [count], a multiple of 3.
    void (*normalize)(
        const graft_normalization *normalization, const uint8_t *pixels, int64_t count, float *elements);
    /// The smallest and the largest element of each channel; returns whether all are numbers. [channels]
    int (*find_ranges)(const graft_latent *latent, float *lowest, float *highest);
    /// How many steps each element lies above the lowest of its channel, rounded to the nearest: less than 256. Channels
    /// have `per_half_step` halves of a step in a unit. [pixels, channels]
    void (*divide_ranges)(
        const graft_latent *latent, const float *lowest, const float *per_half_step, uint8_t *steps);
    /// [count]
    void (*centre)(const graft_centring *centring, int64_t count);
    void (*solve_triangle)(const graft_triangle *triangle);
    void (*find_nearest)(graft_nearest *nearest);
} graft_kernels;

/// How many floats of scratch space a convolution needs, with the channels of one group.
int64_t graft_convolution_scratch(int64_t kernel_height, int64_t kernel_width, int64_t channels);

/// How many floats of scratch space a triangle of this order needs, whatever the instruction set.
int64_t graft_triangle_scratch(int64_t order);

/// How many floats of scratch space a multiplication of `tiles` tiles needs, whatever the instruction set.
static inline int64_t graft_winograd_scratch(int64_t tile, int64_t tiles) {
    return (tile + 2) * (tile + 2) * tiles * graft_most_panel_columns;
}

/// The kernels for `isa`, or NULL if this CPU does not have it.
const graft_kernels *graft_kernels_for(graft_isa isa);

#endif
