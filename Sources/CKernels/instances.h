// Declares the instances of every kernel.
#ifndef GRAFT_INSTANCES_H
#define GRAFT_INSTANCES_H

#include "include/kernels.h"

#define GRAFT_DECLARE(isa)                                                                                             \
    int64_t graft_packed_count_##isa(int64_t columns, int64_t depth);                                                        \
    void graft_pack_##isa(const float *weights, int64_t columns, int64_t depth, float *panels);                              \
    void graft_product_##isa(const graft_product *product, int64_t begin, int64_t end);                                      \
    void graft_convolution_##isa(const graft_convolution *convolution, int64_t begin, int64_t end);                          \
    void graft_depthwise_##isa(const graft_depthwise *depthwise, int64_t begin, int64_t end);                                \
    void graft_mean_##isa(const graft_mean *mean);

GRAFT_DECLARE(scalar)
GRAFT_DECLARE(avx2)
GRAFT_DECLARE(avx512)
GRAFT_DECLARE(neon)

#endif
