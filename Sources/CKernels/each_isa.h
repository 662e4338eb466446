// Includes KERNEL_FILE once per instruction set of the architecture we are compiled for, with these set:
//
//   FN(name)       the name of a function of this instance
//   TARGET         the attribute that lets a function use the instruction set
//   LANES          floats in a vector
//   MOST_VECTORS   how many vectors of columns a tile of the matrix product has at most, and
//   ROWS_OF_n      how many rows, if it has n of them: so many that its sums, a vector of each column and a broadcast
//                  element fill the registers
//
// A kernel file includes this one first; its own text after that is compiled once per inclusion (as Highway's
// foreach_target.h does it).

#if defined(__x86_64__)

#define FN(name) graft_##name##_scalar
#define TARGET
#define LANES 4
#define MOST_VECTORS 2
#define ROWS_OF_1 6
#define ROWS_OF_2 6
#define ROWS_OF_3 0
#define ROWS_OF_4 0
#include KERNEL_FILE
#include "each_isa_end.h"

#define FN(name) graft_##name##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define MOST_VECTORS 2
#define ROWS_OF_1 12
#define ROWS_OF_2 6
#define ROWS_OF_3 0
#define ROWS_OF_4 0
#include KERNEL_FILE
#include "each_isa_end.h"

#define FN(name) graft_##name##_avx512
#define TARGET __attribute__((target("avx512f,avx512bw,avx2,fma")))
#define LANES 16
#define MOST_VECTORS 3
#define ROWS_OF_1 12
#define ROWS_OF_2 12
#define ROWS_OF_3 9
#define ROWS_OF_4 0
#include KERNEL_FILE
#include "each_isa_end.h"

#elif defined(__aarch64__)

#define FN(name) graft_##name##_neon
#define TARGET
#define LANES 4
#define MOST_VECTORS 4
#define ROWS_OF_1 12
#define ROWS_OF_2 12
#define ROWS_OF_3 8
#define ROWS_OF_4 6
#include KERNEL_FILE
#include "each_isa_end.h"

#else

#define FN(name) graft_##name##_scalar
#define TARGET
#define LANES 4
#define MOST_VECTORS 2
#define ROWS_OF_1 6
#define ROWS_OF_2 4
#define ROWS_OF_3 0
#define ROWS_OF_4 0
#include KERNEL_FILE
#include "each_isa_end.h"

#endif
