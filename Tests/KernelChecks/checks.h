// What the checks of all operations share.
//
// An operation is checked shape by shape. Each shape is run once as a whole and compared, element by element, with the
// plain loops; then in parts, as threads would split it, and compared bit by bit with the first run.

#ifndef CHECKS_H
#define CHECKS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "activation.h"
#include "kernels.h"
#include "training.h"

/// The state of one run of an operation's checks.
typedef struct {
    const graft_kernels *kernels;
    const graft_training_kernels *training;
    uint64_t random;
    /// The shape that is being checked, in words.
    char shape[256];
    int64_t shapes, elements, failures;
    /// The largest error, as a part of what is tolerated.
    double worst;
    char *report;
    size_t report_size, report_length;
} checks;

void check_product(checks *c);
void check_convolution(checks *c);
void check_winograd(checks *c);
void check_winograd_accuracy(checks *c);
void check_depthwise(checks *c);
void check_pool(checks *c);
void check_mean(checks *c);
void check_elementwise(checks *c);
void check_resample(checks *c);
void check_latents(checks *c);
void check_covariance(checks *c);
void check_sketches(checks *c);
void check_curves(checks *c);
void check_training_packing(checks *c);
void check_weight_gradient(checks *c);
void check_activation_gradient(checks *c);
void check_depthwise_gradient(checks *c);
void check_pooling_gradient(checks *c);
void check_adam(checks *c);

/// How many shapes are drawn at random, beside those that are listed.
enum { check_random_shapes = 150 };

// MARK: - Random numbers, the same in every run

/// In [-1, 1).
double check_uniform(checks *c);
/// An integer in [low, high].
int64_t check_between(checks *c, int64_t low, int64_t high);
/// Of the standard normal distribution.
double check_normal(checks *c);

// MARK: - Storage

/// Floats between two guards. All of them, and the guards, are one pattern of a NaN to begin with, so that neither a
/// stray read nor a stray write goes unseen. (Under a sanitizer the guards are its own.)
typedef struct {
    float *values;
    int64_t count;
    char *base;
    size_t size;
} check_buffer;

/// At an address of 64 bytes' alignment, or one float behind it.
check_buffer check_allocate(checks *c, int64_t count);
void check_free(check_buffer buffer);
/// The pattern again, everywhere.
void check_clear(check_buffer buffer);
/// Whether a float has never been written.
int check_is_clear(float value);
/// Fails unless both hold the same bits, guards included; `what` says how the second was made.
void check_same(checks *c, check_buffer first, check_buffer second, const char *what);
/// Fails unless the guards are untouched.
void check_guards(checks *c, check_buffer buffer);

/// What buffers are filled with.
typedef enum {
    /// Small integers, whose sums and products are exact: the result must equal the plain loops' in every bit.
    check_integers,
    /// Reals in [-1, 1).
    check_reals,
} check_numbers;

void check_fill(checks *c, check_buffer buffer, check_numbers numbers);

// MARK: - Splitting

/// How `count` rows, panels or tiles are split: into ranges from `at[i]` to `at[i + 1]`.
typedef struct {
    int64_t parts;
    int64_t at[1024];
} check_cuts;

typedef enum { check_whole, check_one_by_one, check_halves, check_anywhere } check_splitting;
enum { check_splittings = 4 };

check_cuts check_cut(checks *c, int64_t count, check_splitting splitting);

// MARK: - Comparison

/// What the activations of networks are to the kernels: none, ReLU, ReLU6, SiLU, hard swish, GELU, sigmoid, hard sigmoid;
/// and an interval followed by a curve.
enum { check_activations = 9 };
graft_activation check_activation(int64_t index);
const char *check_activation_name(int64_t index);

/// activation(x), in 64-bit.
double check_activated(double x, graft_activation activation);

/// How far a sum may be from the exact one if it is formed in 32-bit, in any order, with at most `roundings` on the way
/// of each term, whose absolute values add up to `magnitude`.
///
/// Higham, Accuracy and Stability of Numerical Algorithms, section 3.1: n roundings are off by at most n · u · Σ|terms|,
/// with u = 2⁻²⁴ (and n · u far below 1). Integers below 2²⁴ are never rounded.
double check_slack(check_numbers numbers, double magnitude, int64_t roundings);

/// Fails unless `found` is activation(sum), with a sum that may be off by `slack`.
void check_element(checks *c, float found, double sum, double slack, graft_activation activation);

/// Fails with what is said.
void check_fail(checks *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/// Adds to the report.
void check_note(checks *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
