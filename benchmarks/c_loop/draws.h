/* Random numbers: xoshiro256++ streams, draws by address, inverse-CDF transforms (Blackman & Vigna 2021;
   Steele, Lea & Flood 2014; Wichura 1988, AS 241). */
#ifndef DRAWS_H
#define DRAWS_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)
#define MIX_1 UINT64_C(0xBF58476D1CE4E5B9)
#define MIX_2 UINT64_C(0x94D049BB133111EB)
#define UNIT_OF_52_BITS (1.0 / 4503599627370496.0)

/* The second of two equals loses; a NaN in second place is ignored: as Python's min and max. */
static inline double least(double a, double b) { return b < a ? b : a; }
static inline double greatest(double a, double b) { return b > a ? b : a; }
static inline int64_t least_of(int64_t a, int64_t b) { return b < a ? b : a; }
static inline int64_t greatest_of(int64_t a, int64_t b) { return b > a ? b : a; }
static inline double clip(double x, double low, double high) { return greatest(low, least(high, x)); }

static inline uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * MIX_1;
    x = (x ^ (x >> 27)) * MIX_2;
    return x ^ (x >> 31);
}

static inline uint64_t rotated(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

static inline double open_unit(uint64_t word) { return ((double)(word >> 12) + 0.5) * UNIT_OF_52_BITS; }

static inline int64_t stream_id(int64_t purpose, int64_t front, int64_t side) {
    return (purpose * FRONTS + front) * SIDES + side;
}

static void seed_streams(State *s) {
    const uint64_t root = mix(mix(s->seed + GOLDEN) + s->replication * GOLDEN + GOLDEN);
    for (uint64_t k = 0; k < STREAMS; k++) {
        uint64_t word = mix(root + (k + 1) * MIX_1);
        for (int j = 0; j < 4; j++) {
            word += GOLDEN;
            s->stream[k][j] = mix(word);
        }
    }
}

/* xoshiro256++: the next uniform of a stream, in (0, 1). */
static inline double uniform(State *s, int64_t stream) {
    uint64_t *w = s->stream[stream];
    const uint64_t result = rotated(w[0] + w[3], 23) + w[0], t = w[1] << 17;
    w[2] ^= w[0];
    w[3] ^= w[1];
    w[1] ^= w[2];
    w[0] ^= w[3];
    w[2] ^= t;
    w[3] = rotated(w[3], 45);
    return open_unit(result);
}

/* The uniform that belongs to an address (purpose, a, b, c) of this replication. */
static double at_address(const State *s, int64_t purpose, int64_t a, int64_t b, int64_t c) {
    uint64_t word = mix(s->seed + GOLDEN);
    word = mix(word + s->replication * GOLDEN + (uint64_t)purpose);
    word = mix(word + (uint64_t)(a + 1) * MIX_1);
    word = mix(word + (uint64_t)(b + 2) * MIX_2);
    word = mix(word + (uint64_t)(c + 3) * GOLDEN);
    return open_unit(word);
}

/* c[0] r^7 + ... + c[7], by Horner's rule. */
static inline double polynomial(const double c[8], double r) {
    double value = c[0];
    for (int k = 1; k < 8; k++) {
        value = value * r + c[k];
    }
    return value;
}

static const double CENTRE[2][8] = {
    {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608},
    {5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0},
};
static const double TAIL[2][8] = {
    {7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734},
    {1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0},
};
static const double FAR_TAIL[2][8] = {
    {2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772},
    {2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
     0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0},
};

static inline double quotient(const double c[2][8], double r) { return polynomial(c[0], r) / polynomial(c[1], r); }

/* The standard normal quantile. */
static double normal(double u) {
    const double q = u - 0.5;
    if (fabs(q) <= 0.425) {
        return q * quotient(CENTRE, 0.180625 - q * q);
    }
    const double r = sqrt(-log(q < 0.0 ? u : 1.0 - u));
    const double x = r <= 5.0 ? quotient(TAIL, r - 1.6) : quotient(FAR_TAIL, r - 5.0);
    return q < 0.0 ? -x : x;
}

static inline double exponential(double u) { return -log1p(-u); }

/* Unit-rate time until n engagements: exponential for one, else gamma by Wilson and Hilferty (1931). */
static double waiting_time(double n, double u) {
    if (n <= 1.0) {
        return exponential(u);
    }
    const double root = greatest(1.0 - 1.0 / (9.0 * n) + normal(u) / (3.0 * sqrt(n)), 0.0);
    return n * (root * (root * root));
}

/* Binomial quantile for p up to a half, by adding up from zero. */
static double rarer_results(double n, double p, double u) {
    const double odds = p / (1.0 - p);
    double term = pow(1.0 - p, n), total = term, k = 0.0;
    while (u > total && k < n) {
        term *= odds * (n - k) / (k + 1.0);
        k += 1.0;
        total += term;
    }
    return k;
}

static double binomial(double n, double p, double u) {
    return p > 0.5 ? n - rarer_results(n, 1.0 - p, 1.0 - u) : rarer_results(n, p, u);
}

static inline double lognormal_sigma(double variation, double n) { return sqrt(log1p(variation * variation / n)); }

/* A mean rounded to a whole number: up with the probability of its fraction. */
static inline int64_t whole(double mean, double u) { return (int64_t)floor(mean + u); }

static double mean_one_lognormal(double sigma, double u) {
    return sigma <= 0.0 ? 1.0 : exp(sigma * normal(u) - 0.5 * sigma * sigma);
}

static double median_lognormal(double median, double sigma, double u) {
    return sigma <= 0.0 ? median : median * exp(sigma * normal(u));
}

/* Days as whole ticks, at least one. */
static inline int64_t ticks(double days) {
    return greatest_of(1, (int64_t)floor(least(days, 1.0e9) * (double)TICKS_PER_DAY + 0.5));
}

#endif
