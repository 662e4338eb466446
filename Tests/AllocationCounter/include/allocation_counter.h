#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

/// How many blocks of memory the calling thread has allocated or resized since it began.
///
/// Linking this library puts a counter in front of the C library's allocator, from which Swift's objects come too.
long allocation_count(void);

#endif
