// The sketches that are nearest to one; see include/sketches.h.

#ifndef KERNEL_FILE
#define KERNEL_FILE "sketches.c"
#include "instances.h"
#include "each_isa.h"
#else

TARGET void FN(find_nearest)(graft_nearest *nearest) {
    int64_t first = 64 * graft_sketch_words + 1, second = first;
    for (int64_t i = 0; i < nearest->count; i++) {
        const uint64_t *other = nearest->others + i * graft_sketch_words;
        int64_t differing = 0;
        for (int w = 0; w < graft_sketch_words; w++) differing += __builtin_popcountll(nearest->sketch[w] ^ other[w]);
        if (differing < first) second = first, first = differing;
        else if (differing < second) second = differing;
    }
    nearest->first = first;
    nearest->second = second;
}

#endif
