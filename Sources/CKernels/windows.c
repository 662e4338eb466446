// Windows of a batch as rows of a matrix, and the gradient of a convolution's weights, which meets them as panels of
// columns; see include/training.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "windows.c"
#include "training_instances.h"
#include "each_isa.h"
#else

#include "vector.h"
#include "tile.h"

#ifndef MOST_POSITIONS
// So many positions at a time that a panel of their windows stays in the second-level cache.
#define MOST_POSITIONS 448
// How many pixels before they are read the cache is told of them: they lie too far apart for it to see it coming.
#define PIXELS_AHEAD 16

int64_t graft_weight_gradient_scratch(void) { return MOST_POSITIONS * graft_most_panel_columns; }

/// A position of the grid.
typedef struct {
    int64_t image, y, x;
} graft_position;

static inline graft_position graft_position_at(const graft_windows *w, int64_t index) {
    const int64_t row = index / w->grid_width;
    const graft_position position = {row / w->grid_height, row % w->grid_height, index % w->grid_width};
    return position;
}

static inline void graft_advance(const graft_windows *w, graft_position *position) {
    if (++position->x < w->grid_width) return;
    position->x = 0;
    if (++position->y < w->grid_height) return;
    position->y = 0;
    position->image++;
}

/// The pixel that a tap finds, or NULL outside the image.
static inline const float *graft_tap(const graft_windows *w, graft_position position, int64_t tap) {
    const int64_t y = position.y * w->step + w->tap_rows[tap], x = position.x * w->step + w->tap_columns[tap];
    if (y < 0 || y >= w->height || x < 0 || x >= w->width) return 0;
    return w->input + ((position.image * w->height + y) * w->width + x) * w->channels + w->first_channel;
}
#endif

TARGET void FN(gather_windows)(
    const graft_windows *w, int64_t begin, int64_t end, int64_t first_tap, int64_t last_tap, float *rows) {
    graft_position position = graft_position_at(w, begin);
    const size_t bytes = (size_t)w->channel_count * sizeof(float);
    for (int64_t p = begin; p < end; p++, graft_advance(w, &position))
        for (int64_t t = first_tap; t < last_tap; t++, rows += w->channel_count) {
            const float *from = graft_tap(w, position, t);
            if (from) memcpy(rows, from, bytes);
            else memset(rows, 0, bytes);
        }
}

/// One vector of columns, from `column` of [taps, channel count], of the windows of `count` positions: a column of
/// vectors `width` floats apart.
TARGET static void FN(gather_columns)(
    const graft_windows *w, graft_position position, int64_t count, int64_t column, int64_t width, float *to) {
    const int64_t tap = column / w->channel_count, channel = column % w->channel_count;
    if (channel + LANES <= w->channel_count) {
        const int64_t top = w->tap_rows[tap], left = w->tap_columns[tap];
        // Line by line of the grid: what lies inside the image is one range of columns.
        while (count > 0) {
            const int64_t run = w->grid_width - position.x < count ? w->grid_width - position.x : count;
            const int64_t y = position.y * w->step + top;
            const int inside = y >= 0 && y < w->height;
            const float *line =
                w->input + (position.image * w->height + y) * w->width * w->channels + w->first_channel + channel;
            for (int64_t i = 0; i < run; i++, to += width) {
                const int64_t x = (position.x + i) * w->step + left;
                const vector value =
                    inside && x >= 0 && x < w->width ? FN(load)(line + x * w->channels, LANES) : (vector){0};
                FN(store)(to, value, LANES);
            }
            count -= run;
            position.x += run - 1;
            graft_advance(w, &position);
        }
        return;
    }
    // Lanes of several taps, or beyond the last.
    for (int64_t p = 0; p < count; p++, to += width, graft_advance(w, &position))
        for (int64_t lane = 0; lane < LANES; lane++) {
            const int64_t t = (column + lane) / w->channel_count;
            const float *from = t < w->tap_count ? graft_tap(w, position, t) : 0;
            to[lane] = from ? from[(column + lane) % w->channel_count] : 0;
        }
}

/// `rows` filters from `output`, and a panel's vectors of columns from `column`, the last of `lanes` lanes.
ALWAYS_INLINE TARGET void FN(weight_tile)(
    const graft_weight_gradient *g, const int rows, const int vectors, int64_t lanes, int64_t output, int64_t column,
    int64_t begin, int64_t end, const float *panel) {
    vector sum[12][MOST_VECTORS];
    const int64_t stride = g->windows.tap_count * g->windows.channel_count;
    float *to = g->weight_gradient + output * stride + column;
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (vector){0};
    const float *from = g->output_gradient + begin * g->output_stride + output;
    for (int64_t p = begin; p < end; p++, from += g->output_stride, panel += vectors * LANES) {
        vector window[MOST_VECTORS];
        __builtin_prefetch(from + PIXELS_AHEAD * g->output_stride);
        __builtin_prefetch(from + PIXELS_AHEAD * g->output_stride + rows - 1);
        UNROLL for (int v = 0; v < vectors; v++) window[v] = FN(load)(panel + v * LANES, LANES);
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += from[r] * window[v];
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vectors; v++) {
            const int64_t here = v == vectors - 1 ? lanes : LANES;
            float *at = to + r * stride + v * LANES;
            // Short sums, then the sum of these: less is rounded off than in one long sum.
            FN(store)(at, begin == 0 ? sum[r][v] : sum[r][v] + FN(load)(at, here), here);
        }
}

#define PANELS(v)                                                                                                      \
    TARGET static __attribute__((noinline)) void FN(weight_panel_of_##v)(                                              \
        const graft_weight_gradient *g, int64_t lanes, int64_t first_output, int64_t last_output, int64_t column,      \
        int64_t begin, int64_t end, const float *panel) {                                                              \
        const int64_t count = last_output - first_output, tiles = (count + MOST_ROWS(v) - 1) / MOST_ROWS(v);           \
        for (int64_t t = 0; t < tiles; t++) {                                                                          \
            const int64_t output = first_output + count * t / tiles;                                                   \
            switch (first_output + count * (t + 1) / tiles - output) { EACH_ROW_COUNT(v) }                             \
        }                                                                                                              \
    }
#define CASE(r, v)                                                                                                     \
    case r:                                                                                                            \
        if (r <= MOST_ROWS(v)) {                                                                                       \
            if (lanes == LANES) FN(weight_tile)(g, r, v, LANES, output, column, begin, end, panel);                    \
            else FN(weight_tile)(g, r, v, lanes, output, column, begin, end, panel);                                   \
        }                                                                                                              \
        break;

PANELS(1)
PANELS(2)
#if MOST_VECTORS > 2
PANELS(3)
#endif
#if MOST_VECTORS > 3
PANELS(4)
#endif
#undef CASE

/// A panel's columns of the windows of the positions `begin ..< end`, in the scratch space.
ALWAYS_INLINE TARGET void FN(gather_panel)(
    const graft_weight_gradient *g, int64_t begin, int64_t end, int64_t column, int64_t vectors) {
    const graft_windows *w = &g->windows;
    graft_position position = graft_position_at(w, begin);
    const int64_t tap = column / w->channel_count, channel = column % w->channel_count;
    if (channel + vectors * LANES > w->channel_count) {
        for (int64_t v = 0; v < vectors; v++)
            FN(gather_columns)(w, position, end - begin, column + v * LANES, vectors * LANES, g->scratch + v * LANES);
        return;
    }
    // All vectors are of one tap, and lie side by side.
    float *to = g->scratch;
    for (int64_t p = begin; p < end; p++, graft_advance(w, &position), to += vectors * LANES) {
        const float *from = graft_tap(w, position, tap);
        if (from) {
            from += channel;
            const float *ahead = from + PIXELS_AHEAD * w->channels;
            for (int64_t v = 0; v < vectors; v++) {
                __builtin_prefetch(ahead + v * LANES);
                FN(store)(to + v * LANES, FN(load)(from + v * LANES, LANES), LANES);
            }
        } else {
            memset(to, 0, (size_t)(vectors * LANES) * sizeof(float));
        }
    }
}

TARGET void FN(weight_gradient)(
    const graft_weight_gradient *g, int64_t first_panel, int64_t last_panel, int64_t first_output,
    int64_t last_output) {
    const int64_t columns = g->windows.tap_count * g->windows.channel_count;
    const int64_t blocks = (g->positions + MOST_POSITIONS - 1) / MOST_POSITIONS;
    // All panels meet some positions before the next ones come, so that their output gradients stay in the cache.
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t begin = g->positions * b / blocks, end = g->positions * (b + 1) / blocks;
        for (int64_t n = first_panel; n < last_panel; n++) {
            const int64_t start = FN(panel_start)(columns, n), vectors = FN(panel_start)(columns, n + 1) - start;
            const int64_t column = start * LANES, rest = columns - column - (vectors - 1) * LANES;
            const int64_t lanes = rest < LANES ? rest : LANES;
            FN(gather_panel)(g, begin, end, column, vectors);
#define CASE(v)                                                                                                        \
    case v: FN(weight_panel_of_##v)(g, lanes, first_output, last_output, column, begin, end, g->scratch); break;
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

TARGET float FN(scale_filter_gradient)(float *gradient, const float *weight, int64_t count, float scale) {
    vector sums[2] = {{0}, {0}};
    int64_t i = 0;
    for (; i + 2 * LANES <= count; i += 2 * LANES)
        UNROLL for (int v = 0; v < 2; v++) {
            const vector g = FN(load)(gradient + i + v * LANES, LANES);
            sums[v] += g * FN(load)(weight + i + v * LANES, LANES);
            FN(store)(gradient + i + v * LANES, g * scale, LANES);
        }
    float sum = 0;
    for (; i < count; i++) {
        sum += gradient[i] * weight[i];
        gradient[i] *= scale;
    }
    const vector both = sums[0] + sums[1];
    for (int lane = 0; lane < LANES; lane++) sum += both[lane];
    return sum;
}

#undef PANELS
#undef MOST_ROWS
#undef EACH_ROW_COUNT
#endif
