// Which kernels the CPU at hand can run.

#include "instances.h"

#define GRAFT_TABLE(isa)                                                                                               \
    {                                                                                                                  \
        .packed_count = graft_packed_count_##isa, .panels = graft_panels_##isa, .pack = graft_pack_##isa,              \
        .product = graft_product_##isa, .convolution = graft_convolution_##isa,                                        \
        .winograd_packed_count = graft_winograd_packed_count_##isa, .winograd_pack = graft_winograd_pack_##isa,        \
        .winograd_transform = graft_winograd_transform_##isa, .winograd_multiply = graft_winograd_multiply_##isa,      \
        .depthwise = graft_depthwise_##isa, .pool = graft_pool_##isa, .mean = graft_mean_##isa,                        \
        .elementwise = graft_elementwise_##isa, .blend_rows = graft_blend_rows_##isa,                                  \
        .prepare_resampling = graft_prepare_resampling_##isa, .resample_row = graft_resample_row_##isa,                \
        .normalize = graft_normalize_##isa,                                                                            \
        .find_ranges = graft_find_ranges_##isa, .divide_ranges = graft_divide_ranges_##isa,                            \
        .centre = graft_centre_##isa, .solve_triangle = graft_solve_triangle_##isa,                                    \
        .find_nearest = graft_find_nearest_##isa,                                                                      \
    }

#if defined(__x86_64__)

static const graft_kernels scalar = GRAFT_TABLE(scalar);
static const graft_kernels avx2 = GRAFT_TABLE(avx2);
static const graft_kernels avx512 = GRAFT_TABLE(avx512);

const graft_kernels *graft_kernels_for(graft_isa isa) {
    __builtin_cpu_init();
    const int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
    switch (isa) {
        case graft_isa_scalar: return &scalar;
        case graft_isa_avx2: return has_avx2 ? &avx2 : 0;
        case graft_isa_avx512: return has_avx512 ? &avx512 : 0;
        default: return 0;
    }
}

#elif defined(__aarch64__)

static const graft_kernels neon = GRAFT_TABLE(neon);

const graft_kernels *graft_kernels_for(graft_isa isa) {
    return isa == graft_isa_neon ? &neon : 0;
}

#else

static const graft_kernels scalar = GRAFT_TABLE(scalar);

const graft_kernels *graft_kernels_for(graft_isa isa) {
    return isa == graft_isa_scalar ? &scalar : 0;
}

#endif
