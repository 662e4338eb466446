// Which kernels of training the CPU at hand can run: those whose instruction set `graft_kernels_for` finds.

#include "training_instances.h"

#define GRAFT_TRAINING_TABLE(isa)                                                                                      \
    {                                                                                                                  \
        .pack_scaled = graft_pack_scaled_##isa, .pack_transposed = graft_pack_transposed_##isa,                        \
        .gather_windows = graft_gather_windows_##isa, .weight_gradient = graft_weight_gradient_##isa,                  \
        .scale_filter_gradient = graft_scale_filter_gradient_##isa,                                                    \
        .activation_gradient = graft_activation_gradient_##isa, .activate = graft_activate_##isa,                      \
        .sum_rows = graft_sum_rows_##isa, .add = graft_add_##isa,                                                      \
        .depthwise_input_gradient = graft_depthwise_input_gradient_##isa,                                              \
        .depthwise_weight_gradient = graft_depthwise_weight_gradient_##isa,                                            \
        .pool_gradient = graft_pool_gradient_##isa, .mean_gradient = graft_mean_gradient_##isa,                        \
        .adam = graft_adam_##isa,                                                                                      \
    }

#if defined(__x86_64__)
static const graft_training_kernels scalar = GRAFT_TRAINING_TABLE(scalar);
static const graft_training_kernels avx2 = GRAFT_TRAINING_TABLE(avx2);
static const graft_training_kernels avx512 = GRAFT_TRAINING_TABLE(avx512);
#elif defined(__aarch64__)
static const graft_training_kernels neon = GRAFT_TRAINING_TABLE(neon);
#else
static const graft_training_kernels scalar = GRAFT_TRAINING_TABLE(scalar);
#endif

const graft_training_kernels *graft_training_kernels_for(graft_isa isa) {
    if (!graft_kernels_for(isa)) return 0;
    switch (isa) {
#if defined(__x86_64__)
        case graft_isa_scalar: return &scalar;
        case graft_isa_avx2: return &avx2;
        case graft_isa_avx512: return &avx512;
#elif defined(__aarch64__)
        case graft_isa_neon: return &neon;
#else
        case graft_isa_scalar: return &scalar;
#endif
        default: return 0;
    }
}
