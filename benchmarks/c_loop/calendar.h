/* What is next: how a run starts, first times, the slot that is next and the kind of event that it holds. */
#ifndef CALENDAR_H
#define CALENDAR_H

#include "decisions.h"

/* When talks begin: a date, plus an exponential time if a mean is given. */
static int64_t talks_time(const Params *p, const State *s) {
    if (p->talks_tick == FAR || p->talks_mean_days <= 0.0) {
        return p->talks_tick;
    }
    return p->talks_tick + ticks(p->talks_mean_days * exponential(at_address(s, ADDRESS_TALKS, ONLY, ONLY, ONLY)));
}

/* The least of (time, slot). */
static int64_t next_slot(const State *s) {
    int64_t best = 0, best_tick = s->next_tick[0];
    for (int64_t k = 1; k < s->n_slots; k++) {
        if (s->next_tick[k] < best_tick) {
            best = k;
            best_tick = s->next_tick[k];
        }
    }
    return best;
}

static int64_t kind_of(const Params *p, int64_t slot) {
    if (slot < SLOT_REVIEW) {
        return INTERVENTION + slot;
    }
    if (slot < SLOT_TALKS) {
        return REVIEW;
    }
    if (slot == SLOT_TALKS) {
        return TALKS;
    }
    if (slot < SLOT_ENGAGEMENT + 2 * p->n_fronts) {
        return ENGAGEMENT;
    }
    return slot < SLOT_ENGAGEMENT + 4 * p->n_fronts ? WITHDRAWAL : SAMPLE + slot - SLOT_ENGAGEMENT - 4 * p->n_fronts;
}

/* The first of n that is due, or 0. */
static int64_t first_of(const int64_t *tick, int64_t n, int64_t now) {
    for (int64_t k = 0; k < n; k++) {
        if (tick[k] <= now) {
            return k;
        }
    }
    return 0;
}

/* A time if it still lies ahead and its event has not happened, else FAR. */
static int64_t ahead(const State *s, int64_t tick, int64_t done) { return tick >= s->now && done == 0 ? tick : FAR; }

/* What follows from the parameters alone, and is needed often. */
static void derive(const Params *p, State *s) {
    s->log_culmination = p->culmination_ratio > 0.0 ? log(p->culmination_ratio) : 0.0;
    s->casualty_sigma = lognormal_sigma(p->casualty_spread, p->granularity);
    s->keep_advance = exp(-1.0 / p->advance_memory_days);
    s->keep_yield = exp(-1.0 / p->yield_memory_days);
    s->keep_loss = exp(-1.0 / p->loss_memory_days);
    s->keep_surprise = exp(-p->surprise_decay_per_day);
    s->pressure_step = 1.0 - exp(-1.0 / p->pressure_days);
}

/* Schedule what lies ahead of now: at the start and after an intervention, when parameters are new. */
static void schedule_ahead(const Params *p, State *s) {
    derive(p, s);
    for (int64_t k = 0; k < TRANCHES; k++) {
        s->next_tranche_tick[k] = k < p->n_tranches ? ahead(s, schedule_tranche(p, s, k), s->tranche_done[k]) : FAR;
    }
    refresh_landings(p, s);
    for (int64_t k = 0; k < PACKAGES; k++) {
        if (k >= p->n_packages) {
            s->next_package_tick[k] = FAR;
        } else if (p->package[k].waits_for == SCHEDULED) {
            s->next_package_tick[k] = ahead(s, schedule_package(p, s, k), s->package_done[k]);
        } else if (s->package_announced[k] == 0) {
            s->next_package_tick[k] = FAR;
        }
    }
    refresh_aid(p, s);
    s->next_tick[SLOT_INTERVENTION] = s->next_patch < p->n_patches ? p->patch[s->next_patch].tick : FAR;
    if (s->incursion == PENDING) {
        s->next_tick[SLOT_INCURSION] = p->incursion_front >= 0 ? ahead(s, p->incursion_tick, 0) : FAR;
    }
    if (isnan(s->talks_territory_km2)) {
        s->next_tick[SLOT_TALKS] = s->talks_tick = ahead(s, talks_time(p, s), 0);
    }
    s->next_tick[s->n_slots - 1] = p->end_tick;
}

/* Start of a front: people, readiness, works, effort, residuals (the first event after 1 to G engagements). */
static void initial_front(const Params *p, State *s, int64_t f) {
    const Front *given = &p->front[f];
    FrontState *front = &s->front[f];
    front->territory_km2 = given->start_territory_km2;
    front->peak_km2 = greatest(0.0, given->start_territory_km2);
    front->trough_km2 = least(0.0, given->start_territory_km2);
    front->concentration = given->start_territory_km2 <= 0.0 ? 0.0 : 1.0;
    for (int64_t x = 0; x < SIDES; x++) {
        front->works[x] = given->start_works[x];
        front->effort[x] = given->start_effort[x];
        front->collapsed_tick[x] = -1000 * TICKS_PER_DAY;
        for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
            front->people[x][c] = given->start_people[x][c];
            front->readiness[x][c] = given->start_readiness[x];
        }
        const int64_t stream = stream_id(PURPOSE_ENGAGEMENT_TIME, f, x);
        const double due = 1.0 + floor(uniform(s, stream) * p->granularity);
        s->engagement[f][x].residual = waiting_time(due, uniform(s, stream));
        s->withdrawal[f][x].residual = exponential(uniform(s, stream_id(PURPOSE_WITHDRAWAL_TIME, f, x)));
    }
}

/* Start of a side: reserve, munitions, and the start column of its ledger. */
static void initial_side(const Params *p, State *s, int64_t x) {
    const Side *given = &p->side[x];
    SideState *account = &s->side[x];
    account->munitions = given->munitions_start_rounds;
    account->irrecoverable_per_month = given->recruits_per_month;
    for (int64_t k = 0; k < POLICIES; k++) {
        account->trigger_tick[k] = FAR;
    }
    for (int64_t c = 0; c < given->n_contingents; c++) {
        account->reserve[c] = account->start[c] = given->contingent[c].start_reserve;
        account->reserve_readiness[c] = 1.0;
        for (int64_t f = 0; f < p->n_fronts; f++) {
            account->start[c] += s->front[f].people[x][c];
        }
    }
    prime_training(p, s, x);
    prime_wounded(p, s, x);
}

/* Set a zeroed state to the start of a run. */
static void initial(const Params *p, State *s, uint64_t seed, uint64_t replication) {
    s->seed = seed;
    s->replication = replication;
    seed_streams(s);
    s->n_slots = SLOT_ENGAGEMENT + 4 * p->n_fronts + 2;
    for (int64_t k = 0; k < SLOTS; k++) {
        s->next_tick[k] = FAR;
    }
    s->regained_tick = FAR;
    s->talks_territory_km2 = s->talks_trend_km2_per_day = s->talks_casualties = NAN;
    for (int64_t f = 0; f < p->n_fronts; f++) {
        initial_front(p, s, f);
    }
    for (int64_t x = 0; x < SIDES; x++) {
        initial_side(p, s, x);
    }
    draw_luck(p, s, 0);
    set_season(p, s);
    for (int64_t f = 0; f < p->n_fronts; f++) {
        refresh_power(p, s, f);
        for (int64_t x = 0; x < SIDES; x++) {
            s->front[f].pressure[x] = pressure_now(p, s, f, x);
        }
    }
    record_day(p, s);
    schedule_ahead(p, s);
    s->next_tick[SLOT_TICK] = TICKS_PER_DAY;
    s->next_tick[SLOT_RECRUITS] = 7 * TICKS_PER_DAY;
    for (int64_t x = 0; x < SIDES; x++) {
        s->next_tick[SLOT_REVIEW + x] = ticks(p->side[x].first_review_days);
    }
    s->next_tick[s->n_slots - 2] = 0;
}

#endif
