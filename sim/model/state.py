"""The structured records of state and parameters, and the codes of events, slots and streams.

Every field of ``PARAMS`` is eight bytes wide, so that an intervention can change any of them by its word
(see ``rules.intervene``). Limits such as ``FRONTS`` size the records; a scenario uses the first
``n_fronts`` and so on. Units are in the names; "per_tick" never appears: rates are per day here and
turned into ticks in ``rules.py`` only.
"""

import numpy as np

f8, i8 = np.float64, np.int64

# Codes are int64 and not Python's int: a kernel called with a literal would be compiled once for each value.
TICKS_PER_DAY = i8(86_400)
FAR = i8(9_000_000_000_000_000_000)  # a time that never comes

SIDES = 2
FRONTS = 16
THEATRES = 8
CONTINGENTS = 6
POLICIES = 12
TRANCHES = 24
PACKAGES = 24
SEASONS = 16
PATCHES = 512
PIPELINE = 768
HISTORY = 64  # days of daily records kept for reporting delays and collapses

RESERVE = i8(-1)  # a place beside the fronts
NO_FRONT, ALL_FRONTS = i8(-1), i8(-2)  # which fronts an event touched

# Status codes that a handler returns; the driver checks them.
OK, LEDGER_BROKEN, PIPELINE_FULL, NOT_A_NUMBER, TOO_MANY_EVENTS = (i8(k) for k in range(5))

# Kinds of events. The order is the order of ties (docs/model.md 2.14).
(
    INTERVENTION,
    INCURSION,
    LANDING,
    AID,
    ARRIVAL,
    TICK,
    RECRUITS,
    REVIEW,
    TALKS,
    ENGAGEMENT,
    WITHDRAWAL,
    SAMPLE,
    END,
) = (i8(k) for k in range(13))
EVENT_NAMES = (
    "intervention",
    "incursion",
    "landing",
    "aid",
    "arrival",
    "tick",
    "recruits",
    "review",
    "talks",
    "engagement",
    "withdrawal",
    "sample",
    "end",
)

# Slots of the calendar, in the order of ties. Engagements and withdrawals have one for each front and side.
SLOT_INTERVENTION = i8(0)
SLOT_INCURSION = i8(1)
SLOT_LANDING = i8(2)
SLOT_AID = i8(3)
SLOT_ARRIVAL = i8(4)
SLOT_TICK = i8(5)
SLOT_RECRUITS = i8(6)
SLOT_REVIEW = i8(7)  # and 8
SLOT_TALKS = i8(9)
SLOT_ENGAGEMENT = i8(10)
FIXED_SLOTS = SLOT_ENGAGEMENT  # then 2 n_fronts engagements, 2 n_fronts withdrawals, sample, end
SLOTS = SLOT_ENGAGEMENT + 4 * FRONTS + 2

# Kinds of pipeline entries.
TRAINING, TRANSIT, WOUNDED = (i8(k) for k in range(3))

# What has become of the incursion order.
PENDING, LAUNCHED, NOT_ORDERED, DONE = (i8(k) for k in range(4))

# Streams: one for each purpose, side and front. Identifiers are never renumbered.
PURPOSE_ENGAGEMENT_TIME = i8(0)
PURPOSE_ENGAGEMENT_RESULT = i8(1)
PURPOSE_WITHDRAWAL_TIME = i8(2)
PURPOSE_WITHDRAWAL_RESULT = i8(3)
PURPOSE_PEOPLE = i8(4)  # recruits, discharges: rounding by side
PURPOSES = 5
STREAMS = PURPOSES * FRONTS * SIDES

# Purposes of draws by address.
ADDRESS_LUCK_FRONT = i8(101)
ADDRESS_LUCK_THEATRE = i8(102)
ADDRESS_TRAVEL = i8(103)
ADDRESS_TRANCHE = i8(104)
ADDRESS_AID = i8(105)
ADDRESS_TALKS = i8(106)
ADDRESS_TRAINING = i8(107)
ADDRESS_RECOVERY = i8(108)
ADDRESS_LOST_EN_ROUTE = i8(109)
ADDRESS_REACTION = i8(110)

# Parts of an address or a stream within its purpose.
ONLY = i8(0)
TRANCHE_CANCELLED, TRANCHE_DELAY, TRANCHE_SIZE = (i8(k) for k in range(3))
STREAM_RECRUITS, STREAM_DISCHARGE = i8(0), i8(1)

# Kinds of policies.
(
    NO_POLICY,
    HOLD,
    MAIN_EFFORT,
    BY_PRESSURE,
    THRESHOLD,
    FOLLOW_YIELD,
    REINFORCE,
    WITHDRAW,
) = (i8(k) for k in range(8))
POLICY_NAMES = ("none", "hold", "main_effort", "by_pressure", "threshold", "follow_yield", "reinforce", "withdraw")

# Kinds of aid packages and what they wait for.
SCHEDULED, ON_ALLIED_LANDING, ON_SUCCESS = (i8(k) for k in range(3))

MAIN, BORDER = i8(0), i8(1)

CONTINGENT = np.dtype(
    [
        ("quality", f8),
        ("arrival_readiness", f8),
        ("readiness_recovery_per_day", f8),
        ("allowed", i8, (FRONTS,)),
        ("start_reserve", i8),
    ],
    align=True,
)

SIDE = np.dtype(
    [
        ("n_contingents", i8),
        ("contingent", CONTINGENT, (CONTINGENTS,)),
        ("reserve_recovery_per_day", f8),
        ("reserve_floor", f8),
        ("fires_multiplier", f8),
        ("fires_floor", f8),
        ("munitions_half_rounds", f8),
        ("munitions_start_rounds", f8),
        ("munitions_per_day", f8),
        ("rounds_per_attack", f8),
        ("rounds_per_defence", f8),
        ("casualties_attacking", f8),
        ("casualties_defending", f8),
        ("irrecoverable_share", f8),
        ("return_share", f8),
        ("recovery_days", f8),
        ("recovery_sigma", f8),
        ("start_wounded", i8),
        ("recruits_per_month", f8),
        ("recruits_response", f8),
        ("recruits_min_per_month", f8),
        ("recruits_max_per_month", f8),
        ("recruits_contingent", i8),
        ("training_min_days", f8),
        ("training_max_days", f8),
        ("replacement_share", f8),
        ("replacement_pressure_gain", f8),
        ("emergency_share", f8),
        ("emergency_pressure", f8),
        ("travel_days", f8),
        ("travel_within_days", f8),
        ("travel_sigma", f8),
        ("lost_en_route_share", f8),
        ("lift_per_day", f8, (THEATRES,)),
        ("review_days", f8),
        ("first_review_days", f8),
        ("reporting_delay_days", f8),
    ],
    align=True,
)

FRONT = np.dtype(
    [
        ("theatre", i8),
        ("kind", i8),
        ("positive_side", i8),
        ("length_km", f8),
        ("salient_factor", f8),
        ("salient_min_km", f8),
        ("reaction_days", f8),
        ("start_territory_km2", f8),
        ("min_territory_km2", f8),
        ("max_territory_km2", f8),
        ("tempo_per_1000_per_day", f8),
        ("terrain", f8),
        ("displaced_per_km2", f8),
        ("start_people", i8, (SIDES, CONTINGENTS)),
        ("start_readiness", f8, (SIDES,)),
        ("start_works", f8, (SIDES,)),
        ("start_effort", f8, (SIDES,)),
        ("supply_capacity_people", f8, (SIDES,)),
        ("interdiction", f8, (SIDES,)),
        ("garrison", f8, (SIDES,)),
    ],
    align=True,
)

POLICY = np.dtype(
    [
        ("kind", i8),
        ("start_tick", i8),
        ("end_tick", i8),
        ("on_front", i8, (FRONTS,)),
        ("weight", f8, (FRONTS,)),
        ("source", i8, (FRONTS,)),
        ("watch", i8),
        ("trigger_front", i8),
        ("trigger_lost_km2", f8),
        ("trigger_held_below_km2", f8),
        ("trigger_pressure", f8),
        ("after_days", f8),
        ("effort", f8),
        ("move_share", f8),
        ("reserve_share", f8),
        ("base_people", f8),
        ("people_per_km2", f8),
        ("target_people", f8),
        ("pressure_gain", f8),
        ("rate_per_day", f8),
        ("floor_share", f8),
        ("cap_share", f8),
    ],
    align=True,
)

TRANCHE = np.dtype(
    [
        ("side", i8),
        ("contingent", i8),
        ("at_tick", i8),
        ("people", f8),
        ("delay_days", f8),
        ("delay_sigma", f8),
        ("cancel_probability", f8),
        ("acclimatise_days", f8),
        ("front", i8),
    ],
    align=True,
)

PACKAGE = np.dtype(
    [
        ("side", i8),
        ("waits_for", i8),
        ("announced_tick", i8),
        ("rounds", f8),
        ("delay_days", f8),
        ("delay_sigma", f8),
        ("probability", f8),
        ("success_front", i8),
        ("success_km2", f8),
        ("caution", f8),
        ("politics_tick", i8),
        ("politics_factor", f8),
    ],
    align=True,
)

SEASON = np.dtype(
    [("start_tick", i8), ("end_tick", i8), ("attack", f8), ("tempo", f8), ("mobility", f8)],
    align=True,
)

PATCH = np.dtype([("tick", i8), ("word", i8), ("value", i8)], align=True)

PARAMS = np.dtype(
    [
        ("n_fronts", i8),
        ("n_theatres", i8),
        ("n_tranches", i8),
        ("n_packages", i8),
        ("n_seasons", i8),
        ("n_patches", i8),
        ("n_days", i8),
        ("end_tick", i8),
        ("check_every_event", i8),
        ("n_policies", i8, (SIDES,)),
        ("granularity", f8),
        ("win_intercept", f8),
        ("win_slope", f8),
        ("own_exponent", f8),
        ("enemy_exponent", f8),
        ("beaten_multiplier", f8),
        ("casualty_sigma", f8),
        ("ground_km2", f8),
        ("ground_exponent", f8),
        ("ground_reference_density", f8),
        ("ground_saturation_km2", f8),
        ("ground_sigma", f8),
        ("posture", f8),
        ("works_multiplier", f8),
        ("works_build_per_day", f8),
        ("works_depth_km", f8),
        ("works_still_km_per_day", f8),
        ("surprise_multiplier", f8),
        ("surprise_decay_per_day", f8),
        ("culmination_ratio", f8),
        ("culmination_sharpness", f8),
        ("supply_depth_km", f8),
        ("overextension_km", f8),
        ("fatigue_per_loss_share", f8),
        ("fatigue_per_effort_day", f8),
        ("pressure_days", f8),
        ("advance_memory_days", f8),
        ("loss_memory_days", f8),
        ("yield_memory_days", f8),
        ("withdrawal_per_100km_day", f8),
        ("withdrawal_pressure_gain", f8),
        ("withdrawal_loss_gain", f8),
        ("withdrawal_supply_gain", f8),
        ("withdrawal_sector_km", f8),
        ("withdrawal_depth_km", f8),
        ("withdrawal_prisoner_share", f8),
        ("withdrawal_readiness", f8),
        ("collapse_share", f8),
        ("collapse_days", f8),
        ("luck_theatre_sigma", f8),
        ("luck_front_sigma", f8),
        ("luck_theatre_memory_days", f8),
        ("luck_front_memory_days", f8),
        ("incursion_ordered", i8),
        ("incursion_front", i8),
        ("incursion_side", i8),
        ("incursion_tick", i8),
        ("incursion_people", f8, (CONTINGENTS,)),
        ("incursion_effort", f8),
        ("freed_share", f8),
        ("freed_delay_days", f8),
        ("main_theatre", i8),
        ("second_theatre", i8),
        ("regained_km2", f8),
        ("talks_tick", i8),
        ("talks_mean_days", f8),
        ("front", FRONT, (FRONTS,)),
        ("side", SIDE, (SIDES,)),
        ("policy", POLICY, (SIDES, POLICIES)),
        ("tranche", TRANCHE, (TRANCHES,)),
        ("package", PACKAGE, (PACKAGES,)),
        ("season", SEASON, (SEASONS,)),
        ("patch", PATCH, (PATCHES,)),
    ],
    align=True,
)

PIPELINE_ENTRY = np.dtype(
    [
        ("due", i8),
        ("sequence", i8),
        ("kind", i8),
        ("people", i8),
        ("side", i8),
        ("contingent", i8),
        ("place", i8),  # front, or RESERVE
        ("origin", i8),
        ("readiness", f8),
    ],
    align=True,
)

FRONT_STATE = np.dtype(
    [
        ("people", i8, (SIDES, CONTINGENTS)),
        ("readiness", f8, (SIDES, CONTINGENTS)),
        ("total", i8, (SIDES,)),
        ("inbound", i8, (SIDES,)),
        ("territory_km2", f8),
        ("peak_km2", f8),  # greatest area ever held by the positive side
        ("trough_km2", f8),  # and by the other (most negative)
        ("works", f8, (SIDES,)),
        ("surprise", f8, (SIDES,)),
        ("effort", f8, (SIDES,)),
        ("pressure", f8, (SIDES,)),
        ("concentration", f8),
        ("recent_gain_km2", f8, (SIDES,)),
        ("yield_gain_km2", f8, (SIDES,)),
        ("loss_rate", f8, (SIDES,)),  # smoothed share of people lost a day
        ("casualties_today", i8, (SIDES,)),
        ("casualties", i8, (SIDES,)),
        ("irrecoverable", i8, (SIDES,)),
        ("casualties_at_review", i8, (SIDES,)),
        ("engagements", i8, (SIDES,)),
        ("wins", i8, (SIDES,)),
        ("luck_z", f8),
        ("luck", f8),
        ("frontage_km", f8, (SIDES,)),
        ("power_attack", f8, (SIDES,)),
        ("power_defence", f8, (SIDES,)),
        ("supply", f8, (SIDES,)),
        ("ratio", f8, (SIDES,)),
        ("collapsed_tick", i8, (SIDES,)),
    ],
    align=True,
)

PROCESS = np.dtype(
    [("residual", f8), ("rate_per_tick", f8), ("since", i8)],
    align=True,
)

SIDE_STATE = np.dtype(
    [
        ("reserve", i8, (CONTINGENTS,)),
        ("reserve_readiness", f8, (CONTINGENTS,)),
        ("training", i8, (CONTINGENTS,)),
        ("transit", i8, (CONTINGENTS,)),
        ("wounded", i8, (CONTINGENTS,)),
        ("lost", i8, (CONTINGENTS,)),
        ("entered", i8, (CONTINGENTS,)),
        ("start", i8, (CONTINGENTS,)),
        ("wounded_this_week", i8, (CONTINGENTS,)),
        ("munitions", f8),
        ("irrecoverable", i8),
        ("irrecoverable_today", i8),
        ("casualties", i8),
        ("irrecoverable_per_month", f8),
        ("lift_free", i8, (THEATRES,)),
        ("diverted", i8),
        ("drawn_from_main", i8),
        ("political_cost", f8),
        ("collapses", i8),
        ("trigger_tick", i8, (POLICIES,)),
        ("drawn_by_policy", i8, (POLICIES,)),
        ("people_at_trigger", i8, (POLICIES,)),
        ("allied_landed", i8),
    ],
    align=True,
)

STATE = np.dtype(
    [
        ("now", i8),
        ("day", i8),
        ("status", i8),
        ("n_slots", i8),
        ("touched", i8),
        ("stopped", i8),
        ("next_tick", i8, (SLOTS,)),
        ("events", i8),
        ("sequence", i8),
        ("n_pipeline", i8),
        ("next_tranche_tick", i8, (TRANCHES,)),
        ("next_package_tick", i8, (PACKAGES,)),
        ("package_announced", i8, (PACKAGES,)),
        ("next_patch", i8),
        ("week", i8),
        ("incursion", i8),
        ("regained_tick", i8),
        ("ever_held", i8),
        ("talks_tick", i8),
        ("talks_territory_km2", f8),
        ("talks_trend_km2_per_day", f8),
        ("talks_casualties", f8),
        ("season_attack", f8),
        ("season_tempo", f8),
        ("season_mobility", f8),
        ("seed", np.uint64),
        ("replication", np.uint64),
        ("theatre_luck_z", f8, (THEATRES,)),
        ("theatre_luck", f8, (THEATRES,)),
        ("front", FRONT_STATE, (FRONTS,)),
        ("engagement", PROCESS, (FRONTS, SIDES)),
        ("withdrawal", PROCESS, (FRONTS, SIDES)),
        ("side", SIDE_STATE, (SIDES,)),
        ("history_territory_km2", f8, (HISTORY, FRONTS)),
        ("history_pressure", f8, (HISTORY, FRONTS, SIDES)),
        ("history_people", i8, (HISTORY, FRONTS, SIDES)),
        ("history_casualties", i8, (HISTORY, FRONTS, SIDES)),
        ("history_yield", f8, (HISTORY, FRONTS, SIDES)),
        ("scratch", f8, (4, FRONTS)),  # shares and needs while a review is worked out
        ("pipeline", PIPELINE_ENTRY, (PIPELINE,)),
        ("stream", np.uint64, (STREAMS, 4)),
    ],
    align=True,
)
