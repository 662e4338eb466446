// Winograd's minimal filtering for 3 × 3 windows; see include/winograd.h. Lanes are channels.
//
// With d a tile's input, g a filter and ⊙ the product of elements, the output is Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A. The
// matrices are those of Lavin and Gray, for the points 0, ±1, ±2 and ∞ (m = 4), or 0, ±1 and ∞ (m = 2).

#ifndef KERNEL_FILE
#define KERNEL_FILE "winograd.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"
#include "curves.h"
#include "tile.h"

#ifndef MOST_SIDE
/// m + 2 at most.
#define MOST_SIDE 6

/// G, times what makes all of it integers: 24 (m = 4) or 2 (m = 2).
static const double winograd_g4[6][3] = {{6, 0, 0}, {-4, -4, -4}, {-4, 4, -4}, {1, 2, 4}, {1, -2, 4}, {0, 0, 24}};
static const double winograd_g2[4][3] = {{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}};
#endif

TARGET int64_t FN(winograd_packed_count)(int64_t tile, int64_t columns, int64_t channels) {
    return (tile + 2) * (tile + 2) * FN(packed_count)(columns, channels);
}

/// One vector's worth of filters g [3, 3], `taps` [9, LANES], to G g Gᵀ: `result` [(m + 2)², LANES].
///
/// In 64-bit, and rounded once: the weights bring no error of their own.
ALWAYS_INLINE TARGET void FN(transform_filters)(const int tile, const float *taps, float *result) {
    const double(*g)[3] = tile == 4 ? winograd_g4 : winograd_g2;
    const double scale = tile == 4 ? 576 : 4;
    const int side = tile + 2;
    for (int i = 0; i < side; i++) {
        double rows[3][LANES];
        for (int x = 0; x < 3; x++)
            for (int n = 0; n < LANES; n++)
                rows[x][n] = g[i][0] * taps[x * LANES + n] + g[i][1] * taps[(3 + x) * LANES + n]
                    + g[i][2] * taps[(6 + x) * LANES + n];
        for (int j = 0; j < side; j++)
            for (int n = 0; n < LANES; n++)
                result[(i * side + j) * LANES + n] =
                    (float)((g[j][0] * rows[0][n] + g[j][1] * rows[1][n] + g[j][2] * rows[2][n]) / scale);
    }
}

/// In panels of [(m + 2)², C, columns of the panel]: one panel is read from its beginning to its end.
TARGET void FN(winograd_pack)(
    int64_t tile, const float *weights, int64_t columns, int64_t channels, float *panels) {
    const int64_t planes = (tile + 2) * (tile + 2);
    for (int64_t p = 0; p < FN(panel_count)(columns); p++) {
        const int64_t start = FN(panel_start)(columns, p), vectors = FN(panel_start)(columns, p + 1) - start;
        for (int64_t c = 0; c < channels; c++)
            for (int64_t v = 0; v < vectors; v++) {
                float taps[9 * LANES], result[MOST_SIDE * MOST_SIDE * LANES];
                for (int64_t n = 0; n < LANES; n++) {
                    const int64_t column = (start + v) * LANES + n;
                    for (int64_t t = 0; t < 9; t++)
                        taps[t * LANES + n] = column < columns ? weights[(column * 9 + t) * channels + c] : 0;
                }
                if (tile == 4) FN(transform_filters)(4, taps, result);
                else FN(transform_filters)(2, taps, result);
                for (int64_t f = 0; f < planes; f++)
                    memcpy(
                        panels + ((f * channels + c) * vectors + v) * LANES, result + f * LANES,
                        LANES * sizeof(float));
            }
        panels += planes * channels * vectors * LANES;
    }
}

/// to = Bᵀ · from, for one column of a tile.
ALWAYS_INLINE TARGET void FN(to_transformed)(const int tile, const vector *from, vector *to) {
    if (tile == 4) {
        const vector even = from[4] - 4 * from[2], odd = from[3] - 4 * from[1];
        const vector outer = from[4] - from[2], inner = 2 * (from[3] - from[1]);
        to[0] = 4 * from[0] - 5 * from[2] + from[4];
        to[1] = even + odd;
        to[2] = even - odd;
        to[3] = outer + inner;
        to[4] = outer - inner;
        to[5] = 4 * from[1] - 5 * from[3] + from[5];
    } else {
        to[0] = from[0] - from[2];
        to[1] = from[1] + from[2];
        to[2] = from[2] - from[1];
        to[3] = from[1] - from[3];
    }
}

/// to = Aᵀ · from, for one column of a tile.
ALWAYS_INLINE TARGET void FN(from_transformed)(const int tile, const vector *from, vector *to) {
    if (tile == 4) {
        const vector even = from[1] + from[2], odd = from[1] - from[2];
        const vector outer = from[3] + from[4], inner = from[3] - from[4];
        to[0] = from[0] + even + outer;
        to[1] = odd + 2 * inner;
        to[2] = even + 4 * outer;
        to[3] = odd + 8 * inner + from[5];
    } else {
        to[0] = from[0] + from[1] + from[2];
        to[1] = from[1] - from[2] - from[3];
    }
}

/// `lanes` channels of the input of one tile, whose pixels are at `pixels`, to `to`, whose elements are `step` apart.
ALWAYS_INLINE TARGET void FN(transform_channels)(
    const int tile, int64_t lanes, int64_t channel, const float *const *pixels, float *to, int64_t step) {
    const int side = tile + 2;
    vector rows[MOST_SIDE][MOST_SIDE];
    UNROLL for (int x = 0; x < side; x++) {
        vector column[MOST_SIDE], result[MOST_SIDE];
        UNROLL for (int y = 0; y < side; y++) column[y] = FN(load)(pixels[y * side + x] + channel, lanes);
        FN(to_transformed)(tile, column, result);
        UNROLL for (int y = 0; y < side; y++) rows[y][x] = result[y];
    }
    UNROLL for (int y = 0; y < side; y++) {
        vector result[MOST_SIDE];
        FN(to_transformed)(tile, rows[y], result);
        UNROLL for (int x = 0; x < side; x++) FN(store)(to + (y * side + x) * step + channel, result[x], lanes);
    }
}

ALWAYS_INLINE TARGET void FN(transform_tiles)(
    const graft_winograd *w, const int tile, int64_t begin, int64_t end) {
    const int side = tile + 2;
    const int64_t across = (w->output_width + tile - 1) / tile, step = w->tile_count * w->channels;
    for (int64_t t = begin; t < end; t++) {
        const int64_t top = t / across * tile - w->padding_top, left = t % across * tile - w->padding_left;
        const float *pixels[MOST_SIDE * MOST_SIDE];
        for (int64_t y = 0; y < side; y++)
            for (int64_t x = 0; x < side; x++) {
                const int64_t row = top + y, column = left + x;
                const int inside = row >= 0 && row < w->height && column >= 0 && column < w->width;
                pixels[y * side + x] = inside ? w->input + (row * w->width + column) * w->channels : w->zeros;
            }
        float *to = w->transformed + (t - w->first_tile) * w->channels;
        int64_t channel = 0;
        for (; channel + LANES <= w->channels; channel += LANES)
            FN(transform_channels)(tile, LANES, channel, pixels, to, step);
        if (channel < w->channels) FN(transform_channels)(tile, w->channels - channel, channel, pixels, to, step);
    }
}

TARGET void FN(winograd_transform)(const graft_winograd *w, int64_t begin, int64_t end) {
    if (w->tile == 4) FN(transform_tiles)(w, 4, begin, end);
    else FN(transform_tiles)(w, 2, begin, end);
}

/// `count` rows of a matrix product: from `input` [count, C] to `output` [count, columns of the panel].
#define PRODUCTS(v)                                                                                                    \
    TARGET static __attribute__((noinline)) void FN(products_of_##v)(                                                  \
        const float *input, int64_t channels, int64_t count, const float *panel, float *output) {                      \
        const int64_t tiles = (count + MOST_ROWS(v) - 1) / MOST_ROWS(v);                                               \
        for (int64_t t = 0; t < tiles; t++) {                                                                          \
            const int64_t row = count * t / tiles;                                                                     \
            const float *from = input + row * channels;                                                                \
            float *to = output + row * v * LANES;                                                                      \
            const FN(ahead) ahead = FN(part_ahead)(panel, channels, v, t, tiles, channels);                            \
            switch (count * (t + 1) / tiles - row) { EACH_ROW_COUNT(v) }                                               \
        }                                                                                                              \
    }
#define CASE(r, v)                                                                                                     \
    case r:                                                                                                            \
        if (r <= MOST_ROWS(v)) {                                                                                       \
            vector sum[12][MOST_VECTORS];                                                                              \
            UNROLL for (int i = 0; i < r; i++) UNROLL for (int j = 0; j < v; j++) sum[i][j] = (vector){0};             \
            FN(accumulate)(r, v, sum, from, channels, channels, panel, ahead);                                                \
            UNROLL for (int i = 0; i < r; i++)                                                                         \
                UNROLL for (int j = 0; j < v; j++) FN(store)(to + (i * v + j) * LANES, sum[i][j], LANES);              \
        }                                                                                                              \
        break;

PRODUCTS(1)
PRODUCTS(2)
#if MOST_VECTORS > 2
PRODUCTS(3)
#endif
#if MOST_VECTORS > 3
PRODUCTS(4)
#endif
#undef CASE
#undef PRODUCTS

/// Brings one vector of columns of one tile back from `products`, whose elements are `step` apart.
ALWAYS_INLINE TARGET void FN(finish_tile)(
    const graft_winograd *w, const int tile, int64_t lanes, int64_t t, int64_t column, const float *products,
    int64_t step) {
    const int side = tile + 2;
    vector rows[MOST_SIDE][MOST_SIDE];
    UNROLL for (int x = 0; x < side; x++) {
        vector from[MOST_SIDE], result[MOST_SIDE];
        UNROLL for (int y = 0; y < side; y++) from[y] = FN(load)(products + (y * side + x) * step, LANES);
        FN(from_transformed)(tile, from, result);
        UNROLL for (int y = 0; y < tile; y++) rows[y][x] = result[y];
    }
    const vector bias = FN(load)(w->bias + column, lanes);
    const int64_t across = (w->output_width + tile - 1) / tile;
    const int64_t top = t / across * tile, left = t % across * tile;
    UNROLL for (int y = 0; y < tile; y++) {
        if (top + y >= w->output_height) break;
        vector result[MOST_SIDE];
        FN(from_transformed)(tile, rows[y], result);
        UNROLL for (int x = 0; x < tile; x++) {
            if (left + x < w->output_width) {
                const int64_t at = ((top + y) * w->output_width + left + x) * w->columns + column;
                vector value = result[x] + bias;
                if (w->residual) value += FN(load)(w->residual + at, lanes);
                FN(store)(w->output + at, FN(clamp)(value, w->activation), lanes);
                if (w->activation.curve) FN(bend)(w->output + at, lanes, w->activation.curve);
            }
        }
    }
}

ALWAYS_INLINE TARGET void FN(multiply_tiles)(
    const graft_winograd *w, const int tile, int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel) {
    const int64_t count = end - begin, planes = (tile + 2) * (tile + 2);
    for (int64_t p = first_panel; p < last_panel; p++) {
        const int64_t start = FN(panel_start)(w->columns, p), vectors = FN(panel_start)(w->columns, p + 1) - start;
        const int64_t width = vectors * LANES, step = count * width;
        const float *panel = w->panels + start * LANES * planes * w->channels;
        for (int64_t f = 0; f < planes; f++, panel += w->channels * width) {
            const float *input = w->transformed + (f * w->tile_count + begin - w->first_tile) * w->channels;
            float *output = w->scratch + f * step;
            switch (vectors) {
                case 1: FN(products_of_1)(input, w->channels, count, panel, output); break;
                case 2: FN(products_of_2)(input, w->channels, count, panel, output); break;
#if MOST_VECTORS > 2
                case 3: FN(products_of_3)(input, w->channels, count, panel, output); break;
#endif
#if MOST_VECTORS > 3
                case 4: FN(products_of_4)(input, w->channels, count, panel, output); break;
#endif
            }
        }
        for (int64_t t = 0; t < count; t++)
            for (int64_t v = 0; v < vectors; v++) {
                const int64_t column = (start + v) * LANES;
                const float *products = w->scratch + t * width + v * LANES;
                if (column + LANES <= w->columns)
                    FN(finish_tile)(w, tile, LANES, begin + t, column, products, step);
                else FN(finish_tile)(w, tile, w->columns - column, begin + t, column, products, step);
            }
    }
}

TARGET void FN(winograd_multiply)(
    const graft_winograd *w, int64_t begin, int64_t end, int64_t first_panel, int64_t last_panel) {
    if (w->tile == 4) FN(multiply_tiles)(w, 4, begin, end, first_panel, last_panel);
    else FN(multiply_tiles)(w, 2, begin, end, first_panel, last_panel);
}

#undef MOST_ROWS
#undef EACH_ROW_COUNT
#endif
