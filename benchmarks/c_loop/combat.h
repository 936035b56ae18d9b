/* Engagements: how often, who wins, what they cost, what ground they take (E5 to E8, E21); withdrawals (E16). */
#ifndef COMBAT_H
#define COMBAT_H

#include "power.h"

/* Share of the ordered effort that a force ratio sustains. */
static double culmination(const Params *p, const State *s, double ratio) {
    if (p->culmination_ratio <= 0.0) {
        return 1.0;
    }
    if (ratio <= 0.0) {
        return 0.0;
    }
    return 1.0 / (1.0 + exp(p->culmination_sharpness * (s->log_culmination - log(ratio))));
}

/* Area that a side can still take before its bound, km2. */
static double ground_left(const Front *given, const FrontState *front, int64_t x) {
    return x == given->positive_side ? given->max_territory_km2 - front->territory_km2
                                     : front->territory_km2 - given->min_territory_km2;
}

static double engagement_rate(const Params *p, const State *s, int64_t f, int64_t x) {
    const Front *given = &p->front[f];
    const FrontState *front = &s->front[f];
    if (front->total[x] <= 0 || front->effort[x] <= 0.0 || ground_left(given, front, x) <= 0.0) {
        return 0.0;
    }
    const double full = given->tempo_per_1000_per_day * (double)front->total[x] / 1000.0;
    return full * front->effort[x] * s->season_tempo * culmination(p, s, front->ratio[x]);
}

static double withdrawal_rate(const Params *p, const State *s, int64_t f, int64_t x) {
    const FrontState *front = &s->front[f];
    const int64_t y = 1 - x;
    if (front->total[x] <= 0 || front->total[y] <= 0 || front->effort[y] <= 0.0 ||
        p->withdrawal_per_100km_day <= 0.0 || ground_left(&p->front[f], front, y) <= 0.0) {
        return 0.0;
    }
    double drive = p->withdrawal_pressure_gain * front->pressure[x];
    drive += p->withdrawal_loss_gain * 100.0 * front->loss_rate[x];
    drive += p->withdrawal_supply_gain * (1.0 - front->supply[x]);
    return p->withdrawal_per_100km_day * front->frontage_km[x] / 100.0 * exp(least(drive, 20.0));
}

static double win_probability(const Params *p, double ratio) {
    if (ratio >= MAX_RATIO) {
        return 1.0;
    }
    return ratio <= 0.0 ? 0.0 : 1.0 / (1.0 + exp(-p->win_intercept - p->win_slope * log(ratio)));
}

/* Mean casualties of a side in one engagement: own and attackers in thousand per km, enemy power likewise. */
static double mean_casualties(const Params *p, double kappa, double own, double enemy, double attackers) {
    if (own <= 0.0 || enemy <= 0.0 || attackers <= 0.0) {
        return 0.0;
    }
    const double law = pow(own, p->own_exponent) * pow(enemy, p->enemy_exponent);
    return kappa * law / attackers;
}

/* Mean ground of one won engagement against a density of combat power per km, km2. */
static double mean_ground(const Params *p, const State *s, double density) {
    const double saturation = p->ground_saturation_km2 * s->season_mobility;
    if (density <= 0.0) {
        return saturation;
    }
    const double thin = p->ground_km2 * pow(p->ground_reference_density / density, p->ground_exponent);
    return 1.0 / (1.0 / thin + 1.0 / saturation);
}

/* Give a side an area, within the bounds; the loser's works go with it. */
static void take_ground(const Params *p, State *s, int64_t f, int64_t x, double area) {
    const Front *given = &p->front[f];
    FrontState *front = &s->front[f];
    const int64_t loser = 1 - x;
    const double taken = least(area, greatest(0.0, ground_left(given, front, x)));
    front->territory_km2 += x == given->positive_side ? taken : -taken;
    front->peak_km2 = greatest(front->peak_km2, front->territory_km2);
    front->trough_km2 = least(front->trough_km2, front->territory_km2);
    front->recent_gain_km2[x] += taken;
    front->yield_gain_km2[x] += taken;
    front->works[loser] *= exp(-taken / (frontage(given, front, loser) * p->works_depth_km));
}

/* Take casualties from the contingents of a side by one systematic draw. */
static void suffer(const Params *p, State *s, int64_t f, int64_t x, int64_t casualties, double irrecoverable_share,
                   double split, double rounding) {
    FrontState *front = &s->front[f];
    SideState *account = &s->side[x];
    const int64_t present = front->total[x];
    if (casualties <= 0 || present <= 0) {
        return;
    }
    casualties = least_of(casualties, present);
    int64_t before = 0, cumulated = 0;
    for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
        cumulated += front->people[x][c];
        int64_t upto = (int64_t)ceil((double)(cumulated * casualties) / (double)present - split);
        upto = greatest_of(before, least_of(casualties, upto));
        const int64_t hit = upto - before;
        const int64_t dead = least_of(hit, whole((double)hit * irrecoverable_share, rounding));
        before = upto;
        front->people[x][c] -= hit;
        account->lost[c] += dead;
        account->wounded[c] += hit - dead;
        account->wounded_this_week[c] += hit - dead;
        account->irrecoverable += dead;
        account->irrecoverable_today += dead;
        front->irrecoverable[x] += dead;
    }
    front->casualties_today[x] += casualties;
    front->casualties[x] += casualties;
    account->casualties += casualties;
}

static void spend_rounds(const Params *p, SideState *account, double rounds) {
    account->munitions = greatest(0.0, account->munitions - rounds * p->granularity);
}

/* What the ten uniforms of an engagement event are for, in the order in which they are drawn. */
enum { WIN, OWN, ENEMY, OWN_ROUND, ENEMY_ROUND, OWN_SPLIT, ENEMY_SPLIT, OWN_DEAD, ENEMY_DEAD, GROUND, UNIFORMS };

/* One event, `granularity` engagements: side x attacks on a front. */
static void fight(const Params *p, State *s, int64_t f, int64_t x) {
    double u[UNIFORMS];
    for (int k = 0; k < UNIFORMS; k++) {
        u[k] = uniform(s, stream_id(PURPOSE_ENGAGEMENT_RESULT, f, x));
    }
    FrontState *front = &s->front[f];
    const int64_t y = 1 - x;
    const Side *attacker = &p->side[x], *defender = &p->side[y];
    const double n = p->granularity, wins = binomial(n, win_probability(p, front->ratio[x]), u[WIN]);
    const double attackers = (double)front->total[x] / (1000.0 * front->frontage_km[x]);
    const double defenders = (double)front->total[y] / (1000.0 * front->frontage_km[y]);
    const double density = front->power_defence[y] / front->frontage_km[y];
    const double fire = front->power_attack[x] / (1000.0 * front->frontage_km[x]);
    double own = mean_casualties(p, attacker->casualties_attacking, attackers, density / 1000.0, attackers);
    double enemy = mean_casualties(p, defender->casualties_defending, defenders, fire, attackers);
    own *= mean_one_lognormal(s->casualty_sigma, u[OWN]) * (wins + (n - wins) * p->beaten_multiplier);
    enemy *= mean_one_lognormal(s->casualty_sigma, u[ENEMY]) * (n - wins + wins * p->beaten_multiplier);
    suffer(p, s, f, x, whole(own, u[OWN_ROUND]), attacker->irrecoverable_share, u[OWN_SPLIT], u[OWN_DEAD]);
    suffer(p, s, f, y, whole(enemy, u[ENEMY_ROUND]), defender->irrecoverable_share, u[ENEMY_SPLIT], u[ENEMY_DEAD]);
    if (wins > 0.0) {
        const double luck = front->luck * s->theatre_luck[p->front[f].theatre];
        const double factor = mean_one_lognormal(lognormal_sigma(p->ground_spread, wins), u[GROUND]);
        take_ground(p, s, f, x, wins * mean_ground(p, s, density) * factor * luck);
    }
    spend_rounds(p, &s->side[x], attacker->rounds_per_attack);
    spend_rounds(p, &s->side[y], defender->rounds_per_defence);
    front->engagements[x] += 1;
    front->wins[x] += (int64_t)wins;
}

/* A sector of side x gives way: ground, prisoners and readiness are lost. */
static void withdraw_sector(const Params *p, State *s, int64_t f, int64_t x) {
    const int64_t stream = stream_id(PURPOSE_WITHDRAWAL_RESULT, f, x);
    const double u_people = uniform(s, stream), u_split = uniform(s, stream), u_depth = uniform(s, stream);
    FrontState *front = &s->front[f];
    const double share = least(1.0, p->withdrawal_sector_km / front->frontage_km[x]);
    const double area = share * front->frontage_km[x] * p->withdrawal_depth_km * 2.0 * u_depth;
    const double mean = (double)front->total[x] * share * p->withdrawal_prisoner_share;
    suffer(p, s, f, x, whole(mean, u_people), 1.0, u_split, u_people);
    for (int64_t c = 0; c < p->side[x].n_contingents; c++) {
        front->readiness[x][c] *= 1.0 - share * (1.0 - p->withdrawal_readiness);
    }
    take_ground(p, s, f, 1 - x, area);
}

/* Count a collapse of side x: too much of the front's extent lost in the stated days, once per window. */
static void observe_collapse(const Params *p, State *s, int64_t f, int64_t x) {
    FrontState *front = &s->front[f];
    const int64_t window = least_of((int64_t)p->collapse_days, HISTORY - 1);
    const double then = s->history_territory_km2[greatest_of(0, s->day - window) % HISTORY][f];
    double lost = then - front->territory_km2;
    if (x != p->front[f].positive_side) {
        lost = -lost;
    }
    const bool rested = s->now - front->collapsed_tick[x] >= window * TICKS_PER_DAY;
    if (rested && front->total[x] > 0 && lost > p->collapse_share * p->front[f].extent_km2) {
        s->side[x].collapses += 1;
        front->collapsed_tick[x] = s->now;
    }
}

#endif
