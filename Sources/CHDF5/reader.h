#ifndef READER_H
#define READER_H

#include "CHDF5.h"

/// Writes the records of the file in `bytes` to `pipe`; does not return if there is a fault.
void graft_hdf5_send(
    const uint8_t *bytes, size_t count, const graft_hdf5_limits *limits, int wants_elements, int pipe);

#endif
