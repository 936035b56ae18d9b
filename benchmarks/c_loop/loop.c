/* The loop: the next event, what it does, which rates it changes, and whether all is well (docs/model.md 2.14). */
#include <string.h>

#include "tally.h"

#define MAX_EVENTS 20000000

/* What an event works on. The parameters change under interventions, which write them by the word. */
typedef struct {
    Params *p;
    State *s;
    double *series;
    int64_t columns;
} Run;

/* Rescale a process to a new rate; returns its next tick (random time change). */
static int64_t retime(Process *process, double rate_per_day, int64_t now) {
    const double passed = process->rate_per_tick * (double)(now - process->since);
    process->residual = greatest(0.0, process->residual - passed);
    process->since = now;
    process->rate_per_tick = rate_per_day / (double)TICKS_PER_DAY;
    if (process->rate_per_tick <= 0.0) {
        return FAR;
    }
    const double wait = process->residual / process->rate_per_tick;
    return wait < 1.0e15 ? now + greatest_of(1, (int64_t)ceil(wait)) : FAR;
}

static void refresh_front(const Params *p, State *s, int64_t f) {
    refresh_power(p, s, f);
    for (int64_t x = 0; x < SIDES; x++) {
        const int64_t slot = SLOT_ENGAGEMENT + 2 * f + x;
        s->next_tick[slot] = retime(&s->engagement[f][x], engagement_rate(p, s, f, x), s->now);
        s->next_tick[slot + 2 * p->n_fronts] = retime(&s->withdrawal[f][x], withdrawal_rate(p, s, f, x), s->now);
    }
}

/* Recompute the rates of the fronts that the event touched. */
static void refresh_touched(const Params *p, State *s) {
    if (s->touched >= 0) {
        refresh_front(p, s, s->touched);
    } else if (s->touched == ALL_FRONTS) {
        for (int64_t f = 0; f < p->n_fronts; f++) {
            refresh_front(p, s, f);
        }
    }
}

/* Change parameters as the interventions of this instant say. */
static void intervene(Params *p, State *s) {
    while (s->next_patch < p->n_patches && p->patch[s->next_patch].tick <= s->now) {
        const Patch patch = p->patch[s->next_patch];
        memcpy((unsigned char *)p + sizeof patch.value * (size_t)patch.word, &patch.value, sizeof patch.value);
        s->next_patch += 1;
    }
    schedule_ahead(p, s);
    s->touched = ALL_FRONTS;
}

/* The incursion order's date; when none is ordered, the freed share goes elsewhere after a delay. */
static void order_incursion(const Params *p, State *s) {
    s->next_tick[SLOT_INCURSION] = FAR;
    if (s->incursion == NOT_ORDERED) {
        free_force(p, s);
        s->incursion = DONE;
        s->touched = ALL_FRONTS;
    } else if (p->incursion_ordered != 0) {
        launch(p, s);
        s->incursion = LAUNCHED;
        s->touched = p->incursion_front;
    } else {
        s->incursion = NOT_ORDERED;
        s->next_tick[SLOT_INCURSION] = s->now + ticks(p->freed_delay_days);
    }
}

/* Area that a side holds in a theatre beyond the starting lines (side -1: the signed territory), km2. */
static double theatre_held(const Params *p, const State *s, int64_t h, int64_t x) {
    double total = 0.0;
    for (int64_t f = 0; f < p->n_fronts; f++) {
        if (p->front[f].theatre == h) {
            const double sign = x >= 0 && x != p->front[f].positive_side ? -1.0 : 1.0;
            total += sign * s->front[f].territory_km2;
        }
    }
    return total;
}

/* The day on which the second front's ground is regained, once it was held. */
static void watch_second_front(const Params *p, State *s) {
    if (p->second_theatre < 0) {
        return;
    }
    if (theatre_held(p, s, p->second_theatre, p->incursion_side) > p->regained_km2) {
        s->ever_held = 1;
    } else if (s->ever_held == 1 && s->regained_tick == FAR) {
        s->regained_tick = s->now;
    }
}

/* Move everything that drifts, write the day's record. */
static void daily_tick(const Params *p, State *s) {
    s->day = today(s);
    set_season(p, s);
    if (s->day % 7 == 0) {
        draw_luck(p, s, s->day / 7);
    }
    for (int64_t f = 0; f < p->n_fronts; f++) {
        fade_memories(s, &s->front[f]);
        fade_surprise(p, s, f);
        build_works(p, &s->front[f]);
        move_readiness(p, &s->front[f]);
    }
    for (int64_t x = 0; x < SIDES; x++) {
        s->side[x].munitions += p->side[x].munitions_per_day;
        rest_reserve(&p->side[x], &s->side[x]);
        count_politics(p, s, x);
    }
    react(p, s);
    for (int64_t f = 0; f < p->n_fronts; f++) {
        smooth_pressure(p, s, f);
        for (int64_t x = 0; x < SIDES; x++) {
            observe_collapse(p, s, f, x);
        }
    }
    watch_second_front(p, s);
    record_day(p, s);
    s->touched = ALL_FRONTS;
    s->next_tick[SLOT_TICK] = s->now + TICKS_PER_DAY;
}

static void weekly_flows(const Params *p, State *s) {
    const int64_t week = s->now / (7 * TICKS_PER_DAY);
    for (int64_t x = 0; x < SIDES; x++) {
        admit_wounded(p, s, x, week);
        recruit(p, s, x, week);
    }
    s->next_tick[SLOT_RECRUITS] = s->now + 7 * TICKS_PER_DAY;
}

/* A side looks and orders: policies, then replacements. */
static void review(const Params *p, State *s, int64_t x) {
    const Review r = {.p = p, .s = s, .side = x, .row = seen_row(p, s, x)};
    order_policies(&r);
    replace_losses(&r);
    s->next_tick[SLOT_REVIEW + x] = s->now + ticks(p->side[x].review_days);
    s->touched = ALL_FRONTS;
}

/* What is on the table when talks begin: territory of the second theatre, its trend, and what it has cost. */
static void hold_talks(const Params *p, State *s) {
    const int64_t h = greatest_of(0, p->second_theatre), x = greatest_of(0, p->incursion_side);
    const int64_t span = least_of(30, least_of(s->day, HISTORY - 1));
    double before = 0.0, casualties = 0.0;
    s->talks_territory_km2 = theatre_held(p, s, h, -1);
    for (int64_t f = 0; f < p->n_fronts; f++) {
        if (p->front[f].theatre == h) {
            before += s->history_territory_km2[(s->day - span) % HISTORY][f];
            casualties += (double)s->front[f].casualties[x];
        }
    }
    s->talks_trend_km2_per_day = span > 0 ? (s->talks_territory_km2 - before) / (double)span : NAN;
    s->talks_casualties = casualties;
    s->next_tick[SLOT_TALKS] = FAR;
}

/* Draw the unit-rate time until a process that has just fired fires again, n engagements on. */
static void renew(State *s, Process *process, int64_t stream, double n) {
    process->residual = waiting_time(n, uniform(s, stream));
    process->since = s->now;
}

static void engage(const Params *p, State *s, int64_t k) {
    const int64_t f = k / 2, x = k % 2;
    fight(p, s, f, x);
    renew(s, &s->engagement[f][x], stream_id(PURPOSE_ENGAGEMENT_TIME, f, x), p->granularity);
    s->touched = f;
}

static void give_way(const Params *p, State *s, int64_t k) {
    const int64_t f = k / 2, x = k % 2;
    withdraw_sector(p, s, f, x);
    renew(s, &s->withdrawal[f][x], stream_id(PURPOSE_WITHDRAWAL_TIME, f, x), 1.0);
    s->touched = f;
}

/* Do the event of a slot: the clock has moved. */
static void apply(const Run *run, int64_t slot, int64_t kind) {
    Params *p = run->p;
    State *s = run->s;
    switch (kind) {
        case ENGAGEMENT: engage(p, s, slot - SLOT_ENGAGEMENT); break;
        case WITHDRAWAL: give_way(p, s, slot - SLOT_ENGAGEMENT - 2 * p->n_fronts); break;
        case ARRIVAL: s->touched = arrive(p, s); break;
        case TICK: daily_tick(p, s); break;
        case REVIEW: review(p, s, slot - SLOT_REVIEW); break;
        case RECRUITS: weekly_flows(p, s); break;
        case LANDING: land(p, s, first_of(s->next_tranche_tick, p->n_tranches, s->now)); break;
        case AID:
            deliver(p, s, first_of(s->next_package_tick, p->n_packages, s->now));
            s->touched = ALL_FRONTS;
            break;
        case INCURSION: order_incursion(p, s); break;
        case INTERVENTION: intervene(p, s); break;
        case TALKS: hold_talks(p, s); break;
        case SAMPLE:
            sample(p, s, run->series + today(s) * run->columns);
            s->next_tick[slot] = s->now + TICKS_PER_DAY;
            break;
        default: break;
    }
}

/* The ledger and finite territory, daily, and at every event where the run asks for it. */
static void audit(const Params *p, State *s, int64_t kind) {
    if (p->check_every_event != 0 || kind == TICK || kind == END) {
        if (!ledger_holds(p, s)) {
            s->status = LEDGER_BROKEN;
        }
        for (int64_t f = 0; f < p->n_fronts; f++) {
            if (!isfinite(s->front[f].territory_km2)) {
                s->status = NOT_A_NUMBER;
            }
        }
    }
    if (s->events > MAX_EVENTS) {
        s->status = TOO_MANY_EVENTS;
    }
}

static void run_to_end(const Run *run) {
    State *s = run->s;
    for (;;) {
        const int64_t slot = next_slot(s), kind = kind_of(run->p, slot);
        if (kind == END || s->next_tick[slot] > FAR) {
            return;
        }
        s->now = s->next_tick[slot];
        s->events += 1;
        s->touched = NO_FRONT;
        apply(run, slot, kind);
        refresh_touched(run->p, s);
        audit(run->p, s, kind);
        if (s->status != OK) {
            return;
        }
    }
}

/* One replication of `given`: fills params, state, series[day][columns] and final[]. */
void twofront_run(const Params *given, uint64_t seed, uint64_t replication, Params *params, State *state,
                  double *series, int64_t columns, double *final) {
    const Run run = {.p = params, .s = state, .series = series, .columns = columns};
    memcpy(params, given, sizeof *params);
    memset(state, 0, sizeof *state);
    initial(params, state, seed, replication);
    state->touched = ALL_FRONTS;
    refresh_touched(params, state);
    run_to_end(&run);
    final_row(params, state, final);
}
