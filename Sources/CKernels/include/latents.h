#ifndef GRAFT_LATENTS_H
#define GRAFT_LATENTS_H

#include <stdint.h>

/// What is kept of an image before the top.
typedef struct {
    int64_t pixels, channels;
    /// [pixels, channels]
    const float *elements;
} graft_latent;

#endif
