// The gradient of a convolution's weights, and the windows it is made of.

#include <math.h>
#include <stdio.h>

#include "checks.h"

typedef struct {
    int64_t images, height, width, channels, first_channel, channel_count;
    int64_t grid_height, grid_width, step, taps;
    /// Floats between one row of output gradients and the next.
    int64_t outputs, output_gap;
    check_numbers numbers;
} shape;

/// What a tap finds, 0 outside the image.
static double found_by(const graft_windows *w, int64_t position, int64_t tap, int64_t channel) {
    const int64_t line = position / w->grid_width, image = line / w->grid_height;
    const int64_t y = line % w->grid_height * w->step + w->tap_rows[tap];
    const int64_t x = position % w->grid_width * w->step + w->tap_columns[tap];
    if (y < 0 || y >= w->height || x < 0 || x >= w->width) return 0;
    return w->input[((image * w->height + y) * w->width + x) * w->channels + w->first_channel + channel];
}

static void check_gathered(checks *c, const graft_windows *windows, int64_t positions) {
    const int64_t first = check_between(c, 0, windows->tap_count - 1), last = windows->tap_count;
    const int64_t run = (last - first) * windows->channel_count;
    check_buffer rows = check_allocate(c, positions * run);
    const check_cuts cuts = check_cut(c, positions < 1000 ? positions : 1000, check_anywhere);
    for (int64_t p = cuts.parts; p-- > 0;) {
        const int64_t end = p == cuts.parts - 1 ? positions : cuts.at[p + 1];
        c->training->gather_windows(windows, cuts.at[p], end, first, last, rows.values + cuts.at[p] * run);
    }
    check_guards(c, rows);
    for (int64_t at = 0; at < rows.count; at++) {
        const int64_t k = at % windows->channel_count, t = first + at % run / windows->channel_count;
        const double expected = found_by(windows, at / run, t, k);
        if (rows.values[at] != (float)expected) {
            check_fail(c, "a window has %.9g, not %.9g", (double)rows.values[at], expected);
            break;
        }
    }
    check_free(rows);
}

static void check(checks *c, shape s) {
    snprintf(
        c->shape, sizeof c->shape,
        "%lld images %lld x %lld x %lld channels %lld from %lld grid %lld x %lld step %lld taps %lld outputs %lld "
        "gap %lld %s",
        (long long)s.images, (long long)s.height, (long long)s.width, (long long)s.channels,
        (long long)s.channel_count, (long long)s.first_channel, (long long)s.grid_height, (long long)s.grid_width,
        (long long)s.step, (long long)s.taps, (long long)s.outputs, (long long)s.output_gap,
        s.numbers == check_integers ? "integers" : "reals");
    c->shapes++;
    const int64_t positions = s.images * s.grid_height * s.grid_width, columns = s.taps * s.channel_count;
    const int64_t stride = s.outputs + s.output_gap;
    int64_t tap_rows[32], tap_columns[32];
    for (int64_t t = 0; t < s.taps; t++) {
        tap_rows[t] = check_between(c, -3, 3);
        tap_columns[t] = check_between(c, -3, 3);
    }
    check_buffer input = check_allocate(c, s.images * s.height * s.width * s.channels);
    check_buffer gradient = check_allocate(c, (positions - 1) * stride + s.outputs);
    check_buffer scratch = check_allocate(c, graft_weight_gradient_scratch());
    check_fill(c, input, s.numbers);
    check_fill(c, gradient, s.numbers);
    const graft_windows windows = {
        .height = s.height,
        .width = s.width,
        .channels = s.channels,
        .first_channel = s.first_channel,
        .channel_count = s.channel_count,
        .grid_height = s.grid_height,
        .grid_width = s.grid_width,
        .step = s.step,
        .tap_count = s.taps,
        .tap_rows = tap_rows,
        .tap_columns = tap_columns,
        .input = input.values,
    };
    check_gathered(c, &windows, positions);

    check_buffer results[check_splittings];
    for (int splitting = 0; splitting < check_splittings; splitting++) {
        check_buffer result = results[splitting] = check_allocate(c, s.outputs * columns);
        const graft_weight_gradient weights = {
            .windows = windows,
            .positions = positions,
            .outputs = s.outputs,
            .output_gradient = gradient.values,
            .output_stride = stride,
            .weight_gradient = result.values,
            .scratch = scratch.values,
        };
        const check_cuts panels = check_cut(c, c->kernels->panels(columns), splitting);
        const check_cuts outputs = check_cut(c, s.outputs, splitting);
        for (int64_t p = panels.parts; p-- > 0;)
            for (int64_t o = outputs.parts; o-- > 0;)
                c->training->weight_gradient(
                    &weights, panels.at[p], panels.at[p + 1], outputs.at[o], outputs.at[o + 1]);
        check_guards(c, scratch);
        check_same(c, results[0], result, "when split by panels and outputs");
    }

    const graft_activation none = check_activation(0);
    for (int64_t at = 0; at < s.outputs * columns; at++) {
        const int64_t o = at / columns, t = at % columns / s.channel_count, k = at % s.channel_count;
        double sum = 0, magnitude = 0;
        for (int64_t p = 0; p < positions; p++) {
            const double term = gradient.values[p * stride + o] * found_by(&windows, p, t, k);
            sum += term;
            magnitude += fabs(term);
        }
        check_element(c, results[0].values[at], sum, check_slack(s.numbers, magnitude, positions), none);
    }
    for (int i = 0; i < check_splittings; i++) check_free(results[i]);
    check_free(input), check_free(gradient), check_free(scratch);
}

void check_weight_gradient(checks *c) {
    // More positions than are gathered at a time, as few channels as a lane, and tiles of every height.
    for (int64_t outputs = 1; outputs <= 26; outputs += 5)
        check(c, (shape){3, 13, 14, 20, 0, 20, 13, 14, 1, 1, outputs, 0, check_integers});
    check(c, (shape){2, 16, 17, 3, 0, 3, 16, 17, 1, 9, 10, 0, check_reals});
    check(c, (shape){5, 7, 7, 49, 0, 49, 7, 7, 1, 9, 11, 0, check_reals});
    for (int i = 0; i < check_random_shapes; i++) {
        const int64_t channels = check_between(c, 1, 60), first = check_between(c, 0, channels - 1);
        check(
            c, (shape){
                   .images = check_between(c, 1, 3),
                   .height = check_between(c, 1, 8),
                   .width = check_between(c, 1, 8),
                   .channels = channels,
                   .first_channel = first,
                   .channel_count = check_between(c, 1, channels - first),
                   .grid_height = check_between(c, 1, 7),
                   .grid_width = check_between(c, 1, 7),
                   .step = check_between(c, 1, 3),
                   .taps = check_between(c, 1, 9),
                   .outputs = check_between(c, 1, 30),
                   .output_gap = check_between(c, 0, 9),
                   .numbers = check_between(c, 0, 1) ? check_integers : check_reals,
               });
    }
}
