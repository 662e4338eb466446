#ifndef GRAFT_SKETCHES_H
#define GRAFT_SKETCHES_H

#include <stdint.h>

/// Words of a sketch: signs of 512 projections.
enum { graft_sketch_words = 8 };

/// Which of many sketches are nearest to one: the least numbers of bits that differ.
typedef struct {
    /// [8]
    const uint64_t *sketch;
    /// [count, 8]
    const uint64_t *others;
    int64_t count;
    /// The least, and the least of the rest; 513, one more than bits, for what there is not.
    int64_t first, second;
} graft_nearest;

#endif
