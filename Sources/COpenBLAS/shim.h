// OpenBLAS, with the one routine of LAPACK that is needed; liblapacke, which has a C header for it, is not.

#ifndef COPENBLAS_SHIM_H
#define COPENBLAS_SHIM_H

#include <cblas.h>
#include <stddef.h>

/// Cholesky factor of a symmetric matrix `[n, n]`, column-major, in place. `info` is 0, or the order of the first leading
/// minor that is not positive. `uplo_length` is the hidden argument by which Fortran passes the length of `uplo`: 1.
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info, size_t uplo_length);

#endif
