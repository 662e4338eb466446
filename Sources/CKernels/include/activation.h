#ifndef GRAFT_ACTIVATION_H
#define GRAFT_ACTIVATION_H

/// The interval that a kernel clamps results to as it stores them.
///
/// No activation is [-∞, ∞], ReLU is [0, ∞], ReLU6 is [0, 6].
typedef struct {
    float lowest;
    float highest;
} graft_clamp;

#endif
