// The tile of the matrix product: what product.c and winograd.c are made of.
//
// Weights are packed in panels of one to MOST_VECTORS vectors of columns, each holding [depth, columns of the
// panel]. A tile of the output, `rows` rows by a panel's vectors, stays in registers while it runs down the panel
// once: per step of depth, one load for each vector of columns, one broadcast for each row, and a multiply-add for
// each vector of the tile.

/// Floats in a line of the caches.
#define LINE 16

/// How many rows a tile has at most: so many that its sums, a vector of each column and a broadcast element fill the
/// registers.
#define MOST_ROWS(vectors)                                                                                             \
    ((vectors) == 4 ? ROWS_OF_4 : (vectors) == 3 ? ROWS_OF_3 : (vectors) == 2 ? ROWS_OF_2 : ROWS_OF_1)

/// What a tile brings into the second-level cache while it computes: so many lines for each step of depth, from `next`.
///
/// Networks have more weights than caches hold, and a panel that comes from memory while its first tile waits for it
/// comes too late. All tiles of a panel together bring the panel after it.
typedef struct {
    const float *next;
    int dense;
} FN(ahead);

/// Tile `t` of `tiles` brings its part of what follows `panel` [depth, vectors].
ALWAYS_INLINE TARGET FN(ahead) FN(part_ahead)(
    const float *panel, int64_t depth, int64_t vectors, int64_t t, int64_t tiles, int64_t steps) {
    const int dense = tiles < MOST_VECTORS;
    const FN(ahead) ahead = {panel + (depth * vectors * LANES) + t * steps * (dense ? MOST_VECTORS : 1) * LINE, dense};
    return ahead;
}

/// sum[r][v] += Σ_k input[r, k] · panel[k, v]
ALWAYS_INLINE TARGET void FN(accumulate)(
    const int rows, const int vectors, vector (*sum)[MOST_VECTORS], const float *input, int64_t input_stride,
    int64_t depth, const float *panel, FN(ahead) ahead) {
    for (int64_t k = 0; k < depth; k++) {
        vector weights[MOST_VECTORS];
        __builtin_prefetch(ahead.next, 0, 2);
        if (ahead.dense) UNROLL for (int i = 1; i < MOST_VECTORS; i++) __builtin_prefetch(ahead.next += LINE, 0, 2);
        ahead.next += LINE;
        UNROLL for (int v = 0; v < vectors; v++) weights[v] = FN(load)(panel + v * LANES, LANES);
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += input[r * input_stride + k] * weights[v];
        panel += vectors * LANES;
    }
}

/// The panels that `columns` columns are split into: as few as can be, and of equal width as far as that goes.
ALWAYS_INLINE TARGET int64_t FN(panel_count)(int64_t columns) {
    const int64_t vectors = (columns + LANES - 1) / LANES;
    return (vectors + MOST_VECTORS - 1) / MOST_VECTORS;
}

/// The vector of columns that a panel starts with.
ALWAYS_INLINE TARGET int64_t FN(panel_start)(int64_t columns, int64_t panel) {
    const int64_t vectors = (columns + LANES - 1) / LANES, count = FN(panel_count)(columns);
    return vectors * panel / count;
}

// Calls CASE(r) for every number of rows that a tile of `vectors` vectors can have.
#define EACH_ROW_COUNT(vectors)                                                                                        \
    CASE(1, vectors) CASE(2, vectors) CASE(3, vectors) CASE(4, vectors) CASE(5, vectors) CASE(6, vectors)              \
    CASE(7, vectors) CASE(8, vectors) CASE(9, vectors) CASE(10, vectors) CASE(11, vectors) CASE(12, vectors)
