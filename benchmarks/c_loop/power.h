/* Combat power: people, readiness, fires, supply, works, surprise, frontage (E2, E3, E4, E9). */
#ifndef POWER_H
#define POWER_H

#include "draws.h"

#define MAX_RATIO 1000.0

/* People weighted by quality and readiness. */
static double effective_people(const Side *side, const FrontState *front, int64_t x) {
    double total = 0.0;
    for (int64_t c = 0; c < side->n_contingents; c++) {
        total += (double)front->people[x][c] * side->contingent[c].quality * front->readiness[x][c];
    }
    return total;
}

static int64_t count_people(const Side *side, const FrontState *front, int64_t x) {
    int64_t total = 0;
    for (int64_t c = 0; c < side->n_contingents; c++) {
        total += front->people[x][c];
    }
    return total;
}

static double fires(const Side *side, double stock) {
    const double whole_scale = stock + side->munitions_half_rounds;
    const double filled = whole_scale > 0.0 ? stock / whole_scale : 1.0;
    return side->fires_multiplier * (side->fires_floor + (1.0 - side->fires_floor) * filled);
}

/* Frontage round the ground that the intruder holds, km. */
static double salient_frontage(const Front *given, const FrontState *front) {
    const double held = greatest(0.0, front->territory_km2 - greatest(0.0, given->min_territory_km2));
    return greatest(given->salient_min_km, given->salient_factor * sqrt(held));
}

static double frontage(const Front *given, const FrontState *front, int64_t x) {
    if (given->kind != BORDER) {
        return given->length_km;
    }
    const double salient = salient_frontage(given, front), k = front->concentration;
    return x == given->positive_side ? salient : (1.0 - k) * given->length_km + k * salient;
}

/* Depth of the salient behind the intruder on a border front, km; else 0. */
static double depth(const Front *given, const FrontState *front, int64_t x) {
    if (given->kind != BORDER || x != given->positive_side) {
        return 0.0;
    }
    return greatest(0.0, front->territory_km2) / front->frontage_km[x];
}

static double supply(const Params *p, const Front *given, const FrontState *front, int64_t x) {
    if (front->total[x] <= 0) {
        return 1.0;
    }
    const double gained = front->recent_gain_km2[x], behind = depth(given, front, x);
    double capacity = given->supply_capacity_people[x] * (1.0 - given->interdiction[x]);
    if (behind != 0.0) {
        capacity *= exp(-behind / p->supply_depth_km);
    }
    const double met = least(1.0, capacity / (double)front->total[x]);
    return gained == 0.0 ? met : met * exp(-(gained / front->frontage_km[x]) / p->overextension_km);
}

static double defence_power(const Params *p, const Front *given, const FrontState *front, int64_t x, double effective) {
    const double works = 1.0 + (p->works_multiplier - 1.0) * front->works[x];
    const double surprise = 1.0 + (p->surprise_multiplier - 1.0) * front->surprise[x];
    return effective * front->supply[x] * p->posture * given->terrain * works / surprise;
}

/* Ratio of power per km where the sides meet, capped where the defender is absent. */
static double force_ratio(double attack, double attack_km, double defence, double defence_km) {
    if (attack <= 0.0) {
        return 0.0;
    }
    const double here = attack / attack_km, there = defence / defence_km;
    return here >= MAX_RATIO * there ? MAX_RATIO : here / there;
}

static void refresh_power(const Params *p, State *s, int64_t f) {
    const Front *given = &p->front[f];
    FrontState *front = &s->front[f];
    for (int64_t x = 0; x < SIDES; x++) {
        front->total[x] = count_people(&p->side[x], front, x);
        front->frontage_km[x] = frontage(given, front, x);
    }
    for (int64_t x = 0; x < SIDES; x++) {
        front->supply[x] = supply(p, given, front, x);
        const double effective = effective_people(&p->side[x], front, x) * fires(&p->side[x], s->side[x].munitions);
        front->power_attack[x] = effective * front->supply[x] * s->season_attack;
        front->power_defence[x] = defence_power(p, given, front, x, effective);
    }
    for (int64_t x = 0; x < SIDES; x++) {
        const int64_t y = 1 - x;
        front->ratio[x] = force_ratio(front->power_attack[x], front->frontage_km[x],
                                      front->power_defence[y], front->frontage_km[y]);
    }
}

#endif
