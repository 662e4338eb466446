// The nearest of many sketches.

#include <stdio.h>
#include <stdlib.h>

#include "checks.h"

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static void check_nearest(checks *c, int64_t count) {
    snprintf(c->shape, sizeof c->shape, "%lld sketches", (long long)count);
    c->shapes++;
    uint64_t sketch[graft_sketch_words];
    uint64_t *others = malloc((size_t)(count + 1) * sizeof sketch);
    int *distances = malloc((size_t)(count + 2) * sizeof *distances);
    for (int w = 0; w < graft_sketch_words; w++) sketch[w] = (uint64_t)check_between(c, 0, INT64_MAX - 1) * 3;
    for (int64_t i = 0; i < count; i++) {
        // From no bit to all of them, so that ties and both ends occur.
        const double part = check_between(c, 0, 4) / 4.0;
        distances[i] = 0;
        for (int w = 0; w < graft_sketch_words; w++) {
            uint64_t flipped = 0;
            for (int bit = 0; bit < 64; bit++)
                if (check_between(c, 1, 100) <= part * 100) flipped |= (uint64_t)1 << bit, distances[i]++;
            others[i * graft_sketch_words + w] = sketch[w] ^ flipped;
        }
    }
    distances[count] = distances[count + 1] = 513;
    graft_nearest nearest = {.sketch = sketch, .others = others, .count = count, .first = -1, .second = -1};
    c->kernels->find_nearest(&nearest);
    qsort(distances, (size_t)count, sizeof *distances, compare);
    c->elements += 2;
    if (nearest.first != distances[0] || nearest.second != distances[1])
        check_fail(
            c, "the nearest differ in %lld and %lld bits, expected %d and %d", (long long)nearest.first,
            (long long)nearest.second, distances[0], distances[1]);
    free(others), free(distances);
}

void check_sketches(checks *c) {
    for (int64_t count = 0; count <= 40; count++) check_nearest(c, count);
}
