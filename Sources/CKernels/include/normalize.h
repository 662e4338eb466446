#ifndef GRAFT_NORMALIZE_H
#define GRAFT_NORMALIZE_H

#include <stdint.h>

/// element = byte · upper + (byte · lower + start), for each channel.
///
/// Together `upper` and `lower` are the factor. Both have so few bits that their products with a byte are exact, so that
/// it is the same whether the compiler fuses a product with a sum, and every instance gives the same bits.
typedef struct {
    float upper[3], lower[3], start[3];
    /// Whether the channels of the elements, and of the factors, are in the opposite order to those of the bytes.
    int reverses;
} graft_normalization;

/// Bits that the significand of a part of the factor has at most: 24 of a float, less 8 of a byte.
enum { graft_factor_bits = 24 - 8 };

#endif
