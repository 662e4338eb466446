#ifndef GRAFT_POOLING_H
#define GRAFT_POOLING_H

#include <stdint.h>

/// output[c] = Σ_p input[p, c] / P: global average pooling.
typedef struct {
    /// P, height times width.
    int64_t pixels;
    /// C
    int64_t channels;
    /// [P, C]
    const float *input;
    /// [C]
    float *output;
} graft_mean;

#endif
