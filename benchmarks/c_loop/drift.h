/* What drifts and is moved once a day: luck, season, memories, works, surprise, readiness, pressure (E9 to E15). */
#ifndef DRIFT_H
#define DRIFT_H

#include "combat.h"

#define PRESSURE_BOUND 3.0
#define DAYS_PER_MONTH 30.44

/* Stationary AR(1) of unit variance. */
static double next_luck(double z, double memory_days, int64_t week, double u) {
    const double phi = memory_days > 0.0 ? exp(-7.0 / memory_days) : 0.0;
    return week == 0 ? normal(u) : phi * z + sqrt(1.0 - phi * phi) * normal(u);
}

static double luck_factor(double z, double sigma) { return exp(sigma * z - 0.5 * sigma * sigma); }

static void draw_luck(const Params *p, State *s, int64_t week) {
    s->week = week;
    for (int64_t h = 0; h < p->n_theatres; h++) {
        const double u = at_address(s, ADDRESS_LUCK_THEATRE, h, week, ONLY);
        s->theatre_luck_z[h] = next_luck(s->theatre_luck_z[h], p->luck_theatre_memory_days, week, u);
        s->theatre_luck[h] = luck_factor(s->theatre_luck_z[h], p->luck_theatre_sigma);
    }
    for (int64_t f = 0; f < p->n_fronts; f++) {
        FrontState *front = &s->front[f];
        const double u = at_address(s, ADDRESS_LUCK_FRONT, f, week, ONLY);
        front->luck_z = next_luck(front->luck_z, p->luck_front_memory_days, week, u);
        front->luck = luck_factor(front->luck_z, p->luck_front_sigma);
    }
}

static void set_season(const Params *p, State *s) {
    s->season_attack = s->season_tempo = s->season_mobility = 1.0;
    for (int64_t k = 0; k < p->n_seasons; k++) {
        const Season *season = &p->season[k];
        if (season->start_tick <= s->now && s->now < season->end_tick) {
            s->season_attack = season->attack;
            s->season_tempo = season->tempo;
            s->season_mobility = season->mobility;
        }
    }
}

/* Recent advance fades; the day's losses are taken in. */
static void fade_memories(const State *s, FrontState *front) {
    for (int64_t x = 0; x < SIDES; x++) {
        front->recent_gain_km2[x] *= s->keep_advance;
        front->yield_gain_km2[x] *= s->keep_yield;
        const int64_t present = front->total[x] + front->casualties_today[x];
        const double today = present > 0 ? (double)front->casualties_today[x] / (double)present : 0.0;
        front->loss_rate[x] = s->keep_loss * front->loss_rate[x] + (1.0 - s->keep_loss) * today;
        front->casualties_today[x] = 0;
    }
}

/* Surprise wears off; an alerted home side concentrates. */
static void fade_surprise(const Params *p, State *s, int64_t f) {
    FrontState *front = &s->front[f];
    for (int64_t x = 0; x < SIDES; x++) {
        front->surprise[x] *= s->keep_surprise;
    }
    if (p->front[f].kind == BORDER && s->incursion == LAUNCHED && f == p->incursion_front) {
        front->concentration += (1.0 - front->concentration) * (1.0 - exp(-1.0 / p->front[f].reaction_days));
    }
}

static void build_works(const Params *p, FrontState *front) {
    for (int64_t x = 0; x < SIDES; x++) {
        if (front->total[x] > 0) {
            const double lost_km = front->recent_gain_km2[1 - x] / front->frontage_km[x] / p->advance_memory_days;
            const double growth = p->works_build_per_day * exp(-lost_km / p->works_still_km_per_day);
            front->works[x] += (1.0 - front->works[x]) * (1.0 - exp(-growth));
        }
    }
}

/* Exact daily step of dr/dt = gain (1 - r) - wear r. */
static double relaxed(double r, double gain, double wear) {
    const double total = gain + wear;
    if (total <= 0.0) {
        return r;
    }
    const double limit = gain / total;
    return limit + (r - limit) * exp(-total);
}

static void move_readiness(const Params *p, FrontState *front) {
    for (int64_t x = 0; x < SIDES; x++) {
        const Side *side = &p->side[x];
        const double of_losses = p->fatigue_per_loss_share * front->loss_rate[x];
        const double wear = of_losses + p->fatigue_per_effort_day * front->effort[x];
        for (int64_t c = 0; c < side->n_contingents; c++) {
            front->readiness[x][c] =
                relaxed(front->readiness[x][c], side->contingent[c].readiness_recovery_per_day, wear);
        }
    }
}

static void rest_reserve(const Side *side, SideState *account) {
    for (int64_t c = 0; c < side->n_contingents; c++) {
        account->reserve_readiness[c] = relaxed(account->reserve_readiness[c], side->reserve_recovery_per_day, 0.0);
    }
}

/* Log of hostile force ratio x hostile effort, bounded. */
static double pressure_now(const Params *p, const State *s, int64_t f, int64_t x) {
    const FrontState *front = &s->front[f];
    const int64_t y = 1 - x;
    const double drive = front->ratio[y] * front->effort[y];
    if (drive <= 0.0 || ground_left(&p->front[f], front, y) <= 0.0) {
        return -PRESSURE_BOUND;
    }
    return clip(log(drive), -PRESSURE_BOUND, PRESSURE_BOUND);
}

static void smooth_pressure(const Params *p, State *s, int64_t f) {
    for (int64_t x = 0; x < SIDES; x++) {
        double *pressure = &s->front[f].pressure[x];
        *pressure += (pressure_now(p, s, f, x) - *pressure) * s->pressure_step;
    }
}

/* Ground lost (km2-days), and smoothed irrecoverable losses a month. */
static void count_politics(const Params *p, State *s, int64_t x) {
    SideState *account = &s->side[x];
    for (int64_t f = 0; f < p->n_fronts; f++) {
        const double sign = x != p->front[f].positive_side ? 1.0 : -1.0;
        account->political_cost += greatest(0.0, s->front[f].territory_km2 * sign);
    }
    const double keep = exp(-1.0 / 30.0), today = (double)account->irrecoverable_today * DAYS_PER_MONTH;
    account->irrecoverable_per_month = keep * account->irrecoverable_per_month + (1.0 - keep) * today;
    account->irrecoverable_today = 0;
}

/* The day's record, which reviews read with their reporting delay. */
static void record_day(const Params *p, State *s) {
    const int64_t row = s->day % HISTORY;
    for (int64_t f = 0; f < p->n_fronts; f++) {
        const FrontState *front = &s->front[f];
        s->history_territory_km2[row][f] = front->territory_km2;
        for (int64_t x = 0; x < SIDES; x++) {
            s->history_pressure[row][f][x] = front->pressure[x];
            s->history_people[row][f][x] = front->total[x];
            s->history_casualties[row][f][x] = front->casualties[x];
            s->history_yield[row][f][x] = front->yield_gain_km2[x];
        }
    }
}

#endif
