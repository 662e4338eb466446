#include "checks.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel_checks.h"

static const struct {
    const char *name;
    void (*run)(checks *c);
} operations[] = {
    {"product", check_product},
    {"convolution", check_convolution},
    {"winograd", check_winograd},
    {"winograd accuracy", check_winograd_accuracy},
    {"depthwise", check_depthwise},
    {"pool", check_pool},
    {"mean", check_mean},
    {"elementwise", check_elementwise},
    {"resample", check_resample},
    {"latents", check_latents},
    {"covariance", check_covariance},
    {"sketches", check_sketches},
    {"curves", check_curves},
    {"training packing", check_training_packing},
    {"weight gradient", check_weight_gradient},
    {"activation gradient", check_activation_gradient},
    {"depthwise gradient", check_depthwise_gradient},
    {"pooling gradient", check_pooling_gradient},
    {"adam", check_adam},
};

int kernel_checks_count(void) { return (int)(sizeof operations / sizeof operations[0]); }

const char *kernel_checks_name(int index) { return operations[index].name; }

int kernel_checks_run(graft_isa isa, const char *operation, char *report, size_t report_size) {
    checks c = {
        .kernels = graft_kernels_for(isa),
        .training = graft_training_kernels_for(isa),
        .random = 20260101,
        .report = report,
        .report_size = report_size,
    };
    report[0] = 0;
    for (int i = 0; c.kernels && i < kernel_checks_count(); i++) {
        if (strcmp(operations[i].name, operation)) continue;
        operations[i].run(&c);
        check_note(
            &c, "%lld shapes, %lld elements, at most %.2f of the tolerance, %lld failures\n", (long long)c.shapes,
            (long long)c.elements, c.worst, (long long)c.failures);
    }
    return c.elements == 0 ? -1 : c.failures > 1000 ? 1000 : (int)c.failures;
}

// MARK: - Random numbers

static uint64_t next_random(checks *c) {
    // SplitMix64 (Steele, Lea and Flood 2014).
    uint64_t z = c->random += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

double check_uniform(checks *c) { return (double)(next_random(c) >> 40) / 8388608 - 1; }

int64_t check_between(checks *c, int64_t low, int64_t high) {
    return low + (int64_t)(next_random(c) % (uint64_t)(high - low + 1));
}

double check_normal(checks *c) {
    // Box and Muller 1958.
    const double radius = sqrt(-2 * log(1 - (check_uniform(c) + 1) / 2));
    return radius * cos(3.14159265358979323846 * check_uniform(c));
}

// MARK: - Storage

#if defined(__SANITIZE_ADDRESS__)
enum { guard = 0 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { guard = 0 };
#else
enum { guard = 64 };
#endif
#else
enum { guard = 64 };
#endif

static const uint32_t pattern = 0x7FC0DEAD;

check_buffer check_allocate(checks *c, int64_t count) {
    const int64_t offset = check_between(c, 0, 1);
    check_buffer buffer = {.count = count};
    buffer.size = (size_t)(guard + offset + count + guard) * sizeof(float);
    // A sanitizer sees the first byte behind the end only if that is what was asked for.
    void *base = 0;
    if (posix_memalign(&base, 64, buffer.size + (buffer.size == 0))) abort();
    buffer.base = base;
    buffer.values = (float *)base + guard + offset;
    check_clear(buffer);
    return buffer;
}

void check_free(check_buffer buffer) { free(buffer.base); }

void check_clear(check_buffer buffer) {
    for (size_t i = 0; i < buffer.size; i += sizeof pattern) memcpy(buffer.base + i, &pattern, sizeof pattern);
}

int check_is_clear(float value) { return !memcmp(&value, &pattern, sizeof pattern); }

void check_same(checks *c, check_buffer first, check_buffer second, const char *what) {
    // Each lies in its own way to the alignment; their guards are checked apart.
    if (memcmp(first.values, second.values, (size_t)first.count * sizeof(float)))
        check_fail(c, "not the same bits %s", what);
    check_guards(c, second);
}

void check_guards(checks *c, check_buffer buffer) {
    const float *end = (const float *)(buffer.base + buffer.size);
    for (const float *at = (const float *)buffer.base; at < end; at++) {
        if (at == buffer.values) at += buffer.count;
        if (at < end && !check_is_clear(*at)) {
            check_fail(c, "wrote outside its output, %lld floats from its start", (long long)(at - buffer.values));
            return;
        }
    }
}

void check_fill(checks *c, check_buffer buffer, check_numbers numbers) {
    for (int64_t i = 0; i < buffer.count; i++)
        buffer.values[i] = numbers == check_integers ? (float)check_between(c, -4, 4) : (float)check_uniform(c);
}

// MARK: - Splitting

check_cuts check_cut(checks *c, int64_t count, check_splitting splitting) {
    check_cuts cuts = {.parts = 0};
    for (int64_t at = 0; at < count && cuts.parts < 1023;) {
        cuts.at[cuts.parts++] = at;
        switch (splitting) {
            case check_whole: at = count; break;
            case check_one_by_one: at++; break;
            case check_halves: at = at == 0 && count > 1 ? count / 2 : count; break;
            case check_anywhere: at += check_between(c, 1, count - at); break;
        }
    }
    cuts.at[cuts.parts] = count;
    return cuts;
}

// MARK: - Comparison

static const struct {
    const char *name;
    graft_activation activation;
} activations[check_activations] = {
    {"none", {-INFINITY, INFINITY, graft_curve_none}},
    {"ReLU", {0, INFINITY, graft_curve_none}},
    {"ReLU6", {0, 6, graft_curve_none}},
    {"SiLU", {-INFINITY, INFINITY, graft_curve_silu}},
    {"hard swish", {-INFINITY, INFINITY, graft_curve_hard_swish}},
    {"GELU", {-INFINITY, INFINITY, graft_curve_gelu}},
    {"sigmoid", {-INFINITY, INFINITY, graft_curve_sigmoid}},
    {"hard sigmoid", {-INFINITY, INFINITY, graft_curve_hard_sigmoid}},
    {"SiLU of an interval", {-1, 2, graft_curve_silu}},
};

graft_activation check_activation(int64_t index) { return activations[index].activation; }

const char *check_activation_name(int64_t index) { return activations[index].name; }

double check_activated(double x, graft_activation activation) {
    x = x < activation.lowest ? activation.lowest : x > activation.highest ? activation.highest : x;
    switch (activation.curve) {
        case graft_curve_silu: return x / (1 + exp(-x));
        case graft_curve_hard_swish: return x * (x < -3 ? 0 : x > 3 ? 6 : x + 3) / 6;
        case graft_curve_gelu: return x * erfc(-x / sqrt(2)) / 2;
        case graft_curve_sigmoid: return 1 / (1 + exp(-x));
        case graft_curve_hard_sigmoid: return (double)(x < -3 ? 0 : x > 3 ? 6 : x + 3) / 6;
        default: return x;
    }
}

/// How far a curve may be from the exact one, for an argument that is exact; see curves.h.
static double curve_slack(double x, graft_curve curve) {
    const double u = ldexp(1, -24), size = fabs(x);
    switch (curve) {
        // The exponential is good to two units in the last place, u each way, and a sum and a quotient follow. Its
        // argument ends at 88, where no more than 10⁻³⁵ of x is left.
        case graft_curve_silu: return 6 * u * fabs(x / (1 + exp(-x))) + 1e-35 * size;
        // Four roundings, that of 1 / 6 included, of numbers that are no larger than x in the end.
        case graft_curve_hard_swish: return 4 * u * size;
        // x times a distribution function that is good to 10⁻⁷ in exact arithmetic, and to 2u more in ours.
        case graft_curve_gelu: return size * (1e-7 + 3 * u);
        // As of SiLU, but for the product, and for -87 as the least argument.
        case graft_curve_sigmoid: return 5 * u / (1 + exp(-x)) + 2e-38;
        // Three roundings of numbers up to 6, then a sixth.
        case graft_curve_hard_sigmoid: return 3 * u;
        default: return 0;
    }
}

double check_slack(check_numbers numbers, double magnitude, int64_t roundings) {
    if (numbers == check_integers && magnitude < 16777216) return 0;
    return (double)roundings * ldexp(1, -24) * magnitude;
}

void check_element(checks *c, float found, double sum, double slack, graft_activation activation) {
    const double clamped =
        sum < activation.lowest ? activation.lowest : sum > activation.highest ? activation.highest : sum;
    const double expected = check_activated(sum, activation);
    // No activation's slope exceeds hard swish's 1.5.
    const double tolerance = activation.curve ? 1.5 * slack + curve_slack(clamped, activation.curve) : slack;
    const double error = expected == found ? 0 : fabs(found - expected);
    c->elements++;
    // Written so that a NaN fails.
    if (!(error <= tolerance))
        check_fail(c, "expected %.9g, found %.9g, off by %.3g of %.3g", expected, (double)found, error, tolerance);
    else if (tolerance > 0 && error / tolerance > c->worst) c->worst = error / tolerance;
}

static void append(checks *c, const char *format, va_list arguments) {
    if (c->report_length + 1 >= c->report_size) return;
    const int written =
        vsnprintf(c->report + c->report_length, c->report_size - c->report_length, format, arguments);
    c->report_length += written < 0 ? 0 : (size_t)written;
    if (c->report_length >= c->report_size) c->report_length = c->report_size - 1;
}

void check_note(checks *c, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    append(c, format, arguments);
    va_end(arguments);
}

void check_fail(checks *c, const char *format, ...) {
    // A few say it all.
    if (c->failures++ >= 8) return;
    check_note(c, "%s: ", c->shape);
    va_list arguments;
    va_start(arguments, format);
    append(c, format, arguments);
    va_end(arguments);
    check_note(c, "\n");
}
