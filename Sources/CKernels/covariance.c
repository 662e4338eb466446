// Rows of a covariance, and triangular solves with many right-hand sides; see include/covariance.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "covariance.c"
#include "instances.h"
#include "each_isa.h"

int64_t graft_triangle_scratch(int64_t order) {
    // The packed triangle, whose groups of rows are whole, the inverse diagonal, and a strip of two vectors.
    return (order + 12) * (order + 12) + order + order * 2 * 16;
}

#else

#include "vector.h"
#include "tile.h"

TARGET void FN(centre)(const graft_centring *centring, int64_t count) {
    const double mean = centring->mean, scale = centring->scale;
    const double *restrict moment = centring->moment, *restrict sums = centring->sums;
    float *restrict output = centring->output;
    for (int64_t i = 0; i < count; i++) output[i] = (float)((moment[i] - mean * sums[i]) * scale);
}

/// The rows `first ..< first + rows` of the solution in a strip: less what the rows before them add, then among themselves.
/// `triangle` holds [first + rows, rows] of U, and `inverse` those of its diagonal.
ALWAYS_INLINE TARGET void FN(solve_rows)(
    const int rows, int64_t first, const float *triangle, const float *inverse, float *strip) {
    vector sum[12][2];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < 2; v++) sum[r][v] = FN(load)(strip + ((first + r) * 2 + v) * LANES, LANES);
    for (int64_t k = 0; k < first; k++) {
        const vector left = FN(load)(strip + k * 2 * LANES, LANES), right = FN(load)(strip + (k * 2 + 1) * LANES, LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            sum[r][0] -= triangle[r] * left;
            sum[r][1] -= triangle[r] * right;
        }
        triangle += rows;
    }
    UNROLL for (int k = 0; k < rows; k++) {
        UNROLL for (int v = 0; v < 2; v++) {
            sum[k][v] *= inverse[first + k];
            FN(store)(strip + ((first + k) * 2 + v) * LANES, sum[k][v], LANES);
            UNROLL for (int r = 0; r < rows; r++)
                if (r > k) sum[r][v] -= triangle[k * rows + r] * sum[k][v];
        }
    }
}

/// A strip [order, 2 vectors] of the columns from `column` on, of which the vectors have so many lanes.
ALWAYS_INLINE TARGET void FN(take_strip)(
    const graft_triangle *triangle, int64_t column, int64_t left, int64_t right, float *strip) {
    const float *rows = triangle->rows + column;
    for (int64_t k = 0; k < triangle->order; k++, rows += triangle->rows_stride) {
        FN(store)(strip + k * 2 * LANES, FN(load)(rows, left), LANES);
        FN(store)(strip + (k * 2 + 1) * LANES, FN(load)(rows + LANES, right), LANES);
    }
}

/// And back.
ALWAYS_INLINE TARGET void FN(put_strip)(
    const graft_triangle *triangle, int64_t column, int64_t left, int64_t right, const float *strip) {
    float *rows = triangle->rows + column;
    for (int64_t k = 0; k < triangle->order; k++, rows += triangle->rows_stride) {
        FN(store)(rows, FN(load)(strip + k * 2 * LANES, LANES), left);
        FN(store)(rows + LANES, FN(load)(strip + (k * 2 + 1) * LANES, LANES), right);
    }
}

TARGET void FN(solve_triangle)(const graft_triangle *triangle) {
    const int64_t order = triangle->order, most = MOST_ROWS(2);
    // U in the order in which it is read: for each group of columns the rows down to its last.
    float *packed = triangle->scratch;
    for (int64_t first = 0; first < order; first += most) {
        const int64_t rows = order - first < most ? order - first : most;
        for (int64_t k = 0; k < first + rows; k++)
            for (int64_t r = 0; r < rows; r++)
                *packed++ = k <= first + r ? triangle->upper[k * triangle->upper_stride + first + r] : 0;
    }
    float *inverse = packed, *strip = inverse + order;
    for (int64_t k = 0; k < order; k++) inverse[k] = 1 / triangle->upper[k * triangle->upper_stride + k];

    // A strip of columns at a time, which stays in the first-level cache: in the matrix its rows would share few of its sets.
    for (int64_t column = 0; column < triangle->columns; column += 2 * LANES) {
        const int64_t width = triangle->columns - column;
        const int64_t left = width < LANES ? width : LANES, right = width - left < LANES ? width - left : LANES;
        const int is_whole = width >= 2 * LANES;
        is_whole ? FN(take_strip)(triangle, column, LANES, LANES, strip)
                 : FN(take_strip)(triangle, column, left, right, strip);
        packed = triangle->scratch;
        for (int64_t first = 0; first < order; first += most) {
            const int64_t rows = order - first < most ? order - first : most;
#define CASE(r, vectors)                                                                                               \
    case r: if (r <= MOST_ROWS(vectors)) FN(solve_rows)(r, first, packed, inverse, strip); break;
            switch (rows) { EACH_ROW_COUNT(2) }
#undef CASE
            packed += (first + rows) * rows;
        }
        is_whole ? FN(put_strip)(triangle, column, LANES, LANES, strip)
                 : FN(put_strip)(triangle, column, left, right, strip);
    }
}

#undef MOST_ROWS
#undef EACH_ROW_COUNT
#endif
