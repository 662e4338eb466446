// Includes KERNEL_FILE once per instruction set of the architecture we are compiled for, with these set:
//
//   FN(name)       the name of a function of this instance
//   TARGET         the attribute that lets a function use the instruction set
//   LANES          floats in a vector
//   TILE_ROWS      rows and
//   TILE_VECTORS   vectors of columns that the matrix product keeps in registers: all of them but a few, which
//                  hold a vector of each column and a broadcast element
//
// A kernel file includes this one first; its own text after that is compiled once per inclusion (as Highway's
// foreach_target.h does it).

#if defined(__x86_64__)

#define FN(name) graft_##name##_scalar
#define TARGET
#define LANES 4
#define TILE_ROWS 6
#define TILE_VECTORS 2
#include KERNEL_FILE
#include "each_isa_end.h"

#define FN(name) graft_##name##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define TILE_ROWS 6
#define TILE_VECTORS 2
#include KERNEL_FILE
#include "each_isa_end.h"

#define FN(name) graft_##name##_avx512
#define TARGET __attribute__((target("avx512f,avx2,fma")))
#define LANES 16
#define TILE_ROWS 12
#define TILE_VECTORS 2
#include KERNEL_FILE
#include "each_isa_end.h"

#elif defined(__aarch64__)

#define FN(name) graft_##name##_neon
#define TARGET
#define LANES 4
#define TILE_ROWS 8
#define TILE_VECTORS 3
#include KERNEL_FILE
#include "each_isa_end.h"

#else

#define FN(name) graft_##name##_scalar
#define TARGET
#define LANES 4
#define TILE_ROWS 4
#define TILE_VECTORS 2
#include KERNEL_FILE
#include "each_isa_end.h"

#endif
