/* People on the move between pools: the ledger, the pipeline, lift and travel (E1, E14, E19). */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "drift.h"

/* E1 for every side and contingent. */
static bool ledger_holds(const Params *p, const State *s) {
    for (int64_t x = 0; x < SIDES; x++) {
        const SideState *a = &s->side[x];
        for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
            int64_t held = a->reserve[c] + a->training[c] + a->transit[c] + a->wounded[c] + a->lost[c];
            for (int64_t f = 0; f < p->n_fronts; f++) {
                held += s->front[f].people[x][c];
                if (s->front[f].people[x][c] < 0) {
                    return false;
                }
            }
            if (held != a->start[c] + a->entered[c] || a->reserve[c] < 0 || a->training[c] < 0 ||
                a->transit[c] < 0 || a->wounded[c] < 0 || a->lost[c] < 0) {
                return false;
            }
        }
    }
    return true;
}

static bool leaves_before(const PipelineEntry *a, const PipelineEntry *b) {
    return a->due < b->due || (a->due == b->due && a->sequence < b->sequence);
}

/* Put people into the pipeline, a binary heap, until they are due; the sequence number is given here. */
static void push(State *s, PipelineEntry entry) {
    PipelineEntry *heap = s->pipeline;
    int64_t k = s->n_pipeline;
    if (k >= PIPELINE) {
        s->status = PIPELINE_FULL;
        return;
    }
    entry.sequence = s->sequence++;
    for (; k > 0 && leaves_before(&entry, &heap[(k - 1) / 2]); k = (k - 1) / 2) {
        heap[k] = heap[(k - 1) / 2];
    }
    heap[k] = entry;
    s->n_pipeline += 1;
    s->next_tick[SLOT_ARRIVAL] = heap[0].due;
}

/* Take the entry that is due first out of the heap and set the time of the next arrival. */
static PipelineEntry take_first(State *s) {
    PipelineEntry *heap = s->pipeline;
    const int64_t n = --s->n_pipeline;
    const PipelineEntry first = heap[0], last = heap[n];
    int64_t k = 0;
    for (int64_t child = 1; child < n; child = 2 * k + 1) {
        if (child + 1 < n && leaves_before(&heap[child + 1], &heap[child])) {
            child += 1;
        }
        if (!leaves_before(&heap[child], &last)) {
            break;
        }
        heap[k] = heap[child];
        k = child;
    }
    heap[k] = last;
    s->next_tick[SLOT_ARRIVAL] = n > 0 ? heap[0].due : FAR;
    return first;
}

/* Readiness of a body of people after others join it, by head count. */
static double mixed(double readiness, int64_t people, double joining_readiness, int64_t joining) {
    if (people + joining <= 0) {
        return joining_readiness;
    }
    return (readiness * (double)people + joining_readiness * (double)joining) / (double)(people + joining);
}

static void to_reserve(SideState *a, int64_t c, int64_t people, double readiness) {
    a->reserve_readiness[c] = mixed(a->reserve_readiness[c], a->reserve[c], readiness, people);
    a->reserve[c] += people;
}

static void to_front(FrontState *front, int64_t x, int64_t c, int64_t people, double readiness) {
    front->readiness[x][c] = mixed(front->readiness[x][c], front->people[x][c], readiness, people);
    front->people[x][c] += people;
    front->total[x] += people;
}

static inline int64_t today(const State *s) { return s->now / TICKS_PER_DAY; }

/* The uniform of a journey: by side, origin, destination and day. */
static double u_of_journey(const State *s, int64_t purpose, int64_t x, int64_t origin, int64_t place) {
    return at_address(s, purpose, x * 1000 + origin + 1, place + 1, today(s));
}

/* Book lift, set out, and enter the pipeline as transit. */
static void dispatch(const Params *p, State *s, int64_t x, int64_t c, int64_t people, int64_t origin, int64_t place,
                     double readiness) {
    const Side *side = &p->side[x];
    SideState *a = &s->side[x];
    const int64_t theatre = place >= 0 ? p->front[place].theatre : p->front[origin].theatre;
    const bool within = place >= 0 && origin >= 0 && p->front[origin].theatre == p->front[place].theatre;
    const int64_t start = greatest_of(s->now, a->lift_free[theatre]);
    a->lift_free[theatre] = start + ticks((double)people / side->lift_per_day[theatre]);
    const double days = median_lognormal(within ? side->travel_within_days : side->travel_days, side->travel_sigma,
                                         u_of_journey(s, ADDRESS_TRAVEL, x, origin, place));
    a->transit[c] += people;
    if (place >= 0) {
        s->front[place].inbound[x] += people;
    }
    push(s, (PipelineEntry){.due = a->lift_free[theatre] + ticks(days), .kind = TRANSIT, .people = people, .side = x,
                            .contingent = c, .place = place, .origin = origin, .readiness = readiness});
}

static inline bool allowed(const Params *p, int64_t x, int64_t c, int64_t f) {
    return p->side[x].contingent[c].allowed[f] != 0;
}

static bool allowed_on_main(const Params *p, int64_t x, int64_t c) {
    for (int64_t f = 0; f < p->n_fronts; f++) {
        if (p->front[f].theatre == p->main_theatre && allowed(p, x, c, f)) {
            return true;
        }
    }
    return false;
}

/* People sent to the second theatre though the main one could have had them. */
static void count_diversion(const Params *p, State *s, int64_t x, int64_t c, int64_t people, int64_t origin,
                            int64_t place) {
    if (place < 0 || p->second_theatre < 0 || p->front[place].theatre != p->second_theatre ||
        (origin >= 0 && p->front[origin].theatre == p->second_theatre) || !allowed_on_main(p, x, c)) {
        return;
    }
    s->side[x].diverted += people;
    if (origin >= 0 && p->front[origin].theatre == p->main_theatre) {
        s->side[x].drawn_from_main += people;
    }
}

/* Move people from a front or the reserve to another place; returns how many were sent. */
static int64_t send(const Params *p, State *s, int64_t x, int64_t c, int64_t people, int64_t origin, int64_t place) {
    if (people <= 0) {
        return 0;
    }
    double readiness;
    if (origin == RESERVE) {
        readiness = s->side[x].reserve_readiness[c];
        s->side[x].reserve[c] -= people;
    } else {
        readiness = s->front[origin].readiness[x][c];
        s->front[origin].people[x][c] -= people;
        s->front[origin].total[x] -= people;
    }
    dispatch(p, s, x, c, people, origin, place, readiness);
    count_diversion(p, s, x, c, people, origin, place);
    return people;
}

static void lose(SideState *a, int64_t c, int64_t people) {
    a->lost[c] += people;
    a->irrecoverable += people;
    a->irrecoverable_today += people;
}

/* A cohort of wounded is done: a share returns to the reserve, the rest is lost to the force. */
static void discharge(const Params *p, State *s, int64_t x, int64_t c, int64_t people) {
    SideState *a = &s->side[x];
    const double u = at_address(s, ADDRESS_DISCHARGE, x, c, today(s));
    const int64_t back = least_of(people, whole((double)people * p->side[x].return_share, u));
    a->wounded[c] -= people;
    lose(a, c, people - back);
    to_reserve(a, c, back, p->side[x].contingent[c].arrival_readiness);
}

/* The entry that is due first leaves the pipeline; returns the front reached, or RESERVE. */
static int64_t arrive(const Params *p, State *s) {
    const PipelineEntry e = take_first(s);
    SideState *a = &s->side[e.side];
    if (e.kind == WOUNDED) {
        discharge(p, s, e.side, e.contingent, e.people);
        return RESERVE;
    }
    if (e.kind == TRAINING) {
        a->training[e.contingent] -= e.people;
        if (e.place >= 0) {
            dispatch(p, s, e.side, e.contingent, e.people, RESERVE, e.place, e.readiness);
            count_diversion(p, s, e.side, e.contingent, e.people, RESERVE, e.place);
        } else {
            to_reserve(a, e.contingent, e.people, e.readiness);
        }
        return RESERVE;
    }
    a->transit[e.contingent] -= e.people;
    const double u = u_of_journey(s, ADDRESS_LOST_EN_ROUTE, e.side, e.origin, e.place);
    const int64_t gone = least_of(e.people, whole((double)e.people * p->side[e.side].lost_en_route_share, u));
    lose(a, e.contingent, gone);
    if (e.place < 0) {
        to_reserve(a, e.contingent, e.people - gone, e.readiness);
        return RESERVE;
    }
    s->front[e.place].inbound[e.side] -= e.people;
    to_front(&s->front[e.place], e.side, e.contingent, e.people - gone, e.readiness);
    return e.place;
}

/* People whom lift can take up before the next review. */
static int64_t lift_room(const Params *p, const State *s, int64_t x, int64_t theatre) {
    const double waiting = (double)greatest_of(0, s->side[x].lift_free[theatre] - s->now) / (double)TICKS_PER_DAY;
    return (int64_t)(p->side[x].lift_per_day[theatre] * greatest(0.0, p->side[x].review_days - waiting));
}

/* People in reserve who wait for nothing: an incursion force is set aside until it is ordered or freed. */
static int64_t free_reserve(const Params *p, const State *s, int64_t x, int64_t c) {
    const int64_t people = s->side[x].reserve[c];
    if (x != p->incursion_side || s->incursion == LAUNCHED || s->incursion == DONE) {
        return people;
    }
    const double share = s->incursion == NOT_ORDERED ? p->freed_share : 1.0;
    return greatest_of(0, people - (int64_t)(p->incursion_people[c] * share));
}

/* People in reserve who may go to a front now. */
static int64_t reserve_for(const Params *p, const State *s, int64_t x, int64_t f) {
    int64_t total = 0;
    for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
        total += allowed(p, x, c, f) ? free_reserve(p, s, x, c) : 0;
    }
    return total;
}

/* Send up to so many from the reserve to a front, by contingents in proportion; the reserve keeps its floor. */
static int64_t send_from_reserve(const Params *p, State *s, int64_t x, int64_t f, int64_t wanted) {
    const int64_t available = reserve_for(p, s, x, f);
    const int64_t above_floor = (int64_t)greatest(0.0, (double)available - p->side[x].reserve_floor);
    wanted = least_of(wanted, least_of(least_of(available, above_floor), lift_room(p, s, x, p->front[f].theatre)));
    if (wanted <= 0) {
        return 0;
    }
    int64_t sent = 0, seen = 0, before = 0;
    for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
        if (allowed(p, x, c, f)) {
            seen += free_reserve(p, s, x, c);
            const int64_t upto = wanted * seen / available;
            sent += send(p, s, x, c, upto - before, RESERVE, f);
            before = upto;
        }
    }
    return sent;
}

/* Send up to so many from one front to another place; the minimum garrison stays. */
static int64_t send_from_front(const Params *p, State *s, int64_t x, int64_t origin, int64_t place, int64_t wanted) {
    FrontState *front = &s->front[origin];
    int64_t movable = 0;
    for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
        movable += place == RESERVE || allowed(p, x, c, place) ? front->people[x][c] : 0;
    }
    const int64_t spare = (int64_t)greatest(0.0, (double)front->total[x] - p->front[origin].garrison[x]);
    const int64_t theatre = p->front[place >= 0 ? place : origin].theatre;
    wanted = least_of(wanted, least_of(least_of(movable, spare), lift_room(p, s, x, theatre)));
    if (wanted <= 0) {
        return 0;
    }
    int64_t sent = 0, seen = 0, before = 0;
    for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
        if (place == RESERVE || allowed(p, x, c, place)) {
            seen += front->people[x][c];
            const int64_t upto = wanted * seen / movable;
            sent += send(p, s, x, c, upto - before, origin, place);
            before = upto;
        }
    }
    return sent;
}

#endif
