#ifndef GRAFT_KERNELS_H
#define GRAFT_KERNELS_H

#include <stdint.h>

#include "convolution.h"
#include "depthwise.h"
#include "pooling.h"
#include "product.h"

typedef enum {
    /// What every CPU of the architecture has: four lanes (SSE2 on x86-64).
    graft_isa_scalar,
    /// AVX2 and FMA, x86-64.
    graft_isa_avx2,
    /// AVX-512 F, x86-64.
    graft_isa_avx512,
    /// 64-bit Arm.
    graft_isa_neon,
} graft_isa;

/// The kernels, compiled for one instruction set. Every `begin ..< end` is a range of output rows, so that one
/// operation can be split over threads; no kernel allocates.
typedef struct {
    /// How many floats the packed form of weights [columns, depth] takes.
    int64_t (*packed_count)(int64_t columns, int64_t depth);
    /// Writes row-major weights [columns, depth] in the order in which `product` and `convolution` read them.
    void (*pack)(const float *weights, int64_t columns, int64_t depth, float *panels);
    /// Rows of the matrix.
    void (*product)(const graft_product *product, int64_t begin, int64_t end);
    /// Rows of the output image.
    void (*convolution)(const graft_convolution *convolution, int64_t begin, int64_t end);
    /// Rows of the output image.
    void (*depthwise)(const graft_depthwise *depthwise, int64_t begin, int64_t end);
    void (*mean)(const graft_mean *mean);
} graft_kernels;

/// The kernels for `isa`, or NULL if this CPU does not have it.
const graft_kernels *graft_kernels_for(graft_isa isa);

#endif
