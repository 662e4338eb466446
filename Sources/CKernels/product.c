// The matrix product over packed weights; see include/product.h and tile.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "product.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"
#include "curves.h"
#include "tile.h"

TARGET int64_t FN(packed_count)(int64_t columns, int64_t depth) {
    return (columns + LANES - 1) / LANES * LANES * depth;
}

TARGET int64_t FN(panels)(int64_t columns) { return FN(panel_count)(columns); }

TARGET void FN(pack)(const float *weights, int64_t columns, int64_t depth, float *panels) {
    for (int64_t p = 0; p < FN(panel_count)(columns); p++) {
        const int64_t first = FN(panel_start)(columns, p) * LANES, last = FN(panel_start)(columns, p + 1) * LANES;
        for (int64_t k = 0; k < depth; k++)
            for (int64_t n = first; n < last; n++) *panels++ = n < columns ? weights[n * depth + k] : 0;
    }
}

/// One tile of the output: `rows` rows from `row`, `vectors` vectors from `column`, the last of `lanes` lanes.
ALWAYS_INLINE TARGET void FN(product_tile)(
    const graft_product *p, const int rows, const int vectors, int64_t lanes, int64_t row, int64_t column,
    const float *panel, FN(ahead) ahead) {
    vector sum[12][MOST_VECTORS];
    float *output = p->output + row * p->output_stride + column;
    const float *residual = p->residual ? p->residual + row * p->output_stride + column : 0;
    // What the end of the tile needs is on its way while the sums are formed.
    if (residual)
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vectors; v++) __builtin_prefetch(residual + r * p->output_stride + v * LANES);
    UNROLL for (int v = 0; v < vectors; v++) {
        const int64_t here = v == vectors - 1 ? lanes : LANES;
        if (p->bias) {
            const vector bias = FN(load)(p->bias + column + v * LANES, here);
            UNROLL for (int r = 0; r < rows; r++) sum[r][v] = bias;
        } else {
            UNROLL for (int r = 0; r < rows; r++) sum[r][v] = FN(load)(output + r * p->output_stride + v * LANES, here);
        }
    }
    const float *input = p->input + row * p->input_stride;
    for (int64_t s = 0; s <= p->further_stretches; s++) {
        FN(accumulate)(rows, vectors, sum, input, p->input_stride, p->depth, panel, ahead);
        input += p->stretch_stride;
        panel += p->depth * vectors * LANES;
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) {
            const int64_t here = v == vectors - 1 ? lanes : LANES;
            const int64_t at = r * p->output_stride + v * LANES;
            vector value = sum[r][v];
            if (residual) value += FN(load)(residual + at, here);
            FN(store)(output + at, FN(clamp)(value, p->activation), here);
        }
    }
    if (p->activation.curve)
        for (int64_t r = 0; r < rows; r++)
            FN(bend)(output + r * p->output_stride, (vectors - 1) * LANES + lanes, p->activation.curve);
}

/// A panel's worth of columns for the rows `begin ..< end`.
ALWAYS_INLINE TARGET void FN(product_panel)(
    const graft_product *p, const int vectors, int64_t lanes, int64_t begin, int64_t end, int64_t column,
    const float *panel) {
    // Tiles of equal height rather than full ones and a low rest, which would leave the multipliers idle.
    const int64_t tiles = (end - begin + MOST_ROWS(vectors) - 1) / MOST_ROWS(vectors);
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t row = begin + (end - begin) * t / tiles;
        const FN(ahead) ahead = FN(part_ahead)(panel, p->panel_depth, vectors, t, tiles, p->depth);
#define CASE(r, vectors)                                                                                               \
    case r: if (r <= MOST_ROWS(vectors)) FN(product_tile)(p, r, vectors, lanes, row, column, panel, ahead); break;
        switch (begin + (end - begin) * (t + 1) / tiles - row) { EACH_ROW_COUNT(vectors) }
#undef CASE
    }
}

// The inner loops exist once for full vectors, where `lanes` is a constant, and once for a last vector with fewer.
#define PANELS(v)                                                                                                      \
    TARGET static __attribute__((noinline)) void FN(panel_of_##v)(                                                     \
        const graft_product *p, int64_t begin, int64_t end, int64_t column, const float *panel) {                      \
        FN(product_panel)(p, v, LANES, begin, end, column, panel);                                                     \
    }                                                                                                                  \
    TARGET static __attribute__((noinline)) void FN(last_panel_of_##v)(                                                \
        const graft_product *p, int64_t begin, int64_t end, int64_t column, const float *panel) {                      \
        FN(product_panel)(p, v, p->columns - column - (v - 1) * LANES, begin, end, column, panel);                     \
    }

PANELS(1)
PANELS(2)
#if MOST_VECTORS > 2
PANELS(3)
#endif
#if MOST_VECTORS > 3
PANELS(4)
#endif

TARGET void FN(product)(
    const graft_product *p, int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel) {
    // So many rows at a time that their input and output stay in the second-level cache while all panels pass.
    const int64_t cached = 192 * 1024 / (int64_t)sizeof(float) / (p->depth + p->columns);
    const int64_t most = cached < 64 ? 64 : cached;
    const int64_t blocks = (end - begin + most - 1) / most;
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t from = begin + (end - begin) * b / blocks, to = begin + (end - begin) * (b + 1) / blocks;
        for (int64_t n = first_panel; n < last_panel; n++) {
            const int64_t start = FN(panel_start)(p->columns, n);
            const int64_t vectors = FN(panel_start)(p->columns, n + 1) - start, column = start * LANES;
            const float *panel = p->panels + column * p->panel_depth + p->first_depth * vectors * LANES;
            const int whole = column + vectors * LANES <= p->columns;
#define CASE(v)                                                                                                        \
    case v: whole ? FN(panel_of_##v)(p, from, to, column, panel) : FN(last_panel_of_##v)(p, from, to, column, panel);  \
        break;
            switch (vectors) {
                CASE(1)
                CASE(2)
#if MOST_VECTORS > 2
                CASE(3)
#endif
#if MOST_VECTORS > 3
                CASE(4)
#endif
            }
#undef CASE
        }
    }
}

#undef PANELS
#undef MOST_ROWS
#undef EACH_ROW_COUNT
#endif
