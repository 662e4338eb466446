// Reads an HDF5 file through libhdf5, in a process of its own.
//
// libhdf5 was not written for files that somebody made to break it: it crashes, loops and allocates at their will. (Of
// small files in which a few bytes were changed at random, one in 200 crashed version 1.10.8, and one in 600 kept it
// busy for ever.) So a forked child reads, with little memory and time and without any file but the pipe to which it writes what it finds;
// whoever reads the pipe checks every length, because a child that was taken over writes what it likes.
//
// The child runs only C, never Swift's runtime, which a fork leaves in whatever state its threads were in. It may use
// malloc: glibc takes its locks around a fork, though POSIX does not ask for it. libhdf5 is never used in the parent,
// so its own lock is free.

#ifndef CHDF5_H
#define CHDF5_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// The byte a record begins with. What follows are numbers, little-endian, and texts: the length as 32 bits and the bytes.
enum {
    /// Strings attached to an object: the object's path, the attribute's name, how many strings as 32 bits, the strings.
    /// Those of an object come before the object and before what is in it.
    graft_hdf5_attribute = 'a',
    /// An array of numbers: path, element type as 8 bits, rank as 8 bits, each side as 64 bits; then, if elements were
    /// asked for, the elements, little-endian and row-major.
    graft_hdf5_dataset = 'd',
    /// The last record: everything was read.
    graft_hdf5_end = 'e',
    /// The last record: a text that says what of the file cannot be read.
    graft_hdf5_damaged = 'x',
    /// The last record: a text that says what the file has that is not read.
    graft_hdf5_unsupported = 'u',
    /// The last record: a text that says of what there is too much, and the limit as 64 bits.
    graft_hdf5_too_large = 'l',
};

/// How a dataset's elements are sent.
enum {
    graft_hdf5_f64 = 1,
    graft_hdf5_f32,
    graft_hdf5_f16,
    graft_hdf5_bf16,
    graft_hdf5_i64,
    graft_hdf5_i32,
    graft_hdf5_i16,
    graft_hdf5_i8,
    graft_hdf5_u8,
    graft_hdf5_bool,
};

/// What a child may send and use.
typedef struct graft_hdf5_limits {
    /// Bytes of the elements of all datasets together.
    uint64_t elements;
    /// Bytes of all paths and strings together.
    uint64_t texts;
    /// Groups, datasets and attributes.
    uint64_t objects;
    /// Groups within groups.
    uint64_t depth;
    /// Bytes allocated.
    uint64_t memory;
    /// Seconds of computing, and six times as many by the clock.
    uint64_t seconds;
} graft_hdf5_limits;

typedef struct graft_hdf5_child {
    pid_t process;
    /// The end of the pipe at which its records are read.
    int descriptor;
} graft_hdf5_child;

/// Starts a child that reads the file in `bytes`, which are borrowed only for the call. Returns 0 or an error code.
///
/// Links are followed only if they are hard, and elements read only if they are in the file, plain or compressed by
/// gzip. What is not made of numbers is left out.
int graft_hdf5_start(
    const uint8_t *bytes, size_t count, const graft_hdf5_limits *limits, int wants_elements, graft_hdf5_child *child);

/// Waits until the child is gone and returns the signal by which it ended, 0 for none.
int graft_hdf5_wait(pid_t process);

#endif
