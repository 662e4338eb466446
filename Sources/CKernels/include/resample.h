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

/// Rows that follow each other in a ring, and what each counts for in a row that is made of them.
typedef struct {
    /// Bytes of a row, three for each pixel.
    int64_t row_bytes;
    /// How many rows the ring has room for. After the last slot comes the first again.
    int64_t slots;
    /// [slots, row_bytes]
    const uint8_t *rows;
    /// The slot of the first row that counts, and how many do: at most `slots`.
    int64_t first, taps;
    /// [taps]
    const int32_t *weights;
} graft_blend;

/// How many integers of scratch space it takes to resample rows, whatever the instruction set.
static inline int64_t graft_resampling_scratch(int64_t outputs) {
    const int64_t fives = (outputs + 4) / 5, five_integers = 1 + 6 * 16;
    return fives * five_integers > 3 * outputs + 2 ? fives * five_integers : 3 * outputs + 2;
}

#endif
