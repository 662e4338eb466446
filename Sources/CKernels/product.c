// The matrix product over packed weights; see include/product.h.
//
// Weights are packed in panels of TILE_VECTORS vectors of columns, the last one narrower if fewer are left,
// each holding [depth, columns of the panel]. A tile of up to TILE_ROWS × TILE_VECTORS vectors of the output
// stays in registers while it runs down the panel once: per step of depth, one load for each vector of columns, one
// broadcast for each row, and a multiply-add for each vector of the tile.

#ifndef KERNEL_FILE
#define KERNEL_FILE "product.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"

#define TILE_COLUMNS (TILE_VECTORS * LANES)

TARGET int64_t FN(packed_count)(int64_t columns, int64_t depth) {
    return (columns + LANES - 1) / LANES * LANES * depth;
}

TARGET void FN(pack)(const float *weights, int64_t columns, int64_t depth, float *panels) {
    for (int64_t first = 0; first < columns; first += TILE_COLUMNS) {
        const int64_t left = columns - first;
        const int64_t width = left >= TILE_COLUMNS ? TILE_COLUMNS : (left + LANES - 1) / LANES * LANES;
        for (int64_t k = 0; k < depth; k++)
            for (int64_t n = 0; n < width; n++)
                *panels++ = n < left ? weights[(first + n) * depth + k] : 0;
    }
}

/// One tile of the output: `rows` rows from `row`, `vectors` vectors from `column`, the last of `lanes` lanes.
/// All but `row`, `column` and `panel` are constants where it is called in the main part of a product.
ALWAYS_INLINE TARGET void FN(tile)(
    const graft_product *p, const int rows, const int vectors, int64_t lanes, int64_t row, int64_t column,
    const float *panel) {
    vector sum[TILE_ROWS][TILE_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) {
        const vector bias = FN(load)(p->bias + column + v * LANES, v == vectors - 1 ? lanes : LANES);
        UNROLL for (int r = 0; r < rows; r++) sum[r][v] = bias;
    }

    const float *input = p->input + row * p->depth;
    const int64_t depth = p->depth;
    for (int64_t k = 0; k < depth; k++) {
        vector weights[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) weights[v] = FN(load)(panel + v * LANES, LANES);
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += input[r * depth + k] * weights[v];
        panel += vectors * LANES;
    }

    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) {
            const int64_t here = v == vectors - 1 ? lanes : LANES;
            const int64_t at = (row + r) * p->columns + column + v * LANES;
            vector value = sum[r][v];
            if (p->residual) value += FN(load)(p->residual + at, here);
            FN(store)(p->output + at, FN(clamp)(value, p->clamp), here);
        }
    }
}

#define CASE(r)                                                                                                        \
    case r: FN(tile)(p, r, vectors, lanes, row, column, panel); break;

/// `tile`, for a number of rows that is not known before.
ALWAYS_INLINE TARGET void FN(rows)(
    const graft_product *p, int64_t rows, const int vectors, int64_t lanes, int64_t row, int64_t column,
    const float *panel) {
    switch (rows) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
#if TILE_ROWS > 4
        CASE(5)
        CASE(6)
#endif
#if TILE_ROWS > 6
        CASE(7)
        CASE(8)
#endif
#if TILE_ROWS > 8
        CASE(9)
        CASE(10)
        CASE(11)
        CASE(12)
#endif
    }
}

/// A panel's worth of columns for the rows `begin ..< end`.
ALWAYS_INLINE TARGET void FN(panel)(
    const graft_product *p, const int vectors, int64_t lanes, int64_t begin, int64_t end, int64_t column,
    const float *panel) {
    // Tiles of equal height rather than full ones and a low rest, which would leave the multipliers idle.
    const int64_t tiles = (end - begin + TILE_ROWS - 1) / TILE_ROWS;
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t from = begin + (end - begin) * t / tiles, to = begin + (end - begin) * (t + 1) / tiles;
        FN(rows)(p, to - from, vectors, lanes, from, column, panel);
    }
}

TARGET static __attribute__((noinline)) void FN(panel_full)(
    const graft_product *p, int64_t begin, int64_t end, int64_t column, const float *panel) {
    FN(panel)(p, TILE_VECTORS, LANES, begin, end, column, panel);
}

#define NARROW(v)                                                                                                      \
    case v: FN(panel)(p, v, lanes, begin, end, column, panel); break;

TARGET static __attribute__((noinline)) void FN(panel_rest)(
    const graft_product *p, int64_t begin, int64_t end, int64_t column, const float *panel) {
    const int64_t vectors = (p->columns - column + LANES - 1) / LANES;
    const int64_t lanes = p->columns - column - (vectors - 1) * LANES;
    switch (vectors) {
        NARROW(1)
#if TILE_VECTORS > 1
        NARROW(2)
#endif
#if TILE_VECTORS > 2
        NARROW(3)
#endif
    }
}

TARGET void FN(product)(const graft_product *p, int64_t begin, int64_t end) {
    // So many rows at a time that their input and output stay in the second-level cache while all panels pass.
    const int64_t cached = 192 * 1024 / (int64_t)sizeof(float) / (p->depth + p->columns);
    const int64_t block = cached < 8 * TILE_ROWS ? 8 * TILE_ROWS : cached / TILE_ROWS * TILE_ROWS;
    for (int64_t from = begin; from < end; from += block) {
        const int64_t to = end - from < block ? end : from + block;
        for (int64_t column = 0; column < p->columns; column += TILE_COLUMNS) {
            const float *panel = p->panels + column * p->depth;
            if (p->columns - column >= TILE_COLUMNS) FN(panel_full)(p, from, to, column, panel);
            else FN(panel_rest)(p, from, to, column, panel);
        }
    }
}

#undef TILE_COLUMNS
#undef CASE
#undef NARROW
#endif
