#ifndef GRAFT_RESAMPLE_H
#define GRAFT_RESAMPLE_H

#include <stdint.h>

/// Fraction bits of a weight: 32, less 8 for the sample and 2 for the overshoot of bicubic weights. The weights of one
/// output, taken positive, sum to less than 2, so that no sum leaves 32 bits.
enum { graft_weight_bits = 32 - 8 - 2 };

/// Which pixels of a row make each pixel of another, and with what weights.
typedef struct {
    int64_t outputs;
    /// A multiple of 4. Where fewer pixels count, the last weights are 0; such pixels may lie behind the row.
    int64_t taps;
    /// The first pixel of each output, from 0; they ascend. [outputs]
    const int32_t *starts;
    /// [outputs, taps]
    const int32_t *weights;
} graft_resampling;

/// How many sums there must be room for to resample a row.
static inline int64_t graft_resampling_sums(int64_t outputs) { return 3 * outputs + 1; }

#endif
