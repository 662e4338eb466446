// The tile of the matrix product: what product.c and winograd.c are made of.
//
// Weights are packed in panels of one to MOST_VECTORS vectors of columns, each holding [depth, columns of the
// panel]. A tile of the output, `rows` rows by a panel's vectors, stays in registers while it runs down the panel
// once: per step of depth, one load for each vector of columns, one broadcast for each row, and a multiply-add for
// each vector of the tile.

/// How many rows a tile has at most: so many that its sums, a vector of each column and a broadcast element fill the
/// registers.
#define MOST_ROWS(vectors)                                                                                             \
    ((vectors) == 4 ? ROWS_OF_4 : (vectors) == 3 ? ROWS_OF_3 : (vectors) == 2 ? ROWS_OF_2 : ROWS_OF_1)

/// sum[r][v] += Σ_k input[r, k] · panel[k, v]
ALWAYS_INLINE TARGET void FN(accumulate)(
    const int rows, const int vectors, vector (*sum)[MOST_VECTORS], const float *input, int64_t input_stride,
    int64_t depth, const float *panel) {
    for (int64_t k = 0; k < depth; k++) {
        vector weights[MOST_VECTORS];
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
