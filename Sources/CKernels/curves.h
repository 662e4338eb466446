// Activations that are not an interval. They are applied to rows that were just stored and are still in the nearest
// cache, so that the loops of the kernels stay small.

/// exp(x) for x in [-87, 88], to within two units in the last place: 2ⁿ times a polynomial for the rest in
/// [-ln 2 / 2, ln 2 / 2] (the coefficients are those of Cephes' expf).
ALWAYS_INLINE TARGET vector FN(exponential)(vector x) {
    const graft_clamp_bounds range = {-87, 88};
    x = FN(between)(x, range);
    // Adding 1.5 · 2²³ rounds to an integer, which is then found in the lowest bits.
    const vector shifted = x * 1.44269504f + 12582912.0f;
    const vector n = shifted - 12582912.0f;
    const vector rest = x - n * 0.693359375f + n * 2.12194440e-4f;
    vector sum = (vector){0} + 1.9875691500e-4f;
    sum = sum * rest + 1.3981999507e-3f;
    sum = sum * rest + 8.3334519073e-3f;
    sum = sum * rest + 4.1665795894e-2f;
    sum = sum * rest + 1.6666665459e-1f;
    sum = sum * rest + 5.0000001201e-1f;
    sum = sum * rest * rest + rest + 1.0f;
    return (vector)((mask)sum + ((mask)shifted << 23));
}

/// Φ(x), the distribution function of the standard normal distribution, to within 10⁻⁷: formula 7.1.26 of Abramowitz
/// and Stegun (1964) for erf(|x| / √2).
ALWAYS_INLINE TARGET vector FN(normal_distribution)(vector x) {
    const vector zero = {0}, z = FN(select)(x < zero, -x, x) * 0.70710678f;
    const vector t = 1.0f / (1.0f + 0.3275911f * z);
    vector sum = (vector){0} + 1.061405429f;
    sum = sum * t - 1.453152027f;
    sum = sum * t + 1.421413741f;
    sum = sum * t - 0.284496736f;
    sum = sum * t + 0.254829592f;
    // From z² = 80 on, the product with x would be below the normal numbers, which slow some CPUs down.
    vector tail = 0.5f * sum * t * FN(exponential)(-z * z);
    tail = FN(select)((mask)(z * z < 80.0f), tail, zero);
    return FN(select)(x < zero, tail, 1.0f - tail);
}

ALWAYS_INLINE TARGET vector FN(curved)(vector x, const graft_curve curve) {
    const graft_clamp_bounds six = {0, 6}, normal = {-87, 88};
    switch (curve) {
        case graft_curve_silu: return x / (1.0f + FN(exponential)(-x));
        case graft_curve_hard_swish: return x * FN(between)(x + 3.0f, six) * (1.0f / 6);
        case graft_curve_gelu: return x * FN(normal_distribution)(x);
        // Below -87 the quotient would be below the normal numbers, which slow some CPUs down.
        case graft_curve_sigmoid: return 1.0f / (1.0f + FN(exponential)(-FN(between)(x, normal)));
        case graft_curve_hard_sigmoid: return FN(between)(x + 3.0f, six) * (1.0f / 6);
        default: return x;
    }
}

/// Applies `curve` to `count` floats.
TARGET static __attribute__((noinline, unused)) void FN(bend)(float *values, int64_t count, graft_curve curve) {
#define CASE(c)                                                                                                        \
    case c:                                                                                                            \
        for (int64_t i = 0; i < count; i += LANES) {                                                                   \
            const int64_t lanes = count - i < LANES ? count - i : LANES;                                               \
            FN(store)(values + i, FN(curved)(FN(load)(values + i, lanes), c), lanes);                                  \
        }                                                                                                              \
        break;
    switch (curve) {
        CASE(graft_curve_silu)
        CASE(graft_curve_hard_swish)
        CASE(graft_curve_gelu)
        CASE(graft_curve_sigmoid)
        CASE(graft_curve_hard_sigmoid)
        default: break;
    }
#undef CASE
}
