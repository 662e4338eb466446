#ifndef GRAFT_COVARIANCE_H
#define GRAFT_COVARIANCE_H

#include <stdint.h>

// What is solved again with every taught sample: a covariance from its moments, and its Cholesky factor.

/// output[i] = (moment[i] − mean · sums[i]) · scale, rounded to 32 bits at last: a row of a covariance from a row of second
/// moments, where almost all of each number is the square of the mean.
typedef struct {
    double mean, scale;
    const double *moment, *sums;
    float *output;
} graft_centring;

/// rows = U⁻ᵀ · rows, with U an upper triangle: what a block on the diagonal of a Cholesky factor makes of the block to its
/// right (LAPACK's strsm; Golub and Van Loan, Matrix Computations, 4.2.9).
typedef struct {
    /// N, the order of U.
    int64_t order;
    /// [N, N], its rows `upper_stride` floats apart. What is below the diagonal is not read.
    const float *upper;
    int64_t upper_stride;
    /// [N, columns], `rows_stride` floats apart.
    int64_t columns;
    float *rows;
    int64_t rows_stride;
    /// graft_triangle_scratch(N) floats.
    float *scratch;
} graft_triangle;

#endif
