/* Where people and munitions come from and what takes them to the front: recruits, wounded, landings, aid,
   replacements, the incursion (E14, E17, E18, E20 to E22, E25). */
#ifndef FLOWS_H
#define FLOWS_H

#include "pipeline.h"

/* An entry for people who wait in a camp or a hospital. */
static PipelineEntry waiting(int64_t due, int64_t kind, int64_t people, int64_t x, int64_t c, double readiness) {
    return (PipelineEntry){.due = due, .kind = kind, .people = people, .side = x, .contingent = c,
                           .place = RESERVE, .origin = RESERVE, .readiness = readiness};
}

/* The week's wounded of each contingent become a cohort that is due after recovery. */
static void admit_wounded(const Params *p, State *s, int64_t x, int64_t week) {
    SideState *a = &s->side[x];
    for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
        if (a->wounded_this_week[c] > 0) {
            const double u = at_address(s, ADDRESS_RECOVERY, x, c, week);
            const double days = median_lognormal(p->side[x].recovery_days, p->side[x].recovery_sigma, u);
            push(s, waiting(s->now + ticks(days), WOUNDED, a->wounded_this_week[c], x, c, 0.0));
            a->wounded_this_week[c] = 0;
        }
    }
}

/* A week's recruits, who answer losses within limits, enter training. */
static void recruit(const Params *p, State *s, int64_t x, int64_t week) {
    const Side *side = &p->side[x];
    const int64_t c = side->recruits_contingent;
    const double base = side->recruits_per_month;
    const double answer = side->recruits_response * (s->side[x].irrecoverable_per_month - base);
    const double monthly = clip(base + answer, side->recruits_min_per_month, side->recruits_max_per_month);
    const double u_people = uniform(s, stream_id(PURPOSE_PEOPLE, STREAM_RECRUITS, x));
    const int64_t people = whole(monthly * 7.0 / DAYS_PER_MONTH, u_people);
    if (people > 0) {
        const double u = at_address(s, ADDRESS_TRAINING, x, week, ONLY);
        const double days = side->training_min_days + u * (side->training_max_days - side->training_min_days);
        s->side[x].entered[c] += people;
        s->side[x].training[c] += people;
        push(s, waiting(s->now + ticks(days), TRAINING, people, x, c, side->contingent[c].arrival_readiness));
    }
}

/* The camps are full when a run starts. */
static void prime_training(const Params *p, State *s, int64_t x) {
    const Side *side = &p->side[x];
    const int64_t c = side->recruits_contingent, people = (int64_t)(side->recruits_per_month * 7.0 / DAYS_PER_MONTH);
    double days = 0.5 * (side->training_min_days + side->training_max_days);
    for (; people > 0 && days > 0.0; days -= 7.0) {
        s->side[x].training[c] += people;
        s->side[x].start[c] += people;
        push(s, waiting(ticks(days), TRAINING, people, x, c, side->contingent[c].arrival_readiness));
    }
}

/* Those in hospital when a run starts are due evenly over the recovery time. */
static void prime_wounded(const Params *p, State *s, int64_t x) {
    const Side *side = &p->side[x];
    const int64_t cohorts = (int64_t)greatest(1.0, side->recovery_days / 7.0), c = side->recruits_contingent;
    for (int64_t k = 0; k < cohorts; k++) {
        const int64_t people = side->start_wounded * (k + 1) / cohorts - side->start_wounded * k / cohorts;
        if (people > 0) {
            s->side[x].wounded[c] += people;
            s->side[x].start[c] += people;
            const int64_t due = ticks(side->recovery_days * ((double)k + 1.0) / (double)cohorts);
            push(s, waiting(due, WOUNDED, people, x, c, 0.0));
        }
    }
}

/* When tranche k lands, or FAR when it is cancelled. */
static int64_t schedule_tranche(const Params *p, const State *s, int64_t k) {
    const Tranche *t = &p->tranche[k];
    if (at_address(s, ADDRESS_TRANCHE, k, TRANCHE_CANCELLED, ONLY) < t->cancel_probability) {
        return FAR;
    }
    if (t->delay_days <= 0.0) {
        return t->at_tick;
    }
    const double u = at_address(s, ADDRESS_TRANCHE, k, TRANCHE_DELAY, ONLY);
    return t->at_tick + ticks(median_lognormal(t->delay_days, t->delay_sigma, u));
}

static int64_t earliest(const int64_t *tick, int64_t n) {
    int64_t first = FAR;
    for (int64_t k = 0; k < n; k++) {
        first = least_of(first, tick[k]);
    }
    return first;
}

static void refresh_landings(const Params *p, State *s) {
    s->next_tick[SLOT_LANDING] = earliest(s->next_tranche_tick, p->n_tranches);
}

static void refresh_aid(const Params *p, State *s) {
    s->next_tick[SLOT_AID] = earliest(s->next_package_tick, p->n_packages);
}

/* Tranche k lands: it acclimatises, then moves to its front or to the reserve. */
static void land(const Params *p, State *s, int64_t k) {
    const Tranche *t = &p->tranche[k];
    SideState *a = &s->side[t->side];
    const int64_t people = whole(t->people, at_address(s, ADDRESS_TRANCHE, k, TRANCHE_SIZE, ONLY));
    s->next_tranche_tick[k] = FAR;
    s->tranche_done[k] = 1;
    refresh_landings(p, s);
    if (people <= 0) {
        return;
    }
    a->entered[t->contingent] += people;
    a->training[t->contingent] += people;
    a->allied_landed += people * t->allied;
    PipelineEntry entry = waiting(s->now, TRAINING, people, t->side, t->contingent, t->readiness);
    entry.due += t->acclimatise_days > 0.0 ? ticks(t->acclimatise_days) : 0;
    entry.place = t->front;
    push(s, entry);
}

static int64_t delivery_tick(const Params *p, const State *s, int64_t k, int64_t announced) {
    const double u = at_address(s, ADDRESS_AID, k, ONLY, ONLY);
    return announced + ticks(median_lognormal(p->package[k].delay_days, p->package[k].delay_sigma, u));
}

/* Whether the third actor reacts with package k at all. */
static bool decided(const Params *p, const State *s, int64_t k) {
    return at_address(s, ADDRESS_REACTION, k, ONLY, ONLY) < p->package[k].probability;
}

/* When package k is delivered as far as known at the start. */
static int64_t schedule_package(const Params *p, const State *s, int64_t k) {
    if (p->package[k].waits_for != SCHEDULED || !decided(p, s, k)) {
        return FAR;
    }
    return delivery_tick(p, s, k, p->package[k].announced_tick);
}

/* Whether what a package waits for has happened. */
static bool happened(const Params *p, const State *s, const Package *package) {
    if (package->waits_for == ON_ALLIED_LANDING) {
        return s->side[1 - package->side].allied_landed > 0;
    }
    const int64_t f = package->success_front;
    const double sign = p->front[f].positive_side == package->side ? 1.0 : -1.0;
    return package->waits_for == ON_SUCCESS && sign * s->front[f].territory_km2 >= package->success_km2;
}

/* Announce the packages whose occasion has come. */
static void react(const Params *p, State *s) {
    for (int64_t k = 0; k < p->n_packages; k++) {
        const Package *package = &p->package[k];
        const bool waits = package->waits_for != SCHEDULED && s->package_announced[k] == 0;
        if (waits && s->now >= package->announced_tick && happened(p, s, package)) {
            s->package_announced[k] = 1;
            if (decided(p, s, k)) {
                s->next_package_tick[k] = delivery_tick(p, s, k, s->now);
            }
        }
    }
    refresh_aid(p, s);
}

/* Package k arrives, less what caution withholds and what politics changes. */
static void deliver(const Params *p, State *s, int64_t k) {
    const Package *package = &p->package[k];
    const double factor = s->now >= package->politics_tick ? package->politics_factor : 1.0;
    s->side[package->side].munitions += package->rounds * (1.0 - package->caution) * factor;
    s->next_package_tick[k] = FAR;
    s->package_done[k] = 1;
    refresh_aid(p, s);
}

/* People whom a side means to have on a front: those of the start. */
static double establishment(const Params *p, int64_t f, int64_t x) {
    double total = 0.0;
    for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
        total += (double)p->front[f].start_people[x][c];
    }
    return total;
}

static double establishment_share(const Params *p, int64_t x, int64_t f) {
    double total = 0.0;
    for (int64_t g = 0; g < p->n_fronts; g++) {
        total += establishment(p, g, x);
    }
    return total > 0.0 ? establishment(p, f, x) / total : 0.0;
}

/* How far a side is seen to have been pushed back in two weeks, km over its frontage. */
static double retreat_km(const Params *p, const State *s, int64_t f, int64_t x, int64_t row) {
    const int64_t past = s->day - row, seen_day = s->day - ((past % HISTORY) + HISTORY) % HISTORY;
    const int64_t before = greatest_of(0, greatest_of(seen_day - RETREAT_DAYS, s->day - HISTORY + 1)) % HISTORY;
    const double gained = s->history_territory_km2[row][f] - s->history_territory_km2[before][f];
    return greatest(0.0, x == p->front[f].positive_side ? -gained : gained) / s->front[f].frontage_km[x];
}

/* People whom a front asks for, `days` after it was last served. */
static double replacement_need(const Params *p, const State *s, int64_t f, int64_t x, int64_t losses, int64_t row,
                               double days) {
    const Side *side = &p->side[x];
    const FrontState *front = &s->front[f];
    const double pressure = s->history_pressure[row][f][x];
    const double factor = least(3.0, exp(side->replacement_pressure_gain * greatest(0.0, pressure)));
    double need = side->replacement_share * (double)losses * factor;
    if (front->kept_at_strength[x] != 0) {
        return need;
    }
    need += side->fill_per_day * days * (double)reserve_for(p, s, x, f) * establishment_share(p, x, f);
    const double alarm = pressure + side->emergency_ground_per_km * retreat_km(p, s, f, x, row) - side->emergency_pressure;
    need += side->emergency_per_day * days * (double)front->total[x] * greatest(0.0, alarm);
    return need;
}

/* Send people from the reserve to the fronts of the main theatre, in proportion to the people there. */
static void send_to_main(const Params *p, State *s, int64_t x, int64_t c, int64_t force) {
    int64_t people = 0, seen = 0, before = 0;
    for (int64_t f = 0; f < p->n_fronts; f++) {
        if (p->front[f].theatre == p->main_theatre && allowed(p, x, c, f)) {
            people += s->front[f].total[x];
        }
    }
    for (int64_t f = 0; f < p->n_fronts && people > 0; f++) {
        if (p->front[f].theatre == p->main_theatre && allowed(p, x, c, f)) {
            seen += s->front[f].total[x];
            const int64_t upto = force * seen / people;
            send(p, s, x, c, upto - before, RESERVE, f);
            before = upto;
        }
    }
}

/* No incursion was ordered: stated people of both sides go from the reserve to the main theatre. */
static void free_force(const Params *p, State *s) {
    for (int64_t x = 0; x < SIDES; x++) {
        for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
            double people = p->incursion_people[c] * p->freed_share;
            if (x != p->incursion_side) {
                people = c == p->side[x].recruits_contingent ? p->freed_defender_people : 0.0;
            }
            send_to_main(p, s, x, c, least_of(s->side[x].reserve[c], (int64_t)people));
        }
    }
}

/* The incursion order: the assembled force enters its front from the reserve, and surprises. */
static void launch(const Params *p, State *s) {
    const int64_t x = p->incursion_side, f = p->incursion_front;
    SideState *a = &s->side[x];
    for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
        const int64_t people = least_of(a->reserve[c], (int64_t)p->incursion_people[c]);
        if (people > 0 && allowed(p, x, c, f)) {
            a->reserve[c] -= people;
            to_front(&s->front[f], x, c, people, a->reserve_readiness[c]);
            count_diversion(p, s, x, c, people, RESERVE, f);
        }
    }
    s->front[f].effort[x] = p->incursion_effort;
    s->front[f].surprise[1 - x] = 1.0;
}

#endif
