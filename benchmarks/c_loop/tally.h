/* What is measured: the daily series, and what only the final state knows. */
#ifndef TALLY_H
#define TALLY_H

#include "calendar.h"

/* Pressure on a side in a theatre: the mean over its fronts, weighted by its people. */
static double theatre_pressure(const Params *p, const State *s, int64_t h, int64_t x) {
    double total = 0.0;
    int64_t people = 0;
    for (int64_t f = 0; f < p->n_fronts; f++) {
        const FrontState *front = &s->front[f];
        if (p->front[f].theatre == h && front->total[x] > 0) {
            total += front->pressure[x] * (double)front->total[x];
            people += front->total[x];
        }
    }
    return people > 0 ? total / (double)people : NAN;
}

/* Area of a side ever held by the enemy x people per km2. */
static double displaced(const Params *p, const State *s, int64_t x) {
    double total = 0.0;
    for (int64_t f = 0; f < p->n_fronts; f++) {
        const double lost = x == p->front[f].positive_side ? -s->front[f].trough_km2 : s->front[f].peak_km2;
        total += greatest(0.0, lost) * p->front[f].displaced_per_km2;
    }
    return total;
}

static double *sample_front(const Params *p, const FrontState *front, double *out) {
    *out++ = front->territory_km2;
    for (int64_t x = 0; x < SIDES; x++) {
        *out++ = (double)front->total[x];
        *out++ = front->total[x] > 0 ? front->pressure[x] : NAN;
        *out++ = front->effort[x];
        *out++ = front->works[x];
        *out++ = front->supply[x];
        *out++ = (double)front->engagements[x] * p->granularity;
    }
    return out;
}

static double *sample_theatre(const Params *p, const State *s, int64_t h, double *out) {
    double territory = 0.0;
    for (int64_t f = 0; f < p->n_fronts; f++) {
        territory += p->front[f].theatre == h ? s->front[f].territory_km2 : 0.0;
    }
    *out++ = territory;
    for (int64_t x = 0; x < SIDES; x++) {
        const int64_t contingents = p->side[x].n_contingents;
        int64_t people = 0, casualties = 0, irrecoverable = 0, present[CONTINGENTS] = {0};
        for (int64_t f = 0; f < p->n_fronts; f++) {
            if (p->front[f].theatre == h) {
                people += s->front[f].total[x];
                casualties += s->front[f].casualties[x];
                irrecoverable += s->front[f].irrecoverable[x];
                for (int64_t c = 0; c < contingents; c++) {
                    present[c] += s->front[f].people[x][c];
                }
            }
        }
        *out++ = (double)people;
        *out++ = (double)casualties;
        *out++ = (double)irrecoverable;
        *out++ = theatre_pressure(p, s, h, x);
        for (int64_t c = 0; c < contingents; c++) {
            *out++ = (double)present[c];
        }
    }
    return out;
}

static double total_of(const int64_t *people, int64_t n) {
    int64_t total = 0;
    for (int64_t c = 0; c < n; c++) {
        total += people[c];
    }
    return (double)total;
}

static double *sample_side(const Params *p, const State *s, int64_t x, double *out) {
    const SideState *a = &s->side[x];
    const int64_t n = p->side[x].n_contingents;
    *out++ = (double)a->casualties;
    *out++ = (double)a->irrecoverable;
    *out++ = (double)a->diverted;
    *out++ = (double)a->drawn_from_main;
    *out++ = a->munitions;
    *out++ = a->political_cost;
    *out++ = displaced(p, s, x);
    *out++ = (double)a->collapses;
    *out++ = total_of(a->reserve, n);
    *out++ = total_of(a->training, n);
    *out++ = total_of(a->transit, n);
    *out++ = total_of(a->wounded, n);
    *out++ = total_of(a->entered, n);
    return out;
}

/* Write the day's row of the series. */
static void sample(const Params *p, const State *s, double *row) {
    for (int64_t f = 0; f < p->n_fronts; f++) {
        row = sample_front(p, &s->front[f], row);
    }
    for (int64_t h = 0; h < p->n_theatres; h++) {
        row = sample_theatre(p, s, h, row);
    }
    for (int64_t x = 0; x < SIDES; x++) {
        row = sample_side(p, s, x, row);
    }
}

/* Outcomes that only the final state knows: six of the run, then three of each policy. */
static void final_row(const Params *p, const State *s, double *row) {
    const double day = (double)TICKS_PER_DAY;
    const bool regained = s->regained_tick != FAR && p->second_theatre >= 0;
    *row++ = regained ? (double)s->regained_tick / day : NAN;
    *row++ = s->ever_held == 1 ? (double)regained : NAN;
    *row++ = s->talks_territory_km2;
    *row++ = s->talks_trend_km2_per_day;
    *row++ = s->talks_casualties;
    *row++ = s->now >= s->talks_tick ? (double)s->talks_tick / day : NAN;
    for (int64_t x = 0; x < SIDES; x++) {
        const SideState *a = &s->side[x];
        for (int64_t k = 0; k < POLICIES; k++) {
            const bool seen = a->trigger_tick[k] != FAR;
            *row++ = seen ? (double)a->trigger_tick[k] / day : NAN;
            *row++ = seen ? a->held_at_trigger[k] : NAN;
            *row++ = seen ? a->pressure_at_trigger[k] : NAN;
        }
    }
}

#endif
