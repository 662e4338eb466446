// Declares the instances of every kernel of training.
#ifndef GRAFT_TRAINING_INSTANCES_H
#define GRAFT_TRAINING_INSTANCES_H

#include "include/training.h"

#define GRAFT_DECLARE_TRAINING(isa)                                                                                    \
    void graft_pack_scaled_##isa(                                                                                      \
        const float *weights, const float *scale, int64_t columns, int64_t depth, float *panels, int64_t first_panel,  \
        int64_t last_panel);                                                                                           \
    void graft_pack_transposed_##isa(                                                                                  \
        const float *weights, const float *scale, int64_t outputs, int64_t all_taps, int64_t channels,                 \
        const int64_t *taps, int64_t tap_count, float *panels, int64_t first_panel, int64_t last_panel);               \
    void graft_gather_windows_##isa(                                                                                   \
        const graft_windows *windows, int64_t begin, int64_t end, int64_t first_tap, int64_t last_tap, float *rows);   \
    void graft_weight_gradient_##isa(                                                                                  \
        const graft_weight_gradient *gradient, int64_t first_panel, int64_t last_panel, int64_t first_output,          \
        int64_t last_output);                                                                                          \
    float graft_scale_filter_gradient_##isa(float *gradient, const float *weight, int64_t count, float scale);         \
    void graft_activation_gradient_##isa(const graft_activation_gradient *gradient);                                   \
    void graft_activate_##isa(const float *input, int64_t count, graft_activation activation, float *output);          \
    void graft_sum_rows_##isa(const float *rows, int64_t row_count, int64_t columns, float *sums);                     \
    void graft_add_##isa(const float *addend, int64_t count, float *sum);                                              \
    void graft_depthwise_input_gradient_##isa(const graft_depthwise_gradient *gradient, int64_t begin, int64_t end);   \
    void graft_depthwise_weight_gradient_##isa(const graft_depthwise_gradient *gradient, int64_t begin, int64_t end);  \
    void graft_pool_gradient_##isa(const graft_pool_gradient *gradient);                                               \
    void graft_mean_gradient_##isa(                                                                                    \
        const float *output_gradient, int64_t pixels, int64_t channels, float *input_gradient);                        \
    void graft_adam_##isa(const graft_adam *adam, int64_t begin, int64_t end);

GRAFT_DECLARE_TRAINING(scalar)
GRAFT_DECLARE_TRAINING(avx2)
GRAFT_DECLARE_TRAINING(avx512)
GRAFT_DECLARE_TRAINING(neon)

#endif
