// Packing weights that change with every step; see include/training.h. The panels are those of tile.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "training_packing.c"
#include "training_instances.h"
#include "each_isa.h"
#else

#include "vector.h"
#include "tile.h"

TARGET void FN(pack_scaled)(
    const float *weights, const float *scale, int64_t columns, int64_t depth, float *panels, int64_t first_panel,
    int64_t last_panel) {
    // So much of the depth at a time that the lines of all rows, which are read along the depth, stay in the cache.
    enum { run = 16 };
    for (int64_t p = first_panel; p < last_panel; p++) {
        const int64_t first = FN(panel_start)(columns, p) * LANES;
        const int64_t width = FN(panel_start)(columns, p + 1) * LANES - first;
        const int64_t inside = columns - first < width ? columns - first : width;
        for (int64_t k = 0; k < depth; k += run) {
            const int64_t count = depth - k < run ? depth - k : run;
            float *panel = panels + first * depth + k * width;
            for (int64_t n = 0; n < inside; n++) {
                const float *from = weights + (first + n) * depth + k;
                const float factor = scale ? scale[first + n] : 1;
                if (count == run)
                    UNROLL for (int i = 0; i < run; i++) panel[i * width + n] = from[i] * factor;
                else
                    for (int64_t i = 0; i < count; i++) panel[i * width + n] = from[i] * factor;
            }
            for (int64_t n = inside; n < width; n++)
                for (int64_t i = 0; i < count; i++) panel[i * width + n] = 0;
        }
    }
}

TARGET void FN(pack_transposed)(
    const float *weights, const float *scale, int64_t outputs, int64_t all_taps, int64_t channels,
    const int64_t *taps, int64_t tap_count, float *panels, int64_t first_panel, int64_t last_panel) {
    for (int64_t p = first_panel; p < last_panel; p++) {
        const int64_t start = FN(panel_start)(channels, p), vectors = FN(panel_start)(channels, p + 1) - start;
        float *to = panels + start * LANES * tap_count * outputs;
        for (int64_t t = 0; t < tap_count; t++)
            for (int64_t o = 0; o < outputs; o++) {
                const float *from = weights + (o * all_taps + taps[t]) * channels;
                const float factor = scale ? scale[o] : 1;
                for (int64_t v = 0; v < vectors; v++, to += LANES) {
                    const int64_t c = (start + v) * LANES, lanes = channels - c < LANES ? channels - c : LANES;
                    const vector value = lanes == LANES ? FN(load)(from + c, LANES) : FN(load)(from + c, lanes);
                    FN(store)(to, value * factor, LANES);
                }
            }
    }
}

#undef MOST_ROWS
#undef EACH_ROW_COUNT
#endif
