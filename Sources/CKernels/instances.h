// Declares the instances of every kernel.
#ifndef GRAFT_INSTANCES_H
#define GRAFT_INSTANCES_H

#include "include/kernels.h"

#define GRAFT_DECLARE(isa)                                                                                             \
    int64_t graft_packed_count_##isa(int64_t columns, int64_t depth);                                                  \
    int64_t graft_panels_##isa(int64_t columns);                                                                       \
    void graft_pack_##isa(const float *weights, int64_t columns, int64_t depth, float *panels);                        \
    void graft_product_##isa(                                                                                          \
        const graft_product *product, int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel);            \
    void graft_convolution_##isa(                                                                                      \
        const graft_convolution *convolution, int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel);    \
    int64_t graft_winograd_packed_count_##isa(int64_t tile, int64_t columns, int64_t channels);                        \
    void graft_winograd_pack_##isa(                                                                                    \
        int64_t tile, const float *weights, int64_t columns, int64_t channels, float *panels);                         \
    void graft_winograd_transform_##isa(const graft_winograd *winograd, int64_t begin, int64_t end);                   \
    void graft_winograd_multiply_##isa(                                                                                \
        const graft_winograd *winograd, int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel);          \
    void graft_depthwise_##isa(const graft_depthwise *depthwise, int64_t begin, int64_t end);                          \
    void graft_pool_##isa(const graft_pool *pool, int64_t begin, int64_t end);                                         \
    void graft_mean_##isa(const graft_mean *mean);                                                                     \
    void graft_elementwise_##isa(const graft_elementwise *elementwise, int64_t begin, int64_t end);                    \
    void graft_blend_rows_##isa(const graft_blend *blend, uint8_t *output);                                            \
    void graft_prepare_resampling_##isa(const graft_resampling *resampling, int64_t count, int32_t *scratch);          \
    void graft_resample_row_##isa(                                                                                     \
        const graft_resampling *resampling, const uint8_t *row, int64_t count, int32_t *scratch, uint8_t *output);     \
    void graft_normalize_##isa(                                                                                        \
        const graft_normalization *normalization, const uint8_t *pixels, int64_t count, float *elements);              \
    int graft_find_ranges_##isa(const graft_latent *latent, float *lowest, float *highest);                            \
    void graft_divide_ranges_##isa(                                                                                    \
        const graft_latent *latent, const float *lowest, const float *per_half_step, uint8_t *steps);                  \
    void graft_centre_##isa(const graft_centring *centring, int64_t count);                                            \
    void graft_solve_triangle_##isa(const graft_triangle *triangle);                                                   \
    void graft_find_nearest_##isa(graft_nearest *nearest);

GRAFT_DECLARE(scalar)
GRAFT_DECLARE(avx2)
GRAFT_DECLARE(avx512)
GRAFT_DECLARE(neon)

#endif
