/* Reviews: what a headquarters sees, and what its policies order (E20, E23). */
#ifndef DECISIONS_H
#define DECISIONS_H

#include "flows.h"

/* One review: who looks, and the row of the daily record that is seen. */
typedef struct {
    const Params *p;
    State *s;
    int64_t side;
    int64_t row;
} Review;

/* Rows of the scratch memory. */
enum { GOALS, EFFORT_SHARES, PEOPLE_SHARES, NEEDS, POOLS };

static int64_t seen_row(const Params *p, const State *s, int64_t x) {
    const double now_days = (double)s->now / (double)TICKS_PER_DAY;
    const int64_t day = (int64_t)(now_days - p->side[x].reporting_delay_days);
    return greatest_of(0, greatest_of(day, s->day - HISTORY + 1)) % HISTORY;
}

/* Area beyond the starting line that the side is seen to hold; negative: it has lost ground. */
static double held_km2(const Review *r, int64_t f) {
    const double seen = r->s->history_territory_km2[r->row][f];
    return r->side == r->p->front[f].positive_side ? seen : -seen;
}

static double seen_pressure(const Review *r, int64_t f) { return r->s->history_pressure[r->row][f][r->side]; }

/* People on a front and on their way to it. */
static int64_t strength(const Review *r, int64_t f) {
    return r->s->front[f].total[r->side] + r->s->front[f].inbound[r->side];
}

/* What a share a week comes to in the days between two reviews. */
static double share_of_review(const Review *r, double weekly) {
    return 1.0 - pow(1.0 - least(weekly, 1.0), r->p->side[r->side].review_days / 7.0);
}

/* Whether what is seen meets every condition that a policy states (an unstated one is not a number). */
static bool triggered(const Review *r, const Policy *policy) {
    const int64_t f = policy->trigger_front;
    if (f < 0) {
        return true;
    }
    const double held = held_km2(r, f);
    if (!isnan(policy->trigger_lost_km2) && -held < policy->trigger_lost_km2) {
        return false;
    }
    if (!isnan(policy->trigger_held_above_km2) && held < policy->trigger_held_above_km2) {
        return false;
    }
    if (!isnan(policy->trigger_held_below_km2)) {
        const FrontState *front = &r->s->front[f];
        const double best = r->side == r->p->front[f].positive_side ? front->peak_km2 : -front->trough_km2;
        if (held > policy->trigger_held_below_km2 || best <= policy->trigger_held_below_km2) {
            return false;
        }
    }
    return isnan(policy->trigger_pressure) || seen_pressure(r, f) >= policy->trigger_pressure;
}

/* Note that a policy is triggered, and what was seen and stood where. */
static void latch(const Review *r, const Policy *policy, int64_t k) {
    const Params *p = r->p;
    SideState *account = &r->s->side[r->side];
    account->trigger_tick[k] = r->s->now;
    if (policy->trigger_front >= 0) {
        account->held_at_trigger[k] = held_km2(r, policy->trigger_front);
        account->pressure_at_trigger[k] = seen_pressure(r, policy->trigger_front);
    }
    int64_t people = 0;
    double effort = 0.0;
    for (int64_t f = 0; f < p->n_fronts; f++) {
        people += policy->source[f] != 0 ? r->s->front[f].total[r->side] : 0;
        effort += policy->on_front[f] != 0 ? r->s->front[f].effort[r->side] : 0.0;
    }
    account->people_at_trigger[k] = people;
    account->effort_at_trigger[k] = effort;
}

/* Whether a policy acts now: in its dates, triggered, and its delay over. */
static bool in_force(const Review *r, const Policy *policy, int64_t k) {
    const int64_t now = r->s->now;
    const int64_t *trigger = &r->s->side[r->side].trigger_tick[k];
    if (now < policy->start_tick || now >= policy->end_tick) {
        return false;
    }
    if (*trigger == FAR) {
        if (!triggered(r, policy)) {
            return false;
        }
        latch(r, policy, k);
    }
    return now >= *trigger + (int64_t)(policy->after_days * (double)TICKS_PER_DAY);
}

static void order_effort(const Review *r, const Policy *policy) {
    for (int64_t f = 0; f < r->p->n_fronts; f++) {
        if (policy->on_front[f] != 0) {
            r->s->front[f].effort[r->side] = clip(policy->effort * policy->weight[f], 0.0, 1.0);
        }
    }
}

/* Move people between a policy's fronts toward shares of their total, closing part of each gap. */
static void rebalance(const Review *r, const Policy *policy, const double *shares) {
    const int64_t n = r->p->n_fronts;
    const double closing = share_of_review(r, policy->move_share), smallest = r->p->side[r->side].least_moved;
    int64_t total = 0;
    for (int64_t f = 0; f < n; f++) {
        total += policy->on_front[f] != 0 ? strength(r, f) : 0;
    }
    for (int64_t to = 0; to < n; to++) {
        if (policy->on_front[to] == 0) {
            continue;
        }
        double missing = (shares[to] * (double)total - (double)strength(r, to)) * closing;
        for (int64_t origin = 0; origin < n && !(missing < smallest); origin++) {
            if (policy->on_front[origin] == 0 || origin == to) {
                continue;
            }
            const double spare = ((double)strength(r, origin) - shares[origin] * (double)total) * closing;
            if (spare >= smallest) {
                const int64_t wanted = (int64_t)least(spare, missing);
                missing -= (double)send_from_front(r->p, r->s, r->side, origin, to, wanted);
            }
        }
    }
}

/* The same toward shares proportional to weights; the weights become shares. */
static void rebalance_by(const Review *r, const Policy *policy, double *weights) {
    double total = 0.0;
    for (int64_t f = 0; f < r->p->n_fronts; f++) {
        weights[f] = policy->on_front[f] != 0 ? weights[f] : 0.0;
        total += weights[f];
    }
    if (total > 0.0) {
        for (int64_t f = 0; f < r->p->n_fronts; f++) {
            weights[f] /= total;
        }
        rebalance(r, policy, weights);
    }
}

static void main_effort(const Review *r, const Policy *policy) {
    order_effort(r, policy);
    if (policy->move_share > 0.0) {
        double *weights = r->s->scratch[GOALS];
        for (int64_t f = 0; f < r->p->n_fronts; f++) {
            weights[f] = policy->weight[f];
        }
        rebalance_by(r, policy, weights);
    }
}

static void by_pressure(const Review *r, const Policy *policy) {
    double *weights = r->s->scratch[GOALS];
    for (int64_t f = 0; f < r->p->n_fronts; f++) {
        weights[f] = (double)strength(r, f) * exp(policy->pressure_gain * seen_pressure(r, f));
    }
    rebalance_by(r, policy, weights);
}

/* Take what is missing on a front from the policy's sources, in proportion to the people there. */
static void draw_on_sources(const Review *r, const Policy *policy, int64_t k, int64_t f, int64_t missing) {
    int64_t total = 0;
    for (int64_t origin = 0; origin < r->p->n_fronts; origin++) {
        total += policy->source[origin] != 0 && origin != f ? r->s->front[origin].total[r->side] : 0;
    }
    const int64_t asked = missing;
    for (int64_t origin = 0; origin < r->p->n_fronts; origin++) {
        if (policy->source[origin] != 0 && origin != f && asked > 0 && total > 0) {
            const double share = (double)(asked * r->s->front[origin].total[r->side]) / (double)total;
            const int64_t part = least_of((int64_t)ceil(share), missing);
            const int64_t sent = send_from_front(r->p, r->s, r->side, origin, f, part);
            r->s->side[r->side].drawn_by_policy[k] += sent;
            missing -= sent;
        }
    }
}

/* Bring the watched front up to a strength: from the reserve first, then from the policy's sources. */
static void bring_up(const Review *r, const Policy *policy, int64_t k, double required) {
    const int64_t f = policy->watch, x = r->side;
    const SideState *account = &r->s->side[x];
    int64_t missing = (int64_t)required - strength(r, f);
    if (missing <= 0) {
        return;
    }
    const double share = share_of_review(r, policy->reserve_share);
    const int64_t from_reserve = (int64_t)(share * (double)reserve_for(r->p, r->s, x, f));
    missing -= send_from_reserve(r->p, r->s, x, f, least_of(missing, from_reserve));
    const int64_t limit = (int64_t)(policy->move_share * (double)account->people_at_trigger[k]);
    draw_on_sources(r, policy, k, f, least_of(missing, limit - account->drawn_by_policy[k]));
}

/* Required on the watched front = base + per km2 x area lost, and effort there; afterwards the surplus goes home. */
static void threshold(const Review *r, const Policy *policy, int64_t k) {
    const int64_t f = policy->watch, x = r->side;
    FrontState *front = &r->s->front[f];
    const double lost = greatest(0.0, -held_km2(r, f));
    const double required = policy->base_people + policy->people_per_km2 * lost;
    bring_up(r, policy, k, required);
    front->effort[x] = clip(policy->effort, 0.0, 1.0);
    if (lost < policy->trigger_lost_km2 && (double)front->total[x] > required) {
        send_from_front(r->p, r->s, x, f, RESERVE, front->total[x] - (int64_t)required);
    }
}

/* Each front's share of the recent gain per effective attacker; all zero when nothing is gained. */
static void yield_shares(const Review *r, const Policy *policy, double *shares) {
    double total = 0.0;
    for (int64_t f = 0; f < r->p->n_fronts; f++) {
        shares[f] = 0.0;
        if (policy->on_front[f] != 0) {
            const double at_work =
                (double)r->s->history_people[r->row][f][r->side] * r->s->front[f].effort[r->side];
            shares[f] = r->s->history_yield[r->row][f][r->side] / (at_work + 1000.0);
            total += shares[f];
        }
    }
    for (int64_t f = 0; f < r->p->n_fronts && total > 0.0; f++) {
        shares[f] /= total;
    }
}

static bool has_room(const Policy *policy, double share, double over) {
    return over > 0.0 ? share > policy->floor_share : share < policy->cap_share;
}

/* Clip shares to the policy's floor and cap; spread what is over or short evenly over those that have room. */
static void fit_shares(const Policy *policy, int64_t n, double *shares) {
    double total = 0.0;
    int64_t roomy = 0;
    for (int64_t f = 0; f < n; f++) {
        if (policy->on_front[f] != 0) {
            shares[f] = clip(shares[f], policy->floor_share, policy->cap_share);
            total += shares[f];
        }
    }
    const double over = total - 1.0;
    for (int64_t f = 0; f < n; f++) {
        roomy += policy->on_front[f] != 0 && has_room(policy, shares[f], over);
    }
    for (int64_t f = 0; f < n; f++) {
        if (policy->on_front[f] != 0 && roomy > 0 && has_room(policy, shares[f], over)) {
            shares[f] -= over / (double)roomy;
        }
    }
}

/* Move shares toward a goal at the policy's rate; they add up to one. */
static void drift_shares(const Review *r, const Policy *policy, double *current, const double *goal) {
    const int64_t n = r->p->n_fronts;
    const double step = 1.0 - exp(-policy->rate_per_day * r->p->side[r->side].review_days);
    for (int64_t f = 0; f < n; f++) {
        current[f] = policy->on_front[f] != 0 ? current[f] + step * (goal[f] - current[f]) : 0.0;
    }
    for (int64_t pass = 0; pass < n; pass++) {
        fit_shares(policy, n, current);
    }
}

/* Effort and people drift to where ground is being gained per effective attacker. */
static void follow_yield(const Review *r, const Policy *policy, int64_t k) {
    State *s = r->s;
    const int64_t n = r->p->n_fronts, x = r->side;
    double *goal = s->scratch[GOALS], *efforts = s->scratch[EFFORT_SHARES], *bodies = s->scratch[PEOPLE_SHARES];
    double effort = 0.0, gained = 0.0;
    int64_t people = 0;
    yield_shares(r, policy, goal);
    for (int64_t f = 0; f < n; f++) {
        if (policy->on_front[f] != 0) {
            effort += s->front[f].effort[x];
            people += strength(r, f);
            gained += goal[f];
        }
    }
    if (gained <= 0.0 || effort <= 0.0 || people <= 0) {
        return;
    }
    for (int64_t f = 0; f < n; f++) {
        if (policy->on_front[f] != 0) {
            efforts[f] = s->front[f].effort[x] / effort;
            bodies[f] = (double)strength(r, f) / (double)people;
        }
    }
    drift_shares(r, policy, efforts, goal);
    for (int64_t f = 0; f < n; f++) {
        if (policy->on_front[f] != 0) {
            s->front[f].effort[x] = clip(efforts[f] * s->side[x].effort_at_trigger[k], 0.0, 1.0);
        }
    }
    if (policy->move_share > 0.0) {
        drift_shares(r, policy, bodies, goal);
        rebalance(r, policy, bodies);
    }
}

static void leave_fronts(const Review *r, const Policy *policy) {
    for (int64_t f = 0; f < r->p->n_fronts; f++) {
        if (policy->on_front[f] != 0) {
            FrontState *front = &r->s->front[f];
            front->effort[r->side] = 0.0;
            send_from_front(r->p, r->s, r->side, f, RESERVE, front->total[r->side]);
        }
    }
}

static void carry_out(const Review *r, const Policy *policy, int64_t k) {
    switch (policy->kind) {
        case HOLD: order_effort(r, policy); break;
        case MAIN_EFFORT: main_effort(r, policy); break;
        case BY_PRESSURE: by_pressure(r, policy); break;
        case THRESHOLD: threshold(r, policy, k); break;
        case FOLLOW_YIELD: follow_yield(r, policy, k); break;
        case REINFORCE:
            r->s->front[policy->watch].kept_at_strength[r->side] = 1;
            bring_up(r, policy, k, policy->target_people);
            break;
        case WITHDRAW: leave_fronts(r, policy); break;
        default: break;
    }
}

/* Apply the side's policies in file order. */
static void order_policies(const Review *r) {
    for (int64_t f = 0; f < r->p->n_fronts; f++) {
        r->s->front[f].kept_at_strength[r->side] = 0;
    }
    for (int64_t k = 0; k < r->p->n_policies[r->side]; k++) {
        const Policy *policy = &r->p->policy[r->side][k];
        if (in_force(r, policy, k)) {
            carry_out(r, policy, k);
        }
    }
}

/* What each front asks for since it was last served; too few for a party stay in the account. */
static void replacement_needs(const Review *r, double *needs) {
    const int64_t x = r->side;
    const double smallest = r->p->side[x].least_moved;
    for (int64_t f = 0; f < r->p->n_fronts; f++) {
        FrontState *front = &r->s->front[f];
        const int64_t losses = greatest_of(0, r->s->history_casualties[r->row][f][x] - front->casualties_served[x]);
        const double days = (double)(r->s->now - front->served_tick[x]) / (double)TICKS_PER_DAY;
        needs[f] = front->total[x] > 0 ? replacement_need(r->p, r->s, f, x, losses, r->row, days) : 0.0;
        if (needs[f] >= smallest || front->total[x] <= 0) {
            front->casualties_served[x] += losses;
            front->served_tick[x] = r->s->now;
        } else {
            needs[f] = 0.0;
        }
    }
}

/* Replacements from the reserve to the fronts, pro rata where it does not suffice; the reserve keeps its floor. */
static void replace_losses(const Review *r) {
    const Params *p = r->p;
    State *s = r->s;
    const int64_t x = r->side, n = p->n_fronts, contingents = p->side[x].n_contingents;
    double *needs = s->scratch[NEEDS], *pools = s->scratch[POOLS];
    int64_t everybody = 0;
    replacement_needs(r, needs);
    for (int64_t f = 0; f < n; f++) {
        pools[f] = (double)reserve_for(p, s, x, f);
    }
    for (int64_t c = 0; c < contingents; c++) {
        everybody += free_reserve(p, s, x, c);
    }
    const double kept = everybody > 0 ? least(1.0, p->side[x].reserve_floor / (double)everybody) : 1.0;
    for (int64_t c = 0; c < contingents; c++) {
        const double stock = (double)free_reserve(p, s, x, c);
        double asked = 0.0;
        for (int64_t f = 0; f < n; f++) {
            asked += allowed(p, x, c, f) && pools[f] > 0.0 ? needs[f] * stock / pools[f] : 0.0;
        }
        const double scale = asked > 0.0 ? least(1.0, stock * (1.0 - kept) / asked) : 0.0;
        for (int64_t f = 0; f < n; f++) {
            if (allowed(p, x, c, f) && pools[f] > 0.0) {
                int64_t people = (int64_t)(needs[f] * stock / pools[f] * scale);
                people = least_of(people, lift_room(p, s, x, p->front[f].theatre));
                send(p, s, x, c, least_of(people, free_reserve(p, s, x, c)), RESERVE, f);
            }
        }
    }
}

#endif
