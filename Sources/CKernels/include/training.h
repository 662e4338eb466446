#ifndef GRAFT_TRAINING_H
#define GRAFT_TRAINING_H

#include <stdint.h>

#include "kernels.h"

// What training computes beyond a forward pass. Maps are those of a batch, [N, H, W, C].

/// The windows of a convolution: for each position of a grid over each image the pixels that its taps find, or zeros
/// outside the image.
///
/// Tap t of the position at y, x is the pixel at y · step + tap_rows[t], x · step + tap_columns[t]. A convolution's own
/// windows have its stride as step; the windows over the output's gradient that its input's gradient is made of have
/// step 1 (see ConvolutionTraining.swift). Positions count through the grids of all images.
typedef struct {
    /// H, W and C.
    int64_t height, width, channels;
    /// The channels that are taken: those of a group.
    int64_t first_channel, channel_count;
    int64_t grid_height, grid_width, step;
    int64_t tap_count;
    const int64_t *tap_rows, *tap_columns;
    /// [N, H, W, C]
    const float *input;
} graft_windows;

/// weight_gradient[o, t, c] = Σ_p output_gradient[p, o] · window[p, t, c]
///
/// The sum of an element is formed in the order of p, some hundreds of them at a time, however the work is split.
typedef struct {
    graft_windows windows;
    /// P, of all images.
    int64_t positions;
    /// O, those of a group.
    int64_t outputs;
    /// [P, O], its rows `output_stride` floats apart.
    const float *output_gradient;
    int64_t output_stride;
    /// [O, taps, channel count]
    float *weight_gradient;
    /// `weight_gradient_scratch` floats, of the calling thread.
    float *scratch;
} graft_weight_gradient;

/// gradient[p, c] = output_gradient[p, c] · f'(…), and its sums over p, which are the gradient of a bias.
typedef struct {
    /// P and C.
    int64_t pixels, channels;
    /// f. Without a curve, f' is 1 strictly inside the interval and 0 outside, as PyTorch has it.
    graft_activation activation;
    /// [P, C]
    const float *output_gradient;
    /// What f returned, or with a curve what it was given: [P, C]. Not read if f is nothing.
    const float *values;
    /// [P, C]; may be `output_gradient`, and is then not written if f is nothing.
    float *gradient;
    /// [C]
    float *sums;
} graft_activation_gradient;

/// The gradients of a depthwise convolution.
typedef struct {
    /// Of the input.
    int64_t images, height, width, channels;
    int64_t output_height, output_width;
    /// The window's side, 3 or 5, and how far it moves, 1 or 2.
    int64_t kernel, stride;
    int64_t padding_top, padding_left;
    /// [N, H, W, C]
    const float *input;
    /// [N, output height, output width, C]
    const float *output_gradient;
    /// [kernel, kernel, C]
    const float *weights;
    /// [N, H, W, C]
    float *input_gradient;
    /// [kernel, kernel, C]
    float *weight_gradient;
    /// C zeros.
    const float *zeros;
} graft_depthwise_gradient;

/// The gradient of the input of one image's pooling.
typedef struct {
    graft_pool pool;
    int64_t output_height;
    /// [output height, output width, C]
    const float *output_gradient;
    /// [H, W, C]; where several elements of a window are the largest, the first in the order of rows gets it all.
    float *input_gradient;
} graft_pool_gradient;

/// A step of Adam (Kingma and Ba 2014, arXiv 1412.6980), as PyTorch computes it.
typedef struct {
    /// The learning rate over 1 - β₁ᵗ.
    float step_size;
    float beta2;
    /// 1 - β₁ and 1 - β₂, which 32-bit would lose three digits of.
    float rest1, rest2;
    /// √(1 - β₂ᵗ)
    float second_correction;
    float epsilon;
    /// Added to the gradient as `l2 · weight`; taken from the weight as `decay · weight` (AdamW, arXiv 1711.05101).
    float l2, decay;
    const float *gradient;
    float *weight, *first_moment, *second_moment;
} graft_adam;

/// The kernels of training, compiled for one instruction set. None allocates.
typedef struct {
    /// Writes weights [columns, depth], each row times its `scale` unless that is NULL, in the order in which `product`
    /// reads them: what `pack` of `graft_kernels` does, in panels that can be split, and fast enough for every step.
    void (*pack_scaled)(
        const float *weights, const float *scale, int64_t columns, int64_t depth, float *panels, int64_t first_panel,
        int64_t last_panel);
    /// The same for the transposed weights [channels, taps, outputs] of a convolution [outputs, all taps, channels],
    /// with those taps, and in that order, that `taps` holds: what the gradient of its input is multiplied with.
    void (*pack_transposed)(
        const float *weights, const float *scale, int64_t outputs, int64_t all_taps, int64_t channels,
        const int64_t *taps, int64_t tap_count, float *panels, int64_t first_panel, int64_t last_panel);
    /// Writes the windows of the positions `begin ..< end`: [positions, taps from first to last, channel count].
    void (*gather_windows)(
        const graft_windows *windows, int64_t begin, int64_t end, int64_t first_tap, int64_t last_tap, float *rows);
    /// Panels are those of taps · channel count columns.
    void (*weight_gradient)(
        const graft_weight_gradient *gradient, int64_t first_panel, int64_t last_panel, int64_t first_output,
        int64_t last_output);
    /// gradient *= scale, for one filter; returns Σ gradient · weight from before.
    float (*scale_filter_gradient)(float *gradient, const float *weight, int64_t count, float scale);
    void (*activation_gradient)(const graft_activation_gradient *gradient);
    /// output = f(input); may be the same.
    void (*activate)(const float *input, int64_t count, graft_activation activation, float *output);
    /// sums[c] = Σ_r rows[r, c]
    void (*sum_rows)(const float *rows, int64_t row_count, int64_t columns, float *sums);
    /// sum += addend
    void (*add)(const float *addend, int64_t count, float *sum);
    /// Images.
    void (*depthwise_input_gradient)(const graft_depthwise_gradient *gradient, int64_t begin, int64_t end);
    /// Channels from a multiple of 16 to another, or the last.
    void (*depthwise_weight_gradient)(const graft_depthwise_gradient *gradient, int64_t begin, int64_t end);
    void (*pool_gradient)(const graft_pool_gradient *gradient);
    /// input_gradient[p, c] = output_gradient[c] / pixels
    void (*mean_gradient)(const float *output_gradient, int64_t pixels, int64_t channels, float *input_gradient);
    /// Elements.
    void (*adam)(const graft_adam *adam, int64_t begin, int64_t end);
} graft_training_kernels;

/// How many floats of scratch space `weight_gradient` needs, whatever the instruction set.
int64_t graft_weight_gradient_scratch(void);

/// The kernels for `isa`, or NULL if this CPU does not have it.
const graft_training_kernels *graft_training_kernels_for(graft_isa isa);

#endif
