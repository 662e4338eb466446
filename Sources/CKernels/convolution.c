// Convolutions of any window; see include/convolution.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "convolution.c"
#include "instances.h"
#include "each_isa.h"
#else

#include "vector.h"

/// Copies `count` floats: for the short runs of a window, faster than a call of memcpy.
ALWAYS_INLINE TARGET void FN(copy)(float *to, const float *from, int64_t count) {
    if (count < LANES) {
        for (int64_t i = 0; i < count; i++) to[i] = from[i];
        return;
    }
    for (int64_t i = 0; i + LANES < count; i += LANES) FN(store)(to + i, FN(load)(from + i, LANES), LANES);
    // The last vector ends where the run ends, and may overlap the one before.
    FN(store)(to + count - LANES, FN(load)(from + count - LANES, LANES), LANES);
}

/// Writes the window of the output pixel at `y`, `x` as one row [kernel · kernel · C].
ALWAYS_INLINE TARGET void FN(gather)(const graft_convolution *c, int64_t y, int64_t x, float *row) {
    const int64_t top = y * c->stride - c->padding_top, left = x * c->stride - c->padding_left;
    const int64_t first = left < 0 ? -left : 0;
    const int64_t last = c->width - left < c->kernel ? c->width - left : c->kernel;
    const int64_t run = c->kernel * c->channels;
    for (int64_t i = 0; i < c->kernel; i++, row += run) {
        if (top + i < 0 || top + i >= c->height || first >= last) {
            memset(row, 0, (size_t)run * sizeof(float));
            continue;
        }
        // Neighbouring pixels of a row are contiguous, so a row of the window is one run.
        const float *from = c->input + ((top + i) * c->width + left) * c->channels;
        if (first > 0) memset(row, 0, (size_t)(first * c->channels) * sizeof(float));
        FN(copy)(row + first * c->channels, from + first * c->channels, (last - first) * c->channels);
        if (last < c->kernel)
            memset(row + last * c->channels, 0, (size_t)((c->kernel - last) * c->channels) * sizeof(float));
    }
}

TARGET void FN(convolution)(const graft_convolution *c, int64_t begin, int64_t end) {
    const int64_t depth = c->kernel * c->kernel * c->channels;
    graft_product product = {
        .columns = c->columns,
        .depth = depth,
        .input = c->scratch,
        .panels = c->panels,
        .bias = c->bias,
        .clamp = c->clamp,
    };
    const int64_t pixels = end * c->output_width;
    for (int64_t pixel = begin * c->output_width; pixel < pixels; pixel += graft_gathered_pixels) {
        const int64_t count = pixels - pixel < graft_gathered_pixels ? pixels - pixel : graft_gathered_pixels;
        for (int64_t i = 0; i < count; i++)
            FN(gather)(c, (pixel + i) / c->output_width, (pixel + i) % c->output_width, c->scratch + i * depth);
        product.residual = c->residual ? c->residual + pixel * c->columns : 0;
        product.output = c->output + pixel * c->columns;
        FN(product)(&product, 0, count);
    }
}

#endif
