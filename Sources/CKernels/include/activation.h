#ifndef GRAFT_ACTIVATION_H
#define GRAFT_ACTIVATION_H

/// What a kernel applies to results that were clamped.
typedef enum {
    graft_curve_none,
    /// x / (1 + exp(-x))
    graft_curve_silu,
    /// x · min(max(x + 3, 0), 6) / 6
    graft_curve_hard_swish,
    /// x · Φ(x), with Φ the distribution function of the standard normal distribution
    graft_curve_gelu,
    /// 1 / (1 + exp(-x))
    graft_curve_sigmoid,
    /// min(max(x + 3, 0), 6) / 6
    graft_curve_hard_sigmoid,
} graft_curve;

/// What a kernel does to results as it stores them: clamps them to an interval, then applies a curve.
///
/// No activation is [-∞, ∞], ReLU is [0, ∞], ReLU6 is [0, 6].
typedef struct {
    float lowest;
    float highest;
    graft_curve curve;
} graft_activation;

#endif
